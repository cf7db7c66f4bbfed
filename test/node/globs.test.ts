import { expect, test } from 'vitest'
import { globTest } from '../../src/node/globs.ts'

test.each([
  ['archive/**', 'archive/2024/train.csv', true],
  ['archive/**', 'data/archive/train.csv', false],
  ['**/archive/**', 'data/archive/train.csv', true],
  ['**/archive/**', 'archive/train.csv', true],
  ['archive/', 'archive/a/b.csv', true],
  ['*.tsv', 'data/x.tsv', true],
  ['*.tsv', 'data/x.csv', false],
  ['data/*.csv', 'data/x.csv', true],
  ['data/*.csv', 'data/more/x.csv', false],
  ['data/{old,older}/*.csv', 'data/older/x.csv', true],
  ['data/part-?.csv', 'data/part-1.csv', true],
  ['data/part-?.csv', 'data/part-12.csv', false],
  ['a+b(1).csv', 'a+b(1).csv', true],
  ['{broken', 'broken', true],
])('%s and %s: %s', (pattern, path, matches) => {
  expect(globTest([pattern])(path)).toBe(matches)
})

test('no pattern excludes nothing', () => {
  expect(globTest([])('train.csv')).toBe(false)
  expect(globTest([' '])('train.csv')).toBe(false)
})
