import { byteFaults } from '../text/utf8.ts'
import { below, changedBytes, joined } from './change.ts'
import { CsvTable } from './csv.ts'
import { csvDialect, hasHeader } from './csvDialect.ts'
import { CsvScanner } from './csvScan.ts'
import { looksBinary } from './issues.ts'
import { Offsets } from './offsets.ts'
import type { Source, Table } from './table.ts'

/**
 * The table of a new version of a CSV or TSV file, read in the records that changed only; undefined where that could give anything
 * else than reading all of it: where there is or was anything to report, where the header changed, where the file would now
 * be read in another way. A quote that is opened goes on as far as it goes: reading stops where a record begins that was one
 * before, behind the change.
 */
export function changedCsv(old: Table, source: Source): CsvTable | undefined {
  if (!(old instanceof CsvTable) || old.issues.length > 0 || old.records.broken.size > 0) return undefined
  const { records } = old
  const { kind, dialect, columns } = records
  if (records.source.encoding !== source.encoding || records.source.uri !== source.uri) return undefined
  const a = records.source.bytes
  const b = source.bytes
  const change = changedBytes(a, b)
  const first = records.starts[0]
  // A file of no rows has an issue, so there is a first one; what stands before it is the header.
  if (first === undefined || change.start < first || looksBinary(b)) return undefined
  const now = csvDialect(b, kind)
  if (now.delimiter !== dialect.delimiter || now.quote !== dialect.quote || !hasHeader(b, now)) return undefined
  // The record before is read as well: where it ends depends on the bytes behind it.
  const head = Math.max(0, below(records.starts, change.start + 1) - 2)
  const from = records.starts[head]!
  const shift = b.length - a.length
  const scanner = new CsvScanner(b, dialect)
  const starts = new Offsets(16)
  const ends = new Offsets(16)
  let tail = records.starts.length
  let at = from
  for (; at < b.length; at = scanner.next) {
    if (at - shift >= change.end) {
      const row = below(records.starts, at - shift)
      if (records.starts[row] === at - shift) {
        tail = row
        break
      }
    }
    scanner.record(at)
    if (scanner.end === at) continue
    if (scanner.problem || scanner.count !== columns.length) return undefined
    starts.push(at)
    ends.push(scanner.end)
  }
  const faults = byteFaults(b.subarray(from, at), 1)
  if (faults.badCount + faults.nulCount > 0) return undefined
  const rows = { head, tail, shift }
  const all = {
    starts: joined(records.starts, starts.done(), rows),
    ends: joined(records.ends, ends.done(), rows),
  }
  if (all.starts.length === 0) return undefined
  return new CsvTable({
    source,
    kind,
    dialect,
    columns,
    ...all,
    broken: new Set(),
    issues: [],
    kept: { of: new WeakRef(old), head, tail: records.starts.length - tail },
  })
}
