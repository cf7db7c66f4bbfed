/**
 * The area under the ROC curve of a ranking: the chance that a wrong row has a higher score than a right one, equal scores
 * counting half (Mann-Whitney). NaN where there is only one kind of row.
 */
export function areaUnderRoc(scores: ArrayLike<number>, wrong: ArrayLike<boolean | number>): number {
  const order = descending(scores)
  let bad = 0
  let good = 0
  let area = 0
  for (let i = 0; i < order.length; ) {
    let hits = 0
    let misses = 0
    const value = scores[order[i]!]!
    for (; i < order.length && scores[order[i]!] === value; i++) {
      if (wrong[order[i]!]) hits++
      else misses++
    }
    area += misses * (bad + hits / 2)
    bad += hits
    good += misses
  }
  return area / (bad * good)
}

/** Average precision: the mean, over the wrong rows, of the precision down to each; equal scores count as one step. */
export function averagePrecision(scores: ArrayLike<number>, wrong: ArrayLike<boolean | number>): number {
  const order = descending(scores)
  let bad = 0
  let sum = 0
  for (let i = 0; i < order.length; ) {
    let hits = 0
    const value = scores[order[i]!]!
    for (; i < order.length && scores[order[i]!] === value; i++) if (wrong[order[i]!]) hits++
    bad += hits
    sum += hits * (bad / i)
  }
  return sum / bad
}

function descending(scores: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
}
