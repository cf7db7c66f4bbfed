import type { LineRange, Lines, Position } from '../text/lines.ts'
import type { Edit, Span } from '../text/span.ts'
import type { Windows } from '../text/windows.ts'
import { CsvTable } from './csv.ts'
import { type FreshRows, freshCsv, freshJsonl, joinedBytes } from './freshRows.ts'
import { removeSpans } from './lineRows.ts'
import {
  bytesOf,
  type Cell,
  type FormatName,
  type KeptFrom,
  lengthOf,
  type Source,
  type Table,
  type ValueKind,
} from './table.ts'
import { tableLines } from './tableLines.ts'

/** Rows of one table that follow each other in the edited file. */
interface Segment {
  readonly table: Table
  /** The number of its first row in the edited file, and in the table it comes from; how many they are. */
  readonly row: number
  readonly first: number
  readonly count: number
  /** The bytes of the source of `table` that belong to it, [start, end), and where they begin in the edited file. */
  readonly start: number
  readonly end: number
  readonly at: number
  /** The line they begin in, and how many lines begin behind their first byte. */
  readonly line: number
  readonly lines: number
}

/** More pieces than this are a file that should be read anew. */
const mostSegments = 4000
/** Versions back that the rows kept since are known of. */
const mostVersions = 16

/**
 * A JSON Lines, CSV or TSV file after edits: the rows of the table that was read, and those of small tables for what was written
 * since. Making one costs what the edit costs, however large the file is; the bytes of the whole are never put
 * together. Versions share what they have in common and stay as they are.
 */
export class EditedTable implements Table {
  readonly source: Source
  readonly format: FormatName
  readonly kind?: (row: number, column: string) => ValueKind | undefined
  /** The table that was read at first. */
  readonly base: Table
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly issues = []
  readonly kept: KeptFrom
  private readonly segments: readonly Segment[]
  private readonly versions: readonly KeptFrom[]
  private last = 0

  private constructor(
    base: Table,
    version: number,
    segments: readonly Segment[],
    { kept, versions }: { readonly kept: KeptFrom; readonly versions: readonly KeptFrom[] },
  ) {
    const end = segments.at(-1)!
    const { uri, encoding, bom } = base.source
    const windows: Windows = { length: end.at + end.end - end.start, read: (from, to) => this.read(from, to) }
    this.source = { uri, encoding, bom, version, bytes: new Uint8Array(0), windows, size: windows.length }
    this.base = base
    this.format = base.format
    if (base.format === 'jsonl') this.kind = (row, column) => this.kindAt(row, column)
    this.columns = base.columns
    this.segments = segments
    this.rowCount = end.row + end.count
    this.kept = kept
    this.versions = versions
  }

  /**
   * The table after one edit, in bytes of the table's source; undefined where only reading the whole file would do: where
   * there is or was anything to report about it, where a line is not as the others, where no row is left.
   */
  static edit(table: Table, edit: Edit, version: number): EditedTable | undefined {
    if (table.part !== undefined || table.readOnly || table.issues.length > 0) return undefined
    if (table.rowCount === 0 || table.columns.length === 0) return undefined
    const like = csvOf(table)
    const rows = like
      ? freshCsv(table, like, edit, version)
      : table.format === 'jsonl' && freshJsonl(table, edit, version)
    if (!rows) return undefined
    const { from, tail, fresh } = rows
    if (table.rowCount - (tail - from) + fresh.rowCount === 0) return undefined
    const before = table instanceof EditedTable ? table.segments : [whole(table)]
    const segments = spliced(before, rows)
    if (segments.length > mostSegments) return undefined
    const kept = { of: new WeakRef(table), head: from, tail: table.rowCount - tail }
    const older = table instanceof EditedTable ? table.versions : []
    const versions = [kept, ...older.slice(0, mostVersions - 1).map(one => composed(one, kept))]
    return new EditedTable(table instanceof EditedTable ? table.base : table, version, segments, { kept, versions })
  }

  /** The rows at the head and the tail that an older version had, too; undefined where that is not known. */
  keptSince(old: Table): Pick<KeptFrom, 'head' | 'tail'> | undefined {
    return this.versions.find(version => version.of.deref() === old)
  }

  broken(): boolean {
    return false
  }

  rowSpan(row: number): Span {
    const own = this.segment(row)
    return shifted(own.table.rowSpan(row - own.row + own.first), own.at - own.start)
  }

