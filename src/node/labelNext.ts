import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { labelNext, type NextRow } from '../core/eval/labelNext.ts'
import { discover, loadDataset } from './datasets.ts'
import { drive } from './drive.ts'
import { evaluate } from './evaluating.ts'
import type { Which } from './evaluations.ts'
import { readData } from './runs.ts'

/** A row to label next: where it is, what it says, and what the model says of it. */
export interface NextLabel extends Omit<NextRow, 'row'> {
  /** Absolute path, and 0-based data row. */
  readonly file: string
  readonly row: number
  readonly text: string
  readonly label: string
}

/**
 * The rows without a label that a run is least sure of, no two alike. Rows that the run was trained on, or nearly, are left out.
 * Throws `Failure`: `no-rows` where every row has a label, `no-labels` for a run whose rows do not carry one label each.
 */
export async function nextToLabel(
  path: string,
  count: number,
  options: {
    readonly folder: string
    readonly which: Which
    readonly root: string
    readonly cancel: Cancel
    readonly err: (text: string) => void
    readonly worker?: string
  },
): Promise<NextLabel[]> {
  const data = await readData(options.folder)
  const { labels, roles, task = 'classification' } = data
  const label = roles.label
  if (label === undefined || labels.length < 2 || (task !== 'classification' && task !== 'pair'))
    throw new Failure('no-labels', `The task ${task} has no labels to give`, 'Name a run that gives each text a label')
  const read = Object.values(roles).filter(column => column !== label)
  const { datasets } = await discover([path])
  const loaded = await Promise.all(datasets.map(files => loadDataset(files)))
  const pool = loaded
    .flatMap(({ splits }) => splits.flatMap(split => split.tables))
    .flatMap(table =>
      Array.from({ length: table.rowCount }, (_, row) => row)
        .filter(row => !table.broken(row) && (table.text(row, label) ?? '').trim() === '')
        .map(row => ({ file: table.source.uri, row, texts: read.map(column => table.text(row, column) ?? '') })),
    )
    .filter(({ texts }) => texts.every(text => text.trim() !== ''))
  if (pool.length === 0)
    throw new Failure('no-rows', `Every row of ${path} has a label, or no text`, `Leave the column ${label} empty`)
  const folder = await mkdtemp(join(tmpdir(), 'winnow-next-'))
  const file = join(folder, `next-${process.pid}.jsonl`)
  try {
    // Scoring wants a label for each row: any will do, since only what the model says is read.
    const lines = pool.map(({ texts }) => {
      const row = Object.fromEntries(read.map((column, i) => [column, texts[i]]))
      return `${JSON.stringify({ ...row, [label]: labels[0] })}\n`
    })
    await writeFile(file, lines.join(''))
    const of = { kind: 'run', folder: options.folder, which: options.which } as const
    const done = await evaluate({ ...options, of, path: file, split: 'test' })
    await rm(done.file, { force: true })
    const fresh = done.evaluation.predictions.filter(p => !p.leaked)
    const chosen = await drive(labelNext(fresh, count), options.cancel)
    return chosen.map(({ row, ...why }) => {
      const said = fresh[row] as (typeof fresh)[number]
      const from = pool[said.row] as (typeof pool)[number]
      return { file: from.file, row: from.row, text: said.text, label: said.label, ...why }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
