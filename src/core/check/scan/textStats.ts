import { isUnspaced } from '../../sign/normal.ts'
import { classes, has, scripts } from './characters.ts'
import { languageCount, stopWords } from './languages.ts'

/** Letters in lower case up to the end of Cyrillic; others are as they are. */
const folded = Uint16Array.from({ length: 0x530 }, (_, code) => {
  const lower = String.fromCharCode(code).toLowerCase()
  return lower.length === 1 ? lower.charCodeAt(0) : code
})

const seed = 0x811c9dc5 | 0
const prime = 0x01000193

/** The hash by which `TextStats` knows a word. */
export function wordHash(word: string): number {
  let h = seed
  for (let i = 0; i < word.length; i++) h = Math.imul(h ^ fold(word.charCodeAt(i)), prime)
  return h
}

function fold(code: number): number {
  return code < 0x530 ? folded[code]! : code
}

/**
 * A sentence of so much that two people hardly write the same. Length in UTF-16 units; a letter of a script without spaces counts as half
 * a word and three units, so that fourteen of them are enough.
 */
export const longSentence = { words: 6, length: 40 } as const

/** `.`, `?`, `!`, `:`, a line break, and what stands for them in Chinese and Japanese, Hindi, Arabic and Urdu. */
const sentenceEnds = '.?!:\n\u3002\uff01\uff1f\uff0e\uff1a\u0964\u061f\u06d4'
const ends = new Set([...sentenceEnds].map(end => end.charCodeAt(0)))

function endsSentence(code: number): boolean {
  return code < 0x80
    ? code === 46 || code === 10 || code === 63 || code === 33 || code === 58
    : code >= 0x600 && ends.has(code)
}

const isLong = (words: number, length: number, unspaced: number) =>
  words + unspaced / 2 >= longSentence.words && length + unspaced * 2 >= longSentence.length

/** The long sentences of a text with the hashes by which `TextStats` knows them. */
export function sentencesOf(text: string): { readonly start: number; readonly end: number; readonly hash: number }[] {
  const stats = new TextStats()
  const found: { start: number; end: number; hash: number }[] = []
  for (const match of text.matchAll(sentencePattern)) {
    stats.begin()
    stats.read(match[0])
    if (stats.sentences > 0)
      found.push({ start: match.index, end: match.index + match[0].length, hash: stats.sentenceHashes[0]! })
  }
  return found
}

const sentencePattern = new RegExp(`[^${sentenceEnds}]+`, 'g')

const longestStopWord = 7
const stopWordsByHash = new Map([...stopWords].map(([word, languages]) => [wordHash(word), languages] as const))

/**
 * What rules want to know of every text, found in one pass over its units, so that they need not look closer at texts
 * that cannot concern them. `begin` starts a row; `read` adds a text to it.
 */
export class TextStats {
  /** Of the last text: all that `has` tells of its units. */
  flags = 0
  /** Of the last text. */
  digits = 0
  /** Of the last text: the longest run of ASCII letters, digits, `_`, `-`, `.`, `/`, `+` and `=`. */
  longestRun = 0
  /** As `longestRun`, of the runs with a digit in them. */
  longestMixed = 0
  /** Of the last text: letters of scripts that put no spaces between words. */
  unspaced = 0
  /** Of the last text: words are runs of letters, digits and marks. Only the first `words` of the hashes count. */
  words = 0
  hashes = new Int32Array(256)
  /** Of the row: hashes of its long sentences; only the first `sentences` count. */
  sentences = 0
  sentenceHashes = new Int32Array(64)
  /** Of the row, in UTF-16 units. */
  length = 0
  rowWords = 0
  /** Of the row: letters by script. */
  readonly scripts = new Float64Array(scripts.length)
  /** Of the row: stop words by language; a word of n languages counts 1/n for each. */
  readonly languages = new Float64Array(languageCount)

  begin(): void {
    this.length = 0
    this.rowWords = 0
    this.sentences = 0
    this.scripts.fill(0)
    this.languages.fill(0)
  }

