import { linesOf, type Synset } from './wordnet.ts'
import { basicTokens } from './wordPiece.ts'

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
