import { expect, test } from 'vitest'
import { makeSchedule } from '../../../src/core/train/schedule.ts'

const recipe = { kind: 'linear', rate: 0.1, warmup: 0, epochs: 2 } as const
const rates = (s: ReturnType<typeof makeSchedule>) => Array.from({ length: s.steps }, (_, i) => s.rate(i + 1))

test('linear without warm-up starts at the rate and ends one step above 0', () => {
  const s = makeSchedule(recipe, 5)
  expect(s.steps).toBe(10)
  expect(rates(s)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map(x => expect.closeTo(x / 100, 12)))
})

test('warm-up rises from the first step on, as a share or as a number', () => {
  for (const warmup of [0.4, 4]) {
    const s = makeSchedule({ ...recipe, warmup }, 5)
    expect(rates(s).slice(0, 5)).toEqual([0.025, 0.05, 0.075, 0.1, 0.1].map(x => expect.closeTo(x, 12)))
    expect(s.rate(10)).toBeCloseTo(0.1 / 6, 12)
  }
})

test('cosine halves in the middle, constant stays', () => {
  const cosine = makeSchedule({ ...recipe, kind: 'cosine' }, 50)
  expect(cosine.rate(51)).toBeCloseTo(0.05, 12)
  expect(cosine.rate(100)).toBeCloseTo(0.05 * (1 + Math.cos(0.99 * Math.PI)), 12)
  expect(new Set(rates(makeSchedule({ ...recipe, kind: 'constant' }, 5)))).toEqual(new Set([0.1]))
})

test('steps bound the epochs, and a part of an epoch counts', () => {
  expect(makeSchedule({ ...recipe, steps: 3 }, 5).steps).toBe(3)
  expect(makeSchedule({ ...recipe, epochs: 0.5 }, 5).steps).toBe(3)
  expect(makeSchedule({ ...recipe, warmup: 100 }, 2).rate(4)).toBeCloseTo(0.1, 12)
})
