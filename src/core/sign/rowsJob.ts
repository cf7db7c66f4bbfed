import { never } from '../base/failure.ts'
import { CsvTable } from '../data/csv.ts'
import type { Dialect } from '../data/csvScan.ts'
import type { Roles } from '../data/dataset.ts'
import { type FastTextStyle, FastTextTable } from '../data/fastText.ts'
import { JsonTable, type RecordShape } from '../data/jsonTable.ts'
import { PagedTable } from '../data/pagedTable.ts'
import { TextTable } from '../data/plainText.ts'
import { textsOf } from '../data/roles.ts'
import type { FormatName, Source, Table } from '../data/table.ts'
import type { SignedRows } from './forms.ts'
import { finishWork } from './progress.ts'
import type { Scheme } from './scheme.ts'
import { Signatures } from './signatures.ts'
import { signList } from './signedList.ts'

/** Rows of a table to sign. */
export interface RowsJob {
  readonly kind: 'rows'
  readonly scheme: Scheme
  readonly roles: Roles
  readonly table: TableParts
  readonly from: number
  readonly to: number
}

/** A table of records as plain data, the whole of it or the part that a job needs. */
export interface TableParts {
  readonly source: Source
  readonly layout: Layout
  readonly columns: readonly string[]
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly broken: ReadonlySet<number>
}

/** How records are to be read. */
type Layout =
  | { readonly kind: 'json'; readonly format: FormatName; readonly shape: RecordShape }
  | { readonly kind: 'csv' | 'tsv'; readonly dialect: Dialect }
  | { readonly kind: 'text' }
  | { readonly kind: 'fasttext'; readonly style: FastTextStyle }

/** What a job for rows gives. */
export interface RowsDone extends SignedRows {
  readonly kind: 'rows'
}

/** The parts of a table whose rows other threads can read; undefined where they cannot. */
export function partsOf(table: Table): TableParts | undefined {
  const { uri, version, bytes, encoding, bom } = table.source
  const source = { uri, version, bytes, encoding, bom }
  if (table instanceof JsonTable) {
    const { format, shape, columns, starts, ends, broken } = table.records
    return { source, layout: { kind: 'json', format, shape }, columns, starts, ends, broken }
  }
  if (table instanceof CsvTable) {
    const { kind, dialect, columns, starts, ends, broken } = table.records
    return { source, layout: { kind, dialect }, columns, starts, ends, broken }
  }
  if (table instanceof TextTable || table instanceof FastTextTable) {
    const { starts, ends, broken } = table.rows
    const layout =
      table instanceof TextTable ? ({ kind: 'text' } as const) : ({ kind: 'fasttext', style: table.style } as const)
    return { source, layout, columns: table.columns, starts, ends, broken }
  }
  return undefined
}

/** The table again. */
export function tableOf({ layout, ...parts }: TableParts): Table {
  switch (layout.kind) {
    case 'json':
      return new JsonTable({ ...parts, ...layout, issues: () => [], remove: () => [] })
    case 'csv':
    case 'tsv':
      return new CsvTable({ ...parts, ...layout, issues: [] })
    case 'text':
      return new TextTable(parts.source, { ...parts, issues: [] })
    case 'fasttext':
      return new FastTextTable(parts.source, { ...parts, issues: [] }, layout.style)
    default:
      return never(layout)
  }
}

/** Can other threads read the rows of this table? */
export function readByThreads(table: Table): boolean {
  return table instanceof PagedTable || partsOf(table) !== undefined
}

/** Rows that other threads are to sign; `share` puts bytes where they see them. */
export interface RowsAsked extends Pick<RowsJob, 'scheme' | 'roles' | 'from' | 'to'> {
  share(bytes: Uint8Array): Uint8Array
}

/**
 * The jobs for rows of a table: several for each thread, so that what they give is taken while they go on. Of a
 * file that is not held its pages are read as their turn comes.
 */
export function* tableJobs(table: Table, asked: RowsAsked, threads: number): Generator<RowsJob> {
  const rows = Math.max(4096, Math.ceil((asked.to - asked.from) / (threads * 16)))
  const pages = table instanceof PagedTable ? table.pageTables(asked.from, asked.to) : [{ row: 0, table }]
  for (const page of pages) {
    const parts = partsOf(page.table)
    if (!parts) throw new Error(`${table.source.uri} is no table that threads read`)
    const source = { ...parts.source, bytes: asked.share(parts.source.bytes) }
    const { scheme, roles } = asked
    const from = Math.max(0, asked.from - page.row)
    const to = Math.min(page.table.rowCount, asked.to - page.row)
    yield* rowsJobs({ scheme, roles, table: { ...parts, source }, from, to, base: page.row }, rows)
  }
}

/** The jobs for the rows [from, to) of a table whose first row is row `base` of the file. */
export function rowsJobs(
  of: Pick<RowsJob, 'scheme' | 'roles' | 'table'> & {
    readonly from: number
    readonly to: number
    readonly base?: number
  },
  rows: number,
): RowsJob[] {
  const jobs: RowsJob[] = []
  const { starts, ends, broken } = of.table
  const base = of.base ?? 0
  for (let from = of.from; from < of.to; from += rows) {
    const to = Math.min(of.to, from + rows)
    const own =
      broken.size === 0 ? broken : new Set([...broken].filter(row => row >= from && row < to).map(row => row - from))
    const table = { ...of.table, starts: part(starts, from, to), ends: part(ends, from, to), broken: own }
    jobs.push({ kind: 'rows', scheme: of.scheme, roles: of.roles, table, from: base + from, to: base + to })
  }
  return jobs
}

/** A part of a list, as it goes to another thread without what is not of it. */
function part(list: Uint32Array, from: number, to: number): Uint32Array {
  return list.buffer instanceof SharedArrayBuffer ? list.subarray(from, to) : list.slice(from, to)
}

export function runRowsJob({ scheme, roles, table, from, to }: RowsJob): RowsDone {
  const texts = textsOf(tableOf(table), roles)
  const list = signList(texts, scheme)
  if (list) return { kind: 'rows', from, ...list }
  const signatures = new Signatures(scheme)
  finishWork(signatures.sign('', texts))
  return { kind: 'rows', from, slots: signatures.slots('').slice(0, to - from), forms: signatures.forms.signedFrom(0) }
}
