/*
 * Areas under the curves of a score that ranks rows. `positive[i]` says whether row i is of the class in question.
 */

/** A point of the ROC and precision-recall curves: what saying "yes" from `threshold` on would give. */
export interface CurvePoint {
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
}

/** One point for each distinct score, from the highest to the lowest. */
export function curveOf(scores: ArrayLike<number>, positive: ArrayLike<boolean>): CurvePoint[] {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number),
  )
  const points: CurvePoint[] = []
  let [yes, no] = [0, 0]
  order.forEach((row, i) => {
    if (positive[row]) yes++
    else no++
    const threshold = scores[row] as number
    const next = order[i + 1]
    if (next === undefined || scores[next] !== threshold)
      points.push({ threshold, truePositives: yes, falsePositives: no })
  })
  return points
}

/**
 * Area under the ROC curve: the chance that a positive row has a higher score than a negative one, ties counting half
 * (Hanley and McNeil 1982; scikit-learn's `roc_auc_score`). Undefined where there is only one kind of row.
 */
export function rocArea(scores: ArrayLike<number>, positive: ArrayLike<boolean>): number | undefined {
  const points = curveOf(scores, positive)
  const last = points.at(-1)
  if (!last || last.truePositives === 0 || last.falsePositives === 0) return undefined
  let area = 0
  let [yes, no] = [0, 0]
  for (const { truePositives, falsePositives } of points) {
    area += ((falsePositives - no) * (truePositives + yes)) / 2
    yes = truePositives
    no = falsePositives
  }
  return area / (last.truePositives * last.falsePositives)
}

/**
 * Average precision: the sum of precision times the step of recall at each distinct score, without interpolation
 * (scikit-learn's `average_precision_score`). Undefined where no row is positive.
 */
export function averagePrecision(scores: ArrayLike<number>, positive: ArrayLike<boolean>): number | undefined {
  const points = curveOf(scores, positive)
  const all = points.at(-1)?.truePositives ?? 0
  if (all === 0) return undefined
  let sum = 0
  let before = 0
  for (const { truePositives, falsePositives } of points) {
    sum += ((truePositives - before) * truePositives) / (truePositives + falsePositives)
    before = truePositives
  }
  return sum / all
}

/** Probabilities of rows, class by class, and the class of each row. */
export interface ClassProbabilities {
  readonly classes: number
  /** `[rows, classes]`. */
  readonly values: ArrayLike<number>
  /** Class index of each row. */
  readonly gold: ArrayLike<number>
}

/** The mean over the classes that have rows of both kinds, each against the rest; undefined where there is none. */
function overClasses(
  { classes, values, gold }: ClassProbabilities,
  of: (scores: readonly number[], positive: readonly boolean[]) => number | undefined,
): number | undefined {
  let [sum, counted] = [0, 0]
  for (let k = 0; k < classes; k++) {
    const positive = Array.from(gold, g => g === k)
    if (!positive.includes(true) || !positive.includes(false)) continue
    const value = of(
      positive.map((_, row) => values[row * classes + k] as number),
      positive,
    )
    if (value === undefined) continue
    sum += value
    counted++
  }
  return counted === 0 ? undefined : sum / counted
}

/**
 * ROC area of many classes: each against the rest, the mean over classes (scikit-learn's `multi_class='ovr'`,
 * `average='macro'`). Of two classes, the area of the second, which is that of the first as well.
 */
export const macroRocArea = (rows: ClassProbabilities): number | undefined => overClasses(rows, rocArea)

/** Average precision of many classes: each against the rest, the mean over classes (scikit-learn's `average='macro'`). */
export const macroAveragePrecision = (rows: ClassProbabilities): number | undefined =>
  overClasses(rows, averagePrecision)
