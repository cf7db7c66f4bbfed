import { resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { Table } from '../core/data/table.ts'
import type { Prediction } from '../core/eval/evaluation.ts'
import { type Facet, facetsOf } from '../core/eval/slices.ts'
import { topicsOf } from '../core/eval/topics.ts'
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

/** Columns of so many values part rows; more of them name rows. */
const mostValues = 20
const mostColumns = 6

/**
 * What the rows of a comparison can be parted by besides label, length and leaks: their languages, topics found in their
 * texts, and the columns of their files that have a few values only.
 */
export async function moreFacets(rows: readonly Row[], root: string): Promise<Facet[]> {
  const found = (await facetsFor(rows, { root })).filter(facet => facet.name === 'language')
  const topics = topicsOf(rows.map(row => row.text))
  if (topics.some(topic => topic !== undefined)) found.push({ name: 'topic', values: topics })
  const tables = await tablesOf(rows, root).catch(() => new Map<string, never[]>())
  const names = new Set([...tables.values()].flat().flatMap(table => table.columns))
  let columns = 0
  for (const name of names) {
    if (columns === mostColumns) break
    const values = valuesOf(rows, tables, name)
    const kinds = new Set(values)
    kinds.delete(undefined)
    // The gold label is parted by already, under its own name.
    if (kinds.size < 2 || kinds.size > mostValues || values.every((value, i) => value === rows[i]?.gold)) continue
    found.push({ name, values })
    columns++
  }
  return found
}

async function tablesOf(rows: readonly Row[], root: string): Promise<ReadonlyMap<string, readonly Table[]>> {
  const paths = [...new Set(rows.map(row => row.file))]
  return new Map(
    await Promise.all(
      paths.map(async path => {
        const files = { name: path, splits: { test: [slashed(resolve(root, path))] }, roles: {} }
        const { splits } = await loadDataset(files)
        return [path, splits.flatMap(split => split.tables)] as const
      }),
    ),
  )
}

async function columnOf(
  rows: readonly Row[],
  { root, column }: { readonly root: string; readonly column: string },
): Promise<(string | undefined)[]> {
  const tables = await tablesOf(rows, root)
  const has = [...tables.values()].flat()
  if (!has.some(table => table.columns.includes(column)))
    throw new Failure(
      'no-column',
      `No scored file has a column "${column}"`,
      `They have: ${[...new Set(has.flatMap(table => table.columns))].join(', ')}`,
    )
  return valuesOf(rows, tables, column)
}

function valuesOf(
  rows: readonly Row[],
  tables: ReadonlyMap<string, readonly Table[]>,
  column: string,
): (string | undefined)[] {
  return rows.map(({ file, row }) => {
    const [table, second] = tables.get(file) ?? []
    // A file of several lists does not tell which of them a row is of.
    return table && !second && row < table.rowCount ? (table.text(row, column) ?? undefined) : undefined
  })
}
