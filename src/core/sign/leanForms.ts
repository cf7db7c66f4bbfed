import { FormColumns, popcount } from './formColumns.ts'
import type { Keys } from './postings.ts'
import type { Scheme } from './scheme.ts'
import { Shingler } from './shingle.ts'
import type { Threshold } from './threshold.ts'

/** Sets of shingles kept for comparisons, together no more than so many shingles. */
const mostKept = 4_000_000

/** Signs the text of a row again. */
export type SignRow = (row: number, shingler: Shingler) => number

/**
 * Distinct normal forms without their sets: about 70 bytes each, whatever the length of their texts. What a join asks first is
 * kept (size, parity bitmaps, the shingles of the prefix); the set itself is made again from the text of the form's first row,
 * which few forms are ever asked for. Two texts share a slot where 64 bits of hash and the number of shingles are equal.
 */
export class LeanForms extends FormColumns {
  readonly t: Threshold
  /** The first row of each slot. */
  readonly firstRow: Int32Array
  private readonly shingler: Shingler
  private readonly again: Shingler
  private readonly keys: Keys
  private readonly signRow: SignRow
  private readonly formA: Int32Array
  private readonly formB: Int32Array
  private readonly table: Int32Array
  private readonly sets = new Map<number, Uint32Array>()
  private kept = 0
  /** The shingles of all prefixes, slot by slot, in blocks; and where those of each slot begin. */
  private blocks: Uint32Array[] = []
  private length = 0
  readonly prefixStart: Uint32Array
  /** Which hashes a prefix has had once, and which more than once: what occurs once joins nothing. */
  private readonly once: Int32Array
  private readonly twice: Int32Array
  /** Only shingles of this part are kept at a time, by their first bits. */
  private part = 0
  private readonly partShift: number
  private readonly shift: number
  private buffer = new Uint32Array(1024)
  /** A third parity bitmap for long sets, one bit a shingle or more: where it begins (0: none), and all of them. */
  private readonly longStart: Uint32Array
  private long = new Int32Array(1 << 16)
  private longEnd = 1

  /** `rows` is how many forms there may be at most, `shingles` about how many shingles their prefixes have together. */
  constructor(given: {
    readonly scheme: Scheme
    readonly t: Threshold
    readonly keys: Keys
    readonly rows: number
    readonly shingles: number
    readonly signRow: SignRow
    /** A power of two: so many parts the shingles are kept in, one at a time. */
    readonly parts: number
  }) {
    const { rows, scheme } = given
    // Memory that is not written to is not taken, so room for every row costs nothing where rows repeat.
    super({
      count: 0,
      pool: new Uint32Array(0),
      start: new Uint32Array(rows + 1),
      bitsLow: new Int32Array(rows),
      bitsHigh: new Int32Array(rows),
      wide: new Int32Array(rows * 8),
    })
    this.t = given.t
    this.keys = given.keys
    this.signRow = given.signRow
    this.shingler = new Shingler(scheme)
    this.again = new Shingler(scheme)
    this.firstRow = new Int32Array(rows)
    this.formA = new Int32Array(rows)
    this.formB = new Int32Array(rows)
    this.table = new Int32Array(1 << Math.max(10, 33 - Math.clz32(rows)))
    this.prefixStart = new Uint32Array(rows + 1)
    this.longStart = new Uint32Array(rows)
    const bits = Math.min(28, Math.max(14, 34 - Math.clz32(given.shingles)))
    this.shift = 32 - bits
    this.partShift = 32 - Math.log2(given.parts)
    this.once = new Int32Array(1 << (bits - 5))
    this.twice = new Int32Array(1 << (bits - 5))
  }

