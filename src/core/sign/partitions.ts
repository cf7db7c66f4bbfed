import { dropSingles, type SlotPairs } from './postings.ts'
import type { Work } from './progress.ts'
import type { Spill } from './spill.ts'

/** Pairs of a partition that wait to be put away. */
const waiting = 4096

/**
 * Pairs of shingle and slot, put away by the first bits of the shingle, so that the pairs of a shingle come back together. They
 * come back in the order in which they were given.
 */
export class Partitions {
  readonly count: number
  private readonly spill: Spill
  private readonly shift: number
  private readonly buffers: { readonly words: Uint32Array; length: number }[]
  /** Where the pieces of each partition are, and how many words each has. */
  private readonly pieces: { at: number; length: number }[][]

  /** `pairs` is about how many there will be, `most` how many of them are wanted at a time. */
  constructor(spill: Spill, { pairs, most }: { readonly pairs: number; readonly most: number }) {
    const bits = Math.min(12, Math.max(0, Math.ceil(Math.log2(pairs / most))))
    this.spill = spill
    this.count = 1 << bits
    this.shift = 32 - bits
    this.buffers = Array.from({ length: this.count }, () => ({ words: new Uint32Array(waiting * 2), length: 0 }))
    this.pieces = Array.from({ length: this.count }, () => [])
  }

  /** Takes the keys `shingles[from .. to)` of a slot. */
  add(slot: number, shingles: Uint32Array, from: number, to: number): void {
    const { buffers, shift } = this
    for (let i = from; i < to; i++) {
      const shingle = shingles[i]!
      const part = shift === 32 ? 0 : shingle >>> shift
      const buffer = buffers[part]!
      buffer.words[buffer.length++] = shingle
      buffer.words[buffer.length++] = slot
      if (buffer.length === buffer.words.length) this.flush(part)
    }
  }

  /** The pairs of a partition, without those whose shingle occurs once; where these are many, the others are put away anew. */
  *load(part: number): Work<SlotPairs> {
    this.flush(part)
    const pieces = this.pieces[part]!
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0) / 2
    const shingles = new Uint32Array(total)
    const slots = new Uint32Array(total)
    let at = 0
    for (const piece of pieces) {
      const words = this.spill.read(piece.at, piece.at + piece.length)
      for (let i = 0; i < words.length; i += 2) {
        shingles[at] = words[i]!
        slots[at++] = words[i + 1]!
      }
      yield { phase: 'sort', done: part, total: this.count }
    }
    const length = yield* dropSingles(shingles, slots, total)
    if (length < total * 0.8) {
      this.pieces[part] = []
      for (let i = 0; i < length; i++) this.add(slots[i]!, shingles, i, i + 1)
      this.flush(part)
    }
    return { shingles, slots, length }
  }

  private flush(part: number): void {
    const buffer = this.buffers[part]!
    if (buffer.length === 0) return
    this.pieces[part]!.push({ at: this.spill.length, length: buffer.length })
    this.spill.append(buffer.words.subarray(0, buffer.length))
    buffer.length = 0
  }
}
