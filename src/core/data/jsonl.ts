import { ColumnNames } from './columnNames.ts'
import { IssueList, type IssueSink, looksBinary, maxRecordBytes, readBytes, tooLongLine } from './issues.ts'
import { JsonScanner } from './jsonScan.ts'
import { described, JsonTable, type RecordShape } from './jsonTable.ts'
import { removeLines } from './lineRows.ts'
import { Offsets } from './offsets.ts'
import { type Reading, readAtOnce, readSlice } from './reading.ts'
import type { Source, Table } from './table.ts'

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
  const issues = new IssueList()
  const broken = new Set<number>()
  const starts = new Offsets(bytes.length >> 7)
  const ends = new Offsets(bytes.length >> 7)
  const lines = new JsonLines(bytes)
  const binary = looksBinary(bytes)
  const terminator = bytes.indexOf(0x0a) < 0 && bytes.indexOf(0x0d) >= 0 ? 0x0d : 0x0a
  for (let at = 0, told = 0; at < bytes.length && !binary; ) {
    if (at - told > readSlice) {
      told = at
      yield { phase: 'read', done: at, total: bytes.length }
    }
    const found = bytes.indexOf(terminator, at)
    const stop = found < 0 ? bytes.length : found
    const end = stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop
    const row = starts.length
    const what = lines.read(at, end, row, issues)
    if (what !== 'blank') {
      starts.push(at)
      ends.push(end)
      if (what === 'broken') broken.add(row)
    }
    at = stop + 1
  }
  const rows = { starts: starts.done(), ends: ends.done() }
  if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
  else {
    if (starts.length === 0) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
    yield* readBytes(bytes, rows.starts, issues)
  }
  return new JsonTable({
    source,
    format: 'jsonl',
    shape: lines.shape ?? 'object',
    columns: lines.columns(rows.starts.length),
    ...rows,
    broken,
    issues: () => issues.done(),
    remove: list => removeLines(bytes, rows.starts, rows.ends, list),
  })
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
