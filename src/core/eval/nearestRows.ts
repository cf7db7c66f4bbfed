import { type Sparse, tfIdf } from '../label/features.ts'
import type { Work } from '../sign/progress.ts'

/** A training row that is like another one. */
export interface NearRow {
  /** Index into the training rows. */
  readonly row: number
  /** Cosine of the TF-IDF vectors of words and pairs of them, 0 to 1. */
  readonly similarity: number
  /** Does it carry another label than the row that it is like? */
  readonly disagrees: boolean
}

/** A text with its label. */
export interface LabelledText {
  readonly text: string
  readonly gold: string
}

const columns = 200_000

/**
 * The training rows that are most like each of `asked`, labels that disagree with the row's own first, then by similarity. Of
 * texts that share no word there are none.
 */
export function* nearestRows(
  train: readonly LabelledText[],
  asked: readonly LabelledText[],
  { most }: { readonly most: number },
): Work<NearRow[][]> {
  const all = [...train, ...asked]
  const x = yield* tfIdf(all.length, row => (all[row] as LabelledText).text, { words: 2, characters: 0, columns })
  const index = invert(x, train.length)
  const similarity = new Float64Array(train.length)
  const found: NearRow[][] = []
  for (const [i, { gold }] of asked.entries()) {
    similarity.fill(0)
    const row = train.length + i
    for (let k = x.start[row]!; k < x.start[row + 1]!; k++)
      for (const [other, value] of index.get(x.index[k]!) ?? []) similarity[other]! += value * x.value[k]!
    const near = Array.from(similarity.keys())
      .filter(other => similarity[other]! > 0)
      .sort((a, b) => similarity[b]! - similarity[a]! || a - b)
      .slice(0, most)
      .map(other => ({ row: other, similarity: similarity[other]!, disagrees: train[other]!.gold !== gold }))
    found.push(near.sort((a, b) => Number(b.disagrees) - Number(a.disagrees) || b.similarity - a.similarity))
    if (i % 16 === 15) yield { phase: 'label-neighbours', done: i, total: asked.length }
  }
  return found
}

/** The rows of each column, up to a row. */
function invert(x: Sparse, rows: number): Map<number, [row: number, value: number][]> {
  const index = new Map<number, [number, number][]>()
  for (let row = 0; row < rows; row++)
    for (let k = x.start[row]!; k < x.start[row + 1]!; k++) {
      const list = index.get(x.index[k]!)
      if (list) list.push([row, x.value[k]!])
      else index.set(x.index[k]!, [[row, x.value[k]!]])
    }
  return index
}
