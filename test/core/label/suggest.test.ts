import { expect, test } from 'vitest'
import { suggestByText, suggestWithTraining, sureEnough } from '../../../src/core/label/suggest.ts'

/** One row of three classes. */
const said = (...values: number[]) => ({ rows: 1, classes: 3, values: Float64Array.from(values) })
const rivals = (...list: [label: number, probability: number][]) =>
  list.map(([label, probability]) => ({ label, probability }))

test('by text alone the likeliest other label is held against the own one', () => {
  expect(suggestByText(said(0.1, 0.6, 0.3), 0, 0)).toEqual({ label: 1, confidence: expect.closeTo(6 / 7, 12) })
  expect(suggestByText(said(0.1, 0.6, 0.3), 0, 1)).toEqual({ label: 2, confidence: expect.closeTo(1 / 3, 12) })
})

test('text and training are multiplied: what both say is sure, what one says against the other is not', () => {
  const text = said(0.1, 0.6, 0.3)
  const both = suggestWithTraining(text, 0, { own: 0, heard: { own: 0.05, rivals: rivals([1, 0.8]) } })
  expect(both.label).toBe(1)
  expect(both.confidence).toBeCloseTo((0.601 * 0.801) / (0.601 * 0.801 + 0.101 * 0.051), 12)
  expect(both.confidence).toBeGreaterThan(sureEnough)
  const apart = suggestWithTraining(text, 0, { own: 0, heard: { own: 0.9, rivals: rivals([1, 0.05]) } })
  expect(apart.confidence).toBeLessThan(0.5)
  // Training decides between labels that the text finds alike.
  const other = suggestWithTraining(text, 0, { own: 0, heard: { own: 0.05, rivals: rivals([2, 0.8], [1, 0.01]) } })
  expect(other.label).toBe(2)
})

test('a run that noted its own labels alone leaves the choice of another to the text', () => {
  const { label, confidence } = suggestWithTraining(said(0.1, 0.6, 0.3), 0, { own: 0, heard: { own: 0.05 } })
  expect(label).toBe(1)
  expect(confidence).toBeGreaterThan(suggestByText(said(0.1, 0.6, 0.3), 0, 0).confidence)
})
