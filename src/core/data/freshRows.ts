import type { Edit, Span } from '../text/span.ts'
import { byteFaults } from '../text/utf8.ts'
import { CsvTable } from './csv.ts'
import { csvDialect, hasHeader, sampleBytes } from './csvDialect.ts'
import { CsvScanner } from './csvScan.ts'
import { looksBinary } from './issues.ts'
import { parseJsonl } from './jsonl.ts'
import { Offsets } from './offsets.ts'
import { bytesOf, lengthOf, type Table } from './table.ts'

/** What an edit makes of some rows: those from `from` to before `tail`, the bytes [start, end), are now those of `fresh`. */
export interface FreshRows {
  readonly from: number
  readonly tail: number
  readonly start: number
  readonly end: number
  readonly fresh: Table
}

/** How far reading goes on at most for the boundaries of records to meet again. */
const mostRead = 1 << 20

/**
 * Reads the lines of a JSON Lines file that an edit touches; undefined where only reading the whole file would do: where a line
 * is not as the others.
 */
export function freshJsonl(table: Table, { span, text }: Edit, version: number): FreshRows | undefined {
  const touched = touchedRows(table, span)
  if (!touched) return undefined
  const { from, to } = touched
  const { start } = table.rowSpan(from)
  if (span.start < start) return undefined
  const end = Math.max(span.end, table.rowSpan(to).end)
  const bytes = edited(table, { start, end }, { span, text })
  if (bytes.includes(13) && !bytes.includes(10)) return undefined
  const { uri, encoding, bom } = table.source
  const fresh = parseJsonl({ uri, encoding, bom: bom && start === 0, version, bytes })
  const isBlank = fresh.rowCount === 0 && bytes.every(byte => byte === 10 || byte === 13 || byte === 32)
  if (!isBlank && (fresh.issues.length > 0 || fresh.columns.join('\0') !== table.columns.join('\0'))) return undefined
  return { from, tail: to + 1, start, end, fresh }
}

/**
 * Reads the records of a CSV or TSV file from the one before an edit on, until a record begins where one began: a quote may
 * move the boundaries of all that follow. Undefined where only reading the whole file would do: where there would be anything to
 * report, where the header changes, where the file could be read in another way, where the boundaries do not meet for long.
 * `like` is a table of rows of the same file.
 */
export function freshCsv(table: Table, like: CsvTable, edit: Edit, version: number): FreshRows | undefined {
  const { span } = edit
  if (span.start < table.rowSpan(0).start || !isReadAlike(table, like, edit)) return undefined
  const touched = touchedRows(table, span)
  if (!touched) return undefined
  // Where the record before ends depends on what follows it.
  const from = Math.max(0, touched.from - 1)
  const { start } = table.rowSpan(from)
  if (span.start < start) return undefined
  const length = lengthOf(table.source)
  const { uri, encoding } = table.source
  const { kind, dialect, columns } = like.records
  for (let more = 2; ; more *= 8) {
    const last = touched.to + more
    const stop = last < table.rowCount ? table.rowSpan(last).start : length
    if (stop - start > mostRead) return undefined
    const bytes = edited(table, { start, end: stop }, edit)
    // A line feed behind the carriage return of the header would be of its line end.
    if (from === 0 && bytes[0] === 0x0a) return undefined
    const shift = start + bytes.length - stop
    const found = readRecords(bytes, { scanner: new CsvScanner(bytes, dialect), columns: columns.length }, at => {
      const old = at + start - shift
      return old >= span.end && rowAt(table, old) !== undefined
    })
    if (found.cut && stop < length) continue
    if (found.broken) return undefined
    const end = found.at + start - shift
    const own = bytes.subarray(0, found.at)
    const faults = byteFaults(own, 1)
    if (faults.badCount + faults.nulCount > 0) return undefined
    const source = { uri, encoding, bom: false, version, bytes: own }
    const { starts, ends } = found
    const fresh = new CsvTable({ source, kind, dialect, columns, starts, ends, broken: new Set(), issues: [] })
    return { from, tail: rowAt(table, end) ?? table.rowCount, start, end, fresh }
  }
}

interface Records {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Where reading stopped. */
  readonly at: number
  /** The last record is not as it should be. */
  readonly broken: boolean
  /** The bytes ended within it. */
  readonly cut: boolean
}

/** Reads records until one begins where `met` says so, or is not as it should be. */
function readRecords(
  bytes: Uint8Array,
  { scanner, columns }: { readonly scanner: CsvScanner; readonly columns: number },
  met: (at: number) => boolean,
): Records {
  const starts = new Offsets(16)
  const ends = new Offsets(16)
  let at = 0
  let broken = false
  for (; at < bytes.length && !met(at); at = scanner.next) {
    scanner.record(at)
    if (scanner.end === at) continue
    broken = scanner.problem !== undefined || scanner.count !== columns
    if (broken) break
    starts.push(at)
    ends.push(scanner.end)
  }
  return { starts: starts.done(), ends: ends.done(), at, broken, cut: broken && scanner.cut }
}

/** Would the edited file be read with the same delimiter, quotes and header? They are told from its first part. */
function isReadAlike(table: Table, like: CsvTable, edit: Edit): boolean {
  if (edit.span.start > sampleBytes) return true
  const end = Math.min(lengthOf(table.source), edit.span.end + sampleBytes + 1)
  const head = edited(table, { start: 0, end }, edit).subarray(0, sampleBytes + 1)
  const { kind, dialect } = like.records
  const now = csvDialect(head, kind)
  return (
    !looksBinary(head) && now.delimiter === dialect.delimiter && now.quote === dialect.quote && hasHeader(head, now)
  )
}

const encoder = new TextEncoder()

/** Bytes of a table's source, of which an edit is a part, after it. */
function edited(table: Table, { start, end }: Span, { span, text }: Edit): Uint8Array {
  const old = bytesOf(table.source, { start, end })
  return joinedBytes(old.subarray(0, span.start - start), encoder.encode(text), old.subarray(span.end - start))
}

/** The rows that an edit touches, or the one before it; undefined where there is none. */
function touchedRows(table: Table, { start, end }: Span): { readonly from: number; readonly to: number } | undefined {
  const from = firstRow(table, row => table.rowSpan(row).end >= start)
  const to = firstRow(table, row => table.rowSpan(row).start > end) - 1
  if (from <= to) return { from, to }
  return to < 0 ? undefined : { from: to, to }
}

/** The row that begins at an offset. */
function rowAt(table: Table, offset: number): number | undefined {
  const row = firstRow(table, one => table.rowSpan(one).start >= offset)
  return row < table.rowCount && table.rowSpan(row).start === offset ? row : undefined
}

/** The first row for which this holds; it holds for a last part of them only. */
function firstRow(table: Table, holds: (row: number) => boolean): number {
  let low = 0
  let high = table.rowCount
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

export function joinedBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
