import { gramCounts, sharedGrams, spacedWords } from './grams.ts'

/** BLEU with its parts. */
export interface Bleu {
  /** 0 to 100. */
  readonly score: number
  /** Precisions of 1- to 4-grams in percent, smoothed where nothing matched. */
  readonly precisions: readonly number[]
  readonly brevity: number
}

const order = 4

/**
 * Corpus BLEU with one reference a text (Papineni et al. 2002), with the defaults of sacreBLEU (Post 2018), signature
 * `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`: 4-grams, tokens of mteval-v13a, exponential smoothing.
 */
export function bleu(said: readonly string[], gold: readonly string[]): Bleu {
  const right = new Array<number>(order).fill(0)
  const total = new Array<number>(order).fill(0)
  let [length, wanted] = [0, 0]
  said.forEach((text, i) => {
    const [a, b] = [tokens13a(text), tokens13a(gold[i] as string)]
    length += a.length
    wanted += b.length
    for (let n = 1; n <= order; n++) {
      right[n - 1]! += sharedGrams(gramCounts(a, n), gramCounts(b, n))
      total[n - 1]! += Math.max(0, a.length - n + 1)
    }
  })
  const brevity = length >= wanted ? 1 : length === 0 ? 0 : Math.exp(1 - wanted / length)
  const precisions = new Array<number>(order).fill(0)
  if (right.every(n => n === 0)) return { score: 0, precisions, brevity }
  let halved = 1
  for (let n = 0; n < order && total[n]! > 0; n++) {
    if (right[n] === 0) halved *= 2
    precisions[n] = right[n] === 0 ? 100 / (halved * total[n]!) : (100 * right[n]!) / total[n]!
  }
  const logs = precisions.reduce((sum, p) => sum + Math.log(p), 0)
  return { score: brevity * Math.exp(logs / order), precisions, brevity }
}

/** Tokens of mteval-v13a, as sacreBLEU's `13a`. */
export function tokens13a(text: string): string[] {
  const plain = text
    .trimEnd()
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
  return spacedWords(
    ` ${plain} `
      // Symbols stand alone; period and comma unless within a number; a dash after a digit.
      .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])(-)/g, '$1 $2 '),
  )
}
