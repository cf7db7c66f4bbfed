import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { bucketLength, padded, planEpoch, planScan, stepsOf, tokenRows } from '../../../src/core/train/batch.ts'

const draw = random(5)
const lengths = Array.from({ length: 1003 }, () => 3 + draw.int(90))
const options = { lengths, rows: 16, limit: 64, seed: 7, epoch: 0, together: 8 }

test('every row once, full batches but the last, padded to a bucket that holds them', () => {
  const plan = planEpoch(options)
  expect(plan.length).toBe(stepsOf(lengths.length, 16))
  expect(plan.flatMap(b => [...b.rows]).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
  expect(plan.slice(0, -1).every(b => b.rows.length === 16)).toBe(true)
  expect(plan.at(-1)!.rows.length).toBe(1003 % 16)
  for (const { rows, length } of plan)
    for (const row of rows) expect(bucketLength(lengths[row]!, 64)).toBeLessThanOrEqual(length)
})

test('the same seed and epoch give the same plan, another epoch another', () => {
  expect(planEpoch(options)).toEqual(planEpoch(options))
  expect(planEpoch({ ...options, epoch: 1 })).not.toEqual(planEpoch(options))
  expect(planEpoch({ ...options, seed: 8 })).not.toEqual(planEpoch(options))
})

test('padding is little, and short rows are spread over the epoch', () => {
  const plan = planEpoch(options)
  const real = lengths.reduce((n, l) => n + Math.min(l, 64), 0)
  const padTo = plan.reduce((n, b) => n + b.rows.length * b.length, 0)
  expect(real / padTo).toBeGreaterThan(0.8)
  const half = plan.length >> 1
  const mean = (batches: typeof plan) => batches.reduce((n, b) => n + b.length, 0) / batches.length
  expect(Math.abs(mean(plan.slice(0, half)) - mean(plan.slice(half)))).toBeLessThan(15)
})

test('a scan takes every row once, in batches that are not too large', () => {
  const plan = planScan(lengths, 2048, 64)
  for (const batch of plan) expect(batch.rows.length * batch.length).toBeLessThanOrEqual(2048)
  expect(plan.flatMap(b => [...b.rows]).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
})

test('padding, cutting and the mask', () => {
  const rows = tokenRows([[5, 6, 7], [8], [9, 9, 9, 9, 9]])
  const { ids, mask, tokens } = padded(rows, { rows: Int32Array.of(1, 2), length: 4 }, 3)
  expect([...ids]).toEqual([8n, 3n, 3n, 3n, 9n, 9n, 9n, 9n])
  expect([...mask]).toEqual([1, 0, 0, 0, 1, 1, 1, 1])
  expect(tokens).toBe(5)
})
