import { ColumnNames } from './columnNames.ts'
import { type IssueList, maxRecordBytes, reportBytes, tooLongLine } from './issues.ts'
import { JsonScanner } from './jsonScan.ts'
import { JsonTable } from './jsonTable.ts'
import { removeLines } from './lineRows.ts'
import { Offsets } from './offsets.ts'
import type { Source } from './table.ts'

const opener = 0x7b

/**
 * Do objects stand one behind the other, each on several lines as `jq` prints them, or several on one line? Told by the first one. Where it is the
 * only one, this is no such file, but one object.
 */
export function areValues(bytes: Uint8Array): boolean {
  const { from, end } = firstObject(bytes)
  if (end < 0) return false
  const scanner = new JsonScanner(bytes)
  const next = scanner.space(end, bytes.length)
  if (bytes[next] !== opener) return false
  return hasLineEnd(bytes, from, end) || !hasLineEnd(bytes, end, next)
}

/** Is this, under the name of JSON Lines, something else: a list, or objects that take several lines or share one? */
export function isOtherJson(bytes: Uint8Array): boolean {
  const scanner = new JsonScanner(bytes)
  const first = scanner.space(0, bytes.length)
  if (bytes[first] === 0x5b) return startsList(bytes, first)
  const { from, end } = firstObject(bytes)
  return end > 0 && (hasLineEnd(bytes, from, end) || areValues(bytes))
}

/** Is the bracket alone on its line, as pretty-printed lists begin; or is the file one line, a list of objects that are no turns of a conversation? */
function startsList(bytes: Uint8Array, open: number): boolean {
  let at = open + 1
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++
  if (bytes[at] === 0x0a) return true
  if (bytes[at] !== opener || /^\{\s*"(role|from)"/.test(String.fromCharCode(...bytes.subarray(at, at + 40))))
    return false
  const feed = bytes.indexOf(0x0a, at)
  return feed < 0 || new JsonScanner(bytes).space(feed, bytes.length) === bytes.length
}

function firstObject(bytes: Uint8Array): { readonly from: number; readonly end: number } {
  const scanner = new JsonScanner(bytes)
  const from = scanner.space(0, bytes.length)
  return { from, end: bytes[from] === opener ? scanner.value(from, bytes.length) : -1 }
}

function hasLineEnd(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === 0x0a || bytes[at] === 0x0d) return true
  return false
}

/** Reads such a file: a row an object. A broken one is an issue, and reading goes on where a line begins another one. */
export function readValues(source: Source, issues: IssueList): JsonTable {
  const { bytes } = source
  const { length } = bytes
  const scanner = new JsonScanner(bytes)
  const columns = new ColumnNames(bytes)
  const starts = new Offsets()
  const ends = new Offsets()
  const broken = new Set<number>()
  for (let at = scanner.space(0, length); at < length; at = scanner.space(at, length)) {
    const row = starts.length
    const count = bytes[at] === opener ? scanner.objectAt(at, length) : -1
    const fail = (code: 'bad-json' | 'too-long' | 'not-an-object', place: number, message: string) => {
      broken.add(row)
      issues.add(code, row, { start: place, end: Math.min(length, place + 1) }, message)
    }
    starts.push(at)
    if (count >= 0) {
      const end = scanner.stop
      ends.push(end)
      const twice = columns.see(scanner.spans, count, row)
      if (twice) {
        const message = `The key "${twice.name}" stands twice; the last one counts`
        issues.add('duplicate-key', row, { start: twice.start, end: twice.end }, message)
      }
      if (end - at > maxRecordBytes) fail('too-long', at, tooLongLine(end - at).replace('line', 'record'))
      at = end
      continue
    }
    const value = bytes[at] === opener ? -1 : scanner.value(at, length)
    const message = value < 0 ? `Not JSON: ${scanner.error}` : 'The row is no object, as the first one is'
    fail(value < 0 ? 'bad-json' : 'not-an-object', value < 0 ? Math.min(scanner.errorAt, length - 1) : at, message)
    const next = value < 0 ? nextObject(bytes, at) : value
    let end = next
    while (end > at + 1 && bytes[end - 1]! <= 0x20) end--
    ends.push(end)
    at = next
  }
  const rows = { starts: starts.done(), ends: ends.done() }
  reportBytes(bytes, rows.starts, issues)
  return new JsonTable({
    source,
    format: 'json',
    shape: 'object',
    columns: columns.names,
    ...rows,
    broken,
    issues: () => issues.done(),
    remove: list => removeLines(bytes, rows.starts, rows.ends, list),
  })
}

/** The next line that begins with a brace; the end where there is none. */
function nextObject(bytes: Uint8Array, from: number): number {
  for (let feed = bytes.indexOf(0x0a, from); feed >= 0; feed = bytes.indexOf(0x0a, feed + 1))
    if (bytes[feed + 1] === opener) return feed + 1
  return bytes.length
}
