import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { builder } from '../../../src/core/graph/builder.ts'
import { matmulFlops } from '../../../src/core/graph/flops.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import type { Lowering, Value } from '../../../src/core/graph/graph.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { float32, int64 } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const [width, classes] = [12, 37]
const draw = random('projected')
const normal = (size: number) => Float32Array.from({ length: size }, () => draw.normal())
const matrix = normal(classes * width)

/** Loss, losses of rows, gradients and answers, with all scores at once or in pieces. */
async function compute(
  kind: 'whole' | 'pieces',
  rows: number,
  given: { readonly x: Float32Array; readonly lowering: Lowering; readonly cap?: number; readonly smoothing: number },
) {
  const { cap, smoothing } = given
  const g = builder({ name: kind, lowering: given.lowering })
  const x = g.input('x', 'float32', ['M', width])
  const weight = g.input('weight', 'float32', [classes, width])
  const labels = g.input('labels', 'int64', ['M'])
  const weights = g.input('weights', 'float32', ['M'])
  // Used twice, so that the gradients of both uses meet.
  const shifted = g.add(x, g.mul(x, 0.5))
  const outputs: Record<string, Value> = {}
  if (kind === 'pieces') {
    // At most five rows at a time.
    const options = { smoothing, elements: 5 * classes, ...(cap === undefined ? {} : { cap }) }
    Object.assign(outputs, g.projectedCrossEntropy({ x: shifted, weight, labels, weights }, options))
    Object.assign(outputs, g.projectedAnswers({ x: shifted, weight, labels }, options))
  } else {
    const plain = g.linear(shifted, weight)
    const scores = cap === undefined ? plain : g.mul(g.tanh(g.mul(plain, 1 / cap)), cap)
    Object.assign(outputs, g.crossEntropy(scores, labels, weights, { smoothing }))
    outputs['losses'] = g.crossEntropy(scores, labels, weights).rows
    outputs['said'] = g.argmax(scores)
  }
  const [dx, dw] = grad(g, outputs['loss'] as Value, [x, weight])
  for (const [name, value] of Object.entries({ ...outputs, dx, dw })) g.output(value as Value, name)
  const session = await runtime.load(modelBytes(g))
  const out = await session.run({
    x: float32(given.x, [rows, width]),
    weight: float32(matrix, [classes, width]),
    labels: int64(Array.from({ length: rows }, (_, i) => (i * 7) % classes)),
    weights: float32(Array.from({ length: rows }, (_, i) => (i % 4 === 1 ? 0 : 1 + i / 8))),
  })
  await session.release()
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, Array.from(data, Number)]))
}

describe.each(['fused', 'portable'] as const)('%s', lowering => {
  test.each([
    [1, undefined, 0],
    [5, 3, 0],
    [13, undefined, 0.1],
    [40, 2, 0.1],
  ] as const)('%i rows, cap %s, smoothing %s: in pieces as at once', async (rows, cap, smoothing) => {
    const given = { x: normal(rows * width), lowering, smoothing, ...(cap === undefined ? {} : { cap }) }
    const whole = await compute('whole', rows, given)
    const pieces = await compute('pieces', rows, given)
    expect(Object.keys(pieces).sort()).toEqual(Object.keys(whole).sort())
    for (const [name, values] of Object.entries(whole)) {
      const other = pieces[name] as number[]
      expect(other).toHaveLength(values.length)
      const furthest = Math.max(...values.map((v, i) => Math.abs(v - (other[i] as number))))
      expect(furthest, name).toBeLessThan(2e-5)
    }
  })
})

test('its work is counted as that of the scores and of one gradient', () => {
  const count = (kind: 'whole' | 'pieces') => {
    const g = builder({ name: 'count' })
    const x = g.input('x', 'float32', [8, width])
    const weight = g.init('weight', matrix, [classes, width])
    const labels = g.input('labels', 'int64', [8])
    const weights = g.input('weights', 'float32', [8])
    const { loss } =
      kind === 'pieces'
        ? g.projectedCrossEntropy({ x, weight, labels, weights }, { elements: 3 * classes })
        : g.crossEntropy(g.linear(x, weight), labels, weights)
    grad(g, loss, [x])
    return matmulFlops(g)
  }
  expect(count('pieces')).toBe(count('whole'))
})
