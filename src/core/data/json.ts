import { decoderOf } from '../text/decode.ts'
import type { Edit } from '../text/span.ts'
import { ColumnNames } from './columnNames.ts'
import { IssueList, looksBinary, maxRecordBytes, megabytes, reportBytes } from './issues.ts'
import { parseJsonl } from './jsonl.ts'
import { JsonScanner } from './jsonScan.ts'
import { described, JsonTable, type RecordShape } from './jsonTable.ts'
import { Offsets } from './offsets.ts'
import type { Source, Table } from './table.ts'

/** One list of records in a file, under the key it stands at. */
export interface JsonPart {
  /** `train` of `{"train": […]}`; undefined for a file that is one list. */
  readonly part: string | undefined
  readonly table: Table
}

/**
 * A `.json` file: a list of records, an object of lists (`{"train": […], "test": […]}`, or one list among other members, as
 * in `{"version": 1, "data": […]}`), or JSON Lines under that name. A broken record is an issue, and reading goes
 * on with the next one that begins as the first did.
 */
export function parseJson(source: Source): JsonPart[] {
  const { bytes } = source
  const issues = new IssueList()
  const binary = looksBinary(bytes)
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  const scanner = new JsonScanner(bytes)
  const first = binary ? bytes.length : scanner.space(0, bytes.length)
  if (first >= bytes.length) {
    if (!binary) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
    return [{ part: undefined, table: tableOf(source, [], { from: 0, to: 0 }, issues) }]
  }
  if (bytes[first] === 0x5b) {
    const list = readList(source, first, issues)
    const behind = scanner.space(list.to, bytes.length)
    if (list.closed && behind < bytes.length)
      issues.add('bad-json', undefined, { start: behind, end: behind + 1 }, 'Not JSON: something follows the list')
    if (list.rows.length === 0)
      issues.add('empty-file', undefined, { start: first, end: list.to }, 'The list holds no rows')
    return [{ part: undefined, table: tableOf(source, list.rows, list, issues) }]
  }
  if (bytes[first] !== 0x7b || isLines(bytes, scanner, first)) return [{ part: undefined, table: parseJsonl(source) }]
  return readObject(source, first, issues)
}

interface Row {
  readonly start: number
  readonly end: number
  readonly problem?: { readonly code: 'bad-json' | 'too-long'; readonly at: number; readonly message: string }
}

/** A list with its brackets at `from` and before `to`. */
interface List {
  readonly rows: Row[]
  readonly from: number
  readonly to: number
  readonly closed: boolean
}

function readList(source: Source, open: number, issues: IssueList): List {
  const { bytes } = source
  const scanner = new JsonScanner(bytes)
  const length = bytes.length
  const rows: Row[] = []
  let at = scanner.space(open + 1, length)
  if (bytes[at] === 0x5d) return { rows, from: open, to: at + 1, closed: true }
  const opener = bytes[at]!
  for (;;) {
    const end = scanner.value(at, length)
    const next = end < 0 ? -1 : scanner.space(end, length)
    if (end >= 0 && (bytes[next] === 0x2c || bytes[next] === 0x5d)) {
      const long = end - at > maxRecordBytes
      const message = `The record is ${megabytes(end - at)} MB long; rows beyond 16 MB are not read`
      rows.push(long ? { start: at, end, problem: { code: 'too-long', at, message } } : { start: at, end })
      if (bytes[next] === 0x5d) return { rows, from: open, to: next + 1, closed: true }
      at = scanner.space(next + 1, length)
      if (bytes[at] !== 0x5d) continue
      issues.add('bad-json', undefined, { start: next, end: next + 1 }, 'Not JSON: a comma before ]')
      return { rows, from: open, to: at + 1, closed: true }
    }
    // The record is broken, or what separates it from the next one is.
    const whole = end >= 0
    const fault = Math.min(whole ? next : scanner.errorAt, length - 1)
    const why = whole ? 'expected , or ] after a record' : scanner.error
    const again = resume(bytes, scanner, { fault, opener, start: at })
    const stop = trimEnd(bytes, at + 1, again < 0 ? length : again)
    rows.push({ start: at, end: stop, problem: { code: 'bad-json', at: fault, message: `Not JSON: ${why}` } })
    if (again < 0) return { rows, from: open, to: length, closed: false }
    at = again
  }
}

