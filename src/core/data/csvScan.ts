import { maxRecordBytes } from './issues.ts'

/** How a file separates and quotes; bytes, so ASCII. `quote` is -1 where quotes mean nothing. */
export interface Dialect {
  readonly delimiter: number
  readonly quote: number
}

export type CsvProblem = 'unclosed-quote' | 'stray-quote' | 'text-after-quote' | 'too-long'

const lf = 0x0a
const cr = 0x0d

/**
 * Finds the fields of one record (RFC 4180, with LF, CRLF or CR between records). The same scan serves the first pass
 * and every later look at a row, so both always agree.
 *
 * Recovery. A quote that never closes would swallow the rest of the file. A quoted field is taken for unclosed when
 * the file (or `maxRecordBytes`) ends inside it, or when it spans lines and its closing quote is followed by
 * anything but a delimiter or a line end, which is what the next row's opening quote looks like from inside.
 * The record then ends with the physical line it began on, and reading goes on with the next line.
 */
export class CsvScanner {
  /** start, end (inside the quotes), kind a field: 0 bare, 1 quoted, 2 quoted with doubled quotes. */
  fields = new Uint32Array(96)
  count = 0
  /** End of the record without its line terminator, and start of the next one. */
  end = 0
  next = 0
  problem: CsvProblem | undefined
  problemAt = 0
  /** Did the bytes end where the record might have gone on? Of a piece of a file that says that more of it is needed. */
  cut = false
  private readonly bytes: Uint8Array
  private readonly dialect: Dialect

  constructor(bytes: Uint8Array, dialect: Dialect) {
    this.bytes = bytes
    this.dialect = dialect
  }

  /** Reads the record that starts at `from` (< length). */
  record(from: number): void {
    const b = this.bytes
    const length = b.length
    const { delimiter, quote } = this.dialect
    this.count = 0
    this.problem = undefined
    this.cut = false
    let i = from
    for (;;) {
      const start = i
      if (i < length && b[i] === quote) {
        i = this.quoted(from, start)
        if (i < 0) {
          this.recover(from, start)
          return
        }
      } else {
        while (i < length) {
          const c = b[i]!
          if (c === delimiter || c === lf || c === cr) break
          if (c === quote && !this.problem) this.note('stray-quote', i)
          i++
        }
        this.add(start, i, 0)
      }
      if (i < length && b[i] === delimiter) i++
      else break
    }
    this.finish(from, i)
  }

  /** Adds the quoted field that opens at `open`; the offset behind it, or -1 where it never closes. */
  private quoted(from: number, open: number): number {
    const b = this.bytes
    const length = b.length
    const { delimiter, quote } = this.dialect
    let kind = 1
    let lines = false
    let i = open + 1
    for (;;) {
      while (i < length && b[i] !== quote) {
        if (b[i] === lf || b[i] === cr) {
          if (!lines) lines = true
          if (i - from > maxRecordBytes) return -1
        }
        i++
      }
      if (i >= length) {
        this.cut = true
        return -1
      }
      if (b[i + 1] !== quote) break
      kind = 2
      i += 2
    }
    const close = i
    const c = b[++i]
    if (i >= length || c === delimiter || c === lf || c === cr) {
      this.add(open + 1, close, kind)
      return i
    }
    if (lines) return -1
    this.note('text-after-quote', i)
    while (i < length && b[i] !== delimiter && b[i] !== lf && b[i] !== cr) i++
    this.add(open, i, 0)
    return i
  }

  private recover(from: number, open: number): void {
    const b = this.bytes
    let i = open
    while (i < b.length && b[i] !== lf && b[i] !== cr) i++
    this.problem = undefined
    this.note('unclosed-quote', open)
    this.add(open, i, 0)
    this.finish(from, i)
  }

  private finish(from: number, end: number): void {
    const b = this.bytes
    this.end = end
    this.next = end + (b[end] === cr ? (b[end + 1] === lf ? 2 : 1) : end < b.length ? 1 : 0)
    if (this.next >= b.length) this.cut = true
    if (end - from > maxRecordBytes && this.problem !== 'unclosed-quote') this.note('too-long', from)
  }

  private note(problem: CsvProblem, at: number): void {
    this.problem = problem
    this.problemAt = at
  }

  private add(start: number, end: number, kind: number): void {
    const at = this.count * 3
    if (at === this.fields.length) {
      const grown = new Uint32Array(at * 2)
      grown.set(this.fields)
      this.fields = grown
    }
    this.fields[at] = start
    this.fields[at + 1] = end
    this.fields[at + 2] = kind
    this.count++
  }
}
