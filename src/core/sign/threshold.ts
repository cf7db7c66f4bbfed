import { Failure } from '../base/failure.ts'

/** A similarity threshold as a fraction, so that the boundary is decided in integers. */
export interface Threshold {
  readonly num: number
  readonly den: number
}

/** Reads `0.8`, `.75` or `1`, up to six decimals; a `Failure` otherwise. */
export function parseThreshold(value: string | number): Threshold {
  const match = /^(0?|1)(?:\.(\d{1,6}))?$/.exec(String(value))
  const digits = match?.[2] ?? ''
  const den = 10 ** digits.length
  const num = match ? Number(match[1] || '0') * den + Number(digits || '0') : 0
  if (!match || num <= 0 || num > den)
    throw new Failure('bad-threshold', `Not a threshold: "${value}"`, 'Use a number above 0 and up to 1, such as 0.8')
  const common = divisor(num, den)
  return { num: num / common, den: den / common }
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}

/** Is `inter / union` at or above the threshold? */
export function reaches(t: Threshold, inter: number, union: number): boolean {
  return inter * t.den >= t.num * union
}

/** The least |A∩B| with which sets of `n` and `m` shingles reach the threshold: ⌈t(n+m)/(1+t)⌉. */
export function neededOverlap(t: Threshold, n: number, m: number): number {
  const sum = t.num + t.den
  return Math.floor((t.num * (n + m) + sum - 1) / sum)
}

/**
 * How many shingles of a set of `n`, taken in any fixed global order, two similar sets must share at least one of
 * (prefix filter; Chaudhuri, Ganti and Kaushik, ICDE 2006): n − ⌈t·n⌉ + 1.
 */
export function prefixLength(t: Threshold, n: number): number {
  return n - Math.floor((t.num * n + t.den - 1) / t.den) + 1
}
