import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  confidentGuesses,
  confidentJoint,
  confidentThresholds,
  countedJoint,
  type Filter,
  findLabelErrors,
  noiseRate,
} from '../../../src/core/label/confident.ts'
import type { Probabilities } from '../../../src/core/label/probabilities.ts'
import { confidenceWeightedEntropy, normalizedMargin, selfConfidence } from '../../../src/core/label/quality.ts'
import { areaUnderRoc } from '../../../src/core/label/ranking.ts'
import { readNpy } from './npy.ts'

const folder = join(process.cwd(), '../shared/data/label-errors')

interface Reviewed {
  readonly p: Probabilities
  readonly labels: Int32Array
  /** Of the rows that people looked at: did fewer than three of five choose the given label? */
  readonly wrong: ReadonlyMap<number | string, boolean>
}

type Vote = { readonly id: number | string; readonly mturk: { readonly given: number } }

function reviewed(name: string): Reviewed {
  const npy = (file: string) => readNpy(readFileSync(join(folder, file)))
  const { shape, values } = npy(`probabilities/${name}_test_set_pyx.npy`)
  const clipped = values.map(x => Math.min(1, Math.max(0, x)))
  const votes = JSON.parse(readFileSync(join(folder, `mturk/${name}_mturk.json`), 'utf8')) as Vote[]
  return {
    p: { rows: shape[0]!, classes: shape[1]!, values: clipped },
    labels: Int32Array.from(npy(`labels/${name}_test_set_original_labels.npy`).values),
    wrong: new Map(votes.map(({ id, mturk }) => [id, mturk.given < 3])),
  }
}

const sets = {
  '20news': { validated: 82, offDiagonal: 55, calibrated: 96, noise: 0.01275 },
  imdb: { validated: 725, offDiagonal: 1076, calibrated: 1309, noise: 0.05236 },
} as const

/**
 * Flagged, of those reviewed, of those found wrong. The reviews of imdb name files, whose rows the folder does not tell, so
 * there only the first can be counted.
 */
const golden: [name: keyof typeof sets, filter: Filter, counts: [number, number?, number?]][] = [
  ['20news', 'prune-by-noise-rate', [95, 63, 55]],
  ['20news', 'prune-by-class', [96, 40, 37]],
  ['20news', 'both', [44, 32, 29]],
  ['20news', 'confident-learning', [55, 46, 40]],
  ['20news', 'low-normalized-margin', [55, 55, 48]],
  ['20news', 'low-self-confidence', [55, 31, 30]],
  ['20news', 'predicted-not-given', [577, 93, 82]],
  ['imdb', 'prune-by-noise-rate', [1309]],
  ['imdb', 'prune-by-class', [1309]],
  ['imdb', 'both', [1309]],
  ['imdb', 'confident-learning', [1076]],
  ['imdb', 'low-normalized-margin', [1076]],
  ['imdb', 'low-self-confidence', [1076]],
  ['imdb', 'predicted-not-given', [2606]],
]

describe.skipIf(!existsSync(folder))('label-errors (skipped without ../shared/data/label-errors)', () => {
  const read = new Map<string, Reviewed>()
  const of = (name: keyof typeof sets) => {
    const known = read.get(name) ?? reviewed(name)
    read.set(name, known)
    return known
  }

  test.each(golden)('%s, %s', (name, filter, counts) => {
    const { p, labels, wrong } = of(name)
    const flagged = findLabelErrors(p, labels, filter)
    const rows = [...flagged.keys()].filter(row => flagged[row] === 1)
    const looked = rows.filter(row => wrong.has(row))
    const right = looked.filter(row => wrong.get(row))
    expect([rows.length, looked.length, right.length].slice(0, counts.length)).toEqual(counts)
    expect([...wrong.values()].filter(Boolean).length).toBe(sets[name].validated)
  })

  test.each(['20news', 'imdb'] as const)('the joint of %s', name => {
    const { p, labels } = of(name)
    const expected = sets[name]
    const { classes } = p
    const off = (counts: Float64Array) => counts.reduce((sum, n, i) => (i % (classes + 1) === 0 ? sum : sum + n), 0)
    expect(off(countedJoint(p, labels, confidentGuesses(p, labels)).counts)).toBe(expected.offDiagonal)
    const joint = confidentJoint(p, labels)
    expect(off(joint.counts)).toBe(expected.calibrated)
    expect(noiseRate(joint)).toBeCloseTo(expected.noise, 5)
  })

  test('the thresholds of imdb', () => {
    const { p, labels } = of('imdb')
    expect([...confidentThresholds(p, labels)].map(t => t.toFixed(3))).toEqual(['0.873', '0.875'])
  })

  test('how well the scores rank the reviewed rows of 20news', () => {
    const { p, labels, wrong } = of('20news')
    const rows = [...wrong.keys()].map(Number)
    const truth = rows.map(row => wrong.get(row)!)
    const areas = [selfConfidence, normalizedMargin, confidenceWeightedEntropy].map(score => {
      const scores = score(p, labels)
      return areaUnderRoc(
        rows.map(row => -scores[row]!),
        truth,
      )
    })
    expect(areas.map(area => area.toFixed(3))).toEqual(['0.634', '0.497', '0.655'])
  })
})

