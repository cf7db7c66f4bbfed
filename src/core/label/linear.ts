import { random } from '../base/random.ts'
import type { Work } from '../sign/progress.ts'
import type { Sparse } from './features.ts'

/** Multinomial logistic regression: weights `[columns + 1, classes]`, the last row being the bias. */
export interface Linear {
  readonly classes: number
  readonly columns: number
  readonly weight: Float32Array
}

export interface LinearOptions {
  readonly classes: number
  /** Times that every row is seen. */
  readonly passes: number
  /** The L2 penalty of a weight, per row. */
  readonly decay: number
  /** A class whose slope for a row is below this is not updated: with many classes nearly all of them, after the first pass. */
  readonly leastSlope: number
  readonly seed: number | string
}

/** A rare class counts at most so many times. */
const mostWeight = 20

/**
 * Fits by AdaGrad on single rows (Duchi, Hazan and Singer 2011). Classes are balanced: a row of a rare class counts more, so
 * that probabilities are those of equally frequent classes; otherwise the most frequent class is suggested wherever a
 * text says little. Same rows and seed, same weights.
 */
export function* fitLinear(
  x: Sparse,
  rows: Int32Array,
  labels: Int32Array,
  { classes, passes, decay, leastSlope, seed }: LinearOptions,
): Work<Linear> {
  const { start, index, value, columns } = x
  const weight = new Float32Array((columns + 1) * classes)
  const sums = new Float32Array(weight.length).fill(1e-3)
  const share = classWeights(rows, labels, classes)
  // A term meets the penalty only where it stands: scaled up by how rare it is, so that the sum over a pass is right.
  const penalty = Float32Array.from(x.frequency, frequency => (decay * x.rows) / frequency)
  const order = rows.slice()
  const draw = random(seed)
  const score = new Float64Array(classes)
  const active = new Int32Array(classes)
  let work = 0
  for (let pass = 0; pass < passes; pass++) {
    const rate = 0.5 * (1 - pass / passes) + 0.02
    draw.shuffle(order)
    for (let n = 0; n < order.length; n++) {
      const row = order[n]!
      const from = start[row]!
      const to = start[row + 1]!
      scoreRow(weight, x, row, score)
      softmax(score)
      const label = labels[row]!
      let actives = 0
      for (let c = 0; c < classes; c++) {
        const slope = (score[c]! - (c === label ? 1 : 0)) * share[label]!
        score[c] = slope
        if (slope > leastSlope || slope < -leastSlope) active[actives++] = c
      }
      for (let k = from; k <= to; k++) {
        const bias = k === to
        const base = (bias ? columns : index[k]!) * classes
        const own = bias ? 1 : value[k]!
        const shrink = bias ? 0 : penalty[index[k]!]!
        for (let a = 0; a < actives; a++) {
          const at = base + active[a]!
          const g = score[active[a]!]! * own + shrink * weight[at]!
          const sum = sums[at]! + g * g
          sums[at] = sum
          weight[at]! -= (rate * g) / Math.sqrt(sum)
        }
      }
      work += (to - from + 1) * (classes + 3 * actives)
      if (work > 400_000) {
        work = 0
        yield { phase: 'label-model', done: pass * order.length + n, total: passes * order.length }
      }
    }
  }
  return { classes, columns, weight }
}

/** The probability of each class for a row, into `out`. */
export function predictLinear({ weight }: Linear, x: Sparse, row: number, out: Float64Array): void {
  scoreRow(weight, x, row, out)
  softmax(out)
}

/** For each class how much a row of it counts: on average 1 over all rows, and about equal in sum over classes. */
function classWeights(rows: Int32Array, labels: Int32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes)
  for (const row of rows) counts[labels[row]!]!++
  const present = counts.filter(n => n > 0).length
  return counts.map(n => (n === 0 ? 0 : Math.min(mostWeight, rows.length / (present * n))))
}

function scoreRow(weight: Float32Array, x: Sparse, row: number, score: Float64Array): void {
  const classes = score.length
  const bias = x.columns * classes
  for (let c = 0; c < classes; c++) score[c] = weight[bias + c]!
  for (let k = x.start[row]!; k < x.start[row + 1]!; k++) {
    const base = x.index[k]! * classes
    const own = x.value[k]!
    for (let c = 0; c < classes; c++) score[c]! += own * weight[base + c]!
  }
}

function softmax(score: Float64Array): void {
  let top = score[0]!
  for (let c = 1; c < score.length; c++) if (score[c]! > top) top = score[c]!
  let sum = 0
  for (let c = 0; c < score.length; c++) sum += score[c] = Math.exp(score[c]! - top)
  for (let c = 0; c < score.length; c++) score[c]! /= sum
}
