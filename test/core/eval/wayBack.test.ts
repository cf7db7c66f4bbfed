import { expect, test } from 'vitest'
import { labelNext } from '../../../src/core/eval/labelNext.ts'
import { learningCurve } from '../../../src/core/eval/learningCurve.ts'
import { nearestRows } from '../../../src/core/eval/nearestRows.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

test('the nearest training rows, labels that disagree first', () => {
  const train = [
    { text: 'where is my parcel', gold: 'delivery' },
    { text: 'my parcel is late, where is it', gold: 'refund' },
    { text: 'reset the password', gold: 'login' },
    { text: 'please reset my password now', gold: 'login' },
  ]
  const asked = [
    { text: 'where is my parcel now', gold: 'delivery' },
    { text: 'zebra', gold: 'login' },
  ]
  const [parcel, none] = finishWork(nearestRows(train, asked, { most: 2 }))
  expect(parcel!.map(near => [near.row, near.disagrees])).toEqual([
    [1, true],
    [0, false],
  ])
  expect(parcel![1]!.similarity).toBeGreaterThan(parcel![0]!.similarity)
  expect(none).toEqual([])
})

test('to label next: unsure rows, and none like another', () => {
  const sure = (p: number) =>
    [
      ['a', p],
      ['b', 1 - p],
    ] as const
  const rows = [
    { text: 'cancel my card please', probabilities: sure(0.5) },
    { text: 'cancel my card please', probabilities: sure(0.51) },
    { text: 'the exchange rate of today', probabilities: sure(0.55) },
    { text: 'exchange rate of today', probabilities: sure(0.56) },
    ...Array.from({ length: 30 }, (_, i) => ({ text: `top up card ${i}`, probabilities: sure(0.99) })),
  ]
  const next = finishWork(labelNext(rows, 2))
  expect(next.map(one => one.row)).toEqual([0, 2])
  expect(next[0]).toMatchObject({ margin: 0, distance: 1 })
  expect(finishWork(labelNext(rows.slice(0, 1), 5))).toHaveLength(1)
  expect(finishWork(labelNext([], 5))).toEqual([])
})

test('a power law is found again, and tells what more rows bring with an interval around it', () => {
  const law = (rows: number) => 2 * rows ** -0.4
  const steps = [100, 250, 500, 1000].map(rows => ({ rows, error: law(rows), tested: 2000 }))
  const curve = learningCurve(steps)!
  expect(curve.exponent).toBeCloseTo(0.4, 9)
  expect(curve.scale).toBeCloseTo(2, 8)
  const { error, interval } = curve.gain(100)
  expect(error).toBeCloseTo(law(1000) - law(1100), 9)
  expect(interval[0]).toBeLessThan(error)
  expect(interval[1]).toBeGreaterThan(error)
  expect(curve.at(2000).error).toBeCloseTo(law(2000), 9)
  expect(learningCurve(steps)!.gain(100)).toEqual({ error, interval })
  expect(learningCurve(steps.slice(0, 1))).toBeUndefined()
})
