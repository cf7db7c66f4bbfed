import { LineIndex, type LineRange, type Lines, type Position } from '../text/lines.ts'
import type { Edit, Span } from '../text/span.ts'
import { utf16Length } from '../text/utf8.ts'
import type { Windows } from '../text/windows.ts'
import { removeSpans } from './lineRows.ts'
import type { Cell, FormatName, Issue, Source, Table, ValueKind } from './table.ts'

/** Whole records that follow each other in a file, by offsets from the page's first byte. */
export interface Page {
  /** The page's first byte in the file, and how many bytes it has. */
  readonly base: number
  readonly size: number
  /** The number of its first record, and of the line (as editors count) that it begins on. */
  readonly row: number
  readonly line: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Records of the page that could not be read. */
  readonly broken: ReadonlySet<number>
  /** Is every line of the page one record? */
  readonly linear: boolean
}

/** Makes a table of some records of the file, by offsets into these bytes. */
export interface PageTable {
  (
    bytes: Uint8Array,
    rows: { readonly starts: Uint32Array; readonly ends: Uint32Array; readonly broken: ReadonlySet<number> },
  ): Table
  /** Its tables tell kinds of values apart. */
  readonly typed?: boolean
}

interface Open {
  readonly table: Table
  /** What is added to offsets and taken from row numbers. */
  readonly base: number
  readonly row: number
}

/** Of a longer line only what stands before a place is read. */
const longLine = 1 << 16
/** Pages held at a time. */
const mostOpen = 6
const none: ReadonlySet<number> = new Set()
const first: ReadonlySet<number> = new Set([0])

/**
 * A table of a file that is too large to be held: eight bytes a row, and the few pages of it that were asked for last. A pass
 * over the rows reads page by page; a row asked for out of order is read by itself.
 */
export class PagedTable implements Table {
  readonly source: Source
  readonly format: FormatName
  readonly kind?: (row: number, column: string) => ValueKind | undefined
  readonly plainSpan: (row: number, column: string) => Span | undefined
  private readonly windows: Windows
  private readonly make: PageTable
  private readonly pages: Page[] = []
  /** First row and first byte of each page, for finding it. */
  private rows = 0
  private lineCount = 1
  private names: readonly string[] = []
  private known: readonly Issue[] = []
  private readonly open = new Map<number, Open>()
  private last = -1
  private single: Open | undefined
  private lastRow = -1
  /** So many rows were asked for one after the other. */
  private run = 0
  /** Asked for by jumps: a page that many rows are wanted of is opened after all. */
  private wanted = -1
  private jumps = 0

  constructor(source: Source & { readonly windows: Windows }, format: FormatName, make: PageTable) {
    this.source = source
    this.format = format
    this.windows = source.windows
    this.make = make
    if (make.typed) this.kind = (row, column) => this.kindAt(row, column)
    this.plainSpan = (row, column) => this.plainAt(row, column)
  }

  get columns(): readonly string[] {
    return this.names
  }

  get rowCount(): number {
    return this.rows
  }

  get issues(): readonly Issue[] {
    return this.known
  }

  /** Adds the page behind the last one; `lines` is how many line ends it has. */
  add(page: Page, lines: number): void {
    this.pages.push(page)
    this.rows += page.starts.length
    this.lineCount += lines
  }

  /** Says what is known of the file as a whole by now. */
  tell(columns: readonly string[], issues: readonly Issue[]): void {
    this.names = columns
    this.known = issues
  }

  broken(row: number): boolean {
    const page = this.pages[this.pageOfRow(row)]
    return page?.broken.has(row - page.row) ?? false
  }

  rowSpan(row: number): Span {
    const page = this.pages[this.pageOfRow(row)]!
    return { start: page.base + page.starts[row - page.row]!, end: page.base + page.ends[row - page.row]! }
  }

  cell(row: number, column: string): Cell | undefined {
    const at = this.at(row)
    const cell = at?.table.cell(row - at.row, column)
    return cell && { ...cell, span: shifted(cell.span, at!.base) }
  }

