import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import type { LedgerRow } from '../core/eval/ledger.ts'
import { nearestRows } from '../core/eval/nearestRows.ts'
import { expandRows, type RowRef, type RunData } from '../core/train/data.ts'
import { isUnusable, type Sample } from '../core/train/tasks/sample.ts'
import { taskOf } from '../core/train/tasks.ts'
import type { NearTraining } from '../core/view/protocol.ts'
import { drive } from './drive.ts'
import { readBytes } from './files.ts'
import { readData } from './runs.ts'
import { tablesOfBytes } from './tables.ts'

/**
 * The training rows of a run nearest to some rows, as their files say them now: a person who mends one row after another sees what is
 * there. Undefined where the files are gone.
 */
export async function nearestTraining(
  folder: string,
  rows: readonly Pick<LedgerRow, 'text' | 'gold'>[],
  { most, cancel }: { readonly most: number; readonly cancel: Cancel },
): Promise<NearTraining[][] | undefined> {
  if (!existsSync(join(folder, 'data.json'))) return undefined
  const data = await readData(folder)
  const known = await presentRows(data)
  if (known.length === 0) return undefined
  const samples = known.map(({ sample }) => sample)
  const found = await drive(nearestRows(samples, rows, { most }), cancel)
  return found.map(list =>
    list.map(({ row, ...why }) => {
      const { ref, sample } = known[row] as (typeof known)[number]
      const { text, gold } = sample
      return { file: data.files[ref.file]?.path as string, row: ref.row, text, gold, ...why }
    }),
  )
}

/** The training rows that are still there and can be used. */
async function presentRows(data: RunData): Promise<{ readonly ref: RowRef; readonly sample: Sample }[]> {
  const kind = taskOf(data.task ?? 'classification')
  const refs = expandRows(data.use.train)
  const found: { ref: RowRef; sample: Sample }[] = []
  for (const file of new Set(refs.map(ref => ref.file))) {
    const { path, part, format } = data.files[file] as RunData['files'][number]
    const place = isAbsolute(path) ? path : join(data.root, path)
    if (!existsSync(place)) continue
    const tables = await tablesOfBytes(place, await readBytes(place), format ?? {})
    const table = (part === undefined ? tables[0] : tables.find(one => one.part === part))?.table
    for (const ref of refs) {
      if (ref.file !== file || !table || ref.row >= table.rowCount) continue
      const sample = kind.read(table, ref.row, data.roles)
      if (!isUnusable(sample)) found.push({ ref, sample })
    }
  }
  return found
}
