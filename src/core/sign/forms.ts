import type { Scheme } from './scheme.ts'
import { Shingler } from './shingle.ts'

/**
 * Every distinct normal form once, columnar, by slot: its shingle hashes and two parity bitmaps. Texts of equal normal
 * form share a slot, so a thousand copies cost what one costs. Slots are only appended; who uses a slot is known
 * elsewhere.
 *
 * A parity bitmap flips one bit a shingle: popcount(a ^ b) never exceeds the size of the symmetric difference, so a pair
 * that is too different is refused without reading its sets, and no pair is refused wrongly.
 */
export class Forms {
  readonly scheme: Scheme
  count = 0
  /** Slot s holds `pool[start[s] .. start[s + 1])`, ascending. */
  pool = new Uint32Array(4096)
  start = new Uint32Array(257)
  /** 64 parity bits a slot, as two words. */
  bitsLow = new Int32Array(256)
  bitsHigh = new Int32Array(256)
  /** 256 parity bits a slot, as eight words: what 64 bits cannot tell apart in long texts. */
  wide = new Int32Array(256 * 8)
  private formA = new Int32Array(256)
  private formB = new Int32Array(256)
  /** Open addressing by form hash; slot + 1, 0 is free. */
  private table = new Int32Array(1024)
  private readonly shingler: Shingler

  constructor(scheme: Scheme) {
    this.scheme = scheme
    this.shingler = new Shingler(scheme)
  }

  /** How many shingles a slot has. */
  size(slot: number): number {
    return this.start[slot + 1]! - this.start[slot]!
  }

  /** The slot of a text's normal form, new or known; -1 where the normal form is empty. */
  add(text: string): number {
    return this.slotOf(this.shingler.sign(text))
  }

  /** As `add`, of a text that is these bytes; -2 where they are not plain (see `signBytes`). */
  addBytes(bytes: Uint8Array, start: number, end: number): number {
    const n = this.shingler.signBytes(bytes, start, end)
    return n < 0 ? -2 : this.slotOf(n)
  }

  /** Room for so many more slots, so that it need not be made little by little. */
  reserve(more: number): void {
    let size = this.bitsLow.length
    while (size < this.count + more + 2) size *= 2
    if (size > this.bitsLow.length) this.growSlots(size)
  }

  private slotOf(n: number): number {
    const shingler = this.shingler
    if (n === 0) return -1
    const mask = this.table.length - 1
    let at = Math.imul(shingler.formA ^ (shingler.formB >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
    for (;;) {
      const entry = this.table[at]!
      if (entry === 0) break
      if (this.same(entry - 1, n)) return entry - 1
      at = (at + 1) & mask
    }
    this.table[at] = this.count + 1
    return this.append(n)
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

  private same(slot: number, n: number): boolean {
    if (this.formA[slot] !== this.shingler.formA || this.formB[slot] !== this.shingler.formB) return false
    const from = this.start[slot]!
    if (this.start[slot + 1]! - from !== n) return false
    const { pool } = this
    const { hashes } = this.shingler
    for (let i = 0; i < n; i++) if (pool[from + i] !== hashes[i]) return false
    return true
  }

  private append(n: number): number {
    const slot = this.count
    if (slot + 1 === this.bitsLow.length) {
      this.growSlots(this.bitsLow.length * 2)
      this.enter(slot, this.shingler.formA, this.shingler.formB)
    }
    const from = this.start[slot]!
    if (from + n > this.pool.length) this.pool = copy(this.pool, new Uint32Array(Math.ceil((from + n) * 1.6)))
    const { pool, wide } = this
    const { hashes } = this.shingler
    let low = 0
    let high = 0
    for (let i = 0; i < n; i++) {
      const hash = hashes[i]!
      pool[from + i] = hash
      if (hash & 32) high ^= 1 << (hash & 31)
      else low ^= 1 << (hash & 31)
      const bit = Math.imul(hash, 0x85ebca6b) >>> 24
      wide[slot * 8 + (bit >>> 5)]! ^= 1 << (bit & 31)
    }
    this.start[slot + 1] = from + n
    this.bitsLow[slot] = low
    this.bitsHigh[slot] = high
    this.formA[slot] = this.shingler.formA
    this.formB[slot] = this.shingler.formB
    this.count = slot + 1
    return slot
  }

  private growSlots(size: number): void {
    this.start = copy(this.start, new Uint32Array(size + 1))
    this.bitsLow = copy(this.bitsLow, new Int32Array(size))
    this.bitsHigh = copy(this.bitsHigh, new Int32Array(size))
    this.wide = copy(this.wide, new Int32Array(size * 8))
    this.formA = copy(this.formA, new Int32Array(size))
    this.formB = copy(this.formB, new Int32Array(size))
    this.table = new Int32Array(size * 2)
    for (let slot = 0; slot < this.count; slot++) this.enter(slot, this.formA[slot]!, this.formB[slot]!)
  }

  /** Puts a slot that is not in the table there. */
  private enter(slot: number, a: number, b: number): void {
    const mask = this.table.length - 1
    let at = Math.imul(a ^ (b >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
    while (this.table[at] !== 0) at = (at + 1) & mask
    this.table[at] = slot + 1
  }
}

/** Bits set in a 32-bit word. */
export function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function copy<T extends Int32Array | Uint32Array>(from: T, into: T): T {
  into.set(from)
  return into
}
