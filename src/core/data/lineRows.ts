import type { Edit } from '../text/span.ts'

/**
 * The edits that take whole records out of a file of lines: each record goes with the terminator behind it. A last
 * record without one takes the terminator before its run of removed records, so that no empty line is left at the end.
 * `rows` ascending and distinct; neighbours become one edit.
 */
export function removeLines(
  bytes: Uint8Array,
  starts: Uint32Array,
  ends: Uint32Array,
  rows: readonly number[],
): Edit[] {
  const edits: { span: { start: number; end: number }; text: string }[] = []
  for (const row of rows) {
    const start = starts[row]
    const end = ends[row]
    if (start === undefined || end === undefined) throw new Error(`no row ${row}`)
    const after = end + terminatorAt(bytes, end)
    const last = edits.at(-1)
    const edit = last && last.span.end === start ? last : undefined
    const first = edit ? edit.span.start : start
    const from = after === end ? first - terminatorBefore(bytes, first) : first
    if (edit) edit.span = { start: from, end: after }
    else edits.push({ span: { start: from, end: after }, text: '' })
  }
  return edits
}

/** Bytes of the line terminator at `at`: CRLF 2, LF or CR 1, otherwise 0. */
export function terminatorAt(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x0a) return 1
  if (bytes[at] !== 0x0d) return 0
  return bytes[at + 1] === 0x0a ? 2 : 1
}

/** Bytes of the line terminator that ends at `at`. */
export function terminatorBefore(bytes: Uint8Array, at: number): number {
  if (at > 0 && bytes[at - 1] === 0x0d) return 1
  if (at > 0 && bytes[at - 1] === 0x0a) return at > 1 && bytes[at - 2] === 0x0d ? 2 : 1
  return 0
}
