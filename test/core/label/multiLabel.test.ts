import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
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

interface Golden {
  readonly rows: number
  readonly classes: number
  /** How many classes are given, and the sum of all probabilities: whether the same rows were made. */
  readonly given: number
  readonly probabilities: number
  readonly found: {
    readonly [filter in Filter]: {
      readonly perClass: readonly number[]
      readonly first: readonly (readonly number[])[]
      readonly sum: readonly number[]
    }
  }
}

/** A hash of a whole number over 2^32, as in the script that made the golden file. */
function share(i: number): number {
  let x = (Math.imul(i, 0x9e3779b1) + 0x7f4a7c15) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0
  return ((x ^ (x >>> 16)) >>> 0) / 4294967296
}

describe('rows and counts of test/bench/peers/multiLabel.py', () => {
  const golden = JSON.parse(readFileSync(new URL('../../golden/multi-label.json', import.meta.url), 'utf8')) as Golden
  const { rows: count, classes: width } = golden
  const values = new Float64Array(count * width)
  const given = new Uint8Array(count * width)
  for (let i = 0; i < count * width; i++) {
    const carries = share(3 * i) < 0.1 + 0.08 * (i % width)
    const flipped = share(3 * i + 1) < 1 / 12
    given[i] = carries === flipped ? 0 : 1
    const u = share(3 * i + 2)
    values[i] = carries ? 0.35 + 0.6 * u : 0.65 * u * u + 0.02
  }

  test('the same rows', () => {
    expect(given.reduce((a, b) => a + b, 0)).toBe(golden.given)
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(golden.probabilities, 8)
  })

  test.each(Object.entries(golden.found))('%s', (filter, { perClass, first, sum }) => {
    const flagged = findMultiLabelErrors({ rows: count, classes: width, values }, given, filter as Filter)
    for (let k = 0; k < width; k++) {
      const found = Array.from({ length: count }, (_, row) => row).filter(row => flagged[row * width + k] === 1)
      expect(found).toHaveLength(perClass[k]!)
      expect(found.slice(0, 12)).toEqual(first[k])
      expect(found.reduce((a, b) => a + b, 0)).toBe(sum[k])
    }
  })
})
