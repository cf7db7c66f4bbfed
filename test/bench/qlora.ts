/*
 * `npm run bench -- qlora [steps]`: a step of low-rank adapters (rank 8, query and value) on a decoder of 1.1 billion
 * parameters whose linear layers are random 4-bit codes in blocks of 64, written to out/qlora once and mapped. 1 x 128 tokens,
 * the last 127 of them supervised. Prints the peak of resident memory beside the limit of 3 GB, the time of a step, and
 * tokens/s. Give `small` for a shape of 50 million parameters.
 */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import { makeLearner } from '../../src/core/train/makeLearner.ts'
import { qlora } from '../../src/core/train/methods/qlora.ts'
import { tunableOf } from '../../src/core/train/methods/tunable.ts'
import { openBackbone } from '../../src/core/train/models/architectures.ts'
import { languageLoss } from '../../src/core/train/models/causal.ts'
import { initialTensors } from '../../src/core/train/models/initial.ts'
import type { Task } from '../../src/core/train/models/task.ts'
import { parametersOf } from '../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../src/core/train/optimizer.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { layoutQuantized, openQuantized } from '../../src/node/quantize.ts'
import { streamSafetensors } from '../../src/node/safetensors.ts'

const small = process.argv.includes('small')
const steps = Number(process.argv.slice(2).find(word => Number(word) > 0) ?? 3)
const threads = Number(process.env['THREADS'] ?? availableParallelism())
const length = 128
const limit = 3e9
const shape = { bits: 4, block: 64 } as const
const backbone = openBackbone(
  {
    model_type: 'llama',
    vocab_size: 32000,
    hidden_size: small ? 512 : 2048,
    num_hidden_layers: small ? 8 : 22,
    num_attention_heads: small ? 8 : 32,
    num_key_value_heads: 4,
    intermediate_size: small ? 1408 : 5632,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: small,
  },
  'config.json',
)

