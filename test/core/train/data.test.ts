import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { compactRows, expandRows, holdOut } from '../../../src/core/train/data.ts'

test('rows and their ranges say the same', () => {
  const rows = [0, 1, 2, 5, 7, 8].map(row => ({ file: 0, row })).concat([{ file: 2, row: 4 }])
  const sets = compactRows([...rows].reverse().concat(rows[0]!))
  expect(sets).toEqual([
    {
      file: 0,
      ranges: [
        [0, 3],
        [5, 6],
        [7, 9],
      ],
    },
    { file: 2, ranges: [[4, 5]] },
  ])
  expect(expandRows(sets)).toEqual(rows)
  expect(compactRows([])).toEqual([])
})

test('held-out rows are the same share of every label, and no label loses all its rows', () => {
  const labels = [...Array(50).fill('a'), ...Array(20).fill('b'), 'c']
  const rows = labels.map((_, row) => ({ file: 0, row }))
  const { train, validation } = holdOut(rows, labels, 0.1, random(3))
  const count = (list: typeof rows, label: string) => list.filter(r => labels[r.row] === label).length
  expect([count(validation, 'a'), count(validation, 'b'), count(validation, 'c')]).toEqual([5, 2, 0])
  expect([...train, ...validation].sort((a, b) => a.row - b.row)).toEqual(rows)
  expect(holdOut(rows, labels, 0.1, random(3)).validation).toEqual(validation)
})
