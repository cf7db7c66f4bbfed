import { Failure } from '../base/failure.ts'
import { FormColumns, popcount } from './formColumns.ts'
import type { SignedForms } from './forms.ts'
import type { Spill } from './spill.ts'
import type { Threshold } from './threshold.ts'

/** Sets of shingles kept for comparisons, together no more than so many shingles. */
const mostKept = 4_000_000
/** Sets that are read in a row, together about so many shingles. */
const stretchLength = 1 << 18
/** Where a set stands is a number of 32 bits. */
const mostShingles = 2 ** 32 - 1

/** The sets of the slots [from, to): slot s has `pool[start[s] - base .. start[s + 1] - base)`. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly pool: Uint32Array
  readonly base: number
}

/**
 * Distinct normal forms whose sets are put away: about 90 bytes each in memory, and for long texts a bitmap of one bit for each
 * shingle or two. What a join asks first is at hand; the set itself is read again, which few forms are ever asked for. Two texts share a slot
 * where 64 bits of hash and the number of shingles are equal.
 */
export class LeanForms extends FormColumns {
  readonly t: Threshold
  private readonly spill: Spill
  /** Of what is looked up while forms are added; nothing afterwards. */
  private formA: Int32Array
  private formB: Int32Array
  private table: Int32Array
  private readonly sets = new Map<number, Uint32Array>()
  private kept = 0
  /** A third parity bitmap for long sets: where it begins (0: none), and all of them in blocks. */
  private readonly longStart: Uint32Array
  private readonly long: Int32Array[] = [new Int32Array(longBlock)]
  private longEnd = 1
  /** Sets up to this size are told apart by 256 bits. */
  private readonly shortSet: number

  /** `rows` is how many forms there may be at most. The spill must be empty. */
  constructor({ rows, t, spill }: { readonly rows: number; readonly t: Threshold; readonly spill: Spill }) {
    // Memory that is not written to is not taken, so room for every row costs nothing where rows repeat.
    super({
      count: 0,
      pool: new Uint32Array(0),
      start: new Uint32Array(rows + 1),
      bitsLow: new Int32Array(rows),
      bitsHigh: new Int32Array(rows),
      wide: new Int32Array(rows * 8),
    })
    this.t = t
    this.spill = spill
    // Two sets of this size that have nothing in common differ in about 128 of 256 bits, and may in so many.
    this.shortSet = Math.max(64, Math.floor((96 * (t.den + t.num)) / (2 * Math.max(1, t.den - t.num))))
    this.formA = new Int32Array(rows)
    this.formB = new Int32Array(rows)
    this.table = new Int32Array(1 << Math.max(10, 33 - Math.clz32(rows)))
    this.longStart = new Uint32Array(rows)
  }

  /** The slots of forms that were signed, new or known, in their order. */
  adopt({ count, formA, formB, pool, start }: SignedForms): Int32Array {
    const slots = new Int32Array(count)
    // New forms beside each other are put away together.
    let from = 0
    let to = 0
    for (let i = 0; i < count; i++) {
      const first = start[i]!
      const end = start[i + 1]!
      const known = this.find(formA[i]!, formB[i]!, end - first)
      if (known >= 0) {
        slots[i] = known
        continue
      }
      slots[i] = this.count
      this.enter(-1 - known, formA[i]!, formB[i]!)
      this.mark(pool, first, end)
      if (to !== first) {
        if (to > from) this.spill.append(pool.subarray(from, to))
        from = first
      }
      to = end
    }
    if (to > from) this.spill.append(pool.subarray(from, to))
    if (this.start[this.count]! > mostShingles - 2 ** 24)
      throw new Failure('too-large', 'The rows of this dataset are too many to be compared', 'Check its files in parts')
    return slots
  }

  /** Nothing will be added any more: what that needs is given back. */
  seal(): void {
    this.formA = nothing
    this.formB = nothing
    this.table = nothing
  }

  /** Gives back what the sets take: none can be asked for afterwards. */
  close(): void {
    this.spill.close()
  }

  override overlapAtLeast(x: number, y: number, need: number): number {
    this.effort += 16
    if (this.longDiffer(x, y) > this.size(x) + this.size(y) - 2 * need) return 0
    const a = this.setOf(x)
    const b = this.setOf(y)
    const [nA, nB] = [a.length, b.length]
    let missesA = nA - need
    let missesB = nB - need
    if (missesA < 0 || missesB < 0) return 0
    let shared = 0
    for (let i = 0, j = 0; i < nA && j < nB; ) {
      if (a[i] === b[j]) {
        shared++
        i++
        j++
      } else if (a[i]! < b[j]!) {
        i++
        if (--missesA < 0) return 0
      } else {
        j++
        if (--missesB < 0) return 0
      }
    }
    return shared
  }