/**
 * Where the next record begins after a fault: a line that opens as the records do, as deep as this one; or, where
 * records do not begin lines, an opening bracket behind `},` .
 */
function resume(
  bytes: Uint8Array,
  scanner: JsonScanner,
  from: { readonly fault: number; readonly opener: number; readonly start: number },
): number {
  const { fault, opener, start } = from
  const line = bytes.lastIndexOf(0x0a, start)
  const indent = start - line
  const ownLine = scanner.space(line + 1, start) === start
  const closer = opener === 0x5b ? 0x5d : 0x7d
  for (let at = Math.max(fault, start + 1); at < bytes.length; at++) {
    if (bytes[at] !== opener) continue
    if (ownLine) {
      if (at - bytes.lastIndexOf(0x0a, at) === indent && scanner.space(at - indent + 1, at) === at) return at
      continue
    }
    let before = at - 1
    while (before > start && isSpace(bytes[before]!)) before--
    if (bytes[before] !== 0x2c) continue
    before--
    while (before > start && isSpace(bytes[before]!)) before--
    if (bytes[before] === closer) return at
  }
  return -1
}

/** An offset before the comma and the space that end [start, end). */
function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && (isSpace(bytes[at - 1]!) || bytes[at - 1] === 0x2c)) at--
  return at
}

function readObject(source: Source, first: number, issues: IssueList): JsonPart[] {
  const { bytes } = source
  const scanner = new JsonScanner(bytes)
  const decode = decoderOf(bytes)
  const parts: { part: string; list: List }[] = []
  let at = scanner.space(first + 1, bytes.length)
  while (at < bytes.length && bytes[at] === 0x22) {
    const close = scanner.string(at, bytes.length)
    const colon = close < 0 ? -1 : scanner.space(close, bytes.length)
    if (close < 0 || bytes[colon] !== 0x3a) break
    const value = scanner.space(colon + 1, bytes.length)
    let end: number
    if (bytes[value] === 0x5b && isRecords(bytes, scanner, value)) {
      const list = readList(source, value, issues)
      parts.push({ part: JSON.parse(decode(at, close)) as string, list })
      end = list.to
    } else end = scanner.value(value, bytes.length)
    if (end < 0) break
    at = scanner.space(end, bytes.length)
    if (bytes[at] === 0x2c) at = scanner.space(at + 1, bytes.length)
    else break
  }
  if (bytes[at] !== 0x7d) {
    const place = Math.min(at, bytes.length - 1)
    issues.add(
      'bad-json',
      undefined,
      { start: place, end: place + 1 },
      'Not JSON: the object around the lists is not whole',
    )
  }
  if (parts.length === 0) {
    const message = 'The file holds an object without a list of records'
    issues.add('empty-file', undefined, { start: first, end: first + 1 }, message)
    return [{ part: undefined, table: tableOf(source, [], { from: first, to: first }, issues) }]
  }
  // What concerns the file as a whole is told once, with its first list.
  return parts.map(({ part, list }, p) => ({
    part,
    table: tableOf(source, list.rows, list, p === 0 ? issues : new IssueList(), part),
  }))
}

/** Does a list begin with a record, rather than a number of some setting? */
function isRecords(bytes: Uint8Array, scanner: JsonScanner, open: number): boolean {
  const at = scanner.space(open + 1, bytes.length)
  return bytes[at] === 0x7b || bytes[at] === 0x5b || bytes[at] === 0x22
}

