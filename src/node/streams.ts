import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { PlannedRewrite } from './edits.ts'
import { fileFailure } from './files.ts'

const pieceBytes = 1 << 20

/** The bytes [start, end) of a file, a megabyte at a time; all of them where no range is given. */
export async function* copied(path: string, start = 0, end = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  if (end <= start) return
  try {
    for await (const piece of createReadStream(path, { start, end: end - 1, highWaterMark: pieceBytes }))
      yield piece as Uint8Array
  } catch (error) {
    throw fileFailure(path, error)
  }
}

/** The bytes of a file with its edits applied. What lies outside them is copied. */
export async function* edited({ path, edits }: Pick<PlannedRewrite, 'path' | 'edits'>): AsyncGenerator<Uint8Array> {
  // One pass over the file: a stream for each of thousands of ranges would take longer than the copy.
  let at = 0
  let next = 0
  let kept = 0
  for await (const piece of copied(path)) {
    const end = at + piece.length
    kept = Math.max(kept, at)
    for (; next < edits.length && edits[next]!.start < end; next++) {
      const edit = edits[next]!
      if (edit.start > kept) yield piece.subarray(kept - at, edit.start - at)
      if (edit.bytes.length > 0) yield edit.bytes
      kept = Math.max(kept, edit.end)
    }
    if (kept < end) yield piece.subarray(kept - at)
    at = end
  }
  for (; next < edits.length; next++) if (edits[next]!.bytes.length > 0) yield edits[next]!.bytes
}

/** Passes bytes on and hashes them. */
export class Hashed implements AsyncIterable<Uint8Array> {
  private readonly pieces: AsyncIterable<Uint8Array>
  private readonly hash = createHash('sha256')

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.pieces) {
      this.hash.update(piece)
      yield piece
    }
  }

  /** As `bytesHash`, of all that has passed. */
  digest(): string {
    return this.hash.digest('hex')
  }
}

/** As `bytesHash`, of a file of any size. */
export async function hashOf(path: string): Promise<string> {
  const hashed = new Hashed(copied(path))
  for await (const _ of hashed);
  return hashed.digest()
}
