import type { ColumnValues } from './rowsColumn.ts'
import type { RowsFindings } from './rowsModel.ts'
import type { RowsClause } from './rowsProtocol.ts'
import { markMatches, patternOf } from './rowsSearch.ts'

/** What a filter is asked of: the columns by their ids, in the order of the view. */
export interface Filtered {
  readonly rows: number
  readonly columns: ReadonlyMap<string, ColumnValues>
  readonly findings: RowsFindings
}

export interface Passing {
  /** The rows that meet every condition, ascending. */
  readonly rows: Uint32Array
  /** For each condition how many rows meet it, and how many meet all the others. */
  readonly blame: readonly { readonly alone: number; readonly without: number }[]
  /** A pattern that is none, in words; it is left out. */
  readonly badPattern?: string
}

/** The rows that meet all conditions. A column that is not there is met by no row. Yields now and then. */
export function* filterRows(of: Filtered, clauses: readonly RowsClause[]): Generator<void, Passing, void> {
  const fails = new Uint8Array(of.rows)
  const failed = new Uint8Array(of.rows)
  const blame = clauses.map(() => ({ alone: 0, without: 0 }))
  let badPattern: string | undefined
  for (const [c, clause] of clauses.entries()) {
    const marks = new Uint8Array(of.rows)
    const problem = yield* mark(of, clause, marks)
    if (problem !== undefined) {
      badPattern = problem
      marks.fill(1)
    }
    let alone = 0
    for (let row = 0; row < of.rows; row++) {
      if (marks[row] === 1) alone++
      else {
        if (fails[row]! < 2) fails[row]!++
        failed[row] = c
      }
    }
    blame[c]!.alone = alone
  }
  let count = 0
  for (let row = 0; row < of.rows; row++) {
    if (fails[row] === 0) count++
    else if (fails[row] === 1) blame[failed[row]!]!.without++
  }
  for (const one of blame) one.without += count
  const rows = new Uint32Array(count)
  for (let row = 0, i = 0; row < of.rows; row++) if (fails[row] === 0) rows[i++] = row
  return { rows, blame, ...(badPattern === undefined ? {} : { badPattern }) }
}

/** Marks the rows that meet a condition; what is wrong with the condition, in words. */
function* mark(
  { rows, columns, findings }: Filtered,
  clause: RowsClause,
  marks: Uint8Array,
): Generator<void, string | undefined, void> {
  switch (clause.kind) {
    case 'text': {
      const pattern = patternOf(clause)
      if ('problem' in pattern) return pattern.problem
      if (clause.column === undefined)
        for (const [id, column] of columns) {
          if (id !== 'split') yield* markMatches(column, pattern, marks)
        }
      else {
        const column = columns.get(clause.column)
        if (column) yield* markMatches(column, pattern, marks)
      }
      return undefined
    }
    case 'values': {
      const column = columns.get(clause.column)
      const wanted = new Set(clause.values)
      if (column?.kind === 'category') {
        const hit = Uint8Array.from(column.values, value => (wanted.has(value) ? 1 : 0))
        for (let row = 0; row < rows; row++) marks[row] = hit[column.codes[row]!]!
      } else if (column) for (let row = 0; row < rows; row++) if (wanted.has(column.text(row))) marks[row] = 1
      return undefined
    }
    case 'range': {
      const column = columns.get(clause.column)
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = clause
      if (!column) return undefined
      for (let row = 0; row < rows; row++) {
        const value = measure(column, row)
        if (value >= min && value <= max) marks[row] = 1
      }
      return undefined
    }
    case 'rules': {
      const wanted = new Set(clause.rules)
      const hit = Uint8Array.from(findings.rules, rule => (wanted.size === 0 || wanted.has(rule) ? 1 : 0))
      const { starts, items, ruleOf } = findings
      for (let row = 0; row < rows; row++)
        for (let i = starts[row]!; i < starts[row + 1]!; i++) if (hit[ruleOf[items[i]!]!] === 1) marks[row] = 1
      return undefined
    }
  }
}

/** What of a row is measured in a column: its number, the length of its text in UTF-16 units; NaN where neither is said. */
export function measure(column: ColumnValues, row: number): number {
  if (column.kind === 'number') return column.values[row]!
  if (column.kind === 'text') return column.length(row)
  return Number.NaN
}
