import { expect, test } from 'vitest'
import { foundText, RateFinder, rangeSchedule } from '../../../src/core/train/findRate.ts'
import { makeSchedule } from '../../../src/core/train/schedule.ts'

/** A loss that falls by a logistic curve around a rate and leaves beyond another, with a little noise. */
function search(falls: number, leaves: number) {
  const { steps, rate } = makeSchedule(rangeSchedule(), 1)
  const finder = new RateFinder()
  for (let n = 1; n <= steps; n++) {
    const at = rate(n)
    const loss = 0.5 + 2 / (1 + (at / falls) ** 1.5) + (at / leaves) ** 2 + 0.02 * Math.sin(7 * n)
    if (finder.diverged(at, loss)) return { finder, stopped: n }
  }
  return { finder, stopped: undefined }
}

test('it suggests the rate where the loss falls fastest, below the lowest, and stops where the loss leaves', () => {
  const { finder, stopped } = search(1e-3, 0.1)
  const found = finder.found()
  expect(found?.rate).toBeGreaterThan(2e-4)
  expect(found?.rate).toBeLessThan(5e-3)
  expect(found?.lowest).toBeGreaterThan(found?.rate as number)
  expect(stopped).toBeGreaterThan(50)
  expect(foundText(found)).toContain('is suggested')
})

test('a model that wants larger rates gets a larger one', () => {
  const [small, large] = [search(1e-4, 0.1), search(1e-2, 1)].map(s => s.finder.found()?.rate as number)
  expect(large as number).toBeGreaterThan(10 * (small as number))
})

test('where nothing falls nothing is suggested', () => {
  const finder = new RateFinder()
  for (let n = 1; n <= 60; n++) finder.diverged(10 ** (n / 10 - 6), 1 + n / 100)
  expect(finder.found()).toBeUndefined()
  expect(foundText(undefined)).toContain('no rate')
})
