import type { Roles } from '../data/dataset.ts'
import { JsonTable, type RecordShape } from '../data/jsonTable.ts'
import { textsOf } from '../data/roles.ts'
import type { FormatName, Source, Table } from '../data/table.ts'
import type { SignedRows } from './forms.ts'
import { finishWork } from './progress.ts'
import type { Scheme } from './scheme.ts'
import { Signatures } from './signatures.ts'

/** Rows of a table to sign. */
export interface RowsJob {
  readonly kind: 'rows'
  readonly scheme: Scheme
  readonly roles: Roles
  readonly table: TableParts
  readonly from: number
  readonly to: number
}

/** A table of JSON records as plain data, the whole of it or the part that a job needs. */
export interface TableParts {
  readonly source: Source
  readonly format: FormatName
  readonly shape: RecordShape
  readonly columns: readonly string[]
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly broken: ReadonlySet<number>
}

/** What a job for rows gives. */
export interface RowsDone extends SignedRows {
  readonly kind: 'rows'
}

/** The parts of a table whose rows other threads can read; undefined where they cannot. */
export function partsOf(table: Table): TableParts | undefined {
  if (!(table instanceof JsonTable) || table.source.windows) return undefined
  const { source, format, shape, columns, starts, ends, broken } = table.records
  return { source, format, shape, columns, starts, ends, broken }
}

/** The jobs for the rows [from, to) of a table: several for each thread, so that what they give is taken while they go on. */
export function rowsJobs(
  of: Pick<RowsJob, 'scheme' | 'roles' | 'table'> & { readonly from: number; readonly to: number },
  rows: number,
): RowsJob[] {
  const jobs: RowsJob[] = []
  const { starts, ends, broken } = of.table
  for (let from = of.from; from < of.to; from += rows) {
    const to = Math.min(of.to, from + rows)
    const own =
      broken.size === 0 ? broken : new Set([...broken].filter(row => row >= from && row < to).map(row => row - from))
    const table = { ...of.table, starts: starts.slice(from, to), ends: ends.slice(from, to), broken: own }
    jobs.push({ kind: 'rows', scheme: of.scheme, roles: of.roles, table, from, to })
  }
  return jobs
}

export function runRowsJob({ scheme, roles, table, from, to }: RowsJob): RowsDone {
  const read = new JsonTable({ ...table, issues: () => [], remove: () => [] })
  const signatures = new Signatures(scheme)
  finishWork(signatures.sign('', textsOf(read, roles)))
  return { kind: 'rows', from, slots: signatures.slots('').slice(0, to - from), forms: signatures.forms.signedFrom(0) }
}