/** Random codes with scales of weights that have a deviation of about 0.02; other tensors likewise. */
async function write(file: string): Promise<void> {
  const specs = [...backbone.parameters(), ...backbone.language.parameters]
  const { zeros, layout, metadata } = layoutQuantized(specs, backbone.linears(), shape)
  // One piece of randomness, cut anew for each tensor: 4 MB of it look like all of it.
  const draw = random('codes')
  const noise = Uint32Array.from({ length: 1 << 20 }, () => draw.next() * 2 ** 32)
  const floats = Float32Array.from({ length: 1 << 20 }, () => draw.normal() * 0.02)
  function* pieces() {
    yield zeros
    for (const { name, dtype, shape } of layout.slice(1)) {
      const count = shape.reduce((a, b) => a * b, 1)
      const source = dtype === 'U8' ? new Uint8Array(noise.buffer) : floats
      const whole = name.endsWith('.scales') ? 0.004 : name.includes('norm') ? 1 : undefined
      for (let at = 0; at < count; at += source.length) {
        const size = Math.min(source.length, count - at)
        yield whole === undefined ? source.subarray(0, size) : new Float32Array(size).fill(whole)
      }
    }
  }
  await streamSafetensors(`${file}.part`, layout, { pieces: pieces(), metadata })
  renameSync(`${file}.part`, file)
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
/** Resident memory by what it is, from the system: mapped files are in it as far as they were read. */
function memory(): { readonly peak: number; readonly own: number; readonly files: number } {
  const peak = process.resourceUsage().maxRSS * 1024
  if (!existsSync('/proc/self/status')) return { peak, own: 0, files: 0 }
  const status = readFileSync('/proc/self/status', 'utf8')
  const of = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
  return { peak, own: of('RssAnon'), files: of('RssFile') }
}

const folder = join(process.cwd(), 'out', 'qlora')
mkdirSync(folder, { recursive: true })
const file = join(folder, `${small ? 'small' : 'billion'}-int4-64.safetensors`)
if (!existsSync(file)) await write(file)

const weights = openQuantized(file, backbone.linears())
const method = qlora.resolve({ kind: 'qlora', rank: 8, alpha: 16, targets: ['query', 'value'], ...shape })
const tunable = tunableOf({ backbone }, () => true)
const division = qlora.divide(tunable, method)
const stored = [...backbone.parameters(), ...backbone.language.parameters]
const draw = random('tokens')
const ids = BigInt64Array.from({ length }, () => BigInt(3 + draw.int(31990)))
const task: Task = {
  inputs: {
    ids: { dtype: 'int64', dims: ['B', 'S'] },
    mask: { dtype: 'float32', dims: ['B', 'S'] },
    places: { dtype: 'int64', dims: ['M'] },
    targets: { dtype: 'int64', dims: ['M'] },
    weights: { dtype: 'float32', dims: ['M'] },
  },
  loss(g, lookup, inputs, dropout) {
    const { ids, mask, places, targets, weights } = inputs as Record<string, NonNullable<(typeof inputs)[string]>> &
      Record<'ids' | 'mask' | 'places' | 'targets' | 'weights', NonNullable<(typeof inputs)[string]>>
    const adapt = qlora.adapt?.(tunable, method)(lookup, dropout)
    const hidden = backbone.hidden(g, lookup, { ids, mask }, adapt ? { adapt } : {})
    return languageLoss(g, lookup, { head: backbone.language, hidden, places, targets, weights })
  },
  feeds: () => ({
    feeds: {
      ids: { data: ids, dims: [1, length] },
      mask: { data: new Float32Array(length).fill(1), dims: [1, length] },
      places: { data: BigInt64Array.from({ length: length - 1 }, (_, i) => BigInt(i)), dims: [length - 1] },
      targets: { data: ids.slice(1), dims: [length - 1] },
      weights: { data: new Float32Array(length - 1).fill(1), dims: [length - 1] },
    },
    tokens: length,
    weight: length - 1,
  }),
}

const parameters = stored.reduce((n, spec) => n + spec.shape.reduce((a, b) => a * b, 1), 0)
const { runtime } = await openRuntime({ provider: 'cpu', threads })
const started = performance.now()
const learner = await makeLearner(runtime, {
  task,
  parameters: parametersOf(division, weights),
  initial: initialTensors(division.trained, 1, 0.02),
  optimizer: adamWDefaults,
  dropout: 0,
  mode: 'steps',
  arena: 'off',
  recompute: process.argv.includes('recompute'),
  ...(weights.folder === undefined ? {} : { folder: weights.folder }),
})
const loaded = memory()
process.stdout.write(
  `${(parameters / 1e9).toFixed(2)} billion parameters, 4 bits, 1 x ${length} tokens, ${threads} threads\n` +
    `loaded in ${((performance.now() - started) / 1000).toFixed(1)} s, ${megabytes(loaded.peak)} resident\n\n` +
    'step   loss      norm     seconds  tokens/s  peak resident  own     mapped\n',
)
for (let step = 1; step <= steps; step++) {
  const from = performance.now()
  const [result] = await learner.step([{ rows: Int32Array.of(0), length }], step, [1e-3])
  const seconds = (performance.now() - from) / 1000
  const { peak, own, files } = memory()
  process.stdout.write(
    `${String(step).padEnd(6)} ${result?.loss.toFixed(4).padEnd(9)} ${result?.norm.toFixed(4).padEnd(8)} ` +
      `${seconds.toFixed(2).padEnd(8)} ${(length / seconds).toFixed(1).padEnd(9)} ${megabytes(peak).padEnd(14)} ` +
      `${megabytes(own).padEnd(7)} ${megabytes(files)}\n`,
  )
}
await learner.release()
const { peak } = memory()
process.stdout.write(`\npeak ${megabytes(peak)} of ${megabytes(limit)}: ${(peak / limit).toFixed(2)}\n`)
