import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { lengthOutlier } from '../../../src/core/check/rules/lengthOutlier.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

function findings(lengths: readonly number[], options: { readonly [name: string]: number }) {
  const bytes = Buffer.from(lengths.map(length => `${JSON.stringify({ text: 'x'.repeat(length) })}\n`).join(''))
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const splits = [{ name: 'train' as const, tables: tables.map(({ table }) => table) }]
  const datasets = [{ name: 'd', splits, roles: { text: 'text' } }]
  return finishWork(check({ datasets, list: [lengthOutlier], rules: { 'length-outlier': options } })).findings
}

/** The lengths that are told, of texts of these lengths. */
const told = (lengths: readonly number[], options: { readonly [name: string]: number } = {}) =>
  findings(lengths, options).map(({ row }) => lengths[row!]!)

const many = (length: number, count: number) => new Array<number>(count).fill(length)

test('where nearly all are as long as each other, three times the median is still usual', () => {
  expect(told([...many(100, 60), 300, 301])).toEqual([301])
  expect(told([...many(99, 60), 33, 32])).toEqual([32])
})

test('fifty rows are the fewest', () => {
  expect(told([...many(100, 48), 5000])).toEqual([])
  expect(told([...many(100, 49), 5000])).toEqual([5000])
})

test('where lengths differ, so many robust standard deviations of their logarithms are usual', () => {
  // The median is 100, and half of the rows lie a factor of 1.35 away or less.
  const spread = [...many(135, 24), ...many(100, 20), ...many(74, 24)]
  const bound = (deviations: number) => 100 * Math.exp(deviations * 1.4826 * Math.log(135 / 100))
  const near = (deviations: number) => [Math.floor(bound(deviations)), Math.ceil(bound(deviations))]
  expect(told([...spread, ...near(6)])).toEqual([near(6)[1]])
  expect(told([...spread, ...near(4)], { deviations: 4 })).toEqual([near(4)[1]])
})

test('a message names the quartiles', () => {
  const lengths = [...Array.from({ length: 103 }, (_, i) => 101 + i), 5000]
  const [found] = findings(lengths, {})
  expect(found!.message).toBe('The text has 5,000 characters; half of the rows have 126 to 178.')
})
