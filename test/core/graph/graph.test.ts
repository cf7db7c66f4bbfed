import { beforeAll, describe, expect, test } from 'vitest'
import { builder } from '../../../src/core/graph/builder.ts'
import { matmulFlops } from '../../../src/core/graph/flops.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { printGraph } from '../../../src/core/graph/print.ts'
import { broadcast, product, sumDims } from '../../../src/core/graph/shape.ts'
import { float32, int64, type Runtime } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { floats } from './small.ts'

let runtime: Runtime

beforeAll(async () => {
  runtime = (await openRuntime({ provider: 'cpu', threads: 1 })).runtime
})

describe('shapes', () => {
  test('symbols multiply, add and broadcast', () => {
    expect(product(['S', 'B', 4, 2])).toBe('8*B*S')
    expect(product([product(['B', 'S']), 3])).toBe(product([3, 'S', 'B']))
    expect(product([])).toBe(1)
    expect(sumDims([2, 3])).toBe(5)
    expect(sumDims(['B', 1, 2])).toBe('B+3')
    expect(broadcast('Add', ['B', 1, 4], ['S', 1])).toEqual(['B', 'S', 4])
  })

  const g = builder()
  const x = g.input('x', 'float32', ['B', 'S', 8])
  const w = g.input('w', 'float32', [8, 3])
  const ids = g.input('ids', 'int64', ['B'])

  test.each([
    ['MatMul: w float32[8,3] by w float32[8,3]: 3 against 8', () => g.matmul(w, w)],
    ['Add: [B,S,8] and [8,3] do not broadcast', () => g.add(x, w)],
    ['Add: x float32[B,S,8] and ids int64[B] differ in dtype', () => g.add(x, ids)],
    ['Reshape: x float32[B,S,8] has 8*B*S elements, [B,8] 8*B', () => g.reshape(x, ['B', 8])],
    ['Linear: x float32[B,S,8] does not fit the weight w float32[8,3]', () => g.linear(x, w)],
    ['Softmax', () => g.sum(x, [3])],
    ['LayerNorm: ids int64[B] does not fit', () => g.layerNorm(x, ids, ids)],
    ['Concat: w float32[8,3] does not join x', () => g.concat([x, w], 0)],
    ['Split: sizes 4,5 of axis 2', () => g.split(x, [4, 5], -1)],
    ['Slice: 6 to 10 of axis 2', () => g.slice(x, { axis: 2, start: 6, length: 4 })],
    ['Transpose: [0,1,1]', () => g.transpose(x, [0, 1, 1])],
    ['Gather: the indices w float32[8,3] are not int64', () => g.gather(x, w)],
    ['Expand: x float32[B,S,8] does not expand to [B,1,8]', () => g.expand(x, ['B', 1, 8])],
    ['CrossEntropy: logits x', () => g.crossEntropy(x, ids, ids)],
    ['the name "x" is taken', () => g.input('x', 'float32', [1])],
    ['initializer c: float32[3] takes 12 bytes, got 8', () => g.init('c', new Float32Array(2), [3])],
    ['no input of the graph has the dimension N', () => g.range('N')],
  ])('%s', (message, build) => {
    if (message === 'Softmax') expect(build).toThrow('axis 3 of a value with 3 dimensions')
    else expect(build).toThrow(message)
  })
})

test('shapes that are known only at run time', async () => {
  const g = builder()
  const x = g.input('x', 'float32', ['B', 'S', 2])
  // Two unknown dimensions at once: sizes are read from the input that has them.
  const flat = g.reshape(x, [g.reshape(x, ['2*B*S']).dims[0] as string])
  g.output(g.reshape(flat, ['S', 'B', 2]), 'moved')
  g.output(g.expand(g.scalar(7), ['S', 'B']), 'sevens')
  g.output(g.range('B*S'), 'range')
  const session = await runtime.load(modelBytes(g))
  const out = await session.run({ x: float32([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2]) })
  expect(out['moved']?.dims).toEqual([3, 2, 2])
  expect(out['sevens']?.dims).toEqual([3, 2])
  expect([...floats(out, 'sevens')]).toEqual([7, 7, 7, 7, 7, 7])
  expect(out['range']?.data).toEqual(BigInt64Array.from([0n, 1n, 2n, 3n, 4n, 5n]))
})

test('an output may be an input, an initializer, or another output', async () => {
  const g = builder()
  const x = g.input('x', 'float32', [2])
  const y = g.add(x, g.init('w', Float32Array.of(1, 2), [2]))
  for (const [name, value] of Object.entries({ a: x, b: y, c: y })) g.output(value, name)
  const out = await (await runtime.load(modelBytes(g))).run({ x: float32([5, 6]) })
  expect([...floats(out, 'a')]).toEqual([5, 6])
  expect([...floats(out, 'b')]).toEqual([6, 8])
  expect([...floats(out, 'c')]).toEqual([6, 8])
})

