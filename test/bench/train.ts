/*
 * `npm run bench -- train [lora] [full] [head]`: how fast a training step is on the shape of MiniLM-L6 (6 x 384, 12 heads,
 * feed-forward 1536, vocabulary 30522, random weights), batch 16 x 64, against a 2048-cubed matrix product in the same
 * runtime with as many threads, both measured in turn in the same minutes. Rates count the matrix products only. `ratio` is
 * by the clock; `by CPU` by processor time, which other work on the machine hardly changes.
 */
import { availableParallelism } from 'node:os'
import { random } from '../../src/core/base/random.ts'
import { matmulFlops } from '../../src/core/graph/flops.ts'
import { planEpoch, tokenRows } from '../../src/core/train/batch.ts'
import { specOf } from '../../src/core/train/learner.ts'
import { makeLearner } from '../../src/core/train/makeLearner.ts'
import { backboneParameters, divide } from '../../src/core/train/methods/divide.ts'
import { loraAdapter } from '../../src/core/train/methods/lora.ts'
import type { Method } from '../../src/core/train/methods.ts'
import { type Classifier, classification } from '../../src/core/train/models/classifier.ts'
import { describeEncoder } from '../../src/core/train/models/families.ts'
import { initialTensors } from '../../src/core/train/models/initial.ts'
import { startTensors } from '../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf } from '../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../src/core/train/optimizer.ts'
import { buildStep } from '../../src/core/train/step.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { matmulRate } from './matmul.ts'

const rows = 16
const length = 64
const rounds = 5
const miniLm = {
  model_type: 'bert',
  vocab_size: 30522,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  max_position_embeddings: 512,
}
const methods: Readonly<Record<string, Method>> = {
  lora: { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['query', 'value'] },
  full: { kind: 'full', freezeEmbeddings: false },
  'full-frozen-embeddings': { kind: 'full', freezeEmbeddings: true },
}
const wanted = process.argv.slice(2).filter(name => name in methods)
const threads = Number(process.env['THREADS'] ?? availableParallelism())
const { runtime } = await openRuntime({ provider: 'cpu', threads })
const { family, config } = describeEncoder(miniLm, 'config.json')

/** The rate of the step graph's matrix products, for a number of steps a run. */
async function prepare(method: Method) {
  const model: Classifier = {
    family,
    config,
    pooling: 'mean',
    classes: 77,
    ...(method.kind === 'lora' ? { adapt: loraAdapter(method) } : {}),
  }
  const weights = memoryWeights(initialTensors(backboneParameters(model), 1, 0.02))
  const division = divide(model, method)
  const parameters = parametersOf(division, weights)
  const draw = random(2)
  const tokens = tokenRows(Array.from({ length: rows * 8 }, () => Array.from({ length }, () => 5 + draw.int(30000))))
  const labels = Int32Array.from({ length: rows * 8 }, () => draw.int(77))
  const options = {
    task: classification(model, { tokens, labels, pad: 0 }, 0),
    parameters,
    initial: startTensors(division, weights, { seed: 3, std: 0.02 }),
    optimizer: adamWDefaults,
    dropout: 0,
    mode: method.kind === 'full' ? 'loop' : 'steps',
  } as const
  // The same nodes with the batch's sizes filled in, to count the work of one step.
  const sizes: Readonly<Record<string, number>> = { B: rows, S: length }
  const inputs = Object.fromEntries(
    Object.entries(options.task.inputs).map(([name, input]) => [
      name,
      { ...input, dims: input.dims.map(d => (typeof d === 'string' ? (sizes[d] as number) : d)) },
    ]),
  )
  const flops = matmulFlops(buildStep({ ...specOf(runtime, options), layout: 'flat', inputs }))
  const learner = await makeLearner(runtime, options)
  const lengths = new Int32Array(rows * 8).fill(length)
  const batches = planEpoch({ lengths, rows, limit: length, seed: 1, epoch: 0, together: 8 })
  let step = 1
  const run = async (count: number): Promise<{ ms: number; cpu: number }> => {
    const start = performance.now()
    const used = process.cpuUsage()
    await learner.step(batches.slice(0, count), step, Array(count).fill(1e-4))
    step += count
    const { user, system } = process.cpuUsage(used)
    return { ms: (performance.now() - start) / count, cpu: (user + system) / 1000 / count }
  }
  const trained = division.trained.reduce((n, spec) => n + spec.shape.reduce((a, b) => a * b, 1), 0)
  return { flops, run, trained, release: () => learner.release(), together: options.mode === 'loop' ? 2 : 1 }
}

const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1] as number
process.stdout.write(`MiniLM-L6 shape, batch ${rows} x ${length}, ${threads} threads, median of ${rounds} rounds\n\n`)
process.stdout.write(
  'method                  trained     ms/step  tokens/s  GFLOP/step  GFLOP/s  2048³ GFLOP/s  ratio\n',
)
for (const name of wanted.length > 0 ? wanted : Object.keys(methods)) {
  const bench = await prepare(methods[name] as Method)
  const times: number[] = []
  const yard: number[] = []
  const ratios: number[] = []
  const byCpu: number[] = []
  await bench.run(bench.together)
  for (let i = 0; i < rounds; i++) {
    // In turn, so that what else the machine does falls on both.
    const before = await matmulRate(runtime, 2048, 3)
    const taken: { ms: number; cpu: number }[] = []
    for (let k = 0; k < 3; k++) taken.push(await bench.run(bench.together))
    const after = await matmulRate(runtime, 2048, 3)
    const ms = median(taken.map(t => t.ms))
    const rate = (before.rate + after.rate) / 2
    times.push(ms)
    yard.push(rate)
    ratios.push(bench.flops / (ms * 1e6) / rate)
    byCpu.push(bench.flops / (median(taken.map(t => t.cpu)) * 1e6) / ((before.perCpu + after.perCpu) / 2))
  }
  const ms = median(times)
  const cells = [
    name.padEnd(22),
    String(bench.trained).padStart(9),
    ms.toFixed(0).padStart(10),
    ((rows * length) / (ms / 1000)).toFixed(0).padStart(9),
    (bench.flops / 1e9).toFixed(1).padStart(11),
    (bench.flops / (ms * 1e6)).toFixed(0).padStart(8),
    median(yard).toFixed(0).padStart(14),
    median(ratios).toFixed(2).padStart(6),
    median(byCpu).toFixed(2).padStart(7),
  ]
  process.stdout.write(`${cells.join(' ')}\n`)
  await bench.release()
}
