import { decoderOf } from '../text/decode.ts'
import type { Edit } from '../text/span.ts'
import { ColumnNames } from './columnNames.ts'
import { IssueList, looksBinary, maxRecordBytes, megabytes, reportBytes } from './issues.ts'
import { parseJsonl } from './jsonl.ts'
import { JsonScanner } from './jsonScan.ts'
import { described, JsonTable, type RecordShape } from './jsonTable.ts'
import { areValues, readValues } from './jsonValues.ts'
import { Offsets } from './offsets.ts'
import { splitOfPart } from './splits.ts'
import type { Source, Table } from './table.ts'

/** One list of records in a file, under the key it stands at. */
export interface JsonPart {
  /** `train` of `{"train": […]}`; undefined for a file that is one list. */
  readonly part: string | undefined
  readonly table: Table
}

/**
 * A `.json` file: a list of records, an object of lists (`{"train": […], "test": […]}`, or one list among other members, as
 * in `{"version": 1, "data": […]}`), JSON Lines under that name, or objects of several lines behind each other. A broken record is an issue, and reading goes
 * on with the next one that begins as the first did.
 */
export function parseJson(source: Source): JsonPart[] {
  const { bytes } = source
  const issues = new IssueList()
  const binary = looksBinary(bytes)
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  const scanner = new JsonScanner(bytes)
  const first = scanner.space(0, bytes.length)
  if (binary) return noRows(source, issues)
  if (first >= bytes.length) {
    issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
    return noRows(source, issues)
  }
  if (bytes[first] === 0x5b) {
    const { table, to, closed } = readList(source, first, issues)
    const behind = scanner.space(to, bytes.length)
    if (closed && behind < bytes.length)
      issues.add('bad-json', undefined, { start: behind, end: behind + 1 }, 'Not JSON: something follows the list')
    if (table.rowCount === 0) issues.add('empty-file', undefined, { start: first, end: to }, 'The list holds no rows')
    return [{ part: undefined, table }]
  }
  if (areValues(bytes)) return [{ part: undefined, table: readValues(source, issues) }]
  const columns = bytes[first] === 0x7b ? columnsOf(bytes, first) : undefined
  if (columns) {
    const message = `The file holds columns (${columns.slice(0, 4).join(', ')}) instead of records: write it as a list of records, {"${columns[0]}": …, "${columns[1]}": …}`
    issues.add('not-an-object', undefined, { start: first, end: first + 1 }, message)
    return noRows(source, issues)
  }
  if (bytes[first] !== 0x7b || isLines(bytes, scanner, first)) return [{ part: undefined, table: parseJsonl(source) }]
  return readObject(source, first, issues)
}

/** A list that was read: its brackets at `from` and before `to`. */
interface List {
  readonly table: Table
  readonly to: number
  readonly closed: boolean
}

interface RowProblem {
  readonly code: 'bad-json' | 'too-long' | 'not-an-object'
  readonly at: number
  readonly message: string
}

