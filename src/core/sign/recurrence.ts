/**
 * Which shingles more than one form may have, by counters of two bits that saturate at two. Shingles that share a counter count
 * as one, so "no" is certain (only one form has it) and "yes" is not.
 */
export class Recurrence {
  /** Where other threads see them. */
  readonly counters: Int32Array
  private readonly shift: number

  /** Of counters that were made by `countersFor`. */
  constructor(counters: Int32Array) {
    this.counters = counters
    this.shift = Math.clz32(counters.length) + 1
  }

  /** Counts `pool[from .. to)`, the shingles of forms that were not counted yet. */
  add(pool: Uint32Array, from: number, to: number): void {
    const { counters, shift } = this
    for (let i = from; i < to; i++) {
      const shingle = pool[i]!
      const at = shingle >>> shift
      const place = (shingle & 15) << 1
      const value = counters[at]!
      // Without a branch: 0 → 1 → 2, and 2 stays.
      counters[at] = value + ((1 ^ ((value >>> (place | 1)) & 1)) << place)
    }
  }

  /** Adds what other counters of the same size counted of other forms. */
  join(others: Int32Array): void {
    const { counters } = this
    for (let i = 0; i < counters.length; i++) {
      const a = counters[i]!
      const b = others[i]!
      const twice = ((a | b) >>> 1) & ones
      const low = (a ^ b) & ones
      const both = twice | (a & b & ones)
      counters[i] = (both << 1) | (low & ~both)
    }
  }

  /** Copies those of `pool[from .. to)` that more than one form may have to `out`; how many they are. */
  filter(pool: Uint32Array, from: number, to: number, out: Uint32Array): number {
    const { counters, shift } = this
    let left = 0
    for (let i = from; i < to; i++) {
      const shingle = pool[i]!
      // Whether it recurs cannot be guessed, and a wrong guess costs more than a store.
      out[left] = shingle
      left += (counters[shingle >>> shift]! >>> (((shingle & 15) << 1) | 1)) & 1
    }
    return left
  }
}

/** The lower bit of each counter of a word. */
const ones = 0x55555555

/** Counters, all zero, for so many shingles: one to two for each, but no more memory than a processor's cache has. */
export function countersFor(shingles: number): Int32Array {
  const bits = Math.min(21, Math.max(8, 29 - Math.clz32(shingles)))
  return new Int32Array(new SharedArrayBuffer(4 << bits))
}
