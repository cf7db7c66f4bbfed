import { asciiFold } from './normal.ts'

/** A text as it stands in a buffer: bytes [start, end). */
export interface PlainText {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** How two plain texts compare by `word:1+2`. */
export interface PlainComparison {
  readonly inter: number
  readonly union: number
  /** May they differ in their numbers only? Then the normal forms must decide; otherwise they do not. */
  readonly mayBeNumbers: boolean
}

/**
 * The exact overlap of the `word:1+2` shingle sets of two texts of ASCII without backslashes, read from their bytes: words
 * are numbered by a small table that compares them letter by letter, pairs of words by one of their numbers. It gives
 * what `overlapOf` gives, without making a string. `PlainOverlap` asks it where there is no kernel.
 */
export class WordOverlap {
  /** Words: where each begins, how long it is, in which text it was first seen (0, 1) and in which texts it stands (1, 2). */
  private start = new Int32Array(128)
  private size = new Int32Array(128)
  private from = new Uint8Array(128)
  private within = new Uint8Array(128)
  private words = 0
  /** Word + 1 by hash, and pair by hash; an entry counts where its stamp is that of this comparison. */
  private table = new Int32Array(256)
  private tableStamp = new Int32Array(256)
  private pairA = new Int32Array(256)
  private pairB = new Int32Array(256)
  private pairWithin = new Uint8Array(256)
  private pairStamp = new Int32Array(256)
  private stamp = 0
  private inter = 0
  private union = 0
  private digits = false
  private readonly texts: [PlainText, PlainText] = [none, none]

  /** Undefined where a text is not plain. */
  compare(a: PlainText, b: PlainText): PlainComparison | undefined {
    const most = ((a.end - a.start + b.end - b.start) >> 1) + 2
    if (most * 2 > this.table.length) this.grow(most)
    this.stamp++
    this.words = 0
    this.inter = 0
    this.union = 0
    this.digits = false
    this.texts[0] = a
    this.texts[1] = b
    const left = this.read(0)
    const right = left < 0 ? -1 : this.read(1)
    this.texts[0] = this.texts[1] = none
    if (right < 0) return undefined
    return { inter: this.inter, union: this.union, mayBeNumbers: this.digits && left === right }
  }

  /** Counts the words and pairs of one text; returns how many words it has, -1 where it is not plain. */
  private read(text: 0 | 1): number {
    const { bytes, start, end } = this.texts[text]
    const bit = text + 1
    let before = -1
    let count = 0
    let hash = 0
    let began = -1
    for (let i = start; i <= end; i++) {
      const byte = i < end ? bytes[i]! : 32
      if (byte > 127 || byte === 0x5c) return -1
      const folded = asciiFold[byte]!
      if (folded !== 0) {
        if (began < 0) {
          began = i
          hash = 0
        }
        hash = Math.imul(hash ^ folded, 0x01000193)
        if (folded < 58) this.digits = true
        continue
      }
      if (began < 0) continue
      const word = this.word(text, began, i - began, hash)
      this.see(word, bit)
      if (before >= 0) this.pair(before, word, bit)
      before = word
      began = -1
      count++
    }
    return count
  }

  private word(text: 0 | 1, start: number, size: number, hash: number): number {
    const mask = this.table.length - 1
    const bytes = this.texts[text].bytes
    for (let at = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) & mask; ; at = (at + 1) & mask) {
      if (this.tableStamp[at] !== this.stamp) {
        const word = this.words++
        this.tableStamp[at] = this.stamp
        this.table[at] = word
        this.start[word] = start
        this.size[word] = size
        this.from[word] = text
        this.within[word] = 0
        return word
      }
      const known = this.table[at]!
      if (this.size[known] !== size) continue
      const other = this.texts[this.from[known] as 0 | 1].bytes
      const first = this.start[known]!
      let i = 0
      while (i < size && asciiFold[bytes[start + i]!] === asciiFold[other[first + i]!]) i++
      if (i === size) return known
    }
  }

  private see(word: number, bit: number): void {
    const known = this.within[word]!
    if (known & bit) return
    this.within[word] = known | bit
    if (known === 0) this.union++
    else this.inter++
  }

  private pair(a: number, b: number, bit: number): void {
    const mask = this.pairA.length - 1
    for (let at = Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x85ebca6b) & mask; ; at = (at + 1) & mask) {
      if (this.pairStamp[at] !== this.stamp) {
        this.pairStamp[at] = this.stamp
        this.pairA[at] = a
        this.pairB[at] = b
        this.pairWithin[at] = bit
        this.union++
        return
      }
      if (this.pairA[at] !== a || this.pairB[at] !== b) continue
      const known = this.pairWithin[at]!
      if (known & bit) return
      this.pairWithin[at] = known | bit
      this.inter++
      return
    }
  }

  private grow(most: number): void {
    let size = 256
    while (size < most * 2) size *= 2
    this.start = new Int32Array(most)
    this.size = new Int32Array(most)
    this.from = new Uint8Array(most)
    this.within = new Uint8Array(most)
    this.table = new Int32Array(size)
    this.tableStamp = new Int32Array(size)
    this.pairA = new Int32Array(size)
    this.pairB = new Int32Array(size)
    this.pairWithin = new Uint8Array(size)
    this.pairStamp = new Int32Array(size)
    this.stamp = 0
  }
}

const none: PlainText = { bytes: new Uint8Array(0), start: 0, end: 0 }