  /** The slot of a row's text; -1 where its normal form is empty. */
  add(row: number): number {
    const n = this.signRow(row, this.shingler)
    if (n <= 0) return -1
    const { formA: a, formB: b } = this.shingler
    const mask = this.table.length - 1
    let at = Math.imul(a ^ (b >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
    for (;;) {
      const slot = this.table[at]! - 1
      if (slot < 0) break
      if (this.formA[slot] === a && this.formB[slot] === b && this.size(slot) === n) return slot
      at = (at + 1) & mask
    }
    this.table[at] = this.count + 1
    this.formA[this.count] = a
    this.formB[this.count] = b
    this.firstRow[this.count] = row
    return this.append(n)
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

  /** The shingles of a slot, ascending, made again where they are not at hand. */
  setOf(slot: number): Uint32Array {
    const known = this.sets.get(slot)
    if (known) return known
    const set = this.fresh(slot).slice()
    // Reading the row and signing it takes as long as looking at so many pairs.
    this.effort += 2000 + 10 * set.length
    if (this.kept > mostKept) {
      this.sets.clear()
      this.kept = 0
    }
    this.sets.set(slot, set)
    this.kept += set.length
    return set
  }

  /** As `setOf`, until the next question. */
  fresh(slot: number): Uint32Array {
    const n = this.signRow(this.firstRow[slot]!, this.again)
    return this.again.hashes.subarray(0, Math.max(0, n))
  }

  /** Goes on to another part of the shingles: all forms are signed again, in the order of their rows. */
  *keepPart(part: number): Generator<{ phase: string; done: number; total: number }, void, void> {
    this.part = part
    this.blocks = []
    this.length = 0
    this.once.fill(0)
    this.twice.fill(0)
    let work = 0
    for (let slot = 0; slot < this.count; slot++) {
      const set = this.fresh(slot)
      this.keepPrefix(slot, this.again.hashes, set.length)
      work += set.length + 20
      if (work > 40_000) {
        work = 0
        yield { phase: 'sign', done: slot, total: this.count }
      }
    }
  }

  /** Makes the prefixes one list by slot, less what occurs in one of them only. Nothing can be added afterwards. */
  *prefixes(): Generator<{ phase: string; done: number; total: number }, Uint32Array, void> {
    const { blocks, prefixStart, count } = this
    let total = 0
    for (const [b, block] of blocks.entries()) {
      const end = Math.min(blockLength, this.length - b * blockLength)
      for (let i = 0; i < end; i++) if (this.recurs(block[i]!)) total++
      yield { phase: 'prefix', done: b, total: blocks.length * 2 }
    }
    const all = new Uint32Array(total)
    let to = 0
    for (let slot = 0, from = 0; slot < count; slot++) {
      const end = prefixStart[slot + 1]!
      for (; from < end; from++) {
        const shingle = blocks[from >>> blockBits]![from & (blockLength - 1)]!
        if (this.recurs(shingle)) all[to++] = shingle
        // A block that was read is given back.
        if ((from & (blockLength - 1)) === blockLength - 1) {
          blocks[from >>> blockBits] = nothing
          yield { phase: 'prefix', done: blocks.length + (from >>> blockBits), total: blocks.length * 2 }
        }
      }
      prefixStart[slot + 1] = to
    }
    this.blocks = []
    return all
  }

  private append(n: number): number {
    const slot = this.count
    const { hashes } = this.shingler
    const { wide } = this
    let low = 0
    let high = 0
    for (let i = 0; i < n; i++) {
      const hash = hashes[i]!
      if (hash & 32) high ^= 1 << (hash & 31)
      else low ^= 1 << (hash & 31)
      const bit = Math.imul(hash, 0x85ebca6b) >>> 24
      wide[slot * 8 + (bit >>> 5)]! ^= 1 << (bit & 31)
    }
    this.bitsLow[slot] = low
    this.bitsHigh[slot] = high
    this.start[slot + 1] = this.start[slot]! + n
    this.count = slot + 1
    if (n > shortSet) this.addLong(slot, n)
    this.keepPrefix(slot, hashes, n)
    return slot
  }

  private keepPrefix(slot: number, hashes: Uint32Array, n: number): void {
    const { keys, t } = this
    const one = oneForm(hashes, n)
    const size = keys.size(one, 0, t)
    if (size > this.buffer.length) this.buffer = new Uint32Array(size * 2)
    this.keep(this.buffer, keys.prefix(one, 0, t, this.buffer, 0))
    this.prefixStart[slot + 1] = this.length
  }

  private addLong(slot: number, n: number): void {
    const { hashes } = this.shingler
    const words = longWords(n)
    if (this.longEnd + words > this.long.length) {
      const grown = new Int32Array(Math.ceil((this.longEnd + words) * 1.4))
      grown.set(this.long)
      this.long = grown
    }
    const { long, longEnd: from } = this
    for (let i = 0; i < n; i++) {
      const bit = Math.imul(hashes[i]!, 0xc2b2ae3d) >>> 7
      long[from + ((bit >>> 5) & (words - 1))]! ^= 1 << (bit & 31)
    }
    this.longStart[slot] = from
    this.longEnd += words
  }

  /** Shingles in which two long sets differ at least, by their long bitmaps; the longer one is folded to the shorter. */
  private longDiffer(x: number, y: number): number {
    const { long } = this
    const a = this.longStart[x]!
    const b = this.longStart[y]!
    if (a === 0 || b === 0) return 0
    const [wordsA, wordsB] = [longWords(this.size(x)), longWords(this.size(y))]
    const least = Math.min(wordsA, wordsB)
    let bits = 0
    for (let i = 0; i < least; i++) {
      let word = 0
      for (let k = i; k < wordsA; k += least) word ^= long[a + k]!
      for (let k = i; k < wordsB; k += least) word ^= long[b + k]!
      bits += popcount(word)
    }
    return bits
  }

  private keep(shingles: Uint32Array, count: number): void {
    const { once, twice, shift } = this
    for (let i = 0; i < count; i++) {
      const shingle = shingles[i]!
      if (this.partShift < 32 && shingle >>> this.partShift !== this.part) continue
      const at = this.length++
      if ((at & (blockLength - 1)) === 0) this.blocks.push(new Uint32Array(blockLength))
      this.blocks[at >>> blockBits]![at & (blockLength - 1)] = shingle
      const bit = Math.imul(shingle, 0x9e3779b1) >>> shift
      const mask = 1 << (bit & 31)
      if (once[bit >>> 5]! & mask) twice[bit >>> 5]! |= mask
      else once[bit >>> 5]! |= mask
    }
  }

  private recurs(shingle: number): boolean {
    const bit = Math.imul(shingle, 0x9e3779b1) >>> this.shift
    return (this.twice[bit >>> 5]! & (1 << (bit & 31))) !== 0
  }
}

/** Sets up to this size are told apart by 256 bits. */
const shortSet = 192

/** A power of two of words, with at least as many bits as there are shingles. */
function longWords(n: number): number {
  return 1 << Math.max(4, 32 - Math.clz32((n - 1) >>> 5))
}

const blockBits = 20
const blockLength = 1 << blockBits
const nothing = new Uint32Array(0)

/** A set as columns of one form, for what chooses its keys. */
export function oneForm(hashes: Uint32Array, n: number): FormColumns {
  return new FormColumns({ ...single, pool: hashes, start: Uint32Array.of(0, n) })
}

const single = { count: 1, bitsLow: new Int32Array(1), bitsHigh: new Int32Array(1), wide: new Int32Array(8) }
