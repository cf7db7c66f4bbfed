import { byteOfCharacter } from '../../../src/node/tokenPieces.ts'

/** Special tokens of the embedded decoder: padding, the end of a document, and what opens and closes a turn. */
export const decoderTokens = ['<|pad|>', '<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const

/** How the byte-level pre-tokenizer of Hugging Face cuts text (the pattern of GPT-2). */
const words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

/** Pieces of a text that merging never crosses: digits one by one, words with the blank before them. */
export const pieces = (text: string): string[] =>
  text
    .split(/(\p{N})/u)
    .filter(Boolean)
    .flatMap(part => part.match(words) ?? [])

/** Vocabulary and merges of byte pairs. */
export interface BytePairs {
  readonly vocabulary: readonly string[]
  readonly merges: readonly (readonly [string, string])[]
}

/**
 * Byte-pair encoding (Sennrich, Haddow and Birch 2016) on bytes: from the 256 bytes, the heaviest pair is merged until the
 * vocabulary is full. `weights` are the pieces of the corpus and how often each stands there.
 */
export function trainBytePairs(weights: ReadonlyMap<string, number>, size: number): BytePairs {
  const characters = [...byteOfCharacter()].sort((a, b) => a[1] - b[1]).map(([c]) => c)
  const vocabulary: string[] = [...decoderTokens, ...characters]
  const known = [...weights].filter(([piece]) => !/\p{N}/u.test(piece))
  const encoder = new TextEncoder()
  const split = known.map(([piece]) => Array.from(encoder.encode(piece), byte => characters[byte] as string))
  const weight = known.map(([, w]) => w)
  const pairs = new Map<string, { total: number; words: Set<number> }>()
  const count = (w: number, sign: 1 | -1) => {
    const parts = split[w] as string[]
    for (let i = 0; i + 1 < parts.length; i++) {
      const key = `${parts[i]} ${parts[i + 1]}`
      let pair = pairs.get(key)
      if (!pair) pairs.set(key, (pair = { total: 0, words: new Set() }))
      pair.total += sign * (weight[w] as number)
      if (sign === 1) pair.words.add(w)
    }
  }
  for (let w = 0; w < split.length; w++) count(w, 1)
  const merges: [string, string][] = []
  const seen = new Set(vocabulary)
  while (vocabulary.length < size) {
    let best = ''
    let most = 0
    for (const [key, { total }] of pairs)
      if (total > most || (total === most && total > 0 && key < best)) [best, most] = [key, total]
    if (most === 0) break
    const [left, right] = best.split(' ') as [string, string]
    const merged = left + right
    merges.push([left, right])
    if (!seen.has(merged)) vocabulary.push(merged)
    seen.add(merged)
    for (const w of pairs.get(best)?.words ?? []) {
      count(w, -1)
      const parts = split[w] as string[]
      for (let i = 0; i + 1 < parts.length; i++)
        if (parts[i] === left && parts[i + 1] === right) parts.splice(i, 2, merged)
      count(w, 1)
    }
    pairs.delete(best)
  }
  return { vocabulary, merges }
}

/** `tokenizer.json` of Hugging Face's fast tokenizers. */
export function bytePairTokenizer({ vocabulary, merges }: BytePairs): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: decoderTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  }
}
