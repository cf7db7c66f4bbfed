import { curveOf } from './ranking.ts'

/** What answering "yes" from a score on would give. */
export interface ThresholdPoint {
  readonly threshold: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
  /** Rows at or above the threshold. */
  readonly rows: number
}

/**
 * Precision, recall and F1 at each distinct score, from the lowest threshold to the highest (scikit-learn's
 * `precision_recall_curve` without its last point). `positive[i]`: is row i what is looked for? Recall is 0 where no row is.
 */
export function thresholdSweep(scores: ArrayLike<number>, positive: ArrayLike<boolean>): ThresholdPoint[] {
  const points = curveOf(scores, positive)
  const all = points.at(-1)?.truePositives ?? 0
  return points
    .map(({ threshold, truePositives: right, falsePositives: wrong }) => ({
      threshold,
      precision: right / (right + wrong),
      recall: all === 0 ? 0 : right / all,
      f1: (2 * right) / (right + wrong + all),
      rows: right + wrong,
    }))
    .reverse()
}

/** The threshold with the best F1 (of equals the highest); undefined where nothing is positive. */
export function bestThreshold(points: readonly ThresholdPoint[]): ThresholdPoint | undefined {
  let best: ThresholdPoint | undefined
  for (const point of points) if (point.f1 > 0 && point.f1 >= (best?.f1 ?? 0)) best = point
  return best
}