test('cross entropy: rows, weights, smoothing and class weights', async () => {
  const g = builder()
  const logits = g.input('logits', 'float32', ['N', 3])
  const labels = g.input('labels', 'int64', ['N'])
  const weights = g.input('weights', 'float32', ['N'])
  const plain = g.crossEntropy(logits, labels, weights)
  const classWeights = g.const([1, 2, 4], [3])
  const shaped = g.crossEntropy(logits, labels, weights, { smoothing: 0.3, classWeights })
  for (const [i, value] of [plain.loss, plain.rows, shaped.loss, shaped.rows].entries()) g.output(value, `y${i}`)
  const session = await runtime.load(modelBytes(g))
  const scores = [1, 2, 0.5, -1, 0, 3]
  const run = (w: number[]) =>
    session.run({ logits: float32(scores, [2, 3]), labels: int64([1, 2]), weights: float32(w) })
  const out = await run([1, 3])
  const logSoftmax = [scores.slice(0, 3), scores.slice(3)].map(row => {
    const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0))
    return row.map(x => x - total)
  })
  const [first, second] = logSoftmax as [number[], number[]]
  const nll = [-(first[1] as number), -(second[2] as number)] as const
  const smooth = [first, second].map((row, i) => 0.7 * (nll[i] as number) - 0.1 * row.reduce((a, b) => a + b)) as [
    number,
    number,
  ]
  expect(floats(out, 'y1')[0]).toBeCloseTo(nll[0], 6)
  expect(floats(out, 'y0')[0]).toBeCloseTo((nll[0] + 3 * nll[1]) / 4, 6)
  expect(floats(out, 'y3')[1]).toBeCloseTo(smooth[1], 5)
  // Weights times class weights: 1·2 and 3·4.
  expect(floats(out, 'y2')[0]).toBeCloseTo((2 * smooth[0] + 12 * smooth[1]) / 14, 5)
  expect(floats(await run([0, 0]), 'y0')[0]).toBe(0)
})

describe.each(['fused', 'portable'] as const)('dropout, %s', lowering => {
  const size = 20_000
  async function masks(salt: number) {
    const g = builder({ lowering })
    const x = g.input('x', 'float32', [size])
    g.output(g.dropout(x, { rate: 0.1, step: g.input('step', 'int64', []), salt }), 'y')
    const session = await runtime.load(modelBytes(g))
    const ones = new Float32Array(size).fill(1)
    return async (step: number) => floats(await session.run({ x: float32(ones), step: int64([step], []) }), 'y')
  }

  test('keeps the right share, scaled, and can be replayed', async () => {
    const [a, b, other] = await Promise.all([masks(1), masks(1), masks(2)])
    const y = await a(1)
    const kept = y.filter(v => v > 0)
    expect(kept.length / size).toBeGreaterThan(0.89)
    expect(kept.length / size).toBeLessThan(0.91)
    expect(kept[0]).toBeCloseTo(1 / 0.9, 6)
    expect(await b(1)).toEqual(y)
    expect(await a(1)).toEqual(y)
    for (const different of [await a(2), await other(1)]) {
      // Independent masks agree where both keep or both drop: 0.82 of the elements.
      const same = different.filter((v, i) => v === y[i]).length / size
      expect(same).toBeGreaterThan(0.8)
      expect(same).toBeLessThan(0.84)
    }
  })
})

test('the work of matrix products is counted forward and backward', () => {
  const g = builder()
  const x = g.input('x', 'float32', [10, 4])
  const w = g.input('w', 'float32', [3, 4])
  const loss = g.sumAll(g.linear(x, w))
  expect(matmulFlops(g)).toBe(2 * 10 * 3 * 4)
  grad(g, loss, [x, w])
  expect(matmulFlops(g)).toBe(3 * 2 * 10 * 3 * 4)
})

test('the same program prints the same graph', () => {
  const make = () => {
    const g = builder({ name: 'again' })
    const x = g.input('x', 'float32', ['B', 4])
    g.output(g.softmax(g.mul(x, 2)), 'y')
    return printGraph(g)
  }
  expect(make()).toBe(make())
  expect(make()).toBe(
    [
      'graph again float32 fused',
      'in  x float32[B,4]',
      '    c_0 float32[] = 2',
      '    Mul_1 float32[B,4] = Mul(x, c_0)',
      '    y float32[B,4] = Softmax(Mul_1) axis=-1',
      'out y float32[B,4]',
    ].join('\n'),
  )
})
