import { random } from '../../../src/core/base/random.ts'
import { type TokenRows, tokenRows } from '../../../src/core/train/batch.ts'
import { linesOf, type Synset } from './wordnet.ts'
import { basicTokens, specialTokens } from './wordPiece.ts'

/**
 * How much each word should matter to the vocabulary: its count in the definitions, more for the examples, which are the
 * everyday language in the dictionary, and the counts of the tagged texts. An inflected form has a share of its stem's count.
 * The words of `everyday` are certain of a place: a dictionary of 2006 says little of apps and parcels.
 */
export function wordWeights(
  synsets: readonly Synset[],
  tagged: ReadonlyMap<string, number>,
  everyday: string,
): Map<string, number> {
  const weights = new Map<string, number>()
  const add = (text: string, weight: number) => {
    for (const token of basicTokens(text)) weights.set(token, (weights.get(token) ?? 0) + weight)
  }
  for (const { words, definition, examples } of synsets) {
    for (const word of words) add(word, 0.25)
    add(definition, 1)
    for (const example of examples) add(example, 5)
  }
  for (const [word, weight] of weights) {
    const own = tagged.get(word) ?? 0
    const stem = Math.max(0, ...stems(word).map(s => tagged.get(s) ?? 0))
    weights.set(word, weight + 2 * own + 0.6 * stem)
  }
  for (const word of new Set(basicTokens(everyday))) weights.set(word, (weights.get(word) ?? 0) + 1000)
  return weights
}

function stems(word: string): string[] {
  const found: string[] = []
  const cut = (suffix: string, ...put: string[]) => {
    if (word.endsWith(suffix) && word.length > suffix.length + 2)
      for (const end of put) found.push(word.slice(0, -suffix.length) + end)
  }
  cut('s', '')
  cut('es', '')
  cut('ies', 'y')
  cut('ed', '', 'e')
  cut('ied', 'y')
  cut('ing', '', 'e')
  cut('ly', '')
  return found
}

/** The corpus as token ids: a list a line, the pieces of each word marked by where words begin. */
export interface Lines {
  readonly ids: Uint16Array
  /** 1 where a piece begins a word. */
  readonly begins: Uint8Array
  /** Line i is `ids[starts[i] .. starts[i + 1])`. */
  readonly starts: Int32Array
}

/**
 * The senses worth learning from when time is short: no animals and plants, which are a fifth of the dictionary and say little
 * about other texts, and nothing that has a name of its own.
 */
export const everydaySenses = (synsets: readonly Synset[]): Synset[] =>
  synsets.filter(({ file, named }) => file !== 5 && file !== 20 && !named)

/** Encodes all lines in the order of the dictionary. `encode` gives ids without special tokens. */
export function encodeCorpus(synsets: readonly Synset[], vocabulary: readonly string[]): Lines {
  const id = new Map(vocabulary.map((token, i) => [token, i]))
  const unknown = id.get('[UNK]') as number
  const cache = new Map<string, number[]>()
  const ids: number[] = []
  const begins: number[] = []
  const starts = [0]
  for (const synset of synsets) {
    for (const line of linesOf(synset)) {
      for (const word of basicTokens(line)) {
        let pieces = cache.get(word)
        if (!pieces) cache.set(word, (pieces = piecesOf(word, id, unknown)))
        for (const [i, piece] of pieces.entries()) {
          ids.push(piece)
          begins.push(i === 0 ? 1 : 0)
        }
      }
      starts.push(ids.length)
    }
  }
  return { ids: Uint16Array.from(ids), begins: Uint8Array.from(begins), starts: Int32Array.from(starts) }
}

/** The longest piece first, again and again (WordPiece as BERT applies it). */
export function piecesOf(word: string, id: ReadonlyMap<string, number>, unknown: number): number[] {
  const pieces: number[] = []
  for (let at = 0; at < word.length; ) {
    let end = word.length
    let found: number | undefined
    for (; end > at; end--) {
      found = id.get((at === 0 ? '' : '##') + word.slice(at, end))
      if (found !== undefined) break
    }
    if (found === undefined) return [unknown]
    pieces.push(found)
    at = end
  }
  return pieces
}

/**
 * Lines packed one after the other, in the dictionary's order so that related senses stay together: [CLS] line [SEP] line [SEP] …
 * A line that does not fit goes on in the next sequence, cut between words. `phase` shifts where sequences begin.
 */
export function sequences(lines: Lines, length: number, phase: number): TokenRows {
  const [cls, sep] = [specialTokens.indexOf('[CLS]'), specialTokens.indexOf('[SEP]')]
  const rows: number[][] = []
  let row = [cls]
  const close = () => {
    rows.push(row)
    row = [cls]
  }
  const draw = random(`phase-${phase}`)
  let line = phase === 0 ? 0 : draw.int(64)
  for (; line + 1 < lines.starts.length; line++) {
    const end = lines.starts[line + 1]!
    for (let i = lines.starts[line]!; i < end; i++) {
      const next = wordEnd(lines, i, end)
      if (lines.begins[i] && row.length + (next - i) > length - 1) {
        row.push(sep)
        close()
      }
      if (row.length < length - 1) row.push(lines.ids[i]!)
    }
    if (row.length < length) row.push(sep)
    if (row.length > length - 3) close()
  }
  return tokenRows(rows)
}

function wordEnd({ begins }: Lines, from: number, end: number): number {
  let at = from + 1
  while (at < end && begins[at] === 0) at++
  return at
}

/** Sets every n-th sequence aside, `held` of them in all. */
export function split(rows: TokenRows, held: number): { train: TokenRows; held: TokenRows } {
  const count = rows.starts.length - 1
  const every = Math.floor(count / held)
  const row = (i: number) => [...rows.ids.subarray(rows.starts[i]!, rows.starts[i + 1]!)]
  const indices = Array.from({ length: count }, (_, i) => i)
  const isHeld = (i: number) => i % every === every - 1 && i < every * held
  return {
    train: tokenRows(indices.filter(i => !isHeld(i)).map(row)),
    held: tokenRows(indices.filter(isHeld).map(row)),
  }
}
