import { random } from '../base/random.ts'

export interface FoldOptions {
  readonly folds: number
  readonly classes: number
  readonly seed: number | string
}

/**
 * A fold for each row, such that rows of one group share theirs and each class is spread evenly: the largest groups first,
 * each into the fold that has the fewest rows of the group's classes, then the fewest rows.
 */
export function groupedFolds(labels: Int32Array, groups: Int32Array, options: FoldOptions): Int32Array {
  const { folds, classes, seed } = options
  const members = new Map<number, number[]>()
  for (let row = 0; row < labels.length; row++) {
    const list = members.get(groups[row]!)
    if (list) list.push(row)
    else members.set(groups[row]!, [row])
  }
  const order = random(seed)
    .shuffle([...members.values()])
    .sort((a, b) => b.length - a.length)
  const ofClass = new Int32Array(folds * classes)
  const size = new Int32Array(folds)
  const fold = new Int32Array(labels.length)
  for (const rows of order) {
    let best = 0
    let least = Number.POSITIVE_INFINITY
    for (let f = 0; f < folds; f++) {
      let load = 0
      for (const row of rows) load += ofClass[f * classes + labels[row]!]!
      if (load < least || (load === least && size[f]! < size[best]!)) {
        best = f
        least = load
      }
    }
    for (const row of rows) {
      fold[row] = best
      ofClass[best * classes + labels[row]!]!++
      size[best]!++
    }
  }
  return fold
}
