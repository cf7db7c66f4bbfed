/*
 * Exact match and token F1 of short answers, as the evaluation script of SQuAD 1.1 defines them (Rajpurkar et al. 2016).
 */

/** ASCII punctuation, as Python's `string.punctuation`. */
const punctuation = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g

/** Lower case, without punctuation and the articles a, an, the; spaces between words are one space. */
export function normalAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(punctuation, '')
    .replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' ')
    .trim()
    .split(/\s+/)
    .join(' ')
}

/** Are the two answers the same after `normalAnswer`? */
export const exactMatch = (said: string, gold: string): boolean => normalAnswer(said) === normalAnswer(gold)

/** Harmonic mean of precision and recall of the words of two answers after `normalAnswer`; 0 where none is shared. */
export function tokenF1(said: string, gold: string): number {
  const words = (text: string) => {
    const normal = normalAnswer(text)
    return normal === '' ? [] : normal.split(' ')
  }
  const [a, b] = [words(said), words(gold)]
  const left = new Map<string, number>()
  for (const word of b) left.set(word, (left.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of a) {
    const count = left.get(word) ?? 0
    if (count === 0) continue
    shared++
    left.set(word, count - 1)
  }
  if (shared === 0) return 0
  const [precision, recall] = [shared / a.length, shared / b.length]
  return (2 * precision * recall) / (precision + recall)
}
