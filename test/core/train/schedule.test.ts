import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RecipeSchedule } from '../../../src/core/train/recipe/schedule.ts'
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

interface Golden {
  readonly recipe: RecipeSchedule
  readonly rates: readonly number[]
}

const goldens = JSON.parse(
  readFileSync(new URL('../../golden/schedules.json', import.meta.url), 'utf8'),
) as readonly Golden[]

test.each(goldens.map(golden => [JSON.stringify(golden.recipe), golden] as const))(
  'the rates of Transformers and PyTorch: %s',
  (_, golden) => {
    const schedule = makeSchedule(golden.recipe, 1)
    // They warm up from 0, we from the first step on; from the end of the warm-up all are the same.
    const own = golden.recipe.kind === 'one-cycle' ? 0 : schedule.warmup
    golden.rates.forEach((rate, i) => {
      expect(schedule.rate(i + 1) / golden.recipe.rate).toBeCloseTo(
        i < own ? (i + 1) / schedule.warmup : rate / golden.recipe.rate,
        9,
      )
    })
    for (let n = 1; n < own; n++) expect(schedule.rate(n)).toBeCloseTo(golden.rates[n] as number, 9)
  },
)

test('the slanted triangle of ULMFiT rises for a tenth and falls to 1/32', () => {
  const s = makeSchedule({ ...recipe, kind: 'slanted-triangular', warmup: 0.1, steps: 100 }, 1)
  expect(s.rate(1)).toBeCloseTo(0.1 / 32, 12)
  expect(s.rate(11)).toBeCloseTo(0.1, 12)
  expect(s.rate(56)).toBeCloseTo((0.1 * (1 + 0.5 * 31)) / 32, 12)
})

test('a range rises by the same factor each step', () => {
  const s = makeSchedule({ ...recipe, kind: 'range', end: 1e-4, steps: 5 }, 1)
  expect(rates(s)).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 1e-1].map(x => expect.closeTo(x, 12)))
})
