import { expect, test } from 'vitest'
import { detailOf, detailTwice } from '../../../src/core/eval/detail.ts'
import { dynamicsOf, suspects } from '../../../src/core/eval/dynamics.ts'
import type { Prediction } from '../../../src/core/eval/evaluation.ts'
import { makeLedger } from '../../../src/core/eval/ledger.ts'
import { scoresOf } from '../../../src/core/eval/score.ts'
import { fisherExact, wilson } from '../../../src/core/eval/significance.ts'
import { facetsOf, ledgerSlices, quartiles, slicesOf } from '../../../src/core/eval/slices.ts'

/** A row of length `text`, right or wrong. */
function row(i: number, options: { right: boolean; text?: string; gold?: string; leaked?: boolean }): Prediction {
  const { right, text = `row ${i}`, gold = 'a', leaked = false } = options
  const label = right ? gold : gold === 'a' ? 'b' : 'a'
  const p = right ? 0.9 : 0.6
  const distribution = label === 'a' ? [p, 1 - p] : [1 - p, p]
  const probabilities = [[label, p] as const, [label === 'a' ? 'b' : 'a', 1 - p] as const]
  return { file: 'd.csv', row: i, text, gold, label, loss: right ? 0.1 : 0.9, probabilities, distribution, leaked }
}

test('a slice that is worse than the rest is found, adjusted for all slices, and small ones say nothing', () => {
  const rows = Array.from({ length: 205 }, (_, i) =>
    row(i, { right: i < 100 ? i >= 40 : i < 200 ? i % 20 !== 0 : true, gold: i % 2 ? 'a' : 'b' }),
  )
  const values = rows.map((_, i) => (i < 100 ? 'chat' : i < 200 ? 'mail' : 'fax'))
  const slices = slicesOf(rows, [{ name: 'source', values }])
  const [chat, mail, fax] = ['chat', 'mail', 'fax'].map(value => slices.find(s => s.value === value)!)
  expect(chat).toMatchObject({ rows: 100, right: 60, tooFew: false })
  expect(chat!.interval).toEqual(wilson(60, 100))
  expect(chat!.p).toBeCloseTo(fisherExact({ right: 60, rows: 100 }, { right: 100, rows: 105 }), 12)
  expect(chat!.holm!).toBeLessThan(0.001)
  expect(chat!.differenceInterval![1]).toBeLessThan(0)
  expect(mail!.holm!).toBeGreaterThanOrEqual(mail!.p!)
  expect(fax).toMatchObject({ rows: 5, tooFew: true })
  expect(fax!.p).toBeUndefined()
  expect(chat!.errors[0]!.rows).toBe(20)
})

test('every evaluation is parted by label, length and leaks; a facet of one value parts nothing', () => {
  const rows = Array.from({ length: 40 }, (_, i) =>
    row(i, { right: i % 3 > 0, text: 'x'.repeat(1 + i), gold: i % 2 ? 'a' : 'b', leaked: i < 4 }),
  )
  expect(facetsOf(rows).map(f => f.name)).toEqual(['label', 'length', 'leaked'])
  expect([...new Set(facetsOf(rows)[1]!.values)]).toEqual(['1-10', '11-20', '21-30', '31-40'])
  expect(slicesOf(rows, [{ name: 'one', values: rows.map(() => 'same') }])).toEqual([])
  expect(quartiles([5, 5, 5, 5, 9])).toEqual(['5', '5', '5', '5', '9'])
})

test('slices of a comparison: each has its ledger, the adjusted p stands on those that are tested', () => {
  const rows = (right: (i: number) => boolean) => Array.from({ length: 60 }, (_, i) => row(i, { right: right(i) }))
  const evaluation = (predictions: Prediction[]) => {
    const all = scoresOf(predictions, ['a', 'b'])
    return { model: 'm', split: 'test', labels: ['a', 'b'], predictions, all, withoutLeaks: all }
  }
  const ledger = makeLedger(evaluation(rows(i => i >= 20)), evaluation(rows(i => i < 58)))
  const values = ledger.rows.map((_, i) => (i < 30 ? 'first' : i < 55 ? 'second' : 'third'))
  const [first, second, third] = ledgerSlices(ledger.rows, [{ name: 'part', values }])
  expect(first!.accuracy).toMatchObject({ fixed: 20, broken: 0 })
  expect(first!.holm!).toBeLessThan(0.001)
  expect(second!.holm).toBe(1)
  expect(third).toMatchObject({ tooFew: true, accuracy: { broken: 2 } })
  expect(third!.holm).toBeUndefined()
})

test('detail: areas, calibration and thresholds from what predictions carry, twice', () => {
  const rows = Array.from({ length: 50 }, (_, i) =>
    row(i, { right: i % 5 > 0, gold: i % 2 ? 'a' : 'b', leaked: i % 5 === 1 }),
  )
  const { all, withoutLeaks } = detailTwice(rows, ['a', 'b'])
  expect(all.scores['rocArea']).toBeGreaterThan(0.5)
  expect(all.calibration!.error).toBeCloseTo(0.2 * 0.6 + 0.8 * 0.1, 12)
  expect(all.thresholds!.label).toBe('b')
  expect(withoutLeaks.scores['rocArea']).toBeLessThan(all.scores['rocArea']!)
  // In another order of the labels the probabilities belong to nobody knows whom.
  expect(detailOf(rows, ['b', 'a']).scores['rocArea']).toBeUndefined()
})

test('dynamics: margin, confidence, variability, forgetting', () => {
  const loss = (...p: number[]) => Float32Array.from(p, x => -Math.log(x))
  const found = dynamicsOf([
    loss(0.9, 0.1, 0.9, Number.NaN),
    loss(0.9, 0.2, 0.1, Number.NaN),
    loss(0.9, 0.1, 0.9, Number.NaN),
  ])
  expect(found.margin[0]).toBeCloseTo(Math.log(9), 5)
  expect(found.confidence[1]).toBeCloseTo(0.4 / 3, 5)
  expect(found.variability[0]).toBeCloseTo(0, 3)
  expect(found.variability[2]).toBeCloseTo(Math.sqrt(((0.9 - 1.9 / 3) ** 2 * 2 + (0.1 - 1.9 / 3) ** 2) / 3), 5)
  expect([...found.forgotten]).toEqual([0, 0, 1, 0])
  expect([...found.learned]).toEqual([0, 3, 2, 0])
  expect(suspects(found)).toEqual([1, 2, 0])
})

test('dynamics: with margins noted, the area under them, and what stood against the label', () => {
  const losses = [0.6, 0.2].map(p => Float32Array.of(-Math.log(p)))
  const against = [
    { margins: Float32Array.of(1), others: Float32Array.of(4) },
    { margins: Float32Array.of(-1), others: Float32Array.of(7) },
  ]
  const { margin, rivals } = dynamicsOf(losses, against)
  expect(margin[0]).toBe(0)
  const [first, second] = rivals![0]!
  expect(first!.label).toBe(7)
  expect(first!.probability).toBeCloseTo((0.2 * Math.E) / 2, 5)
  expect(second!.label).toBe(4)
  expect(second!.probability).toBeCloseTo(0.6 / Math.E / 2, 5)
})
