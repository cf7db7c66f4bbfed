import { decodeAll } from './decode.ts'
import type { Edit } from './span.ts'
import { type Windows, windowsOf } from './windows.ts'

/** A stretch of the original, or bytes put in its place. */
type Piece = { readonly start: number; readonly end: number } | { readonly bytes: Uint8Array }

/**
 * What becomes of a buffer under one round of edits after the other, each in offsets of what the round before left. In the
 * end it is told as edits of the original, so that several rounds can be applied, shown and taken back as one.
 */
export class Pieces {
  private pieces: Piece[]
  private readonly original: Windows

  /** The bytes, or what hands them out where they are too many to be held. */
  constructor(original: Uint8Array | Windows) {
    this.original = 'read' in original ? original : windowsOf(original)
    this.pieces = [{ start: 0, end: original.length }]
  }

  /** Applies edits that are ordered and do not overlap. */
  apply(edits: readonly Edit[]): void {
    const next: Piece[] = []
    let index = 0
    let offset = 0
    let rest: Piece | undefined = this.pieces[0]
    // Takes `count` bytes off the front of what is left and keeps or drops them.
    const take = (count: number, keep: boolean) => {
      let left = count
      while (left > 0 && rest) {
        const length = lengthOf(rest)
        const part = length <= left ? rest : slice(rest, 0, left)
        if (keep) next.push(part)
        left -= lengthOf(part)
        rest = length <= lengthOf(part) ? this.pieces[++index] : slice(rest, lengthOf(part), length)
      }
      offset += count
    }
    for (const { span, text } of edits) {
      take(span.start - offset, true)
      take(span.end - span.start, false)
      if (text !== '') next.push({ bytes: new TextEncoder().encode(text) })
    }
    take(Number.POSITIVE_INFINITY, true)
    this.pieces = next
  }

  /** The bytes as they are now. */
  bytes(): Uint8Array {
    const out = new Uint8Array(this.pieces.reduce((sum, piece) => sum + lengthOf(piece), 0))
    let at = 0
    for (const piece of this.pieces) {
      const bytes = 'bytes' in piece ? piece.bytes : this.original.read(piece.start, piece.end)
      out.set(bytes, at)
      at += bytes.length
    }
    return out
  }

  /** The bytes as they are now, to be asked for by ranges: what does not fit into memory as a whole. */
  windows(): Windows {
    const { pieces, original } = this
    const starts = new Float64Array(pieces.length + 1)
    for (const [i, piece] of pieces.entries()) starts[i + 1] = starts[i]! + lengthOf(piece)
    return {
      length: starts[pieces.length]!,
      read(start, end) {
        const out = new Uint8Array(end - start)
        for (let i = pieceAt(starts, start), at = start; at < end; i++) {
          const piece = pieces[i]!
          const from = at - starts[i]!
          const to = Math.min(lengthOf(piece), end - starts[i]!)
          const bytes =
            'bytes' in piece ? piece.bytes.subarray(from, to) : original.read(piece.start + from, piece.start + to)
          out.set(bytes, at - start)
          at += to - from
        }
        return out
      },
    }
  }

  /** All rounds as edits of the original, ordered. */
  edits(): Edit[] {
    const found: Edit[] = []
    let at = 0
    let inserted: Uint8Array[] = []
    const flush = (end: number) => {
      if (end > at || inserted.length > 0)
        found.push({ span: { start: at, end }, text: inserted.map(bytes => decodeAll(bytes)).join('') })
      inserted = []
    }
    for (const piece of this.pieces) {
      if ('bytes' in piece) {
        inserted.push(piece.bytes)
        continue
      }
      flush(piece.start)
      at = piece.end
    }
    flush(this.original.length)
    return found
  }
}

/** The last piece that begins at or before an offset. */
function pieceAt(starts: Float64Array, offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (starts[middle + 1]! <= offset) low = middle + 1
    else high = middle
  }
  return low
}

function lengthOf(piece: Piece): number {
  return 'bytes' in piece ? piece.bytes.length : piece.end - piece.start
}

function slice(piece: Piece, from: number, to: number): Piece {
  return 'bytes' in piece
    ? { bytes: piece.bytes.subarray(from, to) }
    : { start: piece.start + from, end: piece.start + to }
}
