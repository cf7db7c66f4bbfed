import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { builder } from '../../../src/core/graph/builder.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { languageLoss } from '../../../src/core/train/models/causal.ts'
import {
  type Bits,
  dequantized,
  type QuantizedShape,
  quantize,
  quantizedInMemory,
  quantizedNames,
  quantizedProduct,
} from '../../../src/core/train/models/quantized.ts'
import { memoryWeights } from '../../../src/core/train/models/weights.ts'
import { float32, int64 } from '../../../src/core/train/runtime.ts'
import type { Frozen } from '../../../src/core/train/state.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { formulaTensor } from './formula.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })

function normal(size: number, seed: string): Float32Array {
  const draw = random(seed)
  return Float32Array.from({ length: size }, () => draw.normal())
}

/** A lookup over frozen tensors, as training graphs have one. */
function lookupOf(g: ReturnType<typeof builder>, tensors: readonly Frozen[]) {
  const known = new Map(tensors.map(t => [t.name, g.init(t.name, t.data, t.dims, t.dtype)]))
  return (name: string) => known.get(name)
}

const shapes: readonly QuantizedShape[] = ([4, 8] as const).flatMap((bits: Bits) =>
  [32, 64].map(block => ({ bits, block, rows: 24, columns: 128 })),
)

describe.each(shapes)('$bits bits in blocks of $block', shape => {
  const { rows, columns, block } = shape
  const weights = normal(rows * columns, 'weights')
  weights.fill(0, 0, block)
  const tensor = quantize(weights, shape)
  const numbers = dequantized(tensor, shape)
  const base = memoryWeights([{ name: 'layer.weight', shape: [rows, columns], data: weights }])
  const layers = [{ name: 'layer', in: columns, out: rows, stored: 'out-in' }] as const
  const stored = quantizedInMemory(base, layers, shape)
  const frozen = stored.names.map(name => stored.frozen(name))

  test('every number is within a scale of what it was, the largest of each block and zero exact', () => {
    for (let b = 0; b < tensor.scales.length; b++) {
      const own = weights.subarray(b * block, (b + 1) * block)
      const now = numbers.subarray(b * block, (b + 1) * block)
      const scale = Math.abs(tensor.scales[b] as number)
      const extreme = own.reduce((at, w, i) => (Math.abs(w) > Math.abs(own[at] as number) ? i : at), 0)
      expect(now[extreme]).toBeCloseTo(own[extreme] as number, 6)
      own.forEach((w, i) => {
        expect(Math.abs(w - (now[i] as number))).toBeLessThanOrEqual(scale * 1.0001)
      })
      const error = own.reduce((sum, w, i) => sum + Math.abs(w - (now[i] as number)), 0) / block
      expect(error).toBeLessThanOrEqual(scale / 2)
    }
    expect(numbers.subarray(0, block).every(x => x === 0)).toBe(true)
  })

  test('the product forward and backward reads these very numbers', async () => {
    const g = builder({ name: 'both' })
    const lookup = lookupOf(g, frozen)
    // Each row of the identity picks a column of the weight, and each of the upstream gradient's a row.
    const x = g.input('x', 'float32', [columns, columns])
    const d = g.input('d', 'float32', [rows, rows])
    const product = quantizedProduct(lookup)
    const y = product(g, { name: 'layer', x })
    const probe = g.input('probe', 'float32', [rows, columns])
    const again = product(g, { name: 'layer', x: probe })
    if (!y || !again) throw new Error('the layer is quantized')
    const [dx] = grad(g, g.sumAll(g.mul(again, d)), [probe])
    g.output(y, 'y')
    g.output(dx as NonNullable<typeof dx>, 'dx')
    const session = await runtime.load(modelBytes(g))
    const identity = (n: number) => Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
    const out = await session.run({
      x: float32(identity(columns), [columns, columns]),
      d: float32(identity(rows), [rows, rows]),
      probe: float32(normal(rows * columns, 'probe'), [rows, columns]),
    })
    await session.release()
    const forward = out['y']?.data as Float32Array
    const backward = out['dx']?.data as Float32Array
    // y[c, r] and dx[r, c] are the weight at [r, c].
    let different = 0
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        if (forward[c * rows + r] !== numbers[r * columns + c]) different++
        if (backward[r * columns + c] !== numbers[r * columns + c]) different++
      }
    expect(different).toBe(0)
  })

  test('its names, and the numbers for merging', () => {
    expect(stored.stored(['layer.weight', 'norm.weight'])).toEqual([
      ...Object.values(quantizedNames('layer')),
      'norm.weight',
    ])
    expect(stored.read('layer.weight').data).toEqual(numbers)
  })
})

const llama = {
  model_type: 'llama',
  vocab_size: 40,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 96,
}
const gpt2 = { model_type: 'gpt2', vocab_size: 40, n_embd: 64, n_head: 4, n_layer: 2, n_positions: 32 }

test.each([
  ['llama', llama, 32],
  ['gpt2', gpt2, 64],
] as const)('%s on quantized layers learns as on the numbers they stand for', async (_, config, block) => {
  const backbone = openBackbone(config, 'config.json')
  const specs = [...backbone.parameters(), ...backbone.language.parameters]
  const base = memoryWeights(specs.map(formulaTensor))
  const few = quantizedInMemory(base, backbone.linears(), { bits: 4, block })
  const same = memoryWeights(specs.map(spec => few.read(spec.name)))
  const run = async (weights: typeof few | typeof same, names: readonly string[]) => {
    const g = builder({ name: 'loss' })
    const lookup = lookupOf(
      g,
      names.map(name => weights.frozen(name)),
    )
    const ids = g.input('ids', 'int64', ['B', 'S'])
    const mask = g.input('mask', 'float32', ['B', 'S'])
    const delta = g.input('delta', 'float32', [64])
    const hidden = backbone.hidden(
      g,
      lookup,
      { ids, mask },
      {
        product: quantizedProduct(lookup),
        noise: (_, words) => g.add(words, delta),
      },
    )
    const places = g.ints([0, 1, 2, 6, 7])
    const targets = g.ints([4, 9, 7, 30, 12])
    const { loss } = languageLoss(g, lookup, {
      head: backbone.language,
      hidden,
      places,
      targets,
      weights: g.const([1, 1, 1, 1, 1], [5]),
    })
    const [slope] = grad(g, loss, [delta])
    g.output(loss, 'loss')
    g.output(slope as NonNullable<typeof slope>, 'slope')
    const session = await runtime.load(modelBytes(g))
    const out = await session.run({
      ids: int64([5, 6, 7, 8, 9, 10, 11, 12], [2, 4]),
      mask: float32(new Float32Array(8).fill(1), [2, 4]),
      delta: float32(new Float32Array(64)),
    })
    await session.release()
    const [first, second] = [out['loss'], out['slope']].map(tensor => tensor?.data as Float32Array)
    return { loss: first?.[0] as number, slope: second as Float32Array }
  }
  const names = specs.map(spec => spec.name)
  const quantized = await run(few, few.stored(names))
  const plain = await run(same, names)
  expect(Math.abs(quantized.loss - plain.loss)).toBeLessThan(1e-5)
  const largest = Math.max(...plain.slope.map(Math.abs))
  quantized.slope.forEach((x, i) => {
    expect(Math.abs(x - (plain.slope[i] as number))).toBeLessThan(1e-4 * largest)
  })
})
