import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { crossing, labelHealth } from '../../../src/core/label/health.ts'
import type { Probabilities } from '../../../src/core/label/probabilities.ts'
import { readNpy } from './npy.ts'

const folder = join(process.cwd(), '../shared/data/label-errors')

function read(name: string): { p: Probabilities; labels: Int32Array } {
  const npy = (file: string) => readNpy(readFileSync(join(folder, file)))
  const { shape, values } = npy(`probabilities/${name}_test_set_pyx.npy`)
  const p = { rows: shape[0]!, classes: shape[1]!, values: values.map(x => Math.min(1, Math.max(0, x))) }
  return { p, labels: Int32Array.from(npy(`labels/${name}_test_set_original_labels.npy`).values) }
}

// What the authors' library (2.9.0) says of the same probabilities: overlapping classes, and issues by class.
test.skipIf(!existsSync(folder))('20news: classes that overlap, and what is wrong and lacking in each', () => {
  const { p, labels } = read('20news')
  const health = labelHealth(p, labels)
  expect(health.noise).toBeCloseTo(0.0127456, 6)
  expect(health.overlaps.slice(0, 4).map(({ a, b, rows }) => [a, b, rows])).toEqual([
    [0, 19, 14],
    [2, 3, 10],
    [6, 7, 7],
    [6, 12, 7],
  ])
  expect(health.classes.slice(0, 6).map(({ wrong }) => wrong)).toEqual([11, 4, 12, 11, 5, 10])
  expect(health.classes.slice(0, 6).map(({ lacking }) => lacking)).toEqual([3, 11, 8, 14, 2, 2])
})

test.skipIf(!existsSync(folder))('imdb: two classes', () => {
  const { p, labels } = read('imdb')
  expect(labelHealth(p, labels)).toEqual({
    noise: expect.closeTo(0.05236, 6),
    classes: [
      { wrong: 708, lacking: 601 },
      { wrong: 601, lacking: 708 },
    ],
    overlaps: [{ a: 0, b: 1, rows: 1309 }],
  })
})

const sure = (k: number, by = 0.9) => [0, 1, 2].map(i => (i === k ? by : (1 - by) / 2))
const small: Probabilities = {
  rows: 8,
  classes: 3,
  values: Float64Array.from([sure(0), sure(0), sure(1), sure(1), sure(1, 0.95), sure(2), sure(2), sure(0)].flat()),
}
const given = [0, 0, 1, 1, 0, 2, 2, 1]

test('rows that cross between two classes, the surest first; pairs in one direction are met once', () => {
  expect(labelHealth(small, given).overlaps).toEqual([{ a: 0, b: 1, rows: 2 }])
  expect(crossing(small, given, { a: 0, b: 1 })).toEqual([4, 7])
  expect(crossing(small, given, { a: 1, b: 2 })).toEqual([])
  const oneWay = [0, 0, 1, 1, 0, 2, 2, 0]
  expect(labelHealth(small, oneWay)).toEqual({
    noise: 1 / 8,
    classes: [
      { wrong: 1, lacking: 0 },
      { wrong: 0, lacking: 1 },
      { wrong: 0, lacking: 0 },
    ],
    overlaps: [{ a: 0, b: 1, rows: 1 }],
  })
})
