/** The arrays of `FormColumns`, as they go to another thread: shared ones are not copied. */
export interface FormArrays {
  readonly count: number
  readonly pool: Uint32Array
  readonly start: Uint32Array
  readonly bitsLow: Int32Array
  readonly bitsHigh: Int32Array
  readonly wide: Int32Array
}

/**
 * Every distinct normal form once, columnar, by slot: its shingle hashes and two parity bitmaps. All that comparing needs.
 *
 * A parity bitmap flips one bit a shingle: popcount(a ^ b) never exceeds the size of the symmetric difference, so a pair
 * that is too different is refused without reading its sets, and no pair is refused wrongly.
 */
export class FormColumns implements FormArrays {
  count: number
  /** Slot s holds `pool[start[s] .. start[s + 1])`, ascending. */
  pool: Uint32Array
  start: Uint32Array
  /** 64 parity bits a slot, as two words. */
  bitsLow: Int32Array
  bitsHigh: Int32Array
  /** 256 parity bits a slot, as eight words: what 64 bits cannot tell apart in long texts. */
  wide: Int32Array

  /** What comparing cost beyond looking, since somebody took it: in pairs that could have been looked at. */
  effort = 0

  constructor(arrays: FormArrays) {
    this.count = arrays.count
    this.pool = arrays.pool
    this.start = arrays.start
    this.bitsLow = arrays.bitsLow
    this.bitsHigh = arrays.bitsHigh
    this.wide = arrays.wide
  }

  /** The arrays as they are now: a form that is added later may lie in others. */
  arrays(): FormArrays {
    const { count, pool, start, bitsLow, bitsHigh, wide } = this
    return { count, pool, start, bitsLow, bitsHigh, wide }
  }

  /** How many shingles a slot has. */
  size(slot: number): number {
    return this.start[slot + 1]! - this.start[slot]!
  }

  /** |A∩B| of two slots, or 0 once `need` is out of reach. */
  overlapAtLeast(x: number, y: number, need: number): number {
    const pool = this.pool
    let i = this.start[x]!
    let j = this.start[y]!
    const endI = this.start[x + 1]!
    const endJ = this.start[y + 1]!
    let missesI = endI - i - need
    let missesJ = endJ - j - need
    if (missesI < 0 || missesJ < 0) return 0
    let shared = 0
    while (i < endI && j < endJ) {
      const a = pool[i]!
      const b = pool[j]!
      if (a === b) {
        shared++
        i++
        j++
      } else if (a < b) {
        i++
        if (--missesI < 0) return 0
      } else {
        j++
        if (--missesJ < 0) return 0
      }
    }
    return shared
  }

  /** Does a slot have all shingles of another one but for so many? */
  hasAllBut(holder: number, slot: number, misses: number): boolean {
    const { pool, start } = this
    let left = misses
    let j = start[holder]!
    const end = start[holder + 1]!
    for (let i = start[slot]!; i < start[slot + 1]!; i++) {
      const shingle = pool[i]!
      while (j < end && pool[j]! < shingle) j++
      if (j === end || pool[j] !== shingle) {
        if (--left < 0) return false
      } else j++
    }
    return true
  }
}

/** The two parity bitmaps of slots. */
export type Parity = Pick<FormArrays, 'bitsLow' | 'bitsHigh' | 'wide'>

/** Writes the bitmaps of the set `pool[from .. to)`; those of the slot are zero before. */
export function markParity(
  pool: Uint32Array,
  { from, to }: { readonly from: number; readonly to: number },
  { bitsLow, bitsHigh, wide }: Parity,
  slot: number,
): void {
  let low = 0
  let high = 0
  for (let i = from; i < to; i++) {
    const hash = pool[i]!
    if (hash & 32) high ^= 1 << (hash & 31)
    else low ^= 1 << (hash & 31)
    const bit = Math.imul(hash, 0x85ebca6b) >>> 24
    wide[slot * 8 + (bit >>> 5)]! ^= 1 << (bit & 31)
  }
  bitsLow[slot] = low
  bitsHigh[slot] = high
}

/** Bits set in a 32-bit word. */
export function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Bits set in two 32-bit words. */
export function popcount64(a: number, b: number): number {
  let x = a - ((a >>> 1) & 0x55555555)
  let y = b - ((b >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  y = (y & 0x33333333) + ((y >>> 2) & 0x33333333)
  // Four bits hold what eight of the two words count, eight bits what sixteen do.
  x += y
  return Math.imul((x & 0x0f0f0f0f) + ((x >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24
}
