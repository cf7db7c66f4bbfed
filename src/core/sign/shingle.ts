import { asciiFold, isUnspaced, normalForm } from './normal.ts'
import type { Scheme } from './scheme.ts'

/**
 * Hashes the shingles of one text at a time into a reused array. A token is hashed into two independent 32-bit lanes
 * (64 bits of state, so that equal tokens of a large vocabulary do not meet), an n-gram mixes both lanes of its tokens
 * and keeps 32 bits. The ASCII path reads the text once and builds no string; it gives what the other path gives.
 */
export class Shingler {
  readonly scheme: Scheme
  /** The distinct shingle hashes of the last text, ascending, in [0, `count`). */
  hashes = new Uint32Array(256)
  count = 0
  /** 64 bits that stand for the last text's normal form. */
  formA = 0
  formB = 0
  private laneA = new Int32Array(256)
  private laneB = new Int32Array(256)
  private length = 0
  private scratch = new Uint32Array(256)
  private readonly buckets = new Uint32Array(1025)

  constructor(scheme: Scheme) {
    this.scheme = scheme
  }

  /** Signs a text; returns how many distinct shingles it has (0: no letters or numbers in it). */
  sign(text: string): number {
    this.length = 0
    if (this.scheme.unit === 'word') {
      if (!this.asciiWords(text)) this.words(normalForm(text))
    } else if (!this.asciiCodes(text)) this.codes(normalForm(text))
    return this.finishSigning()
  }

  /**
   * As `sign`, of a text that is the bytes [start, end) themselves. Answers -1, with nothing signed, where they are not
   * plain: at a character beyond ASCII, or at a backslash, which may begin an escape.
   */
  signBytes(bytes: Uint8Array, start: number, end: number): number {
    this.length = 0
    if (!(this.scheme.unit === 'word' ? this.byteWords(bytes, start, end) : this.byteCodes(bytes, start, end)))
      return -1
    return this.finishSigning()
  }

  private finishSigning(): number {
    this.hashForm()
    this.count = 0
    if (this.length === 0) return 0
    for (const size of this.scheme.sizes) this.grams(size)
    this.count = this.sortDistinct(this.count)
    return this.count
  }

  private byteWords(bytes: Uint8Array, start: number, end: number): boolean {
    let a = seedA
    let b = seedB
    let at = 0
    for (let i = start; i < end; i++) {
      const folded = byteFold[bytes[i]!]!
      if (folded > 1) {
        if (at === 16) {
          a = nextBlock(a, primeA)
          b = nextBlock(b, primeB)
          at = 0
        }
        a = (a + Math.imul(folded, factorsA[at]!)) | 0
        b = (b + Math.imul(folded, factorsB[at]!)) | 0
        at++
      } else {
        if (folded === 1) return false
        if (at === 0) continue
        this.push(a, b)
        a = seedA
        b = seedB
        at = 0
      }
    }
    if (at > 0) this.push(a, b)
    return true
  }

  private byteCodes(bytes: Uint8Array, start: number, end: number): boolean {
    let gap = false
    for (let i = start; i < end; i++) {
      const folded = byteFold[bytes[i]!]!
      if (folded === 1) return false
      if (folded === 0) gap = this.length > 0
      else {
        if (gap) this.pushCode(32)
        gap = false
        this.pushCode(folded)
      }
    }
    return true
  }

