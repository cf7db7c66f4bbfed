/** The pieces that every vocabulary of this kind begins with, in BERT's order. */
export const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const

/** Lower case without accents, cut at spaces and around punctuation: what BertNormalizer and BertPreTokenizer do. */
export function basicTokens(text: string): string[] {
  const plain = text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
  return plain.match(/[\p{P}$+<=>^`|~]|[^\s\p{P}$+<=>^`|~]+/gu) ?? []
}

export interface VocabularyOptions {
  /** Pieces in all, special tokens included. */
  readonly size: number
  /** How many of them are whole words. */
  readonly words: number
}

/**
 * A WordPiece vocabulary from weighted words: single characters, the heaviest whole words, and pieces of the others found by
 * merging the heaviest pair again and again (Sennrich, Haddow and Birch 2016), written with `##` where they continue
 * a word. Whole words come first because a small encoder cannot afford to assemble common words from parts.
 */
export function trainWordPiece(weights: ReadonlyMap<string, number>, options: VocabularyOptions): string[] {
  const ranked = [...weights].filter(([word]) => /^[\p{L}\p{N}]+$/u.test(word) || [...word].length === 1)
  ranked.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const characters = new Map<string, number>()
  for (const [word, weight] of ranked) for (const c of word) characters.set(c, (characters.get(c) ?? 0) + weight)
  // A character met once or twice in a million words is a loan from another script; it may be unknown.
  const known = [...characters].filter(([, weight]) => weight >= 20).map(([c]) => c)
  for (const c of 'abcdefghijklmnopqrstuvwxyz0123456789.,;:!?\'"()-/&%$€£#@*+=_[]<>')
    if (!known.includes(c)) known.push(c)
  known.sort()
  const vocabulary = new Set<string>([...specialTokens, ...known])
  for (const c of known) if (/[\p{L}\p{N}]/u.test(c)) vocabulary.add(`##${c}`)
  for (const [word] of ranked) {
    if (vocabulary.size >= options.words) break
    vocabulary.add(word)
  }
  const rest = ranked.filter(([word]) => !vocabulary.has(word) && [...word].every(c => known.includes(c)))
  for (const piece of mergedPieces(rest)) {
    if (vocabulary.size >= options.size) break
    vocabulary.add(piece)
  }
  return [...vocabulary]
}

/** Pieces in the order in which merging finds them. */
function* mergedPieces(words: readonly (readonly [string, number])[]): Generator<string> {
  const split = words.map(([word]) => [...word].map((c, i) => (i === 0 ? c : `##${c}`)))
  const weight = words.map(([, w]) => w)
  const pairs = new Map<string, { total: number; words: Set<number> }>()
  const count = (w: number, sign: 1 | -1) => {
    const pieces = split[w] as string[]
    for (let i = 0; i + 1 < pieces.length; i++) {
      const key = `${pieces[i]} ${pieces[i + 1]}`
      let pair = pairs.get(key)
      if (!pair) pairs.set(key, (pair = { total: 0, words: new Set() }))
      pair.total += sign * (weight[w] as number)
      if (sign === 1) pair.words.add(w)
    }
  }
  for (let w = 0; w < words.length; w++) count(w, 1)
  for (;;) {
    let best = ''
    let most = 0
    for (const [key, pair] of pairs)
      if (pair.total > most || (pair.total === most && key < best)) [best, most] = [key, pair.total]
    if (most === 0) return
    const [left, right] = best.split(' ') as [string, string]
    const merged = left + right.slice(2)
    for (const w of pairs.get(best)?.words ?? []) {
      count(w, -1)
      const pieces = split[w] as string[]
      for (let i = 0; i + 1 < pieces.length; i++)
        if (pieces[i] === left && pieces[i + 1] === right) pieces.splice(i, 2, merged)
      count(w, 1)
    }
    pairs.delete(best)
    yield merged
  }
}

/** `tokenizer.json` of Hugging Face's fast tokenizers for an uncased vocabulary. */
export function tokenizerJson(vocabulary: readonly string[], maxTokens: number): object {
  const id = (token: string) => vocabulary.indexOf(token)
  const added = specialTokens.map(content => ({
    id: id(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }))
  const special = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } })
  const sequence = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } })
  const template = (token: string) => ({ id: token, ids: [id(token)], tokens: [token] })
  return {
    version: '1.0',
    truncation: { direction: 'Right', max_length: maxTokens, strategy: 'LongestFirst', stride: 0 },
    padding: null,
    added_tokens: added,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)],
      pair: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0), sequence('B', 1), special('[SEP]', 1)],
      special_tokens: { '[CLS]': template('[CLS]'), '[SEP]': template('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, i) => [token, i])),
    },
  }
}