  cell(row: number, column: string): Cell | undefined {
    if (row < 0 || row >= this.rowCount) return undefined
    const own = this.segment(row)
    const cell = own.table.cell(row - own.row + own.first, column)
    return cell && { ...cell, span: shifted(cell.span, own.at - own.start) }
  }

  text(row: number, column: string): string | undefined {
    if (row < 0 || row >= this.rowCount) return undefined
    const own = this.segment(row)
    return own.table.text(row - own.row + own.first, column)
  }

  plainSpan(row: number, column: string): Span | undefined {
    if (row < 0 || row >= this.rowCount) return undefined
    const own = this.segment(row)
    const span = own.table.plainSpan?.(row - own.row + own.first, column)
    return span && shifted(span, own.at - own.start)
  }

  plainBytes(row: number, column: string): { readonly bytes: Uint8Array; readonly span: Span } | undefined {
    if (row < 0 || row >= this.rowCount) return undefined
    const { table, row: first, first: base } = this.segment(row)
    if (table.source.windows) return table.plainBytes?.(row - first + base, column)
    const span = table.plainSpan?.(row - first + base, column)
    return span && { bytes: table.source.bytes, span }
  }

  private kindAt(row: number, column: string): ValueKind | undefined {
    const own = this.segment(row)
    return own.table.kind?.(row - own.row + own.first, column)
  }

  removeRow(row: number): Edit {
    return this.removeRows([row])[0]!
  }

  removeRows(rows: readonly number[]): Edit[] {
    const order = [...new Set(rows)].sort((a, b) => a - b)
    const byteAt = (at: number) => (at < this.source.windows!.length ? this.read(at, at + 1)[0] : undefined)
    return removeSpans({ byteAt, spanOf: row => this.rowSpan(row) }, order)
  }

  setCell(row: number, column: string, value: string): Edit {
    const own = this.segment(row)
    const { span, text } = own.table.setCell(row - own.row + own.first, column, value)
    return { span: shifted(span, own.at - own.start), text }
  }

  lines(): Lines {
    return new EditedLines(this.segments, this.source.windows!.length)
  }

  /** The bytes [from, to) of the edited file. */
  private read(from: number, to: number): Uint8Array {
    let s = lastOf(this.segments, segment => segment.at <= from)
    const parts: Uint8Array[] = []
    for (let at = from; at < to && s < this.segments.length; s++) {
      const { table, start, end, at: base } = this.segments[s]!
      const stop = Math.min(to, base + end - start)
      if (stop <= at) continue
      parts.push(bytesOf(table.source, { start: at - base + start, end: stop - base + start }))
      at = stop
    }
    return parts.length === 1 ? parts[0]! : joinedBytes(...parts)
  }

  private segment(row: number): Segment {
    const hint = this.segments[this.last]
    if (hint && row >= hint.row && row < hint.row + hint.count) return hint
    this.last = lastOf(this.segments, segment => segment.row <= row)
    return this.segments[this.last]!
  }
}

/** A table that reads records as this one does, where it is one of records of a CSV or TSV file. */
function csvOf(table: Table): CsvTable | undefined {
  const first = table instanceof EditedTable ? table.base : table
  return first instanceof CsvTable && first.records.broken.size === 0 ? first : undefined
}

function whole(table: Table): Segment {
  const end = lengthOf(table.source)
  const lines = linesIn(table, 0, end)
  return { table, row: 0, first: 0, count: table.rowCount, start: 0, end, at: 0, line: 0, lines }
}

