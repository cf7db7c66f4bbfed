import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rowChanges } from '../../../src/core/run/rowChanges.ts'
import { changedRows, writeRowHashes } from '../../../src/node/rowHashes.ts'

const rows = (text: string) =>
  text.split(' ').map((pair, row) => ({ file: 't.csv', row, text: pair.charAt(0), gold: pair.charAt(1) }))

test('relabelled, edited, added and removed rows are named; rows that moved are no change', () => {
  expect(rowChanges(rows('a1 b1 c2 d2'), rows('a1 b2 x2 d2'))).toEqual([
    { kind: 'relabelled', file: 't.csv', row: 1 },
    { kind: 'edited', file: 't.csv', row: 2 },
  ])
  expect(rowChanges(rows('a1 b1 c2'), rows('c2 a1 b1'))).toEqual([])
  expect(rowChanges(rows('a1 b1 c2'), rows('b1 a1'))).toEqual([{ kind: 'removed', file: 't.csv', row: 2 }])
  expect(rowChanges(rows('a1'), rows('a1 a1'))).toEqual([{ kind: 'added', file: 't.csv', row: 1 }])
})

test('a run folder keeps what its rows said', async () => {
  const root = mkdtempSync(join(tmpdir(), 'rows-'))
  const made = (name: string, golds: readonly string[]) => {
    const folder = mkdtempSync(join(root, name))
    const use = { train: [{ file: 0, ranges: [[2, 2 + golds.length]] }], validation: [], test: [] }
    writeFileSync(join(folder, 'data.json'), JSON.stringify({ files: [{ path: 'a.csv' }], use }))
    writeRowHashes(
      folder,
      golds.map((gold, i) => ({ text: `text ${i}`, gold })),
    )
    return folder
  }
  const [a, b] = [made('a', ['x', 'y', 'y']), made('b', ['x', 'x', 'y'])]
  expect(await changedRows(a, b)).toEqual([{ kind: 'relabelled', file: 'a.csv', row: 3 }])
  rmSync(root, { recursive: true })
})
