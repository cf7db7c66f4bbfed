import type { Edit, Span } from '../text/span.ts'

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
  return removeSpans({ byteAt: at => bytes[at], spanOf: row => spanIn(starts, ends, row) }, rows)
}

/** As `removeLines`, of a file whose bytes and records are asked for one by one. */
export function removeSpans(
  file: { readonly byteAt: (at: number) => number | undefined; readonly spanOf: (row: number) => Span },
  rows: readonly number[],
): Edit[] {
  const { byteAt, spanOf } = file
  const edits: { span: { start: number; end: number }; text: string }[] = []
  for (const row of rows) {
    const { start, end } = spanOf(row)
    const after = end + terminatorAt(byteAt, end)
    const last = edits.at(-1)
    const edit = last && last.span.end === start ? last : undefined
    const first = edit ? edit.span.start : start
    const from = after === end ? first - terminatorBefore(byteAt, first) : first
    if (edit) edit.span = { start: from, end: after }
    else edits.push({ span: { start: from, end: after }, text: '' })
  }
  return edits
}

function spanIn(starts: Uint32Array, ends: Uint32Array, row: number): Span {
  const start = starts[row]
  const end = ends[row]
  if (start === undefined || end === undefined) throw new Error(`no row ${row}`)
  return { start, end }
}

type ByteAt = (at: number) => number | undefined

/** Bytes of the line terminator at `at`: CRLF 2, LF or CR 1, otherwise 0. */
function terminatorAt(byteAt: ByteAt, at: number): number {
  const byte = byteAt(at)
  if (byte === 0x0a) return 1
  if (byte !== 0x0d) return 0
  return byteAt(at + 1) === 0x0a ? 2 : 1
}

/** Bytes of the line terminator that ends at `at`. */
function terminatorBefore(byteAt: ByteAt, at: number): number {
  const before = at > 0 ? byteAt(at - 1) : undefined
  if (before === 0x0d) return 1
  if (before === 0x0a) return at > 1 && byteAt(at - 2) === 0x0d ? 2 : 1
  return 0
}
