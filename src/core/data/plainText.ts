import { Failure } from '../base/failure.ts'
import { type Decode, decoderOf } from '../text/decode.ts'
import type { Edit, Span } from '../text/span.ts'
import { IssueList, looksBinary, maxRecordBytes, reportBytes, tooLongLine } from './issues.ts'
import { removeLines } from './lineRows.ts'
import { Offsets } from './offsets.ts'
import type { Cell, Issue, Source, Table } from './table.ts'

/** Plain text: each line that is not blank is a row with the one column `text`. LF, CRLF or CR end a line. */
export function parseText(source: Source): TextTable {
  const { bytes } = source
  const issues = new IssueList()
  const starts = new Offsets(bytes.length >> 6)
  const ends = new Offsets(bytes.length >> 6)
  const broken = new Set<number>()
  const binary = looksBinary(bytes)
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  const terminator = bytes.indexOf(0x0a) < 0 ? 0x0d : 0x0a
  for (let at = 0; at < bytes.length && !binary; ) {
    const found = bytes.indexOf(terminator, at)
    const stop = found < 0 ? bytes.length : found
    const end = stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop
    if (!isBlankLine(bytes, at, end)) {
      const row = starts.length
      starts.push(at)
      ends.push(end)
      if (end - at > maxRecordBytes) {
        broken.add(row)
        issues.add('too-long', row, { start: at, end: at + 1 }, tooLongLine(end - at))
      }
    }
    at = stop + 1
  }
  const rows = { starts: starts.done(), ends: ends.done() }
  if (!binary) {
    if (!starts.length) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
    reportBytes(bytes, rows.starts, issues)
  }
  return new TextTable(source, { ...rows, broken, issues: issues.done() })
}

/** Nothing but spaces, tabs and carriage returns? */
export function isBlankLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x20 && bytes[i] !== 0x09 && bytes[i] !== 0x0d) return false
  return true
}

export interface TextRows {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly broken: ReadonlySet<number>
  readonly issues: readonly Issue[]
}

export class TextTable implements Table {
  readonly source: Source
  readonly format = 'text'
  readonly columns = ['text']
  readonly rowCount: number
  readonly issues: readonly Issue[]
  /** What the parser found. */
  readonly rows: TextRows
  private readonly decode: Decode

  constructor(source: Source, rows: TextRows) {
    this.source = source
    this.rows = rows
    this.rowCount = rows.starts.length
    this.issues = rows.issues
    this.decode = decoderOf(source.bytes)
  }

  broken(row: number): boolean {
    return this.rows.broken.has(row)
  }

  rowSpan(row: number): Span {
    return { start: this.rows.starts[row]!, end: this.rows.ends[row]! }
  }

  cell(row: number, column: string): Cell | undefined {
    const text = this.text(row, column)
    return text === undefined ? undefined : { column, value: text, text, span: this.rowSpan(row) }
  }

  text(row: number, column: string): string | undefined {
    if (column !== 'text' || row < 0 || row >= this.rowCount || this.broken(row)) return undefined
    return this.decode(this.rows.starts[row]!, this.rows.ends[row]!)
  }

  plainSpan(row: number, column: string): Span | undefined {
    return column !== 'text' || row < 0 || row >= this.rowCount || this.broken(row) ? undefined : this.rowSpan(row)
  }

  removeRow(row: number): Edit {
    return this.removeRows([row])[0]!
  }

  removeRows(rows: readonly number[]): Edit[] {
    const order = [...new Set(rows)].sort((a, b) => a - b)
    return removeLines(this.source.bytes, this.rows.starts, this.rows.ends, order)
  }

  setCell(row: number, column: string, value: string): Edit {
    if (this.text(row, column) === undefined)
      throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    if (/[\r\n]/.test(value) || value.trim() === '') {
      const message = `A line of ${this.source.uri} cannot hold ${value.trim() === '' ? 'an empty text' : 'a line break'}`
      throw new Failure('unwritable-value', message, 'Choose another value')
    }
    return { span: this.rowSpan(row), text: value }
  }
}

/** Lines without their ends, those that begin before `to`. */
export function* linesOf(bytes: Uint8Array, to: number): Generator<Span> {
  for (let at = 0; at < to; ) {
    let end = at
    while (end < bytes.length && bytes[end] !== 0x0a && bytes[end] !== 0x0d) end++
    yield { start: at, end }
    at = end + (bytes[end] === 0x0d && bytes[end + 1] === 0x0a ? 2 : 1)
  }
}
