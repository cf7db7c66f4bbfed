import type { Windows } from '../text/windows.ts'
import { CsvLines, CsvTable } from './csv.ts'
import type { DatasetFiles } from './dataset.ts'
import { FastTextTable, fastTextStyle } from './fastText.ts'
import { formatOfName } from './formatName.ts'
import {
  IssueList,
  type IssueSink,
  issuesOfPiece,
  looksBinary,
  maxRecordBytes,
  reportBytes,
  tooLongLine,
} from './issues.ts'
import { JsonLines } from './jsonl.ts'
import { JsonTable } from './jsonTable.ts'
import { Offsets } from './offsets.ts'
import { PagedTable, type PageTable } from './pagedTable.ts'
import { isBlankLine, TextTable } from './plainText.ts'
import type { Reading } from './reading.ts'
import type { FormatName, Source } from './table.ts'

/** So much is read at a time. A record that is longer makes its page as long as it is. */
const usualPage = 1 << 20
/** A piece that ends inside a record is read again at twice its length, up to here. */
const longestPiece = maxRecordBytes * 4

/** Reads the records of one piece of a file after the other. */
interface PieceReader {
  /**
   * The records in `bytes`, which begin at a record: `put` takes each. Answers how many bytes were read; fewer than there are
   * where the last record may go on behind them, unless `last` says that the file ends there.
   */
  read(bytes: Uint8Array, piece: Piece, put: Put): number
  columns(rows: number): readonly string[]
  readonly table: PageTable
}

interface Piece {
  /** The number of its first record. */
  readonly row: number
  /** The file ends where the piece ends. */
  readonly last: boolean
  /** No longer piece will be given, so that its first record must be taken as it is. */
  readonly longest: boolean
  readonly issues: IssueSink
}

type Put = (start: number, end: number, what: 'broken' | 'good') => void

export interface PagedReading {
  readonly source: Source & { readonly windows: Windows }
  readonly given?: DatasetFiles['format']
  /** Called with the table as far as it was read, after each of its pages. */
  readonly page?: (table: PagedTable) => void
  readonly pageBytes?: number
}

/** The formats that can be read page by page. */
export function isPageable(format: FormatName | undefined): format is 'csv' | 'tsv' | 'jsonl' | 'text' {
  return format === 'csv' || format === 'tsv' || format === 'jsonl' || format === 'text'
}

/**
 * Reads a file of lines that is too large to be held, page by page; what is kept is a `PagedTable`. It says what `readJsonl`,
 * `readCsv` and `parseText` would say of the same bytes.
 */
export function* readPaged({ source, given = {}, page, pageBytes = usualPage }: PagedReading): Reading<PagedTable> {
  const { windows } = source
  const total = windows.length
  const format = formatOfName(source.uri) ?? 'csv'
  const head = windows.read(0, Math.min(total, usualPage))
  const terminator = yield* lineEndOf(windows)
  const reader =
    format === 'jsonl'
      ? jsonReader(source, terminator)
      : format === 'text'
        ? textReader(source, terminator, head)
        : csvReader(source, head, { kind: format === 'tsv' ? 'tsv' : 'csv', given })
  const table = new PagedTable(source, format, reader.table)
  const issues = new IssueList()
  const binary = looksBinary(head)
  if (binary) {
    issues.add(binary.code, undefined, binary.span, binary.message)
    table.tell([], issues.done())
    return table
  }
  let line = 0
  let first: { start: number; end: number } | undefined
  for (let base = 0, size = pageBytes; base < total; ) {
    const end = Math.min(total, base + size)
    const bytes = windows.read(base, end)
    const last = end === total
    const row = table.rowCount
    const starts = new Offsets(bytes.length >> 7)
    const ends = new Offsets(bytes.length >> 7)
    const broken = new Set<number>()
    const longest = size >= longestPiece
    let read = reader.read(bytes, { row, last, longest, issues: issuesOfPiece(issues, base, 0) }, (from, to, what) => {
      if (what === 'broken') broken.add(starts.length)
      starts.push(from)
      ends.push(to)
    })
    if (read === 0 && !longest) {
      size *= 2
      continue
    }
    if (read === 0) {
      // A line beyond all measure: it is not read, only where it ends.
      const { stop, next } = yield* endOfLine(windows, base + bytes.length, terminator)
      read = next - base
      starts.push(0)
      ends.push(stop - base)
      broken.add(0)
      issues.add('too-long', row, { start: base, end: base + 1 }, tooLongLine(stop - base))
    }
    const own = read < bytes.length ? bytes.subarray(0, read) : bytes
    const rows = { starts: starts.done(), ends: ends.done() }
    reportBytes(own, rows.starts, issuesOfPiece(issues, base, row))
    const lines = read > bytes.length ? 1 : countLineEnds(own)
    const open = read <= bytes.length && !endsLine(own)
    const linear = lines + (open ? 1 : 0) === rows.starts.length
    if (rows.starts.length > 0) first ??= { start: base + rows.starts[0]!, end: base + rows.ends[0]! }
    table.add({ base, size: read, row, line, ...rows, broken, linear }, lines)
    line += lines
    base += read
    size = pageBytes
    if (page) {
      table.tell(reader.columns(table.rowCount), [])
      page(table)
    }
    yield { phase: 'read', done: base, total }
  }
  if ('head' in reader) (reader as CsvPieces).head(first, total, issues)
  else if (!first) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
  table.tell(reader.columns(table.rowCount), issues.done())
  return table
}

