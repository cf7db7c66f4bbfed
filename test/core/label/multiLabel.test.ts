import { expect, test } from 'vitest'
import type { Filter } from '../../../src/core/label/confident.ts'
import { findMultiLabelErrors } from '../../../src/core/label/multiLabel.ts'

const rows = 400
const classes = 3

/** Rows that carry each of three classes or not, 8 % of it wrong, drawn by the minimal standard generator (Park and Miller). */
function drawn() {
  const values = new Float64Array(rows * classes)
  const given = new Uint8Array(rows * classes)
  let state = 1
  const next = () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  for (let i = 0; i < rows * classes; i++) {
    const carries = next() < 0.3 + 0.1 * (i % classes)
    const wrong = next() < 0.08
    values[i] = (carries ? 0.65 : 0.05) + 0.3 * next()
    given[i] = carries === wrong ? 0 : 1
  }
  return { p: { rows, classes, values }, given }
}

// What the authors' library (2.9.0) says of the same rows: by class, and how many rows have a wrong class.
test.each([
  ['prune-by-noise-rate', [19, 27, 21], 62],
  ['prune-by-class', [19, 27, 21], 62],
  ['confident-learning', [14, 19, 13], 44],
  ['low-self-confidence', [14, 19, 13], 44],
  ['predicted-not-given', [31, 32, 23], 77],
] as [Filter, number[], number][])('%s', (filter, counts, wrongRows) => {
  const { p, given } = drawn()
  const flagged = findMultiLabelErrors(p, given, filter)
  const ofClass = [0, 1, 2].map(k => flagged.filter((_, i) => i % classes === k).reduce((a, b) => a + b, 0))
  expect(ofClass).toEqual(counts)
  const ofRow = Array.from({ length: rows }, (_, row) =>
    flagged.subarray(row * classes, (row + 1) * classes).includes(1),
  )
  expect(ofRow.filter(Boolean)).toHaveLength(wrongRows)
})