/** Reads the list whose bracket is at `open`. `issues` are those of the file, to which the list's are added. */
function readList(source: Source, open: number, issues: IssueList, part?: string): List {
  const { bytes } = source
  const length = bytes.length
  const scanner = new JsonScanner(bytes)
  const columns = new ColumnNames(bytes)
  const starts = new Offsets()
  const ends = new Offsets()
  const broken = new Set<number>()
  let shape: RecordShape | undefined
  let at = scanner.space(open + 1, length)
  if (bytes[at] === 0x5d) return finish(at + 1, true)
  const opener = bytes[at]!
  for (;;) {
    const here = shapeAt(bytes, at)
    const count = here === 'object' ? scanner.objectAt(at, length) : here === 'array' ? scanner.arrayAt(at, length) : 0
    const end = here === 'value' ? scanner.value(at, length) : count < 0 ? -1 : scanner.stop
    const next = end < 0 ? -1 : scanner.space(end, length)
    if (next < 0 || (bytes[next] !== 0x2c && bytes[next] !== 0x5d)) {
      // The record is broken, or what separates it from the next one is.
      const fault = Math.min(end < 0 ? scanner.errorAt : next, length - 1)
      const again = resume(bytes, scanner, { fault, opener, start: at })
      const why = end < 0 ? scanner.error : 'expected , or ] after a record'
      add(trimEnd(bytes, at + 1, again < 0 ? length : again), {
        code: 'bad-json',
        at: fault,
        message: `Not JSON: ${why}`,
      })
      if (again < 0) return finish(length, false)
      at = again
      continue
    }
    add(end, problemOf(here, end, count))
    if (bytes[next] === 0x5d) return finish(next + 1, true)
    at = scanner.space(next + 1, length)
    if (bytes[at] !== 0x5d) continue
    issues.add('bad-json', undefined, { start: next, end: next + 1 }, 'Not JSON: a comma before ]')
    return finish(at + 1, true)
  }

  function problemOf(here: RecordShape, end: number, count: number): RowProblem | undefined {
    if (end - at > maxRecordBytes) {
      const message = `The record is ${megabytes(end - at)} MB long; rows beyond 16 MB are not read`
      return { code: 'too-long', at, message }
    }
    shape ??= here
    if (here !== shape)
      return { code: 'not-an-object', at, message: `The row is ${described[here]}, the first one ${described[shape]}` }
    if (here === 'array') columns.seeIndexes(count)
    const twice = here === 'object' ? columns.see(scanner.spans, count, starts.length) : undefined
    if (twice) {
      const message = `The key "${twice.name}" stands twice; the last one counts`
      issues.add('duplicate-key', starts.length, { start: twice.start, end: twice.end }, message)
    }
    return undefined
  }

  function add(end: number, problem: RowProblem | undefined): void {
    const row = starts.length
    starts.push(at)
    ends.push(end)
    if (!problem) return
    broken.add(row)
    issues.add(problem.code, row, { start: problem.at, end: problem.at + 1 }, problem.message)
  }

  function finish(to: number, closed: boolean): List {
    const offsets = { starts: starts.done(), ends: ends.done() }
    const list = { from: open, to }
    reportBytes(bytes, offsets.starts, issues, list)
    const table = new JsonTable({
      source,
      format: 'json',
      ...(part === undefined ? {} : { part }),
      shape: shape ?? 'object',
      columns: shape === 'value' ? ['text'] : columns.names,
      ...offsets,
      broken,
      issues: () => issues.done(),
      remove: removed => removeElements(offsets, list, removed),
    })
    return { table, to, closed }
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
  const parts: JsonPart[] = []
  let at = scanner.space(first + 1, bytes.length)
  while (at < bytes.length && bytes[at] === 0x22) {
    const close = scanner.string(at, bytes.length)
    const colon = close < 0 ? -1 : scanner.space(close, bytes.length)
    if (close < 0 || bytes[colon] !== 0x3a) break
    const value = scanner.space(colon + 1, bytes.length)
    let end: number
    if (bytes[value] === 0x5b && isRecords(bytes, scanner, value)) {
      const part = JSON.parse(decode(at, close)) as string
      // What concerns the file as a whole is told once, with its first list.
      const { table, to } = readList(source, value, parts.length ? new IssueList() : issues, part)
      parts.push({ part, table })
      end = to
    } else end = scanner.value(value, bytes.length)
    if (end < 0) break
    at = scanner.space(end, bytes.length)
    if (bytes[at] === 0x2c) at = scanner.space(at + 1, bytes.length)
    else break
  }
  if (bytes[at] !== 0x7d) {
    const place = Math.min(at, bytes.length - 1)
    const message = 'Not JSON: the object around the lists is not whole'
    issues.add('bad-json', undefined, { start: place, end: place + 1 }, message)
    for (const [k, { part, table }] of parts.entries())
      if (table instanceof JsonTable) parts[k] = { part, table: new JsonTable({ ...table.records, readOnly: true }) }
  }
  if (parts.some(({ table }) => table.rowCount > 0)) return parts
  const message = `The file holds an object without ${parts.length ? 'any row' : 'a list of records'}`
  issues.add('empty-file', undefined, { start: first, end: first + 1 }, message)
  return parts.length ? parts : noRows(source, issues)
}

/**
 * The names of the columns of a file that is one object of them, two or more as long as each other: `{"text": ["a", "b"], "label":
 * [0, 1]}`, or by row numbers as pandas writes it, `{"text": {"0": "a"}, "label": {"0": 0}}`. Lists named after splits are none.
 */
function columnsOf(bytes: Uint8Array, first: number): string[] | undefined {
  const scanner = new JsonScanner(bytes)
  const members = scanner.members(first, bytes.length)
  if (members < 2) return undefined
  const spans = scanner.spans.slice(0, members * 4)
  const decode = decoderOf(bytes)
  const names: string[] = []
  let rows = -1
  for (let m = 0; m < members; m++) {
    const [keyStart, keyEnd, start, end] = spans.subarray(m * 4, m * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    const inner = scanner.space(start + 1, end)
    const list = bytes[start] === 0x5b && bytes[inner] !== 0x7b && bytes[inner] !== 0x5b
    const numbered = bytes[start] === 0x7b && decode(inner, inner + 3) === '"0"'
    const count = list ? scanner.elements(start, end) : numbered ? scanner.members(start, end) : -1
    const name = decode(keyStart, keyEnd)
    if (count < 2 || (rows >= 0 && count !== rows) || splitOfPart(name) !== undefined) return undefined
    rows = count
    names.push(name)
  }
  return names
}

/** Is a list one of records, rather than of the numbers of some setting? An empty one may be: its rows may have been removed. */
function isRecords(bytes: Uint8Array, scanner: JsonScanner, open: number): boolean {
  const at = scanner.space(open + 1, bytes.length)
  return bytes[at] === 0x5d || bytes[at] === 0x7b || bytes[at] === 0x5b || bytes[at] === 0x22
}

/** JSON Lines under the name `.json`: the first line is a whole object, or the second begins one. */
function isLines(bytes: Uint8Array, scanner: JsonScanner, first: number): boolean {
  const feed = bytes.indexOf(0x0a, first)
  const line = feed < 0 ? bytes.length : feed
  const second = scanner.space(line, bytes.length)
  const members = scanner.members(first, line)
  if (members >= 0) return second < bytes.length || !hasList(bytes, scanner, members)
  // One object whose second line begins a record, as in `{"train": [`, is no broken first line.
  const end = scanner.value(first, bytes.length)
  if (end > 0 && scanner.space(end, bytes.length) === bytes.length) return false
  return bytes[second] === 0x7b && bytes[second - 1] === 0x0a
}

/** Is a member of the object just scanned a list of records, or is each of them some list? */
function hasList(bytes: Uint8Array, scanner: JsonScanner, members: number): boolean {
  let lists = 0
  for (let m = 0; m < members; m++) {
    const value = scanner.spans[m * 4 + 2]!
    if (bytes[value] !== 0x5b) continue
    lists++
    const inner = scanner.space(value + 1, bytes.length)
    if (bytes[inner] === 0x7b || bytes[inner] === 0x5b) return true
  }
  return lists > 0 && lists === members
}

/** The table of a file without rows, for what is wrong with it. */
function noRows(source: Source, issues: IssueList): JsonPart[] {
  const none = new Uint32Array(0)
  const records = { source, format: 'json', shape: 'object', columns: [], starts: none, ends: none } as const
  const table = new JsonTable({ ...records, broken: new Set(), issues: () => issues.done(), remove: () => [] })
  return [{ part: undefined, table }]
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
