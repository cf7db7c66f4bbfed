import { byteFaults } from '../text/utf8.ts'
import { below, changedBytes, joined } from './change.ts'
import { maxRecordBytes } from './issues.ts'
import { JsonScanner } from './jsonScan.ts'
import { JsonTable } from './jsonTable.ts'
import { removeLines } from './lineRows.ts'
import { Offsets } from './offsets.ts'
import type { Source, Table } from './table.ts'

/**
 * The table of a new version of a JSON Lines file, read in the lines that changed only; undefined where that could give
 * anything else than reading all of it: where there is or was anything to report, where a changed row has other keys than
 * the file's columns, where no row is left in the changed lines.
 */
export function changedJsonl(old: Table, source: Source): JsonTable | undefined {
  if (!(old instanceof JsonTable) || old.format !== 'jsonl' || old.part !== undefined) return undefined
  const { records } = old
  if (records.shape !== 'object' || records.broken.size > 0 || old.issues.length > 0) return undefined
  if (records.source.encoding !== source.encoding || records.source.uri !== source.uri) return undefined
  const a = records.source.bytes
  const b = source.bytes
  const change = changedBytes(a, b)
  const from = change.start === 0 ? 0 : a.lastIndexOf(0x0a, change.start - 1) + 1
  const found = a.indexOf(0x0a, change.end)
  // Lines end as before as long as one line feed stays where it was.
  if (from === 0 && found < 0) return undefined
  const shift = b.length - a.length
  const oldTo = found < 0 ? a.length : found
  const fresh = freshRows(b, from, oldTo + shift, old.columns)
  if (!fresh || fresh.starts.length === 0) return undefined
  const head = below(records.starts, from)
  const tail = below(records.starts, oldTo)
  const join = (before: Uint32Array, between: Uint32Array) => joined(before, between, { head, tail, shift })
  const starts = join(records.starts, fresh.starts)
  const ends = join(records.ends, fresh.ends)
  return new JsonTable({
    source,
    format: 'jsonl',
    shape: 'object',
    columns: old.columns,
    starts,
    ends,
    broken: new Set(),
    issues: () => [],
    remove: list => removeLines(b, starts, ends, list),
    kept: { of: new WeakRef(old), head, tail: records.starts.length - tail },
  })
}

/** Rows of the lines in [from, to), which ends at a line feed or the file's end; undefined where they are not as expected. */
function freshRows(bytes: Uint8Array, from: number, to: number, columns: readonly string[]) {
  const faults = byteFaults(bytes.subarray(from, to), 1)
  if (faults.badCount + faults.nulCount > 0) return undefined
  const scanner = new JsonScanner(bytes)
  const starts = new Offsets(16)
  const ends = new Offsets(16)
  for (let at = from; at < to; ) {
    const found = bytes.indexOf(0x0a, at)
    const stop = found < 0 || found > to ? to : found
    const end = stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop
    const first = scanner.space(at, end)
    if (first < end) {
      if (end - at > maxRecordBytes || bytes[first] !== 0x7b) return undefined
      const count = scanner.members(first, end)
      if (count !== columns.length) return undefined
      for (let m = 0; m < count; m++)
        if (!isName(bytes, scanner.spans[m * 4]!, scanner.spans[m * 4 + 1]!, columns[m]!)) return undefined
      starts.push(at)
      ends.push(end)
    }
    at = stop + 1
  }
  return { starts: starts.done(), ends: ends.done() }
}

/** Names of ASCII only: for others the file is read as a whole. */
function isName(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code > 127 || code === 0x5c || bytes[start + i] !== code) return false
  }
  return true
}
