import { isAbsolute, join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { type SplitName, splitNames } from '../core/data/dataset.ts'
import type { Table } from '../core/data/table.ts'
import { tokenRows } from '../core/train/batch.ts'
import { expandRows, type RowRef, type RunData } from '../core/train/data.ts'
import type { LabelledRows } from '../core/train/models/classifier.ts'
import { readBytes } from './files.ts'
import { rowsHash } from './labelFile.ts'
import { type FileTables, tablesOfBytes } from './tables.ts'
import type { TextEncoder } from './tokenizer.ts'

/** The rows of one split as text and class, in the order of `data.json`. */
export interface SplitRows {
  readonly refs: readonly RowRef[]
  readonly texts: readonly string[]
  readonly labels: Int32Array
  /** Of each row: was it found in the training split? */
  readonly leaked: readonly boolean[]
}

export type RunRows = { readonly [S in SplitName]: SplitRows }

/**
 * Reads the rows that `data.json` names for these splits; the others stay empty. Throws `Failure`: `data-changed` where a file is not the one the run was made
 * for, `bad-data` where a row has no text or a label that is not among the classes.
 */
export async function readRunRows(data: RunData, splits: readonly SplitName[]): Promise<RunRows> {
  const tables: (Table | undefined)[] = []
  const used = new Set(splits.flatMap(split => data.use[split].map(set => set.file)))
  for (const [i, file] of data.files.entries()) {
    if (!used.has(i)) {
      tables.push(undefined)
      continue
    }
    const path = isAbsolute(file.path) ? file.path : join(data.root, file.path)
    const bytes = await readBytes(path)
    if ((await rowsHash(path, bytes)) !== file.hash)
      throw new Failure(
        'data-changed',
        `${path} has changed since the run was made`,
        'Start a new run with the same recipe',
      )
    tables.push(partOf(path, await tablesOfBytes(path, bytes, file.format ?? {}), file.part))
  }
  const classes = new Map(data.labels.map((label, i) => [label, i]))
  const leaked = new Set(data.leaked.map(({ file, row }) => `${file}:${row}`))
  const read = (split: SplitName): SplitRows => {
    const refs = splits.includes(split) ? expandRows(data.use[split]) : []
    const texts: string[] = []
    const labels = new Int32Array(refs.length)
    refs.forEach(({ file, row }, i) => {
      const table = tables[file]
      const path = data.files[file]?.path
      const text = table?.text(row, data.roles.text)
      const label = table?.text(row, data.roles.label)
      if (text === undefined || label === undefined)
        throw new Failure('bad-data', `${path}: row ${row} has no ${text === undefined ? 'text' : 'label'}`)
      const index = classes.get(label)
      if (index === undefined)
        throw new Failure(
          'bad-data',
          `${path}: row ${row} has the label ${JSON.stringify(label)}, which no training row has`,
        )
      texts.push(text)
      labels[i] = index
    })
    return { refs, texts, labels, leaked: refs.map(({ file, row }) => leaked.has(`${file}:${row}`)) }
  }
  const rows = Object.fromEntries(splitNames.map(split => [split, read(split)])) as unknown as RunRows
  return rows
}

/** The list of a file that a run was made of. */
function partOf(path: string, tables: FileTables, part: string | undefined): Table {
  const found = part === undefined && tables.length === 1 ? tables[0] : tables.find(one => one.part === part)
  if (found) return found.table
  const names = tables.map(one => one.part).join(', ')
  const what = part === undefined ? `holds several lists (${names})` : `has no list "${part}"`
  throw new Failure('several-lists', `${path} ${what}`, 'Start a new run with the same recipe')
}

/** Rows as token ids, and how many of them were cut. */
export function encodeRows(
  rows: SplitRows,
  tokenizer: TextEncoder,
  limit: number,
): LabelledRows & { readonly cut: number } {
  let cut = 0
  const ids = rows.texts.map(text => {
    const encoding = tokenizer.encode(text, { limit })
    if (encoding.cut > 0) cut++
    return encoding.ids
  })
  return { tokens: tokenRows(ids), labels: rows.labels, pad: tokenizer.special.pad, cut }
}
