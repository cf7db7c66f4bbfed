import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builder } from '../../../src/core/graph/builder.ts'
import { grad } from '../../../src/core/graph/grad.ts'
import type { Dtype } from '../../../src/core/graph/graph.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import { float32, type Runtime } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { floats } from './small.ts'

let runtime: Runtime
const folder = mkdtempSync(join(tmpdir(), 'winnow-external-'))

beforeAll(async () => {
  runtime = (await openRuntime({ provider: 'cpu', threads: 1 })).runtime
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const rows = 3
const columns = 4
/** Exact in every float format: small multiples of 1/4. */
const weight = Float32Array.from({ length: rows * columns }, (_, i) => (i - 5) / 4)

/** The bytes of the weight: F32 as they are, BF16 the upper half of each, F16 by hand for these few numbers. */
function bytesAs(dtype: Dtype): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(weight.buffer)
  const bits = new Uint32Array(weight.buffer)
  const half = Uint16Array.from(bits, b => {
    if (dtype === 'bfloat16') return b >>> 16
    if (b << 1 === 0) return 0
    return ((b >>> 16) & 0x8000) | ((((b >>> 23) & 255) - 112) << 10) | ((b >>> 13) & 1023)
  })
  return new Uint8Array(half.buffer)
}

/** A file in the manner of safetensors: a header of any length, then tensors end to end, without alignment. */
function fileWith(name: string, before: number, dtype: Dtype): { offset: number; length: number } {
  const data = bytesAs(dtype)
  const file = new Uint8Array(before + data.length + 5)
  file.fill(0xff, 0, before)
  file.set(data, before)
  writeFileSync(join(folder, name), file)
  return { offset: before, length: data.length }
}

test.each([
  ['float32', 720],
  ['float32', 161],
  ['float32', 162],
  ['float32', 163],
  ['float16', 97],
  ['bfloat16', 99],
] as const)('a %s weight at byte %d of a file is used in place, forward and backward', async (dtype, before) => {
  const name = `model-${dtype}-${before}.safetensors`
  const external = { location: name, ...fileWith(name, before, dtype) }
  const g = builder()
  const x = g.input('x', 'float32', [2, columns])
  const w = g.cast(g.init('w', { external }, [rows, columns], dtype), 'float32')
  const y = g.linear(x, w)
  const [d] = grad(g, g.sumAll(g.mul(y, y)), [x])
  g.output(y, 'y')
  if (d) g.output(d, 'd')
  const model = modelBytes(g)
  expect(model.length).toBeLessThan(1200)
  const session = await runtime.load(model, { folder })
  const feed = [1, 2, -1, 0.5, 0, 3, 2, -2]
  const out = await session.run({ x: float32(feed, [2, columns]) })
  const at = (i: number, k: number) => weight[i * columns + k] as number
  const expected = [0, 1].flatMap(b =>
    Array.from({ length: rows }, (_, i) =>
      [0, 1, 2, 3].reduce((sum, k) => sum + (feed[b * columns + k] as number) * at(i, k), 0),
    ),
  )
  expect([...floats(out, 'y')]).toEqual(expected)
  const gradient = [0, 1].flatMap(b =>
    [0, 1, 2, 3].map(k =>
      Array.from({ length: rows }, (_, i) => 2 * (expected[b * rows + i] as number) * at(i, k)).reduce((p, q) => p + q),
    ),
  )
  expect([...floats(out, 'd')]).toEqual(gradient)
})

test('a weight that is not where the graph says is an error, not zeros', async () => {
  const g = builder()
  const x = g.input('x', 'float32', [1, columns])
  const external = { location: 'missing.safetensors', offset: 0, length: weight.byteLength }
  g.output(g.linear(x, g.init('w', { external }, [rows, columns])), 'y')
  await expect(runtime.load(modelBytes(g), { folder })).rejects.toThrow('missing.safetensors')
})
