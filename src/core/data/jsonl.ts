import { byteFaults } from '../text/utf8.ts'
import { ColumnNames, maxColumns } from './columnNames.ts'
import { IssueList, type IssueSink, issueLimit, looksBinary, maxRecordBytes, readBytes, tooLongLine } from './issues.ts'
import { JsonScanner } from './jsonScan.ts'
import { described, JsonTable, type RecordShape } from './jsonTable.ts'
import { removeLines } from './lineRows.ts'
import { Offsets } from './offsets.ts'
import { type Reading, readAtOnce, readSlice } from './reading.ts'
import type { Issue, Source, Table } from './table.ts'

/**
 * JSON Lines: one record a line, LF or CRLF (CR alone where the file has no LF). Blank lines are no rows. Records are
 * objects; a file whose first good record is an array or a string has rows of that shape.
 */
export function parseJsonl(source: Source): Table {
  return readAtOnce(readJsonl(source))
}

/** As `parseJsonl`, piece by piece. */
export function* readJsonl(source: Source): Reading<Table> {
  const { bytes } = source
  const binary = looksBinary(bytes)
  const found = new FoundLines(bytes, { from: 0, to: binary ? 0 : bytes.length }, lineEndOf(bytes))
  const issues = new IssueList()
  for (let told = 0; found.more(issues); ) {
    if (found.at - told <= readSlice) continue
    told = found.at
    yield { phase: 'read', done: told, total: bytes.length }
  }
  const rows = found.rows()
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  else {
    tellEmpty(rows.starts, issues)
    yield* readBytes(bytes, rows.starts, issues)
  }
  return tableOf(source, { ...rows, ...found.seen(), issues })
}

/** LF, or CR alone where the file has no LF. */
function lineEndOf(bytes: Uint8Array): number {
  return bytes.indexOf(0x0a) < 0 && bytes.indexOf(0x0d) >= 0 ? 0x0d : 0x0a
}

interface Rows {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly broken: ReadonlySet<number>
  readonly shape: RecordShape | undefined
  readonly columns: readonly string[]
  readonly issues: IssueList
}

function tellEmpty(starts: Uint32Array, issues: IssueList): void {
  if (starts.length === 0) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
}

function tableOf(source: Source, { starts, ends, broken, shape, columns, issues }: Rows): Table {
  return new JsonTable({
    source,
    format: 'jsonl',
    shape: shape ?? 'object',
    columns,
    starts,
    ends,
    broken,
    issues: () => issues.done(),
    remove: list => removeLines(source.bytes, starts, ends, list),
  })
}

/** The records of some lines, found one by one. */
class FoundLines {
  /** Where the next line begins. */
  at: number
  private readonly lines: JsonLines
  private readonly bytes: Uint8Array
  private readonly to: number
  private readonly lineEnd: number
  private readonly starts: Offsets
  private readonly ends: Offsets
  private readonly broken = new Set<number>()

  constructor(bytes: Uint8Array, { from, to }: { readonly from: number; readonly to: number }, lineEnd: number) {
    this.lines = new JsonLines(bytes)
    this.bytes = bytes
    this.at = from
    this.to = to
    this.lineEnd = lineEnd
    this.starts = new Offsets((to - from) >> 7)
    this.ends = new Offsets((to - from) >> 7)
  }

  /** Reads on for a while; false once nothing is left. */
  more(issues: IssueSink): boolean {
    const { bytes, to, lineEnd, starts, ends, lines } = this
    const stop = Math.min(to, this.at + readSlice / 4)
    let at = this.at
    while (at < stop) {
      const found = bytes.indexOf(lineEnd, at)
      const next = found < 0 ? bytes.length : found
      const end = next > at && bytes[next - 1] === 0x0d ? next - 1 : next
      const row = starts.length
      const what = lines.read(at, end, row, issues)
      if (what !== 'blank') {
        starts.push(at)
        ends.push(end)
        if (what === 'broken') this.broken.add(row)
      }
      at = next + 1
    }
    this.at = at
    return at < to
  }

  rows() {
    return { starts: this.starts.done(), ends: this.ends.done(), broken: this.broken }
  }

  seen() {
    return { shape: this.lines.shape, columns: this.lines.columns(this.starts.length) }
  }
}

/** What the lines [from, to) of a file hold, by themselves, as plain data. */
export interface JsonlPart {
  /** Of the first record that could be read. */
  readonly shape: RecordShape | undefined
  readonly columns: readonly string[]
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** By their number in this part, as the rows of the issues. */
  readonly broken: ReadonlySet<number>
  readonly issues: readonly Issue[]
  /** Some bytes are NUL, or not UTF-8. */
  readonly faulty: boolean
}

/**
 * Where the parts of a file begin that are of about so many bytes, and where the last one ends: at ends of lines, so that each is
 * read by itself. Undefined where it is not cut.
 */
export function jsonlCuts(bytes: Uint8Array, size: number): readonly number[] | undefined {
  const cuts = [0]
  for (let at = size; at < bytes.length; at += size) {
    const end = bytes.subarray(at, at + size).indexOf(0x0a)
    if (end >= 0) cuts.push(at + end + 1)
  }
  // Without a line feed other signs end the lines.
  return cuts.length === 1 || looksBinary(bytes) ? undefined : [...cuts, bytes.length]
}

