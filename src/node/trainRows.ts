import { isAbsolute, join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { type SplitName, splitNames } from '../core/data/dataset.ts'
import type { Table } from '../core/data/table.ts'
import { expandRows, type RowRef, type RunData } from '../core/train/data.ts'
import { causal } from '../core/train/tasks/causal.ts'
import { isUnusable, type Sample } from '../core/train/tasks/sample.ts'
import { taskOf } from '../core/train/tasks.ts'
import { readBytes } from './files.ts'
import { rowsHash } from './labelFile.ts'
import { type FileTables, tablesOfBytes } from './tables.ts'

/** The rows of one split as its task sees them, in the order of `data.json`. */
export interface SplitRows {
  readonly refs: readonly RowRef[]
  readonly samples: readonly Sample[]
  /** Of each row: was it found in the training split? */
  readonly leaked: readonly boolean[]
}

export type RunRows = { readonly [S in SplitName]: SplitRows }

/**
 * Reads the rows that `data.json` names for these splits; the others stay empty. Throws `Failure`: `data-changed` where a
 * file is not the one the run was made for, `bad-data` where a row cannot be used.
 */
export async function readRunRows(data: RunData, splits: readonly SplitName[]): Promise<RunRows> {
  const kind = taskOf(data.task ?? 'classification')
  const tables: (Table | undefined)[] = []
  const used = new Set(splits.flatMap(split => data.use[split].map(set => set.file)))
  for (const [i, file] of data.files.entries()) {
    if (!used.has(i)) {
      tables.push(undefined)
      continue
    }
    const path = isAbsolute(file.path) ? file.path : join(data.root, file.path)
    const bytes = await unchanged(path, file.hash)
    tables.push(partOf(path, await tablesOfBytes(path, bytes, file.format ?? {}), file.part))
  }
  const leaked = new Set(data.leaked.map(({ file, row }) => `${file}:${row}`))
  const read = (split: SplitName): SplitRows => {
    const refs = splits.includes(split) ? expandRows(data.use[split]) : []
    const samples = refs.map(({ file, row }) => {
      const sample = kind.read(tables[file] as Table, row, data.roles)
      if (isUnusable(sample)) throw new Failure('bad-data', `${data.files[file]?.path}: row ${row}: ${sample.reason}`)
      return sample
    })
    return { refs, samples, leaked: refs.map(({ file, row }) => leaked.has(`${file}:${row}`)) }
  }
  return Object.fromEntries(splitNames.map(split => [split, read(split)])) as unknown as RunRows
}

/** The general texts that are mixed in among the training rows. Throws `Failure` (`data-changed`). */
export async function readReplay({ replay }: RunData): Promise<Sample[]> {
  if (!replay) return []
  const { path, hash, column, rows } = replay
  const tables = await tablesOfBytes(path, await unchanged(path, hash), {})
  const table = tables[0]?.table as Table
  return rows.flatMap(row => {
    const sample = causal.read(table, row, { text: column })
    return isUnusable(sample) ? [] : [sample]
  })
}

async function unchanged(path: string, hash: string): Promise<Uint8Array> {
  const bytes = await readBytes(path)
  if ((await rowsHash(path, bytes)) === hash) return bytes
  throw new Failure(
    'data-changed',
    `${path} has changed since the run was made`,
    'Start a new run with the same recipe',
  )
}

/** The list of a file that a run was made of. */
function partOf(path: string, tables: FileTables, part: string | undefined): Table {
  const found = part === undefined && tables.length === 1 ? tables[0] : tables.find(one => one.part === part)
  if (found) return found.table
  const names = tables.map(one => one.part).join(', ')
  const what = part === undefined ? `holds several lists (${names})` : `has no list "${part}"`
  throw new Failure('several-lists', `${path} ${what}`, 'Start a new run with the same recipe')
}
