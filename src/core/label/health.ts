import { confidentGuesses, confidentJoint, noiseRate } from './confident.ts'
import type { Probabilities } from './probabilities.ts'

/** What confident learning makes of the labels of a whole dataset. Numbers of rows are estimates. */
export interface LabelHealth {
  /** The share of labels that are wrong. */
  readonly noise: number
  /** By class: rows that carry it and are of another, and rows that are of it and carry another. */
  readonly classes: readonly { readonly wrong: number; readonly lacking: number }[]
  /** Classes that are taken for each other, most first; `rows` are those of either that carry the other's label. */
  readonly overlaps: readonly Overlap[]
}

export interface Overlap {
  readonly a: number
  readonly b: number
  readonly rows: number
}

/** Sums of the calibrated confident joint: what its authors' library calls the ranking of classes and overlapping classes. */
export function labelHealth(p: Probabilities, labels: ArrayLike<number>): LabelHealth {
  const joint = confidentJoint(p, labels)
  const { classes, counts } = joint
  const own = Array.from({ length: classes }, () => ({ wrong: 0, lacking: 0 }))
  const overlaps: Overlap[] = []
  for (let a = 0; a < classes; a++)
    for (let b = 0; b < classes; b++) {
      const rows = counts[a * classes + b]!
      if (a === b || rows === 0) continue
      own[a]!.wrong += rows
      own[b]!.lacking += rows
      const back = counts[b * classes + a]!
      // A pair of which one direction has no rows is met once.
      if (a < b || back === 0) overlaps.push({ a: Math.min(a, b), b: Math.max(a, b), rows: rows + back })
    }
  overlaps.sort((x, y) => y.rows - x.rows || x.a - y.a || x.b - y.b)
  return { noise: noiseRate(joint), classes: own, overlaps }
}

/** The rows that carry one of two classes and are confidently taken for the other, the surest first. */
export function crossing(p: Probabilities, labels: ArrayLike<number>, { a, b }: Pick<Overlap, 'a' | 'b'>): number[] {
  const guesses = confidentGuesses(p, labels)
  const margin = (row: number) => p.values[row * p.classes + guesses[row]!]! - p.values[row * p.classes + labels[row]!]!
  const rows: number[] = []
  for (let row = 0; row < p.rows; row++)
    if ((labels[row] === a && guesses[row] === b) || (labels[row] === b && guesses[row] === a)) rows.push(row)
  return rows.sort((x, y) => margin(y) - margin(x) || x - y)
}
