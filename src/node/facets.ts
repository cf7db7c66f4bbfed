import { resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { Prediction } from '../core/eval/evaluation.ts'
import { type Facet, facetsOf } from '../core/eval/slices.ts'
import { loadDataset } from './datasets.ts'
import { slashed } from './files.ts'
import { openLanguageGuess } from './languageGuess.ts'

type Row = Pick<Prediction, 'file' | 'row' | 'gold' | 'text' | 'leaked' | 'probabilities'>

/**
 * The facets of predictions: what every evaluation has, the language where there are several, and a column of the data where one
 * is named. Throws `Failure` (`no-column`, `no-file`).
 */
export async function facetsFor(
  rows: readonly Row[],
  { root, column }: { readonly root: string; readonly column?: string | undefined },
): Promise<Facet[]> {
  const guess = await openLanguageGuess()
  const languages = rows.map(row => guess(row.text)?.language)
  const found = facetsOf(rows)
  // One language and what was too short to tell part nothing.
  if (new Set(languages.filter(l => l !== undefined)).size > 1) found.push({ name: 'language', values: languages })
  if (column !== undefined) found.push({ name: column, values: await columnOf(rows, { root, column }) })
  return found
}

async function columnOf(
  rows: readonly Row[],
  { root, column }: { readonly root: string; readonly column: string },
): Promise<(string | undefined)[]> {
  const paths = [...new Set(rows.map(row => row.file))]
  const tables = new Map(
    await Promise.all(
      paths.map(async path => {
        const files = { name: path, splits: { test: [slashed(resolve(root, path))] }, roles: {} }
        const { splits } = await loadDataset(files)
        return [path, splits.flatMap(split => split.tables)] as const
      }),
    ),
  )
  const has = [...tables.values()].flat()
  if (!has.some(table => table.columns.includes(column)))
    throw new Failure(
      'no-column',
      `No scored file has a column "${column}"`,
      `They have: ${[...new Set(has.flatMap(table => table.columns))].join(', ')}`,
    )
  return rows.map(({ file, row }) => {
    const [table, second] = tables.get(file) ?? []
    // A file of several lists does not tell which of them a row is of.
    return table && !second && row < table.rowCount ? (table.text(row, column) ?? undefined) : undefined
  })
}
