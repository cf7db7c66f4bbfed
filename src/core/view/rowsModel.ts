import type { Finding } from '../check/finding.ts'
import type { Roles } from '../data/dataset.ts'
import type { Table } from '../data/table.ts'
import {
  type CategoryColumn,
  ColumnBuilder,
  type ColumnValues,
  NumberColumn,
  numberOf,
  TextColumn,
} from './rowsColumn.ts'
import type { RowsColumn, RowsColumnKind } from './rowsProtocol.ts'

/** One file of a view; its rows are those of the view from `base` on. */
export interface RowsSegment {
  readonly path: string
  readonly split: string | undefined
  readonly table: Table
  readonly base: number
}

/** The findings of the rows of a view: those of row `r` are `findings[items[starts[r] … starts[r + 1]]]`. */
export interface RowsFindings {
  readonly starts: Uint32Array
  readonly items: Uint32Array
  readonly findings: readonly Finding[]
  /** The rules that found something, and for each finding which of them it was. */
  readonly rules: readonly string[]
  readonly ruleOf: Uint16Array
}

/** Files one after the other, as one list of rows. */
export function segmentsOf(
  files: readonly { readonly path: string; readonly split: string | undefined; readonly table: Table }[],
): RowsSegment[] {
  let base = 0
  return files.map(({ path, split, table }) => {
    const segment = { path, split, table, base }
    base += table.rowCount
    return segment
  })
}

export function rowCountOf(segments: readonly RowsSegment[]): number {
  const last = segments.at(-1)
  return last ? last.base + last.table.rowCount : 0
}

/** The file that a row of the view is in. */
export function segmentOf(segments: readonly RowsSegment[], at: number): RowsSegment {
  let low = 0
  let high = segments.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (segments[middle]!.base <= at) low = middle
    else high = middle
  }
  return segments[low]!
}

export const columnId = (name: string): string => `column:${name}`
export const columnName = (id: string): string => id.slice('column:'.length)

/** Rows looked at to guess what a column holds, before all of them were read. */
const sample = 400

/** The columns of a view as they are drawn. What they hold is told by their first rows, so that the frame stands at once. */
export function columnsOf(
  segments: readonly RowsSegment[],
  roles: Roles,
  { hasFindings }: { readonly hasFindings: boolean },
): RowsColumn[] {
  const names = [...new Set(segments.flatMap(({ table }) => table.columns))]
  const roleOf = new Map(Object.entries(roles).map(([role, name]) => [name, role]))
  const editable = segments.length > 0 && segments.every(({ table }) => !table.readOnly)
  const splits = new Set(segments.map(({ split }) => split))
  return [
    { id: 'row', name: 'row', kind: 'row', editable: false },
    ...(splits.size > 1 ? [{ id: 'split', name: 'split', kind: 'category' as const, editable: false }] : []),
    ...names.map((name): RowsColumn => {
      const role = roleOf.get(name)
      return {
        id: columnId(name),
        name,
        kind: guess(segments, name, role),
        editable: editable && !segments.some(({ table }) => table.fixed?.(name)),
        ...(role === undefined ? {} : { role }),
      }
    }),
    ...(hasFindings ? [{ id: 'findings', name: 'findings', kind: 'findings' as const, editable: false }] : []),
  ]
}

function guess(segments: readonly RowsSegment[], name: string, role: string | undefined): RowsColumnKind {
  if (role === 'label') return 'category'
  const values: string[] = []
  for (const { table } of segments)
    for (let row = 0; row < table.rowCount && values.length < sample; row++) {
      const text = table.text(row, name)
      if (text) values.push(text)
    }
  if (role !== undefined && role !== 'id') return 'text'
  if (values.length === 0) return 'text'
  if (values.every(text => !Number.isNaN(numberOf(text)))) return 'number'
  return new Set(values).size <= Math.max(2, values.length / 10) ? 'category' : 'text'
}

/** The values of all columns of the files, by their ids, read row by row. Yields how many rows were read. */
export function* readColumns(
  segments: readonly RowsSegment[],
  columns: readonly RowsColumn[],
): Generator<number, Map<string, ColumnValues>, void> {
  const rows = rowCountOf(segments)
  const builders = columns
    .filter(({ id }) => id.startsWith('column:'))
    .map(({ id, role }) => ({
      id,
      name: columnName(id),
      builder: new ColumnBuilder(rows, { isLabel: role === 'label' }),
    }))
  let read = 0
  for (const { table } of segments) {
    for (let row = 0; row < table.rowCount; row++) {
      for (const { name, builder } of builders) builder.add(table.text(row, name) ?? '')
      if (++read % 4096 === 0) yield read
    }
  }
  const values = new Map<string, ColumnValues>(builders.map(({ id, builder }) => [id, builder.done()]))
  if (columns.some(({ id }) => id === 'split')) values.set('split', splitColumn(segments, rows))
  return values
}

function splitColumn(segments: readonly RowsSegment[], rows: number): CategoryColumn {
  const builder = new ColumnBuilder(rows, { isLabel: true })
  for (const { split, table } of segments) for (let i = 0; i < table.rowCount; i++) builder.add(split ?? '')
  return builder.done() as CategoryColumn
}

/** The findings of rows of these files, by row. Findings about whole files are in no row. */
export function findingsByRow(segments: readonly RowsSegment[], findings: Iterable<Finding>): RowsFindings {
  const rows = rowCountOf(segments)
  const place = new Map(segments.map(segment => [`${segment.path}\n${segment.table.part ?? ''}`, segment]))
  const kept: Finding[] = []
  const at: number[] = []
  const rules: string[] = []
  const ruleOf: number[] = []
  const starts = new Uint32Array(rows + 1)
  let path: string | undefined
  let part: string | undefined
  let segment: RowsSegment | undefined
  for (const finding of findings) {
    if (finding.row === undefined) continue
    if (finding.uri !== path || finding.part !== part) {
      ;({ uri: path, part } = finding)
      segment = place.get(`${path}\n${part ?? ''}`)
    }
    if (!segment || finding.row >= segment.table.rowCount) continue
    const row = segment.base + finding.row
    kept.push(finding)
    at.push(row)
    let rule = rules.indexOf(finding.rule)
    if (rule < 0) rule = rules.push(finding.rule) - 1
    ruleOf.push(rule)
    starts[row + 1]!++
  }
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!
  const items = new Uint32Array(kept.length)
  const next = starts.slice()
  for (let i = 0; i < kept.length; i++) items[next[at[i]!]!++] = i
  return { starts, items, findings: kept, rules, ruleOf: Uint16Array.from(ruleOf) }
}

export function findingsOf({ starts, items, findings }: RowsFindings, at: number): Finding[] {
  return Array.from(items.subarray(starts[at]!, starts[at + 1]!), i => findings[i]!)
}

/** How many findings each row has, as a column to sort by; none is no value. */
export function findingCounts({ starts }: RowsFindings): NumberColumn {
  const rows = starts.length - 1
  const values = new Float64Array(rows)
  for (let row = 0; row < rows; row++) values[row] = starts[row + 1]! - starts[row]! || Number.NaN
  return new NumberColumn(values, new TextColumn(0, [], new Uint32Array(0)), 0)
}
