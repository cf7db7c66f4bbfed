import { formatPatch, structuredPatch } from 'diff'
import type { Edit } from '../core/text/span.ts'

const context = 3

/**
 * The edits as a unified diff that `patch -p1` and `git apply` take. Only the lines near edits are compared, so that the
 * cost is that of the edits, not of the file. `edits` are ordered and do not overlap; lines end with LF, as diffs know them.
 */
export function unifiedDiff(name: string, before: Uint8Array, edits: readonly Edit[]): string {
  const bytes = Buffer.from(before.buffer, before.byteOffset, before.length)
  const hunks = []
  let line = 0
  let counted = 0
  let shift = 0
  for (let first = 0; first < edits.length; ) {
    const start = linesBefore(bytes, edits[first]!.span.start, context)
    let last = first
    let end = linesAfter(bytes, edits[last]!.span.end, context)
    // Regions that meet become one, or a line would stand in two hunks.
    while (last + 1 < edits.length && linesBefore(bytes, edits[last + 1]!.span.start, context) <= end)
      end = Math.max(end, linesAfter(bytes, edits[++last]!.span.end, context))
    const old = bytes.toString('utf8', start, end)
    let now = ''
    let at = start
    for (const edit of edits.slice(first, last + 1)) {
      now += bytes.toString('utf8', at, edit.span.start) + edit.text
      at = edit.span.end
    }
    now += bytes.toString('utf8', at, end)
    line += count(bytes, counted, start)
    counted = start
    for (const hunk of structuredPatch('', '', old, now, '', '', { context }).hunks)
      hunks.push({ ...hunk, oldStart: hunk.oldStart + line, newStart: hunk.newStart + line + shift })
    shift += newlines(now) - newlines(old)
    first = last + 1
  }
  if (!hunks.length) return ''
  return formatPatch(
    { oldFileName: `a/${name}`, newFileName: `b/${name}`, oldHeader: '', newHeader: '', hunks } as never,
    { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  )
}

/** The start of the line `lines` above the one that holds `at`. */
function linesBefore(bytes: Buffer, at: number, lines: number): number {
  let start = at
  for (let n = 0; n <= lines; n++) {
    if (start === 0) return 0
    const found = bytes.lastIndexOf(0x0a, n === 0 ? start - 1 : start - 2)
    if (found < 0) return 0
    start = found + 1
  }
  return start
}

/** The end (behind the LF) of the line `lines` below the one that holds `at`. */
function linesAfter(bytes: Buffer, at: number, lines: number): number {
  let end = at
  for (let n = 0; n <= lines; n++) {
    const found = bytes.indexOf(0x0a, end)
    if (found < 0) return bytes.length
    end = found + 1
  }
  return end
}

function count(bytes: Buffer, from: number, to: number): number {
  let lines = 0
  for (let at = bytes.indexOf(0x0a, from); at >= 0 && at < to; at = bytes.indexOf(0x0a, at + 1)) lines++
  return lines
}

function newlines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
