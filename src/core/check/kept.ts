import type { Table } from '../data/table.ts'
import type { Kept } from '../sign/signatures.ts'

/**
 * The rows at the head and the tail of a table that an older version of it had, too. A row whose bytes are the same and
 * whose columns mean the same says the same, so what was learned about it still holds.
 */
export function keptRows(old: Table, now: Table): Kept {
  if (old === now) return { head: now.rowCount, tail: 0 }
  if (now.kept?.of.deref() === old) return { head: now.kept.head, tail: now.kept.tail }
  const known = now.keptSince?.(old)
  if (known) return { head: known.head, tail: known.tail }
  // Without places in bytes there is nothing to compare.
  if (old.readOnly || now.readOnly || old.source.windows || now.source.windows) return { head: 0, tail: 0 }
  // No columns and one without a name join to the same.
  if (old.format !== now.format || old.columns.length !== now.columns.length) return { head: 0, tail: 0 }
  if (old.columns.join('\0') !== now.columns.join('\0')) return { head: 0, tail: 0 }
  const a = old.source.bytes
  const b = now.source.bytes
  const least = Math.min(a.length, b.length)
  const prefix = commonPrefix(a, b, least)
  const suffix = prefix === least && a.length === b.length ? 0 : commonSuffix(a, b, least)
  const rows = Math.min(old.rowCount, now.rowCount)
  const shift = b.length - a.length
  // Records begin where the one before ends, so a common prefix has common records; the last one may go on differently.
  let head = lowerBound(rows, row => old.rowSpan(row).end < prefix && now.rowSpan(row).end < prefix)
  while (head > 0 && !sameRow(old, now, head - 1, head - 1, 0)) head--
  const tailStart = a.length - suffix
  let tail = 0
  while (tail < rows - head) {
    const oldRow = old.rowCount - 1 - tail
    const newRow = now.rowCount - 1 - tail
    if (old.rowSpan(oldRow).start < tailStart || !sameRow(old, now, oldRow, newRow, shift)) break
    tail++
  }
  return { head, tail }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Four bytes at a time: files of many megabytes are compared at every key that is typed. */
function commonPrefix(a: Uint8Array, b: Uint8Array, most: number): number {
  const [x, y] = [viewOf(a), viewOf(b)]
  let at = 0
  while (at + 4 <= most && x.getInt32(at) === y.getInt32(at)) at += 4
  while (at < most && a[at] === b[at]) at++
  return at
}

function commonSuffix(a: Uint8Array, b: Uint8Array, most: number): number {
  const [x, y] = [viewOf(a), viewOf(b)]
  let count = 0
  while (count + 4 <= most && x.getInt32(a.length - count - 4) === y.getInt32(b.length - count - 4)) count += 4
  while (count < most && a[a.length - count - 1] === b[b.length - count - 1]) count++
  return count
}

function sameRow(old: Table, now: Table, oldRow: number, newRow: number, shift: number): boolean {
  const before = old.rowSpan(oldRow)
  const after = now.rowSpan(newRow)
  return (
    before.start + shift === after.start &&
    before.end + shift === after.end &&
    old.broken(oldRow) === now.broken(newRow)
  )
}

/** How many of the first `count` rows satisfy what holds for a first part of them only. */
function lowerBound(count: number, holds: (row: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) low = middle + 1
    else high = middle
  }
  return low
}