  private push(a: number, b: number): void {
    const n = this.length
    if (n === this.laneA.length) {
      this.laneA = grow(this.laneA, new Int32Array(n * 2))
      this.laneB = grow(this.laneB, new Int32Array(n * 2))
    }
    const x = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d)
    const y = Math.imul(b ^ (b >>> 16), 0x297a2d39)
    this.laneA[n] = x ^ (x >>> 12)
    this.laneB[n] = y ^ (y >>> 15)
    this.length = n + 1
  }

  /** The tokens of an ASCII text; false, with the work undone, at the first other character. */
  private asciiWords(text: string): boolean {
    let a = seedA
    let b = seedB
    let at = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c >= 128) {
        this.length = 0
        return false
      }
      const folded = asciiFold[c]!
      if (folded !== 0) {
        if (at === 16) {
          a = nextBlock(a, primeA)
          b = nextBlock(b, primeB)
          at = 0
        }
        a = (a + Math.imul(folded, factorsA[at]!)) | 0
        b = (b + Math.imul(folded, factorsB[at]!)) | 0
        at++
      } else if (at > 0) {
        this.push(a, b)
        a = seedA
        b = seedB
        at = 0
      }
    }
    if (at > 0) this.push(a, b)
    return true
  }

  private words(normal: string): void {
    const characters = this.scheme.characters
    let begin = 0
    for (let i = 0; i < normal.length; i++) {
      const unit = normal.charCodeAt(i)
      const code = unit >= 0xd800 && unit < 0xdc00 ? normal.codePointAt(i)! : unit
      const alone = characters && isUnspaced(code)
      if (unit !== 32 && !alone) {
        if (code > 0xffff) i++
        continue
      }
      this.pushWord(normal, begin, i)
      if (code > 0xffff) i++
      begin = i + 1
      if (alone) this.pushWord(normal, code > 0xffff ? i - 1 : i, begin)
    }
    this.pushWord(normal, begin, normal.length)
  }

  /** The word that is the units [from, to) of a text, if there are any. */
  private pushWord(normal: string, from: number, to: number): void {
    let a = seedA
    let b = seedB
    for (let i = from; i < to; i++) {
      const at = (i - from) & 15
      if (at === 0 && i > from) {
        a = nextBlock(a, primeA)
        b = nextBlock(b, primeB)
      }
      const unit = normal.charCodeAt(i)
      a = (a + Math.imul(unit, factorsA[at]!)) | 0
      b = (b + Math.imul(unit, factorsB[at]!)) | 0
    }
    if (to > from) this.push(a, b)
  }

  private asciiCodes(text: string): boolean {
    let gap = false
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c >= 128) {
        this.length = 0
        return false
      }
      const folded = asciiFold[c]!
      if (folded === 0) gap = this.length > 0
      else {
        if (gap) this.pushCode(32)
        gap = false
        this.pushCode(folded)
      }
    }
    return true
  }

  private codes(normal: string): void {
    for (let i = 0; i < normal.length; i++) {
      const code = normal.codePointAt(i)!
      if (code > 0xffff) i++
      this.pushCode(code)
    }
  }

  private pushCode(code: number): void {
    this.push(Math.imul(seedA ^ code, primeA), Math.imul(seedB ^ code, primeB))
  }

  private hashForm(): void {
    const { laneA, laneB, length } = this
    let a = length
    let b = ~length
    for (let i = 0; i < length; i++) {
      a = Math.imul(a ^ laneA[i]!, 0x85ebca6b)
      a ^= a >>> 13
      b = Math.imul(b + laneB[i]!, 0xcc9e2d51) | 0
      b ^= b >>> 15
    }
    this.formA = a
    this.formB = b
  }

  /** Appends the hashes of all n-grams, or of the whole text where it is shorter than one. */
  private grams(size: number): void {
    const { laneA: a, laneB: b, length } = this
    // A shorter union member is already there as the whole text: word:1+2 of one word is that word.
    if (length < size && this.scheme.sizes.length > 1) return
    const grams = Math.max(1, length - size + 1)
    if (this.count + grams > this.hashes.length) {
      this.hashes = grow(this.hashes, new Uint32Array(Math.max(this.hashes.length * 2, this.count + grams)))
      this.scratch = new Uint32Array(this.hashes.length)
    }
    const out = this.hashes
    let n = this.count
    if (length >= size && size === 1)
      for (let i = 0; i < length; i++) out[n++] = finish(Math.imul(a[i]!, k1) + Math.imul(b[i]!, k2))
    else if (length >= size && size === 2)
      for (let i = 0; i + 1 < length; i++)
        out[n++] = finish(
          Math.imul(a[i]!, k3) + Math.imul(b[i]!, k4) + Math.imul(a[i + 1]!, k5) + Math.imul(b[i + 1]!, k6) + 2,
        )
    else {
      const width = Math.min(size, length)
      for (let i = 0; i < grams; i++) {
        // The width in the seed keeps "ok" apart from "ok ok" where both are shorter than one n-gram.
        let x = Math.imul(width, k1)
        let y = width
        for (let j = i; j < i + width; j++) {
          x = Math.imul(x ^ a[j]!, k3)
          x ^= x >>> 15
          y = Math.imul(y, k5) + b[j]!
        }
        out[n++] = finish(x + Math.imul(y, k6))
      }
    }
    this.count = n
  }

  /** Sorts `hashes[0..n)` and drops repeats. Hashes are uniform: one pass into buckets, then insertion. */
  private sortDistinct(n: number): number {
    const list = this.hashes
    if (n > 16384) list.subarray(0, n).sort()
    else if (n > 24) {
      const bits = Math.min(10, 32 - Math.clz32(n - 1))
      const shift = 32 - bits
      const size = 1 << bits
      const { buckets, scratch } = this
      buckets.fill(0, 0, size + 1)
      for (let i = 0; i < n; i++) buckets[(list[i]! >>> shift) + 1]!++
      for (let i = 0; i < size; i++) buckets[i + 1]! += buckets[i]!
      for (let i = 0; i < n; i++) scratch[buckets[list[i]! >>> shift]!++] = list[i]!
      list.set(scratch.subarray(0, n))
    }
    for (let i = 1; i < n; i++) {
      const hash = list[i]!
      let j = i - 1
      while (j >= 0 && list[j]! > hash) {
        list[j + 1] = list[j]!
        j--
      }
      list[j + 1] = hash
    }
    let distinct = n > 0 ? 1 : 0
    for (let i = 1; i < n; i++) if (list[i] !== list[distinct - 1]) list[distinct++] = list[i]!
    return distinct
  }
}

