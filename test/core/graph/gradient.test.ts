import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { type Builder, builder } from '../../../src/core/graph/builder.ts'
import { cases, type GradientCase } from '../../../src/core/graph/cases.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import { rules } from '../../../src/core/graph/gradients.ts'
import type { Lowering, Value } from '../../../src/core/graph/graph.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { sizeOf } from '../../../src/core/graph/shape.ts'
import type { Runtime, Tensor } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'

let runtime: Runtime
const worst = { float64: 0, float32: 0 }

beforeAll(async () => {
  runtime = (await openRuntime({ provider: 'cpu', threads: 1 })).runtime
})

afterAll(() => {
  console.log(`largest error: float64 ${worst.float64.toExponential(1)}, float32 ${worst.float32.toExponential(1)}`)
})

/** f projected on a fixed random vector, with gradients: a plain sum hides errors (a softmax always sums to 1). */
function projected(c: GradientCase, lowering: Lowering) {
  const g = builder({ dtype: c.dtype, lowering, ...(c.purpose ? { purpose: c.purpose } : {}) })
  const inputs = c.shapes.map((shape, i) => g.input(`x${i}`, c.dtype, shape))
  const y = c.build(g, ...(inputs as [Value, Value, Value]))
  const rng = random('projection')
  const direction = Array.from({ length: sizeOf(y.dims) }, () => rng.next() * 2 - 1)
  const loss = g.sumAll(g.mul(y, g.const(direction, y.dims)))
  const tape = [...g.tape]
  const gradients = grad(g, loss, inputs)
  g.output(g.identity(loss), 'loss')
  gradients.forEach((d, i) => {
    g.output(d, `d${i}`)
  })
  return { g, tape, gradients }
}

async function largestError(c: GradientCase, g: Builder): Promise<number> {
  const session = await runtime.load(modelBytes(g), { optimization: c.dtype === 'float64' ? 'basic' : 'all' })
  const Floats = c.dtype === 'float64' ? Float64Array : Float32Array
  const rng = random('inputs')
  const draw = () => {
    const x = rng.next() * 2 - 1
    return c.away && Math.abs(x) < c.away ? c.away * 2 : x
  }
  const data = c.shapes.map(shape => new Floats(sizeOf(shape)))
  for (const values of data) for (let k = 0; k < values.length; k++) values[k] = draw()
  const feeds = (): Record<string, Tensor> =>
    Object.fromEntries(data.map((d, i) => [`x${i}`, { dtype: c.dtype, dims: c.shapes[i] as number[], data: d }]))
  const at = async () => Number((await session.run(feeds(), ['loss'])).loss?.data[0])
  const outputs = await session.run(feeds())
  const h = c.dtype === 'float64' ? 1e-5 : 1e-2
  let largest = 0
  for (const [i, values] of data.entries()) {
    for (let k = 0; k < values.length; k++) {
      const x = values[k] as number
      values[k] = x + h
      const above = await at()
      values[k] = x - h
      const below = await at()
      values[k] = x
      const difference = (above - below) / (2 * h)
      const gradient = Number(outputs[`d${i}`]?.data[k])
      largest = Math.max(largest, Math.abs(difference - gradient) / (1 + Math.abs(difference)))
      if (Number.isNaN(gradient)) return Number.NaN
    }
  }
  await session.release()
  return largest
}

describe.each(['fused', 'portable'] as const)('gradients against central differences, %s', lowering => {
  test.each(cases.map(c => [`${c.rules.join(', ')} ${c.what} (${c.dtype})`, c] as const))('%s', async (_, c) => {
    const { g, tape, gradients } = projected(c, lowering)
    expect(tape.map(entry => entry.rule)).toEqual(expect.arrayContaining([...c.rules]))
    gradients.forEach((d, i) => {
      expect(d.dims).toEqual(c.shapes[i])
    })
    const error = await largestError(c, g)
    worst[c.dtype] = Math.max(worst[c.dtype], error)
    expect(error).toBeLessThan(c.dtype === 'float64' ? 1e-8 : 1e-3)
  })
})

test('every gradient rule has a case', () => {
  const covered = new Set(cases.flatMap(c => c.rules))
  expect(Object.keys(rules).filter(rule => !covered.has(rule))).toEqual([])
})

test('a wrong rule would be noticed', async () => {
  const c: GradientCase = { rules: [], what: '', dtype: 'float64', shapes: [[3]], build: (g, a) => g.mul(a, a) }
  const g = builder({ dtype: 'float64' })
  const a = g.input('x0', 'float64', [3])
  g.output(g.sumAll(g.mul(a, a)), 'loss')
  g.output(g.identity(a), 'd0')
  expect(await largestError(c, g)).toBeGreaterThan(1e-3)
})

test('what has no gradient is refused when the graph is built', () => {
  const g = builder()
  const x = g.input('x', 'float32', [2])
  const unused = g.input('unused', 'float32', [2])
  const y = g.sumAll(g.mul(x, x))
  expect(() => grad(g, y, [unused])).toThrow('does not depend on unused')
  const scattered = g.scatterAdd(x, g.const([0], [1, 1], 'int64'), g.const([1], [1]))
  expect(() => grad(g, g.sumAll(scattered), [x])).toThrow('ScatterND has no gradient rule')
  expect(() => grad(g, g.mul(x, x), [x])).toThrow('not a scalar')
})

test('frozen values cost nothing in the backward pass', () => {
  const g = builder()
  const x = g.input('x', 'float32', [4, 3])
  const frozen = g.input('frozen', 'float32', [3, 3])
  const trained = g.input('trained', 'float32', [3, 3])
  const loss = g.sumAll(g.matmul(g.matmul(x, frozen), trained))
  const before = g.tape.length
  grad(g, loss, [trained])
  const products = g.tape.slice(before).filter(entry => entry.rule === 'MatMul')
  expect(products).toHaveLength(1)
})
