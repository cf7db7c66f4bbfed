import { beforeAll, expect, test } from 'vitest'
import { builder } from '../../../src/core/graph/builder.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { prune } from '../../../src/core/graph/prune.ts'
import {
  adamW,
  adamWDefaults,
  globalNorm,
  readScalars,
  sparse,
  updateScalars,
} from '../../../src/core/train/optimizer.ts'
import { float32, int64, type Runtime } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { floats } from './small.ts'

let runtime: Runtime

beforeAll(async () => {
  runtime = (await openRuntime({ provider: 'cpu', threads: 1 })).runtime
})

const [rows, width] = [3000, 4]

/** One AdamW step of an embedding table whose loss is the weighted sum of the rows looked up. */
function step(kind: 'dense' | 'sparse') {
  const g = builder()
  const [p, m, v] = (['p', 'm', 'v'] as const).map(name => g.input(name, 'float32', [rows, width])) as [
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
  ]
  const ids = g.input('ids', 'int64', ['N'])
  const weight = g.input('weight', 'float32', ['N', width])
  const scalars = readScalars(g, g.input('scalars', 'float32', [3]))
  const [whole] = grad(g, g.sumAll(g.mul(g.gather(p, ids), weight)), [p]) as [typeof p]
  const gradient = kind === 'dense' ? whole : sparse(g, whole)
  const norm = globalNorm(g, [gradient])
  const clipped = g.min(g.div(1, norm), 1)
  const next = adamW(g, { p, m, v, gradient }, { decay: 1, rate: 1 }, { ...adamWDefaults, scalars, clipped })
  g.output(norm, 'norm')
  for (const [i, value] of next.entries()) g.output(value, `next.${i}`)
  prune(g)
  return g
}

test('the rows a batch touches give the same update as the whole gradient, repeated ones included', async () => {
  const ids = [7, 2999, 7, 0, 1500, 7, 0]
  const numbers = (size: number, scale: number) =>
    Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i * 1.7))
  const feeds = {
    ids: int64(ids),
    weight: float32(numbers(ids.length * width, 2), [ids.length, width]),
    p: float32(numbers(rows * width, 1), [rows, width]),
    m: float32(numbers(rows * width, 0.01), [rows, width]),
    v: float32(
      numbers(rows * width, 0.01).map(x => x * x),
      [rows, width],
    ),
    scalars: float32(updateScalars(3, 1e-2, adamWDefaults)),
  }
  const [dense, few] = [step('dense'), step('sparse')]
  // No gradient of the table's size is left.
  expect(few.nodes.filter(node => node.op === 'Expand' && node.outputs[0]?.dims[0] === rows)).toEqual([])
  expect(dense.nodes.some(node => node.op === 'Expand' && node.outputs[0]?.dims[0] === rows)).toBe(true)
  const a = await (await runtime.load(modelBytes(dense))).run(feeds)
  const b = await (await runtime.load(modelBytes(few))).run(feeds)
  expect(floats(a, 'norm')[0]).toBeGreaterThan(1)
  for (const name of ['norm', 'next.0', 'next.1', 'next.2']) {
    const want = floats(a, name)
    const worst = Math.max(...floats(b, name).map((x, i) => Math.abs(x - (want[i] as number))))
    expect(worst, name).toBeLessThan(1e-6)
  }
})

test('small tables, sums of gradients and the portable lowering keep the whole gradient', () => {
  const g = builder()
  const [small, large] = [g.input('small', 'float32', [8, 2]), g.input('large', 'float32', [4096, 2])]
  const ids = g.input('ids', 'int64', [3])
  const tied = g.add(g.sumAll(g.gather(large, ids)), g.sumAll(g.mul(large, large)))
  const [a] = grad(g, g.sumAll(g.gather(small, ids)), [small])
  const [b] = grad(g, tied, [large])
  expect(sparse(g, a as typeof small)).toBe(a)
  expect(sparse(g, b as typeof large)).toBe(b)
  const h = builder({ lowering: 'portable' })
  const table = h.input('table', 'float32', [4096, 2])
  const [c] = grad(h, h.sumAll(h.gather(table, h.input('ids', 'int64', [3]))), [table])
  expect(sparse(h, c as typeof table)).toBe(c)
})

test('what reaches no output is dropped, inside the body of a loop too', () => {
  const g = builder()
  const x = g.input('x', 'float32', [2])
  const onlyInside = g.exp(x)
  const never = g.log(x)
  g.sqrt(never)
  const body = builder({ name: 'body', parent: g })
  body.input('i', 'int64', [])
  const going = body.input('going', 'bool', [])
  const carried = body.input('carried', 'float32', [2])
  body.tanh(carried)
  body.output(going, 'on')
  body.output(body.add(carried, onlyInside), 'next')
  const inputs = [g.scalar(2, 'int64'), g.const([1], [], 'bool'), x]
  g.output(g.emit1('Loop', inputs, { body: { kind: 'graph', value: body } }, x), 'y')
  prune(g)
  expect(g.nodes.map(node => node.op)).toEqual(['Exp', 'Loop'])
  expect(body.nodes.map(node => node.op)).toEqual(['Identity', 'Add'])
})
