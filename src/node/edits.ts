import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { ReportedEdit } from '../core/check/report.ts'
import { readOnlyFailure } from '../core/data/columnTable.ts'
import { formatOfName, isCompressed } from '../core/data/formatName.ts'
import { linesOf, type Source, type Table } from '../core/data/table.ts'
import { type Edit, orderEdits } from '../core/text/span.ts'
import { utf16Length } from '../core/text/utf8.ts'
import { windowsOf } from '../core/text/windows.ts'
import { unifiedDiff } from './difference.ts'
import { decodeSource, readBytes, slashed } from './files.ts'
import { FileWindows } from './windows.ts'

/** What would become of one file: raw bytes before and after (byte order mark, encoding and line ends kept). */
export interface PlannedChange {
  readonly path: string
  readonly before: Uint8Array
  readonly after: Uint8Array
  /** Unified, `a/` and `b/` in front of the path relative to `root`. */
  readonly diff: string
}

/**
 * What the edits would make of their files; nothing is written. Edits are in bytes of the `Source` that was checked.
 * `checked` holds the `sourceHash` of each file at that time: where the file is another one now, the plan is refused, since
 * the offsets would hit the wrong rows. Overlapping edits and compressed files are refused as well.
 */
export async function planEdits(
  edits: ReadonlyMap<string, readonly Edit[]>,
  options: { readonly checked?: ReadonlyMap<string, string>; readonly root?: string } = {},
): Promise<PlannedChange[]> {
  const root = slashed(options.root ?? '.')
  const plan: PlannedChange[] = []
  for (const [path, list] of edits) {
    if (list.length === 0) continue
    if (isCompressed(path)) throw compressedFailure(path)
    if (formatOfName(path) === 'parquet') throw readOnlyFailure(path, 'is Parquet')
    const before = await readBytes(path)
    const source = decodeSource(slashed(path), before)
    const hash = options.checked?.get(path)
    if (hash !== undefined && hash !== sourceHash(source)) throw changed(path)
    const ordered = orderedOf(path, list, source.bytes.length)
    const after = applyEdits(source, before, ordered)
    const name = relative(root, slashed(path)).replaceAll('\\', '/')
    plan.push({ path: slashed(path), before, after, diff: unifiedDiff(name, windowsOf(source.bytes), ordered) })
  }
  return plan
}

/** What would become of a file that is too large to be held: its edits, applied while it is copied. */
export interface PlannedRewrite {
  readonly path: string
  /** The state of the file that the edits are for; see `stampOf`. */
  readonly stamp: string
  /** In bytes of the file; ordered, not overlapping. */
  readonly edits: readonly { readonly start: number; readonly end: number; readonly bytes: Uint8Array }[]
  readonly diff: string
}

/** As `planEdits`, of files whose bytes are read by ranges. */
export function planRewrites(
  edits: ReadonlyMap<string, readonly Edit[]>,
  options: { readonly sources: ReadonlyMap<string, Source>; readonly root?: string },
): PlannedRewrite[] {
  const root = slashed(options.root ?? '.')
  const plan: PlannedRewrite[] = []
  for (const [path, list] of edits) {
    if (list.length === 0) continue
    if (isCompressed(path)) throw compressedFailure(path)
    const { windows, bom } = options.sources.get(path)!
    if (!(windows instanceof FileWindows)) throw new Error(`${path} is not read from its file`)
    const ordered = orderedOf(path, list, windows.length)
    const shift = bom ? 3 : 0
    plan.push({
      path: slashed(path),
      stamp: windows.stamp,
      edits: ordered.map(({ span, text }) => ({
        start: span.start + shift,
        end: span.end + shift,
        bytes: Buffer.from(text, 'utf8'),
      })),
      diff: unifiedDiff(relative(root, slashed(path)).replaceAll('\\', '/'), windows, ordered),
    })
  }
  return plan
}

/** Edits of a report as edits of files that are read by ranges. */
export function editsOnDisk(
  edits: readonly ReportedEdit[],
  tableOf: (path: string) => Table | undefined,
): { readonly byFile: ReadonlyMap<string, Edit[]>; readonly sources: ReadonlyMap<string, Source> } {
  const byFile = new Map<string, Edit[]>()
  const sources = new Map<string, Source>()
  for (const { uri, range, text } of edits) {
    const path = slashed(uri)
    const table = tableOf(path)
    if (!table?.source.windows) throw changed(path)
    sources.set(path, table.source)
    const edit = { span: linesOf(table).span(range), text }
    const list = byFile.get(path)
    if (list) list.push(edit)
    else byFile.set(path, [edit])
  }
  return { byFile, sources }
}

function compressedFailure(path: string): Failure {
  const message = `${path} is compressed, so single rows of it cannot be changed`
  return new Failure('read-only', message, 'Unpack it and check the unpacked file')
}

/** Names the content of a source: what `planEdits` compares to know that nothing happened between check and fix. */
export function sourceHash(source: Source): string {
  return bytesHash(source.bytes)
}

export function bytesHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function changed(path: string): Failure {
  return new Failure('file-changed', `${path} has changed since it was checked`, 'Nothing was written; check it again')
}

function orderedOf(path: string, edits: readonly Edit[], length: number): Edit[] {
  const result = orderEdits(edits)
  if ('overlap' in result) {
    const [a, b] = result.overlap
    const where = `bytes ${a.span.start}-${a.span.end} and ${b.span.start}-${b.span.end}`
    throw new Failure('overlap', `Two fixes of ${path} change the same place (${where})`, 'Apply one, then check again')
  }
  for (const edit of result.ok)
    if (edit.span.start < 0 || edit.span.end < edit.span.start || edit.span.end > length) throw changed(path)
  return result.ok
}

/** The raw bytes of the file after the edits. What lies outside their spans is copied, never decoded and encoded again. */
function applyEdits(source: Source, raw: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const wide = source.encoding !== 'utf-8'
  const pieces: Uint8Array[] = []
  let at = 0
  let counted = 0
  let units = 0
  const rawOffset = (offset: number) => {
    if (!wide) return offset + (source.bom ? 3 : 0)
    // Two bytes a UTF-16 unit; a broken surrogate or a cut last byte was read as one unit too.
    units += utf16Length(source.bytes, counted, offset)
    counted = offset
    return Math.min(raw.length, 2 + units * 2)
  }
  for (const edit of edits) {
    pieces.push(raw.subarray(at, rawOffset(edit.span.start)))
    pieces.push(encode(edit.text, source.encoding))
    at = rawOffset(edit.span.end)
  }
  pieces.push(raw.subarray(at))
  return Buffer.concat(pieces)
}

function encode(text: string, encoding: Source['encoding']): Uint8Array {
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8')
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16be' ? bytes.swap16() : bytes
}
