import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { generate } from '../../../src/core/train/generate.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { quantizedInMemory, quantizedProduct } from '../../../src/core/train/models/quantized.ts'
import { memoryWeights, parametersOf, type Weights } from '../../../src/core/train/models/weights.ts'
import { float32, int64 } from '../../../src/core/train/runtime.ts'
import { buildEvaluation } from '../../../src/core/train/step.ts'
import { openModel } from '../../../src/node/modelFolder.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { quantizedModel } from '../../../src/node/quantize.ts'
import { writeSafetensors } from '../../../src/node/safetensors.ts'
import { folderWeights } from '../../../src/node/weights.ts'
import { formulaTensor } from '../../core/train/formula.ts'

const folder = mkdtempSync(join(tmpdir(), 'winnow-quantize-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// 96 inputs of the last layer are no blocks of 64: it stays as it is.
const config = {
  model_type: 'llama',
  vocab_size: 40,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 96,
}
const backbone = openBackbone(config, 'config.json')
const specs = [...backbone.parameters(), ...backbone.language.parameters]
const tensors = specs.map(formulaTensor)

/** bfloat16: the upper half of each float. Weights are cut to it first, so that nothing is rounded on the way. */
function cut(data: Float32Array): { floats: Float32Array; bytes: Uint8Array } {
  const bits = new Uint32Array(data.buffer.slice(0)).map(x => x & 0xffff0000)
  return { floats: new Float32Array(bits.buffer), bytes: new Uint8Array(Uint16Array.from(bits, x => x >>> 16).buffer) }
}

const stored = tensors.map(t => ({ ...t, ...cut(t.data) }))
const shards = [stored.slice(0, 9), stored.slice(9)]
const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
shards.forEach((shard, i) => {
  writeSafetensors(
    join(folder, names[i] as string),
    shard.map(({ name, shape, bytes }) => ({ name, shape, dtype: 'BF16', data: bytes })),
  )
})
const map = Object.fromEntries(shards.flatMap((shard, i) => shard.map(t => [t.name, names[i]])))
writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
writeFileSync(join(folder, 'config.json'), JSON.stringify(config))

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })

async function logits(weights: Weights, stored_: readonly string[]): Promise<Float32Array> {
  const graph = buildEvaluation({
    parameters: parametersOf({ trained: [], frozen: stored_ }, weights),
    inputs: { ids: { dtype: 'int64', dims: ['B', 'S'] }, mask: { dtype: 'float32', dims: ['B', 'S'] } },
    layout: 'per-tensor',
    outputs: (g, { lookup, inputs }) => {
      const { ids, mask } = inputs as Record<string, NonNullable<(typeof inputs)[string]>> & { ids: never; mask: never }
      const hidden = backbone.hidden(g, lookup, { ids, mask }, { product: quantizedProduct(lookup) })
      return { y: backbone.language.scores(g, lookup, g.flat2d(hidden)) }
    },
  })
  const session = await runtime.load(modelBytes(graph), weights.folder === undefined ? {} : { folder: weights.folder })
  const { y } = await session.run({
    ids: int64([5, 6, 7, 8, 9, 10], [1, 6]),
    mask: float32(new Float32Array(6).fill(1), [1, 6]),
  })
  await session.release()
  return y?.data as Float32Array
}

test.each([4, 8] as const)(
  'a sharded bfloat16 model in blocks of %i bits: made once, mapped, the same numbers',
  async bits => {
    const cache = join(folder, '.winnow', `models-cache-${bits}`)
    const model = openModel(folder)
    const shares: number[] = []
    const made = await quantizedModel(model, cache, { bits, block: 64, onProgress: share => shares.push(share) })
    expect(shares.at(-1)).toBeCloseTo(1)
    const files = readdirSync(cache)
    expect(files).toHaveLength(1)
    expect(files[0]).toMatch(new RegExp(`-int${bits}-64(-[0-9a-f]{8}){2}\\.safetensors$`))
    const before = statSync(join(cache, files[0] as string)).mtimeMs
    const again = await quantizedModel(model, cache, { bits, block: 64 })
    expect(statSync(join(cache, files[0] as string)).mtimeMs).toBe(before)

    const base = memoryWeights(stored.map(({ name, shape, floats }) => ({ name, shape, data: floats })))
    const memory = quantizedInMemory(base, backbone.linears(), { bits, block: 64 })
    expect([...again.names].sort()).toEqual([...memory.names].sort())
    const down = 'model.layers.0.mlp.down_proj.weight'
    expect(again.names).toContain(down)
    for (const { name } of specs) expect(again.read(name)).toEqual(memory.read(name))
    const all = again.stored(specs.map(spec => spec.name))
    expect(await logits(made, all)).toEqual(await logits(memory, all))
  },
)

test('text of a quantized model is that of the numbers its codes stand for', async () => {
  const weights = await quantizedModel(openModel(folder), join(folder, '.winnow', 'text'), { bits: 4, block: 32 })
  const names = specs.map(spec => spec.name)
  const plain = memoryWeights(specs.map(spec => weights.read(spec.name)))
  const prompts = [
    [5, 9, 14, 33],
    [7, 7],
  ]
  const answers = (own: Weights) =>
    generate(
      runtime,
      {
        backbone,
        parameters: parametersOf({ trained: [], frozen: names }, own),
        wrap: lookup => ({ product: quantizedProduct(lookup) }),
        ...(own.folder === undefined ? {} : { folder: own.folder }),
      },
      prompts,
      { maxTokens: 6, stop: [] },
    )
  expect(await answers(weights)).toEqual(await answers(plain))
})

test('sharded bfloat16 weights are mapped as they lie', async () => {
  const weights = folderWeights(openModel(folder))
  const names = specs.map(spec => spec.name)
  expect(names.every(name => weights.frozen(name).dtype === 'bfloat16')).toBe(true)
  const base = memoryWeights(stored.map(({ name, shape, floats }) => ({ name, shape, data: floats })))
  expect(await logits(weights, names)).toEqual(await logits(base, names))
})

test('a changed model is quantized anew, and what it was before deleted', async () => {
  const cache = join(folder, '.winnow', 'changed')
  await quantizedModel(openModel(folder), cache, { bits: 4, block: 32 })
  await quantizedModel(openModel(folder), cache, { bits: 8, block: 32 })
  const before = readdirSync(cache)
  const later = new Date(Date.now() + 10_000)
  utimesSync(join(folder, names[0] as string), later, later)
  await quantizedModel(openModel(folder), cache, { bits: 4, block: 32 })
  const after = readdirSync(cache)
  expect(after).toHaveLength(2)
  expect(after.filter(name => before.includes(name)).map(name => name.includes('-int8-'))).toEqual([true])
})

test('a cancelled one leaves nothing behind', async () => {
  const cache = join(folder, '.winnow', 'cancelled')
  const given = { bits: 4, block: 32, cancel: { aborted: true } } as const
  await expect(quantizedModel(openModel(folder), cache, given)).rejects.toThrow('cancelled')
  expect(readdirSync(cache)).toEqual([])
})
