import { expect, test } from 'vitest'
import { dataChanges } from '../../../src/core/run/changes.ts'
import type { RunData } from '../../../src/core/train/data.ts'

test('what changed between the data of two runs', () => {
  const data = (hash: string, rows: number, labels: string[]): RunData => ({
    version: 1,
    dataset: 'd',
    root: '/d',
    files: [{ path: 'train.csv', split: 'train', hash, rows }],
    roles: { text: 'text', label: 'label' },
    labels,
    use: { train: [{ file: 0, ranges: [[0, rows]] }], validation: [], test: [] },
    dropped: [],
    leaked: [],
  })
  const old = data('1', 10, ['x', 'y'])
  const mended = { ...data('2', 8, ['x', 'z']) }
  expect(dataChanges(old, mended)).toEqual({
    files: [{ path: 'train.csv', kind: 'changed', rowsA: 10, rowsB: 8 }],
    trainRows: { a: 10, b: 8 },
    labels: { added: ['z'], removed: ['y'] },
  })
  expect(dataChanges(old, old).files).toEqual([])
})
