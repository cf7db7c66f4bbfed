import type { FormColumns } from './formColumns.ts'
import type { Work } from './progress.ts'

/**
 * Which shingles more than one form may have, by counters of two bits that saturate at two. Shingles that share a counter count
 * as one, so "no" is certain (only one form has it) and "yes" is not.
 */
export class Recurrence {
  private readonly counters: Int32Array
  private readonly shift: number

  private constructor(counters: Int32Array, shift: number) {
    this.counters = counters
    this.shift = shift
  }

  static *count(forms: FormColumns): Work<Recurrence> {
    const total = forms.start[forms.count]!
    // One to two counters a shingle, but no more memory than a processor's cache has.
    const bits = Math.min(21, Math.max(8, 29 - Math.clz32(total)))
    const recurs = new Recurrence(new Int32Array(1 << bits), 32 - bits)
    for (let from = 0; from < total; from += piece) {
      recurs.add(forms.pool, from, Math.min(total, from + piece))
      yield { phase: 'containment', done: from, total }
    }
    return recurs
  }

  private add(pool: Uint32Array, from: number, to: number): void {
    const { counters, shift } = this
    for (let i = from; i < to; i++) {
      const shingle = pool[i]!
      const at = shingle >>> shift
      const place = (shingle & 15) << 1
      const value = counters[at]!
      // Without a branch, as below: 0 → 1 → 2, and 2 stays.
      counters[at] = value + ((1 ^ ((value >>> (place | 1)) & 1)) << place)
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

const piece = 500_000
