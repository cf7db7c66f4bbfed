import { formatPatch, structuredPatch } from 'diff'
import type { Edit } from '../core/text/span.ts'
import type { Windows } from '../core/text/windows.ts'

const context = 3

/**
 * The edits as a unified diff that `patch -p1` and `git apply` take. Only the lines near edits are compared, so that the
 * cost is that of the edits, not of the file. `edits` are ordered and do not overlap; lines end with LF, as diffs know them.
 */
export function unifiedDiff(name: string, before: Windows, edits: readonly Edit[]): string {
  const bytes = new Blocks(before)
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
    const old = bytes.text(start, end)
    let now = ''
    let at = start
    for (const edit of edits.slice(first, last + 1)) {
      now += bytes.text(at, edit.span.start) + edit.text
      at = edit.span.end
    }
    now += bytes.text(at, end)
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
function linesBefore(bytes: Blocks, at: number, lines: number): number {
  let start = at
  for (let n = 0; n <= lines; n++) {
    if (start === 0) return 0
    const found = bytes.breakBefore(n === 0 ? start : start - 1)
    if (found < 0) return 0
    start = found + 1
  }
  return start
}

/** The end (behind the LF) of the line `lines` below the one that holds `at`. */
function linesAfter(bytes: Blocks, at: number, lines: number): number {
  let end = at
  for (let n = 0; n <= lines; n++) {
    const found = bytes.breakFrom(end)
    if (found < 0) return bytes.length
    end = found + 1
  }
  return end
}

function count(bytes: Blocks, from: number, to: number): number {
  let lines = 0
  for (let at = bytes.breakFrom(from); at >= 0 && at < to; at = bytes.breakFrom(at + 1)) lines++
  return lines
}

function newlines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

const blockBytes = 1 << 16

/** Looks for line breaks, one block after the other. */
class Blocks {
  readonly length: number
  private readonly windows: Windows
  private block: Buffer = Buffer.alloc(0)
  private base = -1

  constructor(windows: Windows) {
    this.windows = windows
    this.length = windows.length
  }

  text(start: number, end: number): string {
    return Buffer.from(this.windows.read(start, end)).toString('utf8')
  }

  /** The first line break at or behind `from`; -1 where there is none. */
  breakFrom(from: number): number {
    for (let at = from; at < this.length; at = this.base + blockBytes) {
      const found = this.open(at).indexOf(0x0a, at - this.base)
      if (found >= 0) return this.base + found
    }
    return -1
  }

  /** The last line break before `end`; -1 where there is none. */
  breakBefore(end: number): number {
    for (let at = end - 1; at >= 0; at = this.base - 1) {
      const found = this.open(at).lastIndexOf(0x0a, at - this.base)
      if (found >= 0) return this.base + found
    }
    return -1
  }

  private open(at: number): Buffer {
    const base = at - (at % blockBytes)
    if (base !== this.base) {
      const bytes = this.windows.read(base, Math.min(this.length, base + blockBytes))
      this.block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      this.base = base
    }
    return this.block
  }
}