/** Reads one part; undefined where so much is wrong with it that only the whole file says what. */
export function readJsonlPart(
  bytes: Uint8Array,
  part: { readonly from: number; readonly to: number },
): JsonlPart | undefined {
  const found = new FoundLines(bytes, part, 0x0a)
  const issues: Issue[] = []
  const sink: IssueSink = {
    add: (code, row, span, message) => void issues.push({ code, ...(row === undefined ? {} : { row }), span, message }),
  }
  for (let more = true; more; ) {
    more = found.more(sink)
    if (issues.length >= issueLimit) return undefined
  }
  const { badCount, nulCount } = byteFaults(bytes.subarray(part.from, part.to), 1)
  return { ...found.rows(), ...found.seen(), issues, faulty: badCount + nulCount > 0 }
}

/**
 * The table of a file from all its parts, in their order: what `readJsonl` makes of it. Undefined where it depends on an earlier
 * part how a later one is read.
 */
export function* joinJsonlParts(source: Source, parts: readonly JsonlPart[]): Reading<Table | undefined> {
  const shape = parts.find(part => part.shape !== undefined)?.shape
  if (parts.some(part => part.shape !== undefined && part.shape !== shape)) return undefined
  const columns = [...new Set(parts.flatMap(part => part.columns))]
  if (columns.length >= maxColumns) return undefined
  const count = parts.reduce((sum, { starts }) => sum + starts.length, 0)
  // Where other threads see them, as they see the bytes.
  const starts = new Uint32Array(new SharedArrayBuffer(count * 4))
  const ends = new Uint32Array(new SharedArrayBuffer(count * 4))
  const broken = new Set<number>()
  const issues = new IssueList()
  let base = 0
  for (const part of parts) {
    starts.set(part.starts, base)
    ends.set(part.ends, base)
    for (const row of part.broken) broken.add(base + row)
    for (const { code, row, span, message } of part.issues)
      issues.add(code, row === undefined ? undefined : base + row, span, message)
    base += part.starts.length
  }
  tellEmpty(starts, issues)
  if (parts.some(part => part.faulty)) yield* readBytes(source.bytes, starts, issues)
  return tableOf(source, { starts, ends, broken, shape, columns, issues })
}

interface RowProblem {
  readonly code: 'bad-json' | 'not-an-object' | 'too-long'
  readonly at: number
  readonly message: string
}

/** Judges one line after the other; what the first ones are decides what the others must be. */
export class JsonLines {
  /** Of the first record that could be read. */
  shape: RecordShape | undefined
  private readonly names: ColumnNames
  private bytes: Uint8Array
  private scanner: JsonScanner

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.scanner = new JsonScanner(bytes)
    this.names = new ColumnNames(bytes)
  }

  /** Goes on in the next piece of the file. */
  use(bytes: Uint8Array): void {
    this.bytes = bytes
    this.scanner = new JsonScanner(bytes)
    this.names.use(bytes)
  }

  /** Judges the line [start, end), which is row `row` unless it is blank. */
  read(start: number, end: number, row: number, issues: IssueSink): 'blank' | 'broken' | 'good' {
    const first = this.scanner.space(start, end)
    if (first >= end) return 'blank'
    const problem = this.problemOf(row, { start, first, end }, issues)
    if (!problem) return 'good'
    // Past the end of the line there is nothing to underline: point at its last byte.
    const at = Math.min(problem.at, end - 1)
    issues.add(problem.code, row, { start: at, end: at + 1 }, problem.message)
    return 'broken'
  }

  /** The columns of a file with so many rows. */
  columns(rows: number): readonly string[] {
    return this.shape === 'value' ? (rows > 0 ? ['text'] : []) : this.names.names
  }

  private problemOf(
    row: number,
    { start, first, end }: { readonly start: number; readonly first: number; readonly end: number },
    issues: IssueSink,
  ): RowProblem | undefined {
    const { bytes, scanner, names } = this
    if (end - start > maxRecordBytes) return { code: 'too-long', at: first, message: tooLongLine(end - start) }
    const here: RecordShape = bytes[first] === 0x7b ? 'object' : bytes[first] === 0x5b ? 'array' : 'value'
    const count =
      here === 'object'
        ? scanner.members(first, end)
        : here === 'array'
          ? scanner.elements(first, end)
          : scanner.only(first, end)
    if (count < 0) return { code: 'bad-json', at: scanner.errorAt, message: `Not JSON: ${scanner.error}` }
    this.shape ??= here
    if (here !== this.shape)
      return {
        code: 'not-an-object',
        at: first,
        message: `The row is ${described[here]}, the first one ${described[this.shape]}`,
      }
    if (here === 'array') names.seeIndexes(count)
    const twice = here === 'object' ? names.see(scanner.spans, count, row) : undefined
    if (twice) {
      const message = `The key "${twice.name}" stands twice; the last one counts`
      issues.add('duplicate-key', row, { start: twice.start, end: twice.end }, message)
    }
    return undefined
  }
}
