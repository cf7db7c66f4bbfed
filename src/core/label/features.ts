import { isUnspaced, normalForm } from '../sign/normal.ts'
import type { Work } from '../sign/progress.ts'

/** Rows as sparse vectors of unit length: row r holds `index[start[r] .. start[r + 1])` with `value` beside it. */
export interface Sparse {
  readonly rows: number
  readonly columns: number
  readonly start: Int32Array
  readonly index: Int32Array
  readonly value: Float32Array
  /** How many rows have each column. */
  readonly frequency: Int32Array
}

/** Which terms of a text count. */
export interface Terms {
  /** Word n-grams up to this n; 0 for none. */
  readonly words: 0 | 1 | 2
  /** The length of character n-grams inside words padded by a space each side; 0 for none. */
  readonly characters: number
  /** So many columns at most: those that most rows have. */
  readonly columns: number
}

/** Tokens of a row beyond these are not read: what a row is about stands at its head. */
const manyTokens = 1500

/**
 * TF-IDF: (1 + ln count) · (ln((1 + rows) / (1 + rows with the term)) + 1), rows scaled to unit length (Salton and Buckley
 * 1988; smoothed as in scikit-learn). Terms are words of the normal form, where a character of a script without spaces is a
 * word. A term that one row alone has tells nothing about another row and is left out.
 */
export function* tfIdf(rows: number, text: (row: number) => string, terms: Terms): Work<Sparse> {
  const reader = new TermReader(terms)
  const frequencies = new Map<number, number>()
  const starts = new Int32Array(rows + 1)
  let hashes = new Int32Array(1024)
  let counts = new Int32Array(1024)
  let length = 0
  let work = 0
  for (let row = 0; row < rows; row++) {
    const found = reader.read(text(row))
    if (length + found.size > hashes.length) {
      const size = Math.max(hashes.length * 2, length + found.size)
      hashes = grown(hashes, size)
      counts = grown(counts, size)
    }
    for (const [hash, count] of found) {
      hashes[length] = hash
      counts[length++] = count
      frequencies.set(hash, (frequencies.get(hash) ?? 0) + 1)
    }
    starts[row + 1] = length
    work += found.size + 20
    if (work > 20_000) {
      work = 0
      yield { phase: 'label-features', done: row, total: rows }
    }
  }
  const columns = columnsOf(frequencies, terms.columns)
  yield { phase: 'label-features', done: rows, total: rows }
  const frequency = new Int32Array(columns.size)
  const weight = new Float64Array(columns.size)
  for (const [hash, column] of columns) {
    frequency[column] = frequencies.get(hash)!
    weight[column] = Math.log((1 + rows) / (1 + frequency[column]!)) + 1
  }
  const start = new Int32Array(rows + 1)
  const index = new Int32Array(length)
  const value = new Float32Array(length)
  let at = 0
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let i = starts[row]!; i < starts[row + 1]!; i++) {
      const column = columns.get(hashes[i]!)
      if (column === undefined) continue
      const x = (1 + Math.log(counts[i]!)) * weight[column]!
      index[at] = column
      value[at++] = x
      sum += x * x
    }
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0
    for (let i = start[row]!; i < at; i++) value[i]! *= scale
    start[row + 1] = at
    if (row % 512 === 511) yield { phase: 'label-features', done: row, total: rows }
  }
  return { rows, columns: columns.size, start, index: index.slice(0, at), value: value.slice(0, at), frequency }
}

/** Terms of two rows or more, numbered in the order first met; if they are too many, the most frequent. */
function columnsOf(frequencies: ReadonlyMap<number, number>, most: number): Map<number, number> {
  let kept = [...frequencies].filter(([, rows]) => rows > 1)
  if (kept.length > most) kept = kept.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most)
  return new Map(kept.map(([hash], column) => [hash, column]))
}

/** Reads the terms of one text at a time, as 32-bit hashes. */
class TermReader {
  private readonly terms: Terms
  private readonly found = new Map<number, number>()

  constructor(terms: Terms) {
    this.terms = terms
  }

  /** How often each term stands in the text; valid until the next call. */
  read(text: string): ReadonlyMap<number, number> {
    this.found.clear()
    const { words, characters } = this.terms
    let before = 0
    let tokens = 0
    for (const token of tokensOf(text)) {
      if (tokens++ >= manyTokens) break
      const hash = hashOf(token, 0, token.length)
      if (words > 0) this.add(mix(hash, 0x2c1b3c6d))
      if (words > 1 && tokens > 1) this.add(mix(Math.imul(before, 31) + hash, 0x7feb352d))
      if (characters > 0) this.characters(` ${token} `, characters)
      before = hash
    }
    return this.found
  }

  private characters(padded: string, size: number): void {
    if (padded.length <= size) this.add(mix(hashOf(padded, 0, padded.length), 0x1b873593))
    for (let i = 0; i + size <= padded.length; i++) this.add(mix(hashOf(padded, i, i + size), 0x1b873593))
  }

  private add(hash: number): void {
    this.found.set(hash, (this.found.get(hash) ?? 0) + 1)
  }
}

/** The words of a text's normal form; a character of a script without spaces is a word. */
export function tokensOf(text: string): string[] {
  const tokens: string[] = []
  for (const word of normalForm(text).split(' ')) {
    if (word === '') continue
    let plain = true
    for (let i = 0; i < word.length && plain; i++) plain = word.charCodeAt(i) < 0x0e00
    if (plain) tokens.push(word)
    else tokens.push(...apart(word))
  }
  return tokens
}

function apart(word: string): string[] {
  const tokens: string[] = []
  let run = ''
  for (const character of word) {
    if (!isUnspaced(character.codePointAt(0)!)) {
      run += character
      continue
    }
    if (run !== '') tokens.push(run)
    tokens.push(character)
    run = ''
  }
  if (run !== '') tokens.push(run)
  return tokens
}

function hashOf(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** The finaliser of MurmurHash3, seeded by the kind of term. */
function mix(hash: number, seed: number): number {
  let x = hash ^ seed
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

function grown(from: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const into = new Int32Array(size)
  into.set(from)
  return into
}