/** As `asciiFold`, for bytes: 1 stands for what makes a text not plain. */
export const byteFold = new Uint8Array(256).fill(1)
byteFold.set(asciiFold)
byteFold[0x5c] = 1

const seedA = 0x811c9dc5 | 0
const seedB = 0x5bd1e995
const primeA = 0x01000193
const primeB = 0x27d4eb2f
/** By place in a word: what each unit is multiplied with before they are added up (multilinear hashing), sixteen at a time. */
const factorsA = Int32Array.of(
  0xeccf7d57,
  0x630d65e5,
  0x4a11ffd3,
  0x1cb000fd,
  0xd3572a05,
  0x5514ed2d,
  0x25d05d37,
  0x624408d3,
  0xe1606879,
  0x7899781f,
  0x77aef381,
  0xab9bae9b,
  0xc7fd99d7,
  0x6059d121,
  0x65c4d557,
  0x43b4343b,
)
const factorsB = Int32Array.of(
  0xb6ca61a5,
  0x53f1788b,
  0xec16b92d,
  0x57a46451,
  0xa6efee9f,
  0x57dfb1a3,
  0x41059913,
  0x88c855f3,
  0xe7411737,
  0xc0418d8d,
  0xf7ae2ba1,
  0xb7f9b955,
  0x2c7e0e43,
  0xb5dc25f7,
  0xe760cd89,
  0xf220e83d,
)
const k1 = 0x9e3779b1 | 0
const k2 = 0x85ebca77 | 0
const k3 = 0x7feb352d
const k4 = 0x846ca68b | 0
const k5 = 0xc2b2ae3d | 0
const k6 = 0x165667b1

/** A lane of a word after each sixteen of its units. */
function nextBlock(lane: number, prime: number): number {
  return Math.imul(lane ^ (lane >>> 15), prime)
}

/** MurmurHash3's finaliser (Appleby): every input bit reaches every output bit. */
function finish(hash: number): number {
  let x = hash ^ (hash >>> 16)
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  return x ^ (x >>> 16)
}

function grow<T extends Int32Array | Uint32Array>(from: T, into: T): T {
  into.set(from)
  return into
}
