import type { Edit, Span } from '../text/span.ts'
import { readOnlyFailure } from './columnTable.ts'
import { IssueList, looksBinary, maxRecordBytes, megabytes, reportBytes } from './issues.ts'
import type { Cell, Issue, Source, Table } from './table.ts'

/**
 * A file that is one row, with the name of its folder as label, as in `train/pos/0001.txt`. Line breaks at its end do not belong to the
 * text. A file without text is no row: that is what the removal of its row leaves where a file can only be emptied.
 */
export function parseDocument(source: Source): DocumentTable {
  const { bytes } = source
  const issues = new IssueList()
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--
  const binary = looksBinary(bytes)
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  else if (end === 0)
    issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file is empty: it is no row. Delete it')
  else if (end > maxRecordBytes) {
    const message = `The file is ${megabytes(end)} MB long; rows beyond 16 MB are not read`
    issues.add('too-long', 0, { start: 0, end: 1 }, message)
  }
  const isRow = !binary && end > 0
  if (isRow) reportBytes(bytes, Uint32Array.of(0), issues)
  return new DocumentTable(source, { end: isRow ? end : 0, isRow, issues: issues.done() })
}

const columns: readonly string[] = ['text', 'label']
/** One for all: a table that keeps what it decoded keeps the text twice, and there are tens of thousands of them. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A table of the one row that a file is. Its label stands in no byte of it. */
export class DocumentTable implements Table {
  readonly source: Source
  readonly format = 'document'
  readonly columns = columns
  readonly rowCount: number
  readonly issues: readonly Issue[]
  private readonly end: number
  private readonly tooLong: boolean

  constructor(
    source: Source,
    of: { readonly end: number; readonly isRow: boolean; readonly issues: readonly Issue[] },
  ) {
    this.source = source
    this.rowCount = of.isRow ? 1 : 0
    this.end = of.end
    this.issues = of.issues
    this.tooLong = of.end > maxRecordBytes
  }

  broken(): boolean {
    return this.tooLong
  }

  rowSpan(): Span {
    return { start: 0, end: this.end }
  }

  cell(row: number, column: string): Cell | undefined {
    const text = this.text(row, column)
    if (text === undefined) return undefined
    return { column, value: text, text, span: { start: 0, end: column === 'text' ? this.end : 0 } }
  }

  text(row: number, column: string): string | undefined {
    if (row !== 0 || this.rowCount === 0 || this.tooLong) return undefined
    if (column === 'text') return decoder.decode(this.source.bytes.subarray(0, this.end))
    return column === 'label' ? folderOf(this.source.uri) : undefined
  }

  plainSpan(row: number, column: string): Span | undefined {
    return row === 0 && column === 'text' && this.rowCount > 0 && !this.tooLong ? this.rowSpan() : undefined
  }

  /** The label is where the file lies. */
  fixed(column: string): boolean {
    return column === 'label'
  }

  removeRow(): Edit {
    return { span: { start: 0, end: this.source.bytes.length }, text: '' }
  }

  removeRows(rows: readonly number[]): Edit[] {
    return rows.length > 0 ? [this.removeRow()] : []
  }

  setCell(row: number, column: string, value: string): Edit {
    if (column === 'label') {
      const why = 'has its label from the folder it lies in'
      throw readOnlyFailure(this.source.uri, why, 'Move the file to the folder of the right label')
    }
    if (this.text(row, column) === undefined)
      throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    return { span: this.rowSpan(), text: value }
  }
}

/** `pos` of `/reviews/train/pos/0001.txt`. */
function folderOf(uri: string): string {
  const parts = uri.split('/')
  return parts.at(-2) ?? ''
}