/** The segments with some rows replaced. */
function spliced(before: readonly Segment[], { from, tail: behind, start, end, fresh }: FreshRows): Segment[] {
  const out: Segment[] = []
  const put = ({ table, first, count, start: from, end: to }: Omit<Segment, 'row' | 'at' | 'line' | 'lines'>) => {
    if (to === from && count === 0) return
    const last = out.at(-1)
    const row = last ? last.row + last.count : 0
    const at = last ? last.at + last.end - last.start : 0
    const line = last ? last.line + last.lines : 0
    out.push({ table, row, first, count, start: from, end: to, at, line, lines: linesIn(table, from, to) })
  }
  let done = false
  for (const segment of before) {
    const size = segment.end - segment.start
    const cutStart = Math.max(0, Math.min(size, start - segment.at))
    const cutEnd = Math.max(0, Math.min(size, end - segment.at))
    const head = Math.max(0, Math.min(segment.count, from - segment.row))
    const tail = Math.max(0, Math.min(segment.count, segment.row + segment.count - behind))
    if (cutStart > 0) {
      if (cutStart === size) out.push(moved(segment, out))
      else
        put({
          table: segment.table,
          first: segment.first,
          count: head,
          start: segment.start,
          end: segment.start + cutStart,
        })
    }
    if (cutStart === size) continue
    if (!done) {
      done = true
      put({ table: fresh, first: 0, count: fresh.rowCount, start: 0, end: lengthOf(fresh.source) })
    }
    if (cutEnd < size) {
      const first = segment.first + segment.count - tail
      put({ table: segment.table, first, count: tail, start: segment.start + cutEnd, end: segment.end })
    }
  }
  if (!done) put({ table: fresh, first: 0, count: fresh.rowCount, start: 0, end: lengthOf(fresh.source) })
  return out
}

/** A segment behind others. Those before an edit keep their places. */
function moved(segment: Segment, before: readonly Segment[]): Segment {
  const last = before.at(-1)
  if (!last) return segment
  const row = last.row + last.count
  const at = last.at + last.end - last.start
  const line = last.line + last.lines
  if (row === segment.row && at === segment.at && line === segment.line) return segment
  // Written out: of thousands of pieces a file is made of, half are behind an edit.
  const { table, first, count, start, end, lines } = segment
  return { table, row, first, count, start, end, at, line, lines }
}

/** How many lines begin in the bytes [start, end) of a table after the first of them. */
function linesIn(table: Table, start: number, end: number): number {
  const lines = tableLines(table)
  return lines.position(end).line - lines.position(start).line
}

/** Rows kept since a version before that one. */
function composed(older: KeptFrom, since: KeptFrom): KeptFrom {
  return { of: older.of, head: Math.min(older.head, since.head), tail: Math.min(older.tail, since.tail) }
}

/** Places of an edited file: those in the tables it is made of, so many lines further. */
class EditedLines implements Lines {
  private readonly segments: readonly Segment[]
  private readonly length: number

  constructor(segments: readonly Segment[], length: number) {
    this.segments = segments
    this.length = length
  }

  get lineCount(): number {
    const last = this.segments.at(-1)!
    return last.line + last.lines + 1
  }

  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.length))
    const segment = this.segments[lastOf(this.segments, one => one.at <= at)]!
    const lines = tableLines(segment.table)
    const first = lines.position(segment.start)
    const own = lines.position(at - segment.at + segment.start)
    // A segment begins at the start of a line, or behind the last row of one.
    const line = segment.line + own.line - first.line
    if (own.line > first.line || first.column === 0) return { line, column: own.column }
    return { line, column: this.columnBefore(segment) + own.column - first.column }
  }

  range(span: Span): LineRange {
    const start = this.position(span.start)
    const end = this.position(span.end)
    return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
  }

  offset({ line, column }: Position): number {
    if (line < 0) return 0
    for (let s = lastOf(this.segments, one => one.line <= line); s >= 0; s--) {
      const segment = this.segments[s]!
      const lines = tableLines(segment.table)
      const first = lines.position(segment.start)
      const before = line === segment.line ? this.columnBefore(segment) : 0
      // The line may begin in the segment before and end here.
      if (line === segment.line && column < before && s > 0) continue
      const own = lines.offset({
        line: line - segment.line + first.line,
        column: line === segment.line ? column - before + first.column : column,
      })
      return Math.min(this.length, Math.min(own, segment.end) - segment.start + segment.at)
    }
    return 0
  }

  span(range: LineRange): Span {
    const start = this.offset({ line: range.line, column: range.column })
    return { start, end: this.offset({ line: range.endLine, column: range.endColumn }) }
  }

  /** How long the part of a segment's first line is that stands in the segments before it. */
  private columnBefore(segment: Segment): number {
    const s = this.segments.indexOf(segment)
    const last = this.segments[s - 1]
    if (!last) return 0
    const lines = tableLines(last.table)
    const end = lines.position(last.end)
    const first = lines.position(last.start)
    if (end.line > first.line) return end.column
    return this.columnBefore(last) + end.column - first.column
  }
}

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by }
}

/** The last of ascending things for which this holds; it holds for a first part of them only. */
function lastOf<T>(list: readonly T[], holds: (one: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(list[middle]!)) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}
