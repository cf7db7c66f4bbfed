import type { Span } from '../text/span.ts'
import { byteFaults } from '../text/utf8.ts'
import { lastAtMost } from './offsets.ts'
import { type Reading, readSlice } from './reading.ts'
import type { Issue } from './table.ts'

/** Issues kept of one kind; a file of a million broken rows says so in one more line instead of a million. */
export const issueLimit = 1000

/** A record longer than this (in bytes) is reported and not decoded: no row a person wrote is. */
export const maxRecordBytes = 16 * 1024 * 1024

/** Where readers tell what is wrong. */
export interface IssueSink {
  add(code: Issue['code'], row: number | undefined, span: Span, message: string): void
}

/** Tells the issues of a piece of a file as those of the file. */
export function issuesOfPiece(issues: IssueSink, base: number, firstRow: number): IssueSink {
  return {
    add: (code, row, { start, end }, message) =>
      issues.add(
        code,
        row === undefined ? undefined : row + firstRow,
        { start: start + base, end: end + base },
        message,
      ),
  }
}

/** What is said of a line beyond `maxRecordBytes`. */
export function tooLongLine(bytes: number): string {
  return `The line is ${megabytes(bytes)} MB long; rows beyond 16 MB are not read`
}

/** Collects what is wrong with a file, at most `issueLimit` of a kind. */
export class IssueList implements IssueSink {
  private readonly kept: Issue[] = []
  private readonly counts = new Map<Issue['code'], number>()

  add(code: Issue['code'], row: number | undefined, span: Span, message: string): void {
    const count = (this.counts.get(code) ?? 0) + 1
    this.counts.set(code, count)
    if (count <= issueLimit) this.kept.push({ code, ...(row === undefined ? {} : { row }), span, message })
  }

  /** In file order; kinds that were cut end with a line about the whole file. */
  done(): Issue[] {
    const all = this.kept.sort((a, b) => a.span.start - b.span.start || (a.row ?? -1) - (b.row ?? -1))
    for (const [code, count] of this.counts)
      if (count > issueLimit)
        all.push({
          code,
          span: { start: 0, end: 0 },
          message: `${count - issueLimit} more problems of this kind (${code})`,
        })
    return all
  }
}

/**
 * Reports NUL bytes and bytes that are not UTF-8, one issue a row and kind. `starts` are the rows' first bytes; what
 * lies before the first row (a header) is reported for the file. `within` narrows the look to a part of the file.
 */
export function reportBytes(
  bytes: Uint8Array,
  starts: Uint32Array,
  issues: IssueSink,
  within = { from: 0, to: bytes.length },
): void {
  const part = byteFaults(bytes.subarray(within.from, within.to), issueLimit * 4)
  const shift = within.from
  const faults = {
    bad: part.bad.map(span => ({ start: span.start + shift, end: span.end + shift })),
    nuls: part.nuls.map(at => at + shift),
  }
  let last = -2
  for (const span of faults.bad) {
    const row = lastAtMost(starts, span.start)
    if (row === last) continue
    last = row
    const hex = [...bytes.subarray(span.start, Math.min(span.end, span.start + 4))].map(b =>
      b.toString(16).padStart(2, '0'),
    )
    const message = `Bytes that are not UTF-8 (${hex.join(' ')}): they would be read as U+FFFD. Save the file as UTF-8`
    issues.add('bad-utf8', row < 0 ? undefined : row, span, message)
  }
  last = -2
  for (const at of faults.nuls) {
    const row = lastAtMost(starts, at)
    if (row === last) continue
    last = row
    issues.add('nul-byte', row < 0 ? undefined : row, { start: at, end: at + 1 }, 'A NUL byte inside the text')
  }
}

/** As `reportBytes` of a whole file, piece by piece. Pieces end with a row, so that they cut no character. */
export function* readBytes(bytes: Uint8Array, starts: Uint32Array, issues: IssueList): Reading<void> {
  for (let from = 0; from < bytes.length; ) {
    const next = starts[lastAtMost(starts, from + readSlice * 4)] ?? 0
    const to = next > from && from + readSlice * 4 < bytes.length ? next : bytes.length
    reportBytes(bytes, starts, issues, { from, to })
    from = to
    yield { phase: 'read', done: from, total: bytes.length }
  }
}

/**
 * A file of which a good part is NUL is no text in UTF-8: a binary file, or UTF-16 without a byte order mark. It is
 * refused as a whole with one issue, since a guess would put wrong text into training.
 */
export function looksBinary(bytes: Uint8Array): Issue | undefined {
  const head = bytes.subarray(0, 4096)
  let nuls = 0
  for (const byte of head) if (byte === 0) nuls++
  if (nuls * 5 < head.length || nuls < 2) return undefined
  const message =
    'Not text in UTF-8: every few bytes are NUL. If this is UTF-16, save it as UTF-8 or with a byte order mark'
  return { code: 'nul-byte', span: { start: 0, end: Math.min(bytes.length, 1) }, message }
}

/** One decimal, for messages. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
