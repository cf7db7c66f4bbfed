import { bytesOf, type Table } from '../data/table.ts'
import { PlainOverlap } from './plainOverlap.ts'
import type { PlainComparison, PlainText } from './wordOverlap.ts'

/** The table that a row stands in, and the number of the first row of that table. */
export interface RowPlace {
  readonly table: Table
  readonly base: number
}

/** Texts of rows where they stand in the bytes of their files, compared without making strings of them. */
export class PlainTexts {
  private readonly placeOf: (row: number) => RowPlace
  private readonly column: string | undefined
  private readonly overlap = new PlainOverlap()
  private left: { readonly row: number; readonly text: PlainText | undefined } | undefined

  /** Of the rows of tables that begin at `base`. */
  constructor(placeOf: (row: number) => RowPlace, column: string | undefined) {
    this.placeOf = placeOf
    this.column = column
  }

  /** How two rows compare by `word:1+2`; undefined unless both are plain. */
  compare(a: number, b: number): PlainComparison | undefined {
    // As a rule several rows are compared with one.
    if (this.left?.row !== a) this.left = { row: a, text: this.text(a) }
    const left = this.left.text
    const right = left && this.text(b)
    return left && right && this.overlap.compare(left, right)
  }

  private text(row: number): PlainText | undefined {
    const { column } = this
    const { table, base } = this.placeOf(row)
    const span = column === undefined ? undefined : table.plainSpan?.(row - base, column)
    if (!span) return undefined
    if (!table.source.windows) return { bytes: table.source.bytes, start: span.start, end: span.end }
    return { bytes: bytesOf(table.source, span), start: 0, end: span.end - span.start }
  }
}
