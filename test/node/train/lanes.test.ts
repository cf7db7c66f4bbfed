/* Parts of a batch on threads of their own: the update of the whole batch, and the same bits every time. */
import { expect, test } from 'vitest'
import { builder } from '../../../src/core/graph/builder.ts'
import { modelBytes } from '../../../src/core/graph/onnx.ts'
import type { Batch } from '../../../src/core/train/batch.ts'
import { lanesFor } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { float32 } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { difference, takeSteps, tinyBatches, tinyParts, tinyRecipe, tinyRows } from '../../core/train/tinyLearner.ts'
import { tinyConfig } from './tinyModel.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 3 })
const rows = tinyRows(50)
const rate = () => 5e-3

test.each([
  ['LoRA', { method: { kind: 'lora', rank: 4, targets: 'all-linear' } }],
  ['LoRA in pieces', { method: { kind: 'lora', rank: 4 }, batch: { rows: 8, micro: 3 } }],
  ['a head', { method: { kind: 'head' } }],
  // Its words are so many that their gradient comes as rows, which the lanes share in part.
  ['all of it', { method: { kind: 'full' }, optimizer: { clip: 0.5 } }],
] as const)('%s learns in lanes what it learns whole, and resumes with the same bits', async (_, input) => {
  const recipe = tinyRecipe({ batch: { rows: 8 }, ...input })
  const mode = recipe.method.kind === 'full' ? 'direct' : 'steps'
  const config = { ...tinyConfig, vocab_size: 2100 }
  const { options } = tinyParts(recipe, rows, { config })
  // 50 rows in batches of 8: the last has two, fewer than there are lanes.
  const batches = tinyBatches(rows, recipe)
  expect(batches.some(b => b.rows.length === 2)).toBe(true)
  const { micro: _micro, ...undivided } = { micro: undefined, ...options }
  const whole = await makeLearner(runtime, { ...undivided, mode })
  const want = await takeSteps(whole, batches, { from: 1, to: 9, rate })
  const trained = (await whole.state()).parameters
  await whole.release()
  const learner = await makeLearner(runtime, { ...options, mode, lanes: 3 })
  const start = structuredClone(await learner.state())
  const got = await takeSteps(learner, batches, { from: 1, to: 9, rate })
  const end = structuredClone(await learner.state())
  for (const [i, { loss, norm, samples, tokens }] of got.entries()) {
    const other = want[i] as (typeof want)[number]
    expect(loss / other.loss).toBeCloseTo(1, 4)
    expect(norm / other.norm).toBeCloseTo(1, 3)
    expect(samples).toEqual(other.samples)
    expect(tokens).toBe(other.tokens)
  }
  expect(difference(end.parameters, trained)).toBeLessThan(2e-3)
  learner.load(start)
  expect(await takeSteps(learner, batches, { from: 1, to: 9, rate })).toEqual(got)
  expect(await learner.state()).toEqual(end)
  const one: Batch = { ...(batches[0] as Batch), rows: Int32Array.of(5) }
  expect((await learner.step([one], 10, [1e-3]))[0]?.samples).toEqual(Int32Array.of(5))
  await learner.release()
})

test('what fails in one lane is told, and the lanes go on', async () => {
  const g = builder()
  g.output(g.add(g.input('x', 'float32', ['N', 2]), g.input('y', 'float32', ['N', 2])), 'sum')
  const lanes = await runtime.lanes?.(modelBytes(g), 3)
  if (!lanes) throw new Error('there are no lanes')
  const feed = (x: number, size = 4) => ({
    x: float32([x, x, x, x], [2, 2]),
    y: float32(new Array(size).fill(1), [size / 2, 2]),
  })
  const sums = async () =>
    (await lanes.run([feed(1), feed(2), feed(3)])).map(({ sum }) => Array.from(sum!.data, Number))
  const right = [1, 2, 3].map(x => [x + 1, x + 1, x + 1, x + 1])
  expect(await sums()).toEqual(right)
  await expect(lanes.run([feed(1), feed(2, 6), feed(3)])).rejects.toThrow()
  expect(await sums()).toEqual(right)
  await expect(lanes.run([feed(1, 6), feed(2), feed(3)])).rejects.toThrow()
  expect(await sums()).toEqual(right)
  // Part of a larger array crosses alone.
  const part = new Float32Array(1000).fill(4).subarray(8, 12)
  const [, second] = await lanes.run([feed(1), { ...feed(1), x: float32(part, [2, 2]) }])
  expect(Array.from(second?.['sum']?.data ?? [], Number)).toEqual([5, 5, 5, 5])
  await lanes.release()
})

test('a graph that no lane can open has none', async () => {
  await expect(runtime.lanes?.(new Uint8Array([1, 2, 3]), 2)).rejects.toThrow()
  expect(
    await (await openRuntime({ provider: 'cpu', threads: 1 })).runtime.lanes?.(new Uint8Array(0), 2),
  ).toBeUndefined()
})

test('lanes for what there is of threads, rows and memory', () => {
  expect(lanesFor({ threads: 4, rows: 16, bytes: 1e8 })).toBe(4)
  expect(lanesFor({ threads: 4, rows: 5, bytes: 1e8 })).toBe(2)
  expect(lanesFor({ threads: 4, rows: 1, bytes: 1e8 })).toBe(1)
  expect(lanesFor({ threads: 4, rows: 16, bytes: 2e8 })).toBe(2)
  expect(lanesFor({ threads: 4, rows: 16, bytes: 4e9 })).toBe(1)
})