  override hasAllBut(holder: number, slot: number, misses: number): boolean {
    const [a, b] = [this.setOf(slot), this.setOf(holder)]
    let left = misses
    let j = 0
    for (let i = 0; i < a.length; i++) {
      while (j < b.length && b[j]! < a[i]!) j++
      if (j === b.length || b[j] !== a[i]) {
        if (--left < 0) return false
      } else j++
    }
    return true
  }

  /** The shingles of a slot, ascending, read again where they are not at hand. */
  setOf(slot: number): Uint32Array {
    const known = this.sets.get(slot)
    if (known) return known
    const set = this.spill.read(this.start[slot]!, this.start[slot + 1]!)
    // Reading takes as long as looking at so many pairs.
    this.effort += 2000 + set.length
    if (this.kept > mostKept) {
      this.sets.clear()
      this.kept = 0
    }
    this.sets.set(slot, set)
    this.kept += set.length
    return set
  }

  /** The shingles from one place to another, as `start` tells them, which may be those of many slots. */
  range(from: number, to: number): Uint32Array {
    return this.spill.read(from, to)
  }

  /** All sets in the order of their slots, some thousands at a time. */
  *stretches(): Generator<Stretch> {
    const { start, count } = this
    for (let from = 0, to = 0; from < count; from = to) {
      const base = start[from]!
      to = from + 1
      while (to < count && start[to + 1]! - base <= stretchLength) to++
      yield { from, to, pool: this.spill.read(base, start[to]!), base }
    }
  }

  /** The slot of a form; where there is none, -1 less the place where it belongs in the table. */
  private find(a: number, b: number, n: number): number {
    const { table, formA, formB } = this
    const mask = table.length - 1
    let at = Math.imul(a ^ (b >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
    for (;;) {
      const slot = table[at]! - 1
      if (slot < 0) return -1 - at
      if (formA[slot] === a && formB[slot] === b && this.size(slot) === n) return slot
      at = (at + 1) & mask
    }
  }

  private enter(at: number, a: number, b: number): void {
    this.table[at] = this.count + 1
    this.formA[this.count] = a
    this.formB[this.count] = b
  }

  /** Takes the sizes and bitmaps of the next slot. */
  private mark(pool: Uint32Array, from: number, to: number): void {
    const slot = this.count++
    let low = 0
    let high = 0
    words.fill(0)
    for (let i = from; i < to; i++) {
      const hash = pool[i]!
      if (hash & 32) high ^= 1 << (hash & 31)
      else low ^= 1 << (hash & 31)
      const bit = Math.imul(hash, 0x85ebca6b) >>> 24
      words[bit >>> 5]! ^= 1 << (bit & 31)
    }
    this.wide.set(words, slot * 8)
    this.bitsLow[slot] = low
    this.bitsHigh[slot] = high
    this.start[slot + 1] = this.start[slot]! + to - from
    if (to - from > this.shortSet) this.addLong(slot, pool.subarray(from, to))
  }

  private addLong(slot: number, set: Uint32Array): void {
    const length = Math.min(longWords(set.length), longBlock)
    // A bitmap does not cross the end of a block.
    const left = longBlock - (this.longEnd & (longBlock - 1))
    if (left < length) this.longEnd += left
    if (this.longEnd >>> longBits === this.long.length) this.long.push(new Int32Array(longBlock))
    const block = this.long[this.longEnd >>> longBits]!
    const from = this.longEnd & (longBlock - 1)
    for (let i = 0; i < set.length; i++) {
      const bit = Math.imul(set[i]!, 0xc2b2ae3d) >>> 7
      block[from + ((bit >>> 5) & (length - 1))]! ^= 1 << (bit & 31)
    }
    this.longStart[slot] = this.longEnd
    this.longEnd += length
  }

  /** Shingles in which two long sets differ at least, by their long bitmaps; the longer one is folded to the shorter. */
  private longDiffer(x: number, y: number): number {
    const a = this.longStart[x]!
    const b = this.longStart[y]!
    if (a === 0 || b === 0) return 0
    const ofA = this.long[a >>> longBits]!
    const ofB = this.long[b >>> longBits]!
    const atA = a & (longBlock - 1)
    const atB = b & (longBlock - 1)
    const wordsA = Math.min(longWords(this.size(x)), longBlock)
    const wordsB = Math.min(longWords(this.size(y)), longBlock)
    const least = Math.min(wordsA, wordsB)
    let bits = 0
    for (let i = 0; i < least; i++) {
      let word = 0
      for (let k = i; k < wordsA; k += least) word ^= ofA[atA + k]!
      for (let k = i; k < wordsB; k += least) word ^= ofB[atB + k]!
      bits += popcount(word)
    }
    return bits
  }
}

/** A power of two of words, with at least as many bits as there are shingles. */
function longWords(n: number): number {
  return 1 << Math.max(4, 32 - Math.clz32((n - 1) >>> 5))
}

const longBits = 20
const longBlock = 1 << longBits
const words = new Int32Array(8)
const nothing = new Int32Array(0)
