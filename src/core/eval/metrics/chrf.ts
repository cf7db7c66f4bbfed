import { gramCounts, sharedGrams, spacedWords } from './grams.ts'

const order = 6
const beta = 2

/**
 * Corpus chrF with one reference a text, 0 to 100 (Popović 2015), with the defaults of sacreBLEU, signature
 * `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no`: characters without white space, 1- to 6-grams, beta 2; the means of
 * precision and recall are over the orders that both sides have.
 */
export function chrF(said: readonly string[], gold: readonly string[]): number {
  const [shared, own, wanted] = [counts(), counts(), counts()]
  said.forEach((text, i) => {
    const [a, b] = [characters(text), characters(gold[i] as string)]
    for (let n = 1; n <= order; n++) {
      const reference = gramCounts(b, n)
      // What has no reference of this order is not counted against the answer.
      own[n - 1]! += reference.size === 0 ? 0 : Math.max(0, a.length - n + 1)
      wanted[n - 1]! += Math.max(0, b.length - n + 1)
      shared[n - 1]! += sharedGrams(gramCounts(a, n), reference)
    }
  })
  let [precision, recall, orders] = [0, 0, 0]
  for (let n = 0; n < order; n++) {
    if (own[n] === 0 || wanted[n] === 0) continue
    precision += shared[n]! / own[n]!
    recall += shared[n]! / wanted[n]!
    orders++
  }
  if (precision + recall === 0) return 0
  precision /= orders
  recall /= orders
  const factor = beta * beta
  return (100 * ((1 + factor) * precision * recall)) / (factor * precision + recall)
}

const counts = () => new Array<number>(order).fill(0)

/** Code points without white space. */
const characters = (text: string): string[] => [...spacedWords(text).join('')]
