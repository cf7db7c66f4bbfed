/** One bin of a reliability curve: how sure the model was there, and how often it was right. */
export interface ReliabilityBin {
  /** The bin holds confidences in (low, high]; the first one 0, too. */
  readonly low: number
  readonly high: number
  readonly rows: number
  /** Mean confidence; 0 without rows. */
  readonly confidence: number
  /** Share of rows that are right; 0 without rows. */
  readonly accuracy: number
}

/** How far the probability of what a model says can be believed. */
export interface Calibration {
  /** Expected calibration error: mean of |accuracy - confidence| over bins of equal width, weighted by rows. */
  readonly error: number
  /** The greatest such difference of a bin that has rows. */
  readonly worst: number
  readonly bins: readonly ReliabilityBin[]
}

/**
 * Reliability curve and expected calibration error (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017, 15 bins of equal
 * width there, 10 here unless said). `confidence[i]` is the probability of what was said about row i, in [0, 1].
 */
export function calibrationOf(
  confidence: ArrayLike<number>,
  right: ArrayLike<boolean>,
  { bins = 10 }: { readonly bins?: number } = {},
): Calibration {
  const rows = new Array<number>(bins).fill(0)
  const sure = new Array<number>(bins).fill(0)
  const hits = new Array<number>(bins).fill(0)
  for (let i = 0; i < confidence.length; i++) {
    const value = confidence[i] as number
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(value * bins) - 1))
    rows[bin]!++
    sure[bin]! += value
    if (right[i]) hits[bin]!++
  }
  let [error, worst] = [0, 0]
  const found = rows.map((count, b): ReliabilityBin => {
    const [mean, accuracy] = count === 0 ? [0, 0] : [sure[b]! / count, hits[b]! / count]
    error += (count / Math.max(1, confidence.length)) * Math.abs(accuracy - mean)
    worst = Math.max(worst, Math.abs(accuracy - mean))
    return { low: b / bins, high: (b + 1) / bins, rows: count, confidence: mean, accuracy }
  })
  return { error, worst, bins: found }
}
