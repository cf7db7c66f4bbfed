import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readSync, statSync, unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conllStyle } from '../core/data/conllStyle.ts'
import type { DatasetFiles } from '../core/data/dataset.ts'
import { formatOfName, isCompressed } from '../core/data/formatName.ts'
import { isPageable, readPaged } from '../core/data/pagedRead.ts'
import type { PagedTable } from '../core/data/pagedTable.ts'
import type { Reading } from '../core/data/reading.ts'
import type { Source } from '../core/data/table.ts'
import type { Windows } from '../core/text/windows.ts'
import { unpackPieces } from './compressed.ts'
import { decodeSource, fileFailure, slashed } from './files.ts'
import { labelFileOf } from './labelFile.ts'
import type { Watch } from './watch.ts'
import { FileWindows } from './windows.ts'

/** Files that are larger, which editors give no text of, are never in memory as a whole where their format allows it. */
const heldBytes = 50 * 1024 * 1024

/** A file of which parts are read where they are needed. */
export type LargeSource = Source & { readonly windows: Windows }

/**
 * The source of a file that is too large to be held; undefined of one that is not, and of one that can only be read as a
 * whole (lists in JSON, UTF-16, sentences of words and tags, texts with their labels in another file).
 */
export function largeSource(path: string, held = heldBytes): LargeSource | undefined {
  if (isCompressed(path) || !isPageable(formatOfName(path)) || labelFileOf(path) !== undefined) return undefined
  let head: Buffer
  let size: number
  try {
    ;({ size } = statSync(path))
    if (size <= held) return undefined
    head = headOf(path)
  } catch (error) {
    throw fileFailure(path, error)
  }
  return sourceOf(path, head, offset => new FileWindows(path, offset))
}

function sourceOf(path: string, head: Uint8Array, windows: (offset: number) => Windows): LargeSource | undefined {
  const { encoding, bom, bytes } = decodeSource(slashed(path), head)
  if (encoding !== 'utf-8') return undefined
  // A list under the name of JSON Lines, or objects of several lines.
  const start = Buffer.from(bytes.subarray(0, 4096)).toString('latin1')
  const isOther = /^\s*[[{][ \t\r]*\n/.test(start) || /^\s*\[\s*\{(?!\s*"(role|from)")[^\n]{3000}/.test(start)
  if (formatOfName(path) === 'jsonl' && isOther) return undefined
  // Sentences of many lines are read as a whole.
  if (formatOfName(path) === 'text' && conllStyle(bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1))) return undefined
  const own = windows(bom ? 3 : 0)
  const size = own.length + (bom ? 3 : 0)
  return { uri: slashed(path), version: 0, bytes: new Uint8Array(0), encoding, bom, size, windows: own }
}

function headOf(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(4096)
    return head.subarray(0, readSync(file, head, 0, head.length, 0))
  } finally {
    closeSync(file)
  }
}

/** Reads such a file page by page. */
export function readLarge(source: LargeSource, given: DatasetFiles['format'], watch?: Watch): Reading<PagedTable> {
  return readPaged({ source, ...(given ? { given } : {}), ...(watch?.page ? { page: watch.page } : {}) })
}

/**
 * Unpacks a compressed file: its bytes where they are few, otherwise a source that reads from a file of the system's temporary
 * folder, which is gone with the process.
 */
export async function unpackLarge(path: string, watch?: Watch): Promise<Uint8Array | LargeSource> {
  const held = watch?.held ?? heldBytes
  const pieces: Uint8Array[] = []
  let size = 0
  let spill: Awaited<ReturnType<typeof open>> | undefined
  const place = join(tmpdir(), `winnow-${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    for await (const piece of unpackPieces(path, watch?.cancel)) {
      pieces.push(piece)
      size += piece.length
      if (!spill && size <= held) continue
      spill ??= await open(place, 'wx', 0o600)
      await spill.writev(pieces)
      pieces.length = 0
    }
    if (!spill) return Buffer.concat(pieces)
    await spill.close()
    spill = undefined
    const source = sourceOf(path, headOf(place), offset => new FileWindows(place, offset))
    return source ?? new FileWindows(place).read(0, size)
  } finally {
    await spill?.close()
    discard(place)
  }
}

/** Where an open file cannot be deleted, the end of the process deletes it. */
function discard(place: string): void {
  try {
    unlinkSync(place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    process.once('exit', () => {
      try {
        unlinkSync(place)
      } catch {
        // The system clears its temporary folder.
      }
    })
  }
}
