import { tfIdf } from '../label/features.ts'
import type { Work } from '../sign/progress.ts'

/** A row that may be worth a label. */
export interface Unlabelled {
  readonly text: string
  /** What the model says, the most probable label first. */
  readonly probabilities: readonly (readonly [label: string, probability: number])[]
}

/** A row to label next, and why. */
export interface NextRow {
  /** Index into the rows. */
  readonly row: number
  /** The two most probable labels are this far apart, 0 to 1: the less, the less sure the model is. */
  readonly margin: number
  /** How unlike it is to the nearest row chosen before it, 0 to 1 (1 minus the cosine); 1 for the first. */
  readonly distance: number
}

/** So many times as many rows as asked for are looked at, the least sure first. */
const pool = 10
const columns = 100_000

/**
 * Which rows to label next: among the least sure ones (margin sampling, Scheffer et al. 2001) those that are unlike each other (greedy
 * k-center, Sener and Savarese 2018): the least sure first, then always the one farthest from all that were chosen, weighted by
 * how unsure the model is of it.
 */
export function* labelNext(rows: readonly Unlabelled[], count: number): Work<NextRow[]> {
  const margins = rows.map(({ probabilities }) => {
    const sorted = probabilities.map(([, p]) => p).sort((a, b) => b - a)
    return (sorted[0] ?? 0) - (sorted[1] ?? 0)
  })
  const unsure = Array.from(rows.keys())
    .sort((a, b) => margins[a]! - margins[b]! || a - b)
    .slice(0, pool * count)
  const x = yield* tfIdf(unsure.length, i => rows[unsure[i]!]!.text, { words: 2, characters: 0, columns })
  const distance = new Float64Array(unsure.length).fill(1)
  const chosen: NextRow[] = []
  const taken = new Set<number>()
  const own = new Float64Array(x.columns)
  while (chosen.length < Math.min(count, unsure.length)) {
    let best = -1
    for (let i = 0; i < unsure.length; i++) {
      if (taken.has(i)) continue
      const worth = (k: number) => distance[k]! * (1 - margins[unsure[k]!]!)
      if (best < 0 || worth(i) > worth(best)) best = i
    }
    taken.add(best)
    chosen.push({ row: unsure[best]!, margin: margins[unsure[best]!]!, distance: distance[best]! })
    own.fill(0)
    for (let k = x.start[best]!; k < x.start[best + 1]!; k++) own[x.index[k]!] = x.value[k]!
    for (let i = 0; i < unsure.length; i++) {
      let cosine = 0
      for (let k = x.start[i]!; k < x.start[i + 1]!; k++) cosine += x.value[k]! * own[x.index[k]!]!
      distance[i] = Math.min(distance[i]!, Math.max(0, 1 - cosine))
    }
    yield { phase: 'label-neighbours', done: chosen.length, total: count }
  }
  return chosen
}