/** JSON Lines under the name `.json`: the first line is a whole object, or the second begins one. */
function isLines(bytes: Uint8Array, scanner: JsonScanner, first: number): boolean {
  const feed = bytes.indexOf(0x0a, first)
  const line = feed < 0 ? bytes.length : feed
  const second = scanner.space(line, bytes.length)
  const members = scanner.members(first, line)
  if (members >= 0) return second < bytes.length || !hasList(bytes, scanner, members)
  return bytes[second] === 0x7b && bytes[second - 1] === 0x0a
}

/** Is a member of the object just scanned a list of records? */
function hasList(bytes: Uint8Array, scanner: JsonScanner, members: number): boolean {
  for (let m = 0; m < members; m++) {
    const value = scanner.spans[m * 4 + 2]!
    const inner = scanner.space(value + 1, bytes.length)
    if (bytes[value] === 0x5b && (bytes[inner] === 0x7b || bytes[inner] === 0x5b)) return true
  }
  return false
}

function tableOf(
  source: Source,
  rows: readonly Row[],
  list: { from: number; to: number },
  issues: IssueList,
  part?: string,
): Table {
  const { bytes } = source
  const scanner = new JsonScanner(bytes)
  const columns = new ColumnNames(bytes)
  const starts = new Offsets(rows.length)
  const ends = new Offsets(rows.length)
  const broken = new Set<number>()
  const whole = rows.find(row => !row.problem)
  const shape = whole ? shapeAt(bytes, whole.start) : 'object'
  for (const [r, row] of rows.entries()) {
    starts.push(row.start)
    ends.push(row.end)
    let { problem }: { problem?: { code: 'bad-json' | 'too-long' | 'not-an-object'; at: number; message: string } } =
      row
    const here = shapeAt(bytes, row.start)
    if (!problem && here !== shape)
      problem = {
        code: 'not-an-object',
        at: row.start,
        message: `The row is ${described[here]}, the first one ${described[shape]}`,
      }
    if (problem) {
      broken.add(r)
      issues.add(problem.code, r, { start: problem.at, end: problem.at + 1 }, problem.message)
    } else if (here === 'array') columns.seeIndexes(scanner.elements(row.start, row.end))
    else if (here === 'object') {
      const twice = columns.see(scanner.spans, scanner.members(row.start, row.end), r)
      if (twice)
        issues.add(
          'duplicate-key',
          r,
          { start: twice.start, end: twice.end },
          `The key "${twice.name}" stands twice; the last one counts`,
        )
    }
  }
  const offsets = { starts: starts.done(), ends: ends.done() }
  reportBytes(bytes, offsets.starts, issues, list)
  return new JsonTable({
    source,
    format: 'json',
    ...(part === undefined ? {} : { part }),
    shape,
    columns: shape === 'value' ? ['text'] : columns.names,
    ...offsets,
    broken,
    issues: issues.done(),
    remove: removed => removeElements(offsets, list, removed),
  })
}

/**
 * The edits that take elements out of a list, each run with the separators that would be left over: the one before it, or
 * behind it at the start of the list.
 */
function removeElements(
  offsets: { readonly starts: Uint32Array; readonly ends: Uint32Array },
  list: { readonly from: number; readonly to: number },
  rows: readonly number[],
): Edit[] {
  const { starts, ends } = offsets
  const edits: Edit[] = []
  for (let r = 0; r < rows.length; ) {
    const first = rows[r]!
    let last = first
    while (rows[++r] === last + 1) last++
    if (ends[last] === undefined) throw new Error(`no row ${last}`)
    const all = first === 0 && last === starts.length - 1
    const start = all ? list.from + 1 : first > 0 ? ends[first - 1]! : starts[0]!
    const end = all ? list.to - 1 : first > 0 ? ends[last]! : starts[last + 1]!
    edits.push({ span: { start, end }, text: '' })
  }
  return edits
}

function shapeAt(bytes: Uint8Array, at: number): RecordShape {
  return bytes[at] === 0x7b ? 'object' : bytes[at] === 0x5b ? 'array' : 'value'
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