  text(row: number, column: string): string | undefined {
    const at = this.at(row)
    return at?.table.text(row - at.row, column)
  }

  private plainAt(row: number, column: string): Span | undefined {
    const at = this.at(row)
    const span = at?.table.plainSpan?.(row - at.row, column)
    return span && shifted(span, at!.base)
  }

  /** As `plainSpan`, with the bytes that the span is of: those of the page that is open. */
  plainBytes(row: number, column: string): { readonly bytes: Uint8Array; readonly span: Span } | undefined {
    const at = this.at(row)
    const span = at?.table.plainSpan?.(row - at.row, column)
    return span && { bytes: at!.table.source.bytes, span }
  }

  private kindAt(row: number, column: string): ValueKind | undefined {
    const at = this.at(row)
    return at?.table.kind?.(row - at.row, column)
  }

  removeRow(row: number): Edit {
    return this.removeRows([row])[0]!
  }

  removeRows(rows: readonly number[]): Edit[] {
    const order = [...new Set(rows)].sort((a, b) => a - b)
    const { windows } = this
    const byteAt = (at: number) => (at < windows.length ? windows.read(at, at + 1)[0] : undefined)
    return removeSpans({ byteAt, spanOf: row => this.rowSpan(row) }, order)
  }

  setCell(row: number, column: string, value: string): Edit {
    const at = this.at(row)
    if (!at) throw new Error(`row ${row} of ${this.source.uri} has no cell ${column} to write`)
    const { span, text } = at.table.setCell(row - at.row, column, value)
    return { span: shifted(span, at.base), text }
  }

  /** Tables of the pages that have the rows [from, to), with the file's number of the first row of each. */
  *pageTables(from: number, to: number): Generator<{ readonly row: number; readonly table: Table }> {
    for (const page of this.pages) {
      if (page.row >= to || page.row + page.starts.length <= from || page.starts.length === 0) continue
      yield { row: page.row, table: this.make(this.windows.read(page.base, page.base + page.size), page) }
    }
  }

  /** Lines are known by page; inside one they are counted when they are asked for. */
  lines(): Lines {
    return new PagedLines(this.pages, this.windows, () => this.lineCount)
  }

  /** A table that has this row, and where its rows and bytes begin in the file. */
  private at(row: number): Open | undefined {
    const p = this.pageOfRow(row)
    const page = this.pages[p]
    if (!page || row < 0 || row >= this.rows) return undefined
    const known = this.open.get(p)
    this.run = row === this.lastRow + 1 ? this.run + 1 : 0
    this.lastRow = row
    if (known) {
      this.last = p
      return known
    }
    if (this.single?.row === row) return this.single
    // Two rows beside each other are no pass over the file yet.
    if (this.run < 4 && !this.often(p)) return this.alone(page, row)
    const bytes = this.windows.read(page.base, page.base + page.size)
    const fresh = { table: this.make(bytes, page), base: page.base, row: page.row }
    this.open.set(p, fresh)
    if (this.open.size > mostOpen) this.open.delete(this.open.keys().next().value!)
    this.last = p
    return fresh
  }

  /** Is this page asked for again and again? */
  private often(p: number): boolean {
    this.jumps = p === this.wanted ? this.jumps + 1 : 0
    this.wanted = p
    return this.jumps > 32
  }

  private alone(page: Page, row: number): Open {
    const local = row - page.row
    const start = page.base + page.starts[local]!
    const bytes = this.windows.read(start, page.base + page.ends[local]!)
    const broken = page.broken.has(local) ? first : none
    const table = this.make(bytes, { starts: Uint32Array.of(0), ends: Uint32Array.of(bytes.length), broken })
    this.single = { table, base: start, row }
    return this.single
  }

  private pageOfRow(row: number): number {
    const { pages } = this
    const hint = pages[this.last]
    if (hint && row >= hint.row && row < hint.row + hint.starts.length) return this.last
    return lastPage(pages, page => page.row <= row)
  }
}