/** Lines end with CR only where the file has no LF at all. */
function* lineEndOf(windows: Windows): Reading<number> {
  let back = false
  for (let at = 0; at < windows.length; at += usualPage) {
    const bytes = windows.read(at, Math.min(windows.length, at + usualPage))
    if (bytes.includes(0x0a)) return 0x0a
    back ||= bytes.includes(0x0d)
    yield { phase: 'read', done: 0, total: windows.length }
  }
  return back ? 0x0d : 0x0a
}

/** Where the line that `from` is in ends, and where the next one begins. */
function* endOfLine(
  windows: Windows,
  from: number,
  terminator: number,
): Reading<{ readonly stop: number; readonly next: number }> {
  for (let at = from; at < windows.length; at += usualPage) {
    const found = windows.read(at, Math.min(windows.length, at + usualPage)).indexOf(terminator)
    if (found >= 0) return { stop: at + found, next: at + found + 1 }
    yield { phase: 'read', done: at, total: windows.length }
  }
  return { stop: windows.length, next: windows.length }
}

/** Whole lines of a piece; a line that the piece cuts is left for the next one. */
function eachLine(
  bytes: Uint8Array,
  { terminator, last }: { readonly terminator: number; readonly last: boolean },
  line: (start: number, end: number) => void,
): number {
  let at = 0
  while (at < bytes.length) {
    const found = bytes.indexOf(terminator, at)
    if (found < 0 && !last) break
    const stop = found < 0 ? bytes.length : found
    line(at, stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop)
    at = stop + 1
  }
  return Math.min(at, bytes.length)
}

function jsonReader(source: Source, terminator: number): PieceReader {
  const lines = new JsonLines(new Uint8Array(0))
  return {
    read(bytes, { row, last, issues }, put) {
      lines.use(bytes)
      let next = row
      return eachLine(bytes, { terminator, last }, (start, end) => {
        const what = lines.read(start, end, next, issues)
        if (what === 'blank') return
        next++
        put(start, end, what)
      })
    },
    columns: rows => lines.columns(rows),
    table: typed((bytes, rows) => {
      const shape = lines.shape ?? 'object'
      const none = { columns: [], issues: () => [], remove: () => [] }
      return new JsonTable({ source: { ...source, bytes }, format: 'jsonl', shape, ...none, ...rows })
    }),
  }
}

function textReader(source: Source, terminator: number, head: Uint8Array): PieceReader {
  const style = fastTextStyle(head)
  return {
    read(bytes, { row, last, issues }, put) {
      let next = row
      return eachLine(bytes, { terminator, last }, (start, end) => {
        if (isBlankLine(bytes, start, end)) return
        const long = end - start > maxRecordBytes
        if (long) issues.add('too-long', next, { start, end: start + 1 }, tooLongLine(end - start))
        next++
        put(start, end, long ? 'broken' : 'good')
      })
    },
    columns: () => ['text', ...(style ? [style.several ? 'labels' : 'label'] : [])],
    table: style
      ? typed((bytes, rows) => new FastTextTable({ ...source, bytes }, { ...rows, issues: [] }, style))
      : (bytes, rows) => new TextTable({ ...source, bytes }, { ...rows, issues: [] }),
  }
}

function typed(make: PageTable): PageTable {
  return Object.assign(make, { typed: true })
}

interface CsvPieces extends PieceReader {
  head: CsvLines['reportHead']
}

function csvReader(
  source: Source,
  head: Uint8Array,
  { kind, given }: { readonly kind: 'csv' | 'tsv'; readonly given: NonNullable<DatasetFiles['format']> },
): CsvPieces {
  const lines = new CsvLines(head, kind, given)
  return {
    read(bytes, { row, last, longest, issues }, put) {
      lines.use(bytes)
      const { scanner } = lines
      let next = row
      let at = 0
      while (at < bytes.length) {
        scanner.record(at)
        if (scanner.cut && !last && !(longest && at === 0)) break
        const what = lines.judge(at, next, issues)
        if (what !== 'blank') {
          next++
          put(at, scanner.end, what)
        }
        at = scanner.next
      }
      return at
    },
    columns: () => lines.columns ?? [],
    head: (first, length, issues) => lines.reportHead(first, length, issues),
    table: (bytes, rows) =>
      new CsvTable({
        source: { ...source, bytes },
        kind,
        dialect: lines.dialect,
        columns: lines.columns ?? [],
        ...rows,
        issues: [],
      }),
  }
}

/** Line ends as editors count them: CRLF, LF or CR. */
function countLineEnds(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
  for (let at = bytes.indexOf(0x0d); at >= 0; at = bytes.indexOf(0x0d, at + 1)) if (bytes[at + 1] !== 0x0a) count++
  return count
}

function endsLine(bytes: Uint8Array): boolean {
  const byte = bytes[bytes.length - 1]
  return byte === 0x0a || byte === 0x0d
}
