import type { Span } from './span.ts'
import { sequence, utf16Length } from './utf8.ts'

/** A place as editors count: 0-based line, 0-based column in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** As `Range` of `check/report.ts`: two positions, end exclusive. */
export interface LineRange {
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

/** Byte offsets as lines and columns, and back. */
export interface Lines {
  readonly lineCount: number
  position(offset: number): Position
  range(span: Span): LineRange
  offset(position: Position): number
  span(range: LineRange): Span
}

/**
 * Lines of a UTF-8 buffer as VS Code counts them: `\r\n`, `\n` and `\r` end a line. Columns are UTF-16 units of the
 * decoded text, where what is not UTF-8 counts as the U+FFFD that a decoder makes of it. Four bytes a line.
 */
export class LineIndex implements Lines {
  readonly lineCount: number
  private readonly bytes: Uint8Array
  private readonly starts: Uint32Array
  /** The last place asked for: ascending questions about one long line cost its length once. */
  private lastLine = 0
  private lastOffset = 0
  private lastColumn = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.starts = lineStarts(bytes)
    this.lineCount = this.starts.length
  }

  /** The place of a byte. Inside a character it is the character's place; beyond the end, the end. */
  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.bytes.length))
    const line = this.lineAt(at)
    let from = this.starts[line]!
    let column = 0
    if (line === this.lastLine && this.lastOffset <= at && this.lastOffset >= from) {
      from = this.lastOffset
      column = this.lastColumn
    }
    // A decoder sees the whole buffer, so a character that `at` cuts is not yet counted.
    const stop = Math.max(from, Math.min(boundaryBefore(this.bytes, from, at), this.lineEnd(line)))
    column += utf16Length(this.bytes, from, stop)
    this.lastLine = line
    this.lastOffset = stop
    this.lastColumn = column
    return { line, column }
  }

  range(span: Span): LineRange {
    const start = this.position(span.start)
    const end = this.position(span.end)
    return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
  }

  /** The byte of a place. Past the end of a line it is the line's end (before its break); in a surrogate pair, its start. */
  offset(position: Position): number {
    if (position.line < 0) return 0
    if (position.line >= this.lineCount) return this.bytes.length
    const end = this.lineEnd(position.line)
    let at = this.starts[position.line]!
    for (let units = 0; at < end && units < position.column; ) {
      const length = sequence(this.bytes, at, this.bytes.length)
      units += length === 4 ? 2 : 1
      if (units > position.column) break
      at += Math.abs(length)
    }
    return at
  }

  span(range: LineRange): Span {
    const start = this.offset({ line: range.line, column: range.column })
    return { start, end: this.offset({ line: range.endLine, column: range.endColumn }) }
  }

  /** First byte of a line. */
  lineStart(line: number): number {
    return this.starts[line] ?? this.bytes.length
  }

  /** The byte behind a line's last character: its break, or the end. */
  lineEnd(line: number): number {
    if (line + 1 >= this.lineCount) return this.bytes.length
    const next = this.starts[line + 1]!
    return this.bytes[next - 1] === 0x0a && next - 2 >= this.starts[line]! && this.bytes[next - 2] === 0x0d
      ? next - 2
      : next - 1
  }

  private lineAt(offset: number): number {
    let low = 0
    let high = this.starts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low
  }
}

function lineStarts(bytes: Uint8Array): Uint32Array {
  let starts = new Uint32Array(Math.max(64, bytes.length >> 6))
  let count = 1
  let feed = bytes.indexOf(0x0a)
  let back = bytes.indexOf(0x0d)
  while (feed >= 0 || back >= 0) {
    let at = feed
    if (back >= 0 && (feed < 0 || back < feed)) {
      at = back + 1 === feed ? feed : back
      back = bytes.indexOf(0x0d, at + 1)
    }
    if (at === feed) feed = bytes.indexOf(0x0a, at + 1)
    if (count === starts.length) {
      const grown = new Uint32Array(count * 2)
      grown.set(starts)
      starts = grown
    }
    starts[count++] = at + 1
  }
  return starts.slice(0, count)
}

/** The start of the character that `at` lies in, not before `from` (itself a start). */
function boundaryBefore(bytes: Uint8Array, from: number, at: number): number {
  if (at >= bytes.length || bytes[at]! < 0x80 || bytes[at]! >= 0xc0) return at
  // A continuation byte: try the up to three bytes before it as the start of a sequence that covers `at`.
  for (let start = at - 1; start >= from && start >= at - 3; start--) {
    const length = Math.abs(sequence(bytes, start, bytes.length))
    if (bytes[start]! >= 0xc0) return start + length > at ? start : at
  }
  return at
}
