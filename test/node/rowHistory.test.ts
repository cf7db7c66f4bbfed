import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RunData } from '../../src/core/train/data.ts'
import { writeRowHashes } from '../../src/node/rowHashes.ts'
import { RowHistories } from '../../src/node/rowHistory.ts'
import { RowLosses } from '../../src/node/rowLosses.ts'
import { runsFolder } from '../../src/node/runs.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-history-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const texts = ['one', 'two', 'three']

/** A finished run over three rows of train.csv, `by` epochs with losses of its own. */
function run(name: string, by: readonly (readonly number[])[]): void {
  const folder = join(runsFolder(root), name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify({ version: 1, name }))
  const data: RunData = {
    ...{ version: 1, root, labels: ['a'], roles: { text: 'text', label: 'label' }, dropped: [], leaked: [] },
    files: [{ path: 'train.csv', format: {} }],
    use: { train: [{ file: 0, ranges: [[0, 3]] }], validation: [], test: [] },
  } as unknown as RunData
  writeFileSync(join(folder, 'data.json'), JSON.stringify(data))
  const ended = { kind: 'ended', at: 2, outcome: 'finished' }
  writeFileSync(join(folder, 'events.jsonl'), `${JSON.stringify(ended)}\n`)
  writeRowHashes(
    folder,
    texts.map(text => ({ text, gold: 'a' })),
  )
  const losses = new RowLosses(join(folder, 'rows.bin'), 3, 0)
  for (const [epoch, values] of by.entries()) losses.note(epoch, Int32Array.of(0, 1, 2), Float32Array.from(values))
  losses.flush()
}

test('a row has the losses of the newest run that saw its text, wherever it stands now', async () => {
  run('20260101-000000-old', [[9, 9, 9]])
  run('20260102-000000-new', [
    [3, 2, 1],
    [2, 1.5, 0.5],
  ])
  const histories = new RowHistories()
  const of = (row: number, text: string) => histories.of({ root, path: join(root, 'train.csv'), row, text })
  expect((await of(1, 'two'))?.losses).toEqual([2, 1.5])
  // Two rows were put before it since.
  expect((await of(4, 'three'))?.losses).toEqual([1, 0.5])
  expect(await of(0, 'never seen')).toBeUndefined()
  expect(await histories.of({ root, path: join(root, 'other.csv'), row: 0, text: 'one' })).toBeUndefined()
})