/** Three rows each of two classes and two of a third, worked out by hand in the tests below. */
const small: Probabilities = {
  rows: 8,
  classes: 3,
  values: Float64Array.of(
    0.9,
    0.1,
    0, //
    0.8,
    0.1,
    0.1,
    0.1,
    0.9,
    0,
    0.2,
    0.7,
    0.1,
    0.1,
    0.8,
    0.1,
    0.9,
    0,
    0.1,
    0.1,
    0.1,
    0.8,
    0.3,
    0.3,
    0.4,
  ),
}
const given = Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2)

describe('by hand', () => {
  test('thresholds, guesses and the joint', () => {
    const thresholds = confidentThresholds(small, given)
    expect([...thresholds].map(t => t.toFixed(3))).toEqual(['0.600', '0.500', '0.600'])
    expect([...confidentGuesses(small, given)]).toEqual([0, 0, 1, 1, 1, 0, 2, -1])
    expect([...countedJoint(small, given, confidentGuesses(small, given)).counts]).toEqual([2, 1, 0, 1, 2, 0, 0, 0, 1])
    expect([...confidentJoint(small, given).counts]).toEqual([2, 1, 0, 1, 2, 0, 0, 0, 2])
    expect(noiseRate(confidentJoint(small, given))).toBe(0.25)
  })

  test.each([
    ['prune-by-noise-rate', [2, 5]],
    ['prune-by-class', [2, 5]],
    ['both', [2, 5]],
    ['confident-learning', [2, 5]],
    ['low-normalized-margin', [2, 5]],
    ['low-self-confidence', [2, 5]],
    ['predicted-not-given', [2, 5]],
  ] as const)('%s', (filter, rows) => {
    const flagged = findLabelErrors(small, given, filter)
    expect([...flagged.keys()].filter(row => flagged[row] === 1)).toEqual(rows)
  })

  test('scores', () => {
    expect([...selfConfidence(small, given)]).toEqual([0.9, 0.8, 0.1, 0.7, 0.8, 0, 0.8, 0.4])
    expect(normalizedMargin(small, given)[2]).toBeCloseTo(0.1, 12)
    expect(normalizedMargin(small, given)[7]).toBeCloseTo(0.55, 12)
    const entropy = -(0.9 * Math.log(0.9) + 0.1 * Math.log(0.1)) / Math.log(3)
    expect(confidenceWeightedEntropy(small, given)[0]).toBeCloseTo(Math.log(entropy / 0.9 + 1) / (entropy / 0.9), 12)
  })

  test('one class, one row a class, and a class without rows', () => {
    const one: Probabilities = { rows: 2, classes: 1, values: Float64Array.of(1, 1) }
    const two: Probabilities = { rows: 2, classes: 3, values: Float64Array.of(0.1, 0.9, 0, 0.9, 0.1, 0) }
    for (const filter of ['prune-by-noise-rate', 'prune-by-class', 'confident-learning'] as const) {
      expect([...findLabelErrors(one, [0, 0], filter)]).toEqual([0, 0])
      expect(findLabelErrors(two, [0, 1], filter)).toHaveLength(2)
    }
  })
})

describe('what is nearly equal counts as equal', () => {
  const of = (...rows: readonly (readonly number[])[]): Probabilities => ({
    rows: rows.length,
    classes: 2,
    values: Float64Array.from(rows.flat()),
  })

  test('rows that are all as sure as their mean reach it, what is below by more does not', () => {
    // The mean of ten times 0.7 is above 0.7 in floating point.
    const alike = of(...Array.from({ length: 10 }, () => [0.7, 0.3]))
    expect(confidentThresholds(alike, new Uint8Array(10))[0]).toBeGreaterThanOrEqual(0.7)
    expect([...confidentGuesses(alike, new Uint8Array(10))]).toEqual(new Array(10).fill(0))
    const near = (less: number) => [...confidentGuesses(of([0.8, 0.2], [0.8 - 2 * less, 0.2]), [0, 0])]
    expect(near(0.9e-6)).toEqual([0, 0])
    expect(near(1.1e-6)).toEqual([0, -1])
  })

  test('a class that no row gives a probability is reached by none', () => {
    expect([...confidentGuesses(of([1, 0], [1, 0], [1, 0]), [0, 0, 1])]).toEqual([0, 0, 0])
    expect(confidentThresholds(of([1, 0], [1, 0]), [0, 1])[1]).toBe(2e-6)
  })

  test('another class must be more probable by more than that to make a label wrong', () => {
    const wrong = (more: number) => [
      ...findLabelErrors(of([0.5, 0.5 + more], [0.9, 0.1]), [0, 0], 'predicted-not-given'),
    ]
    expect(wrong(0.9e-6)).toEqual([0, 0])
    expect(wrong(1.1e-6)).toEqual([1, 0])
  })
})
