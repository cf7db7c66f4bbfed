import { ColumnNames } from './columnNames.ts'
import { IssueList, looksBinary, maxRecordBytes, megabytes, readBytes } from './issues.ts'
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
  const columns = new ColumnNames(bytes)
  let shape: RecordShape | undefined
  const binary = looksBinary(bytes)
  if (binary) return yield* table('object')

  const scanner = new JsonScanner(bytes)
  const terminator = bytes.indexOf(0x0a) < 0 && bytes.indexOf(0x0d) >= 0 ? 0x0d : 0x0a
  for (let at = 0, told = 0; at < bytes.length; ) {
    if (at - told > readSlice) {
      told = at
      yield { phase: 'read', done: at, total: bytes.length }
    }
    const found = bytes.indexOf(terminator, at)
    const stop = found < 0 ? bytes.length : found
    const end = stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop
    const first = scanner.space(at, end)
    if (first < end) {
      const row = starts.length
      starts.push(at)
      ends.push(end)
      read(row, at, first, end)
    }
    at = stop + 1
  }
  if (starts.length === 0) issues.add('empty-file', undefined, { start: 0, end: 0 }, 'The file holds no rows')
  return yield* table(shape ?? 'object')

  function read(row: number, start: number, first: number, end: number): void {
    const problem = problemOf(row, start, first, end)
    if (!problem) return
    broken.add(row)
    // Past the end of the line there is nothing to underline: point at its last byte.
    const at = Math.min(problem.at, end - 1)
    issues.add(problem.code, row, { start: at, end: at + 1 }, problem.message)
  }

  function problemOf(row: number, start: number, first: number, end: number): RowProblem | undefined {
    const size = end - start
    if (size > maxRecordBytes)
      return {
        code: 'too-long',
        at: first,
        message: `The line is ${megabytes(size)} MB long; rows beyond 16 MB are not read`,
      }
    const here: RecordShape = bytes[first] === 0x7b ? 'object' : bytes[first] === 0x5b ? 'array' : 'value'
    const count =
      here === 'object'
        ? scanner.members(first, end)
        : here === 'array'
          ? scanner.elements(first, end)
          : scanner.only(first, end)
    if (count < 0) return { code: 'bad-json', at: scanner.errorAt, message: `Not JSON: ${scanner.error}` }
    shape ??= here
    if (here !== shape)
      return {
        code: 'not-an-object',
        at: first,
        message: `The row is ${described[here]}, the first one ${described[shape]}`,
      }
    if (here === 'array') columns.seeIndexes(count)
    const twice = here === 'object' ? columns.see(scanner.spans, count, row) : undefined
    if (twice) {
      const message = `The key "${twice.name}" stands twice; the last one counts`
      issues.add('duplicate-key', row, { start: twice.start, end: twice.end }, message)
    }
    return undefined
  }

  function* table(found: RecordShape): Reading<Table> {
    const rows = { starts: starts.done(), ends: ends.done() }
    if (binary) issues.add(binary.code, undefined, binary.span, binary.message)
    else yield* readBytes(bytes, rows.starts, issues)
    const names = found === 'value' ? (rows.starts.length ? ['text'] : []) : columns.names
    return new JsonTable({
      source,
      format: 'jsonl',
      shape: found,
      columns: names,
      ...rows,
      broken,
      issues: () => issues.done(),
      remove: list => removeLines(bytes, rows.starts, rows.ends, list),
    })
  }
}

interface RowProblem {
  readonly code: 'bad-json' | 'not-an-object' | 'too-long'
  readonly at: number
  readonly message: string
}
