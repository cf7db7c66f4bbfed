import type { Lines } from '../text/lines.ts'
import type { Edit, Span } from '../text/span.ts'
import type { Cell, FormatName, Issue, Source, Table, ValueKind } from './table.ts'

/** Some rows that follow each other in a table, as a table: what was read of a file since the last look at it. */
export class RowsView implements Table {
  readonly source: Source
  readonly format: FormatName
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly issues: readonly Issue[] = []
  readonly kind?: (row: number, column: string) => ValueKind | undefined
  readonly plainSpan?: (row: number, column: string) => Span | undefined
  private readonly table: Table
  private readonly from: number

  constructor(table: Table, from: number, to: number) {
    this.table = table
    this.from = from
    this.source = table.source
    this.format = table.format
    this.columns = table.columns
    this.rowCount = to - from
    if (table.kind) this.kind = (row, column) => table.kind!(row + from, column)
    if (table.plainSpan) this.plainSpan = (row, column) => table.plainSpan!(row + from, column)
  }

  broken(row: number): boolean {
    return this.table.broken(row + this.from)
  }

  rowSpan(row: number): Span {
    return this.table.rowSpan(row + this.from)
  }

  cell(row: number, column: string): Cell | undefined {
    return this.table.cell(row + this.from, column)
  }

  text(row: number, column: string): string | undefined {
    return this.table.text(row + this.from, column)
  }

  lines(): Lines {
    return this.table.lines!()
  }

  removeRow(row: number): Edit {
    return this.table.removeRow(row + this.from)
  }

  removeRows(rows: readonly number[]): Edit[] {
    return this.table.removeRows(rows.map(row => row + this.from))
  }

  setCell(row: number, column: string, value: string): Edit {
    return this.table.setCell(row + this.from, column, value)
  }
}
