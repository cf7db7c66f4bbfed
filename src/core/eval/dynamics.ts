import type { Rival } from '../label/suggest.ts'

/** What the losses of training rows over the epochs tell of each row; NaN (0 for counts) for a row that was never seen. */
export interface RowDynamics {
  /** Epochs with losses. */
  readonly epochs: number
  /**
   * Area under the margin (Pleiss et al. 2020): the mean over epochs of how far the score of the row's own label was above the
   * greatest other. Of runs that noted losses alone it is the log-odds of the label, `-ln(e^loss - 1)`, which is the score minus
   * the log-sum-exp of the others'. Below 0 the row was mostly believed to be something else.
   */
  readonly margin: Float64Array
  /** Mean probability of the own label, and its standard deviation over epochs (dataset cartography, Swayamdipta et al. 2020). */
  readonly confidence: Float64Array
  readonly variability: Float64Array
  /** How often a row that was right (probability above one half) was wrong in the next epoch (Toneva et al. 2019). */
  readonly forgotten: Int32Array
  /** The first epoch from which the row stayed right; `epochs` where it was not right in the end. */
  readonly learned: Int32Array
  /**
   * For each row the classes that were the greatest other one in some epoch, with their mean probability over all epochs, greatest
   * first; absent where the run noted none.
   */
  readonly rivals?: readonly (readonly Rival[])[]
}

/** The margins of rows in one epoch, and the class that was the greatest other one; NaN where a row was not seen. */
export interface EpochRivals {
  readonly margins: Float32Array
  readonly others: Float32Array
}

/** Log-odds beyond this are told apart by rounding alone. */
const mostMargin = 20

/**
 * The dynamics of rows from their losses (nats, cross entropy of the row's label), one array an epoch in the order of the
 * training rows, NaN where a row was not seen; `against` has what the same epochs noted beside the losses. Label smoothing shifts all margins towards 0 and changes their order little.
 */
export function dynamicsOf(losses: readonly Float32Array[], against?: readonly EpochRivals[]): RowDynamics {
  const rows = losses[0]?.length ?? 0
  const margin = new Float64Array(rows).fill(Number.NaN)
  const confidence = new Float64Array(rows).fill(Number.NaN)
  const variability = new Float64Array(rows).fill(Number.NaN)
  const forgotten = new Int32Array(rows)
  const learned = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    let [seen, margins, sum, squares] = [0, 0, 0, 0]
    let right = false
    losses.forEach((epoch, e) => {
      const loss = epoch[row] as number
      if (Number.isNaN(loss)) return
      const p = Math.exp(-Math.max(0, loss))
      seen++
      margins += against?.[e]?.margins[row] ?? soft(loss)
      sum += p
      squares += p * p
      if (right && p <= 0.5) forgotten[row]!++
      right = p > 0.5
      if (!right) learned[row] = e + 1
    })
    if (seen === 0) continue
    margin[row] = margins / seen
    confidence[row] = sum / seen
    variability[row] = Math.sqrt(Math.max(0, squares / seen - (sum / seen) ** 2))
  }
  const rivals = against ? { rivals: rivalsOf(losses, against) } : {}
  return { epochs: losses.length, margin, confidence, variability, forgotten, learned, ...rivals }
}

/** The probability of the greatest other class follows from the loss and the margin: p(other) = p(own) / e^margin. */
function rivalsOf(losses: readonly Float32Array[], against: readonly EpochRivals[]): Rival[][] {
  const rows = losses[0]?.length ?? 0
  const found: Rival[][] = []
  for (let row = 0; row < rows; row++) {
    const sums = new Map<number, number>()
    let seen = 0
    for (const [e, { margins, others }] of against.entries()) {
      const own = Math.exp(-Math.max(0, losses[e]?.[row] ?? Number.NaN))
      const margin = margins[row] as number
      if (Number.isNaN(own) || Number.isNaN(margin)) continue
      seen++
      const other = others[row] as number
      sums.set(other, (sums.get(other) ?? 0) + Math.min(1 - own, own * Math.exp(-margin)))
    }
    found.push(
      [...sums]
        .map(([label, sum]) => ({ label, probability: sum / seen }))
        .sort((a, b) => b.probability - a.probability || a.label - b.label),
    )
  }
  return found
}

/** The log-odds of a probability that is told by its negative logarithm. */
function soft(loss: number): number {
  const odds = -Math.log(Math.expm1(Math.max(0, loss)))
  return Math.max(-mostMargin, Math.min(mostMargin, odds))
}

/** The rows that were learnt worst first, by area under the margin; rows that were never seen are left out. */
export function suspects({ margin }: RowDynamics): number[] {
  return Array.from(margin.keys())
    .filter(row => !Number.isNaN(margin[row] as number))
    .sort((a, b) => (margin[a] as number) - (margin[b] as number) || a - b)
}
