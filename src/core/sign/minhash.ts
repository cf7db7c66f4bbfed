import { random } from '../base/random.ts'

/**
 * MinHash signatures (Broder 1997): of each of k hash functions x → a·x + b (mod 2³²), a odd, the least value over a set.
 * Two signatures agree in one place with the probability of their sets' Jaccard similarity. The shingle hashes are
 * mixed already; over values that are not, such a linear function is biased.
 */
export class MinHash {
  readonly k: number
  private readonly a: Uint32Array
  private readonly b: Uint32Array

  constructor(k: number, seed: number | string = 'minhash') {
    const r = random(seed)
    this.k = k
    this.a = Uint32Array.from({ length: k }, () => r.int(2 ** 31) * 2 + 1)
    this.b = Uint32Array.from({ length: k }, () => r.int(2 ** 31) * 2 + r.int(2))
  }

  /** Writes the signature of the set `pool[from .. to)` of mixed 32-bit hashes to `out[0 .. k)`. */
  sign(pool: Uint32Array, from: number, to: number, out: Uint32Array): void {
    const { a, b, k } = this
    for (let i = 0; i < k; i++) {
      const [factor, shift] = [a[i]!, b[i]!]
      let least = 0xffffffff
      for (let j = from; j < to; j++) {
        const value = (Math.imul(factor, pool[j]!) + shift) >>> 0
        if (value < least) least = value
      }
      out[i] = least
    }
  }
}

/** The share of places in which two signatures agree: an unbiased estimate of Jaccard, of deviation √(J(1−J)/k). */
export function estimate(a: Uint32Array, b: Uint32Array): number {
  let equal = 0
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++
  return equal / a.length
}
