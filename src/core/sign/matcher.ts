import { type FormColumns, popcount, popcount64 } from './formColumns.ts'
import { neededOverlap, type Threshold } from './threshold.ts'

/** Compares slots at one threshold: bitmaps first, sets where they allow it. */
export class Matcher {
  readonly forms: FormColumns
  readonly t: Threshold
  private readonly sum: number
  private readonly difference: number

  /** Of each slot its 64 parity bits and its size, in four words. */
  private packed: Int32Array | undefined

  constructor(forms: FormColumns, t: Threshold) {
    this.forms = forms
    this.t = t
    this.sum = t.den + t.num
    this.difference = t.den - t.num
  }

  /**
   * Puts what is asked first of each slot side by side: a join asks it of millions of pairs in no order. Forms that are added
   * later are not known then.
   */
  pack(): this {
    const { bitsLow, bitsHigh, start, count } = this.forms
    const packed = new Int32Array(count * 4)
    for (let slot = 0; slot < count; slot++) {
      packed[slot * 4] = bitsLow[slot]!
      packed[slot * 4 + 1] = bitsHigh[slot]!
      packed[slot * 4 + 2] = start[slot + 1]! - start[slot]!
    }
    this.packed = packed
    return this
  }

  /** Reads what is asked first of the slots `slots[from .. to)`, so that it is near; returns anything that depends on it. */
  ready(slots: Uint32Array, from: number, to: number): number {
    const packed = this.packed ?? this.forms.bitsLow
    const stride = this.packed ? 4 : 1
    let read = 0
    for (let i = from; i < to; i++) read ^= packed[slots[i]! * stride]!
    return read
  }

  /** |A∩B| of two similar slots, 0 where they are not. */
  overlap(x: number, y: number): number {
    return this.allows(x, y) ? this.shared(x, y) : 0
  }

  /** The same of two slots that the bitmaps allow. */
  shared(x: number, y: number): number {
    const { forms } = this
    return forms.overlapAtLeast(x, y, neededOverlap(this.t, forms.size(x), forms.size(y)))
  }

  /** May two slots be similar, as far as their bitmaps tell? Similar sets differ in at most (n+m)(1−t)/(1+t) shingles. */
  allows(x: number, y: number): boolean {
    const { packed } = this
    if (packed) {
      const a = x * 4
      const b = y * 4
      const most = (packed[a + 2]! + packed[b + 2]!) * this.difference
      const differ = popcount64(packed[a]! ^ packed[b]!, packed[a + 1]! ^ packed[b + 1]!)
      return differ * this.sum <= most && this.wideAllows(x, y, most)
    }
    const { bitsLow, bitsHigh, start } = this.forms
    const allowed = (start[x + 1]! - start[x]! + start[y + 1]! - start[y]!) * this.difference
    const bits = popcount64(bitsLow[x]! ^ bitsLow[y]!, bitsHigh[x]! ^ bitsHigh[y]!)
    return bits * this.sum <= allowed && this.wideAllows(x, y, allowed)
  }

  /** The second look, after the 64 bits let a pair pass. */
  wideAllows(x: number, y: number, allowed: number): boolean {
    const wide = this.forms.wide
    const a = x * 8
    const b = y * 8
    let bits = 0
    for (let i = 0; i < 8; i++) bits += popcount(wide[a + i]! ^ wide[b + i]!)
    return bits * this.sum <= allowed
  }
}