  read(text: string): void {
    const { scripts } = this
    this.sentencesBefore = this.sentences
    let flags = 0
    let digits = 0
    let run = 0
    let longest = 0
    let mixed = 0
    let runDigits = 0
    let latin = 0
    let words = 0
    let inside = 0
    let h = seed
    let gap = true
    let loose = false
    let sentence = seed
    let sentenceStart = 0
    let sentenceWords = 0
    let unspaced = 0
    let unspacedBefore = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      const kind = classes[code]!
      flags |= kind
      const script = kind & 15
      if (script === 1 && code < 128) {
        latin++
        h = Math.imul(h ^ (code | 32), prime)
        inside++
        gap = false
        run++
      } else if (script !== 0) {
        scripts[script]!++
        h = Math.imul(h ^ fold(code), prime)
        if (code >= 0x0e00 && isUnspaced(code)) unspaced++
        inside++
        gap = false
        run = 0
        runDigits = digits
      } else if ((kind & has.digit) !== 0) {
        digits++
        h = Math.imul(h ^ code, prime)
        inside++
        gap = false
        run++
      } else {
        if (inside > 0) {
          this.word(words++, h, inside)
          sentence = Math.imul(sentence ^ h, prime)
          sentenceWords++
          inside = 0
          h = seed
        }
        if (endsSentence(code)) {
          if (isLong(sentenceWords, i - sentenceStart, unspaced - unspacedBefore)) this.sentence(sentence)
          unspacedBefore = unspaced
          sentence = seed
          sentenceStart = i + 1
          sentenceWords = 0
        }
        if ((kind & has.space) !== 0) {
          // A line break may be followed by another, or by the indent of a list or of code.
          if (gap && code === 32) loose = true
          gap = code === 32
        } else gap = false
        if (run > longest) longest = run
        if (run > mixed && digits > runDigits) mixed = run
        if (!(code === 45 || code === 95 || code === 46 || code === 47 || code === 43 || code === 61))
          runDigits = digits
        run = code === 45 || code === 95 || code === 46 || code === 47 || code === 43 || code === 61 ? run + 1 : 0
      }
    }
    if (inside > 0) {
      this.word(words++, h, inside)
      sentence = Math.imul(sentence ^ h, prime)
      sentenceWords++
    }
    if (isLong(sentenceWords, text.length - sentenceStart, unspaced - unspacedBefore)) this.sentence(sentence)
    const loosely =
      text.length > 0 &&
      ((classes[text.charCodeAt(0)]! & has.space) !== 0 ||
        (classes[text.charCodeAt(text.length - 1)]! & has.space) !== 0)
    this.flags = (flags & ~15) | (loose || loosely ? has.loose : 0)
    this.digits = digits
    this.longestRun = Math.max(longest, run)
    this.longestMixed = digits > runDigits ? Math.max(mixed, run) : mixed
    scripts[1]! += latin
    this.words = words
    this.unspaced = unspaced
    this.length += text.length
    this.rowWords += words
  }

  /** What the last text said many may say. */
  forgetSentences(): void {
    this.sentences = this.sentencesBefore
  }

  private sentence(hash: number): void {
    if (this.sentences === this.sentenceHashes.length) {
      const grown = new Int32Array(this.sentences * 2)
      grown.set(this.sentenceHashes)
      this.sentenceHashes = grown
    }
    this.sentenceHashes[this.sentences++] = hash
  }

  private sentencesBefore = 0

  private word(n: number, hash: number, length: number): void {
    if (n === this.hashes.length) {
      const grown = new Int32Array(n * 2)
      grown.set(this.hashes)
      this.hashes = grown
    }
    this.hashes[n] = hash
    if (length > longestStopWord) return
    const known = stopWordsByHash.get(hash)
    if (!known) return
    const weight = 1 / known.length
    for (const language of known) this.languages[language]! += weight
  }
}