function shifted({ start, end }: Span, base: number): Span {
  return { start: start + base, end: end + base }
}

/** The last page for which this holds; it holds for a first part of them only. */
function lastPage(pages: readonly Page[], holds: (page: Page) => boolean): number {
  let low = 0
  let high = pages.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(pages[middle]!)) low = middle + 1
    else high = middle
  }
  return low - 1
}

class PagedLines implements Lines {
  private readonly pages: readonly Page[]
  private readonly windows: Windows
  private readonly count: () => number
  private readonly indexes = new Map<number, LineIndex>()
  private lastLine: (Span & { readonly bytes: Uint8Array }) | undefined

  constructor(pages: readonly Page[], windows: Windows, count: () => number) {
    this.pages = pages
    this.windows = windows
    this.count = count
  }

  get lineCount(): number {
    return this.count()
  }

  position(offset: number): Position {
    const p = Math.max(
      0,
      lastPage(this.pages, page => page.base <= offset),
    )
    const page = this.pages[p]
    if (!page) return { line: 0, column: 0 }
    const at = Math.min(offset, this.windows.length)
    if (page.linear) {
      const row = lastStart(page.starts, at - page.base)
      // Between two records there is a line end, which belongs to the line before it.
      const start = page.base + (row < 0 ? 0 : page.starts[row]!)
      const end = row < 0 ? start : page.base + page.ends[row]!
      if (row >= 0 && at <= end) return { line: page.line + row, column: this.units({ start, end }, at) }
    }
    const { line, column } = this.index(p).position(at - page.base)
    return { line: page.line + line, column }
  }

  range(span: Span): LineRange {
    const start = this.position(span.start)
    const end = this.position(span.end)
    return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
  }

  offset({ line, column }: Position): number {
    if (line < 0) return 0
    if (line >= this.lineCount) return this.windows.length
    const p = Math.max(
      0,
      lastPage(this.pages, page => page.line <= line),
    )
    const page = this.pages[p]
    if (!page) return 0
    const row = line - page.line
    if (!page.linear || row >= page.starts.length) return page.base + this.index(p).offset({ line: row, column })
    // One line is read instead of its page: edits come at any place.
    const start = page.base + page.starts[row]!
    const bytes = this.windows.read(start, page.base + page.ends[row]!)
    return start + new LineIndex(bytes).offset({ line: 0, column })
  }

  span(range: LineRange): Span {
    const start = this.offset({ line: range.line, column: range.column })
    return { start, end: this.offset({ line: range.endLine, column: range.endColumn }) }
  }

  /** UTF-16 units of a line before a place in it. A character that the place cuts does not count yet. */
  private units(line: Span, end: number): number {
    const long = line.end - line.start > longLine
    const bytes = long ? this.upTo(line.start, end) : this.bytesOfLine(line)
    let stop = end - line.start
    while (stop > 0 && stop < bytes.length && (bytes[stop]! & 0xc0) === 0x80) stop--
    return utf16Length(bytes, 0, stop)
  }

  /** Of a line both ends of a place are asked for, and often several places. */
  private bytesOfLine({ start, end }: Span): Uint8Array {
    if (this.lastLine?.start !== start || this.lastLine.end !== end)
      this.lastLine = { start, end, bytes: this.upTo(start, end) }
    return this.lastLine.bytes
  }

  /** With the rest of a character that the end cuts. */
  private upTo(start: number, end: number): Uint8Array {
    return this.windows.read(start, Math.min(this.windows.length, end + 3))
  }

  private index(p: number): LineIndex {
    const known = this.indexes.get(p)
    if (known) return known
    const page = this.pages[p]!
    const index = new LineIndex(this.windows.read(page.base, page.base + page.size))
    this.indexes.set(p, index)
    if (this.indexes.size > 4) this.indexes.delete(this.indexes.keys().next().value!)
    return index
  }
}

function lastStart(starts: Uint32Array, offset: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (starts[middle]! <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}
