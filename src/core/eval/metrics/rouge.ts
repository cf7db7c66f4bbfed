import { gramCounts, sharedGrams } from './grams.ts'

/** Precision, recall and their harmonic mean, 0 to 1. */
export interface Rouge {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/**
 * ROUGE-1, ROUGE-2 and ROUGE-L of one text (Lin 2004), as the `rouge-score` package computes them with its defaults: lower
 * case, runs of a-z and 0-9 are words, no stemmer, ROUGE-L over the whole text. Other scripts have no words there, so
 * that both score 0.
 */
export function rouge(
  said: string,
  gold: string,
): { readonly rouge1: Rouge; readonly rouge2: Rouge; readonly rougeL: Rouge } {
  const [a, b] = [rougeWords(said), rougeWords(gold)]
  const grams = (n: number) => {
    const shared = sharedGrams(gramCounts(a, n), gramCounts(b, n))
    return rougeOf(shared, Math.max(a.length - n + 1, 0), Math.max(b.length - n + 1, 0))
  }
  return { rouge1: grams(1), rouge2: grams(2), rougeL: rougeOf(longestCommon(a, b), a.length, b.length) }
}

function rougeWords(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
}

function rougeOf(shared: number, said: number, gold: number): Rouge {
  const precision = shared / Math.max(said, 1)
  const recall = shared / Math.max(gold, 1)
  return { precision, recall, f1: shared === 0 ? 0 : (2 * precision * recall) / (precision + recall) }
}

/** Length of the longest common subsequence, in the memory of two rows of its table. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let before = new Int32Array(b.length + 1)
  let now = new Int32Array(b.length + 1)
  for (const word of a) {
    for (let j = 1; j <= b.length; j++)
      now[j] = b[j - 1] === word ? before[j - 1]! + 1 : Math.max(before[j]!, now[j - 1]!)
    ;[before, now] = [now, before]
  }
  return before[b.length]!
}
