import { expect, test } from 'vitest'
import { count, percent, points } from '../../../src/core/base/words.ts'
import { confusionOf, labelScores, scoresOf, scoreTwice } from '../../../src/core/eval/score.ts'
import { pText } from '../../../src/core/eval/words.ts'

const scored = (pairs: string) =>
  pairs.split(' ').map(pair => ({ gold: pair.charAt(0), label: pair.charAt(1), loss: 0.5, leaked: pair.endsWith('!') }))

test('the worked example of scikit-learn: macro, micro and weighted', () => {
  // y_true = [0, 1, 2, 0, 1, 2], y_pred = [0, 2, 1, 0, 0, 1].
  const scores = scoresOf(scored('00 12 21 00 10 21'), ['0', '1', '2'])
  expect(scores['macroPrecision']).toBeCloseTo(0.2222, 4)
  expect(scores['macroRecall']).toBeCloseTo(0.3333, 4)
  expect(scores['macroF1']).toBeCloseTo(0.2667, 4)
  expect(scores['microF1']).toBeCloseTo(0.3333, 4)
  expect(scores['weightedF1']).toBeCloseTo(0.2667, 4)
  expect(scores['accuracy']).toBeCloseTo(0.3333, 4)
  expect(scores['loss']).toBeCloseTo(0.5)
})

test("Matthews' coefficient: the two-class formula, scikit-learn's example, and no division by zero", () => {
  // y_true = [+1, +1, +1, -1], y_pred = [+1, -1, +1, +1] gives -0.33...
  expect(scoresOf(scored('aa ab aa ba'), ['a', 'b'])['mcc']).toBeCloseTo(-1 / 3, 12)
  const [tp, fp, fn, tn] = [6, 1, 2, 3]
  const pairs = [
    ...Array(tp).fill('aa'),
    ...Array(fp).fill('ba'),
    ...Array(fn).fill('ab'),
    ...Array(tn).fill('bb'),
  ].join(' ')
  const byHand = (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
  expect(scoresOf(scored(pairs), ['a', 'b'])['mcc']).toBeCloseTo(byHand, 12)
  expect(scoresOf(scored('aa aa'), ['a', 'b'])['mcc']).toBe(0)
})

test('labels without a row are in the table but not in the mean', () => {
  const predictions = scored('aa ab')
  expect(labelScores(confusionOf(predictions, ['a', 'b', 'c'])).map(l => [l.label, l.rows, l.predicted])).toEqual([
    ['a', 2, 1],
    ['b', 0, 1],
    ['c', 0, 0],
  ])
  expect(scoresOf(predictions, ['a', 'b', 'c'])['macroRecall']).toBeCloseTo(0.25)
})

test('a label nobody named is counted, not lost', () => {
  const { labels, counts } = confusionOf(scored('aa qa'), ['a'])
  expect(labels).toEqual(['a', 'q'])
  expect([...counts]).toEqual([1, 0, 1, 0])
})

test('no rows at all', () => {
  expect(Object.values(scoresOf([], ['a'])).every(v => v === 0)).toBe(true)
})

test('twice: with and without the leaked rows', () => {
  const { all, withoutLeaks, leaked } = scoreTwice(scored('aa! aa! ab bb'), ['a', 'b'])
  expect(all['accuracy']).toBe(0.75)
  expect(withoutLeaks['accuracy']).toBe(0.5)
  expect(leaked).toBe(2)
})

test('numbers in words', () => {
  expect(percent(0.8667)).toBe('86.7 %')
  expect(points(-0.004)).toBe('\u22120.4')
  expect(points(0.05)).toBe('+5.0')
  expect(points(0.0004)).toBe('0.0')
  expect(points(-0.0004)).toBe('0.0')
  expect(count(1234567)).toBe('1,234,567')
  expect(count(999)).toBe('999')
  expect([1, 0.5488, 0.00213, 3.716e-5, 0].map(pText)).toEqual(['1', '0.55', '0.0021', '3.7e-5', '0'])
})
