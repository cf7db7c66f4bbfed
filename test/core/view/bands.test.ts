import { expect, test } from 'vitest'
import { bandOf, seedGroups } from '../../../src/core/view/bands.ts'

test('runs that differ only in seed and name are one group', () => {
  const recipe = (seed: number, rate: number) => ({ name: `s${seed}`, seed, schedule: { rate } })
  expect(seedGroups([recipe(1, 0.1), recipe(2, 0.1), recipe(1, 0.2), recipe(3, 0.1), undefined, {}])).toEqual([
    [0, 1, 3],
  ])
  // The same run twice has nothing to vary.
  expect(seedGroups([recipe(1, 0.1), recipe(1, 0.1)])).toEqual([])
})

test('a band has the mean, the lowest and the highest where two lines or more reach', () => {
  const a = { xs: [0, 10, 20], ys: [0, 10, 20] }
  const b = { xs: [0, 20], ys: [4, 4] }
  const short = { xs: [0, 5], ys: [1, 1] }
  expect(bandOf([a, b], { from: 0, to: 20, places: 4 })).toEqual({
    ...{ xs: [0, 5, 10, 15, 20], mean: [2, 4.5, 7, 9.5, 12] },
    ...{ low: [0, 4, 4, 4, 4], high: [4, 5, 10, 15, 20] },
  })
  expect(bandOf([a, short], { from: 0, to: 20, places: 4 }).xs).toEqual([0, 5])
  expect(bandOf([a, { xs: [], ys: [] }], { from: 0, to: 20, places: 4 }).xs).toEqual([])
})
