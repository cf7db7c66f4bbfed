import { classCounts, likeliest, likeliestOther, type Probabilities } from './probabilities.ts'
import { entropies, normalizedMargin, selfConfidence } from './quality.ts'

/*
 * Confident learning (Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70,
 * 2021). Labels are class numbers, one for each row, all of them given. Probabilities must be out of sample. What the
 * paper leaves open (rounding, the least probability that counts) is as in its authors' library, version 2.9.0, so that both
 * flag as many rows. Equal scores come there in an order that depends on the processor's sort instructions; here in one
 * that depends on the data only, chosen among those that give the library's published counts.
 */

/** Probabilities that are closer than this are equal. */
const tolerance = 1e-6

/** The ways of choosing rows; `prune-by-noise-rate` is the usual one. */
export const filters = [
  'prune-by-noise-rate',
  'prune-by-class',
  'both',
  'confident-learning',
  'low-normalized-margin',
  'low-self-confidence',
  'predicted-not-given',
] as const
export type Filter = (typeof filters)[number]

/** How many rows with each given label seem to belong to each class. */
export interface Joint {
  readonly classes: number
  /** [given, guess], row-major. */
  readonly counts: Float64Array
}

/** For each class the mean probability of it among the rows that carry it; 2 (never reached) for a class without rows. */
export function confidentThresholds(p: Probabilities, labels: ArrayLike<number>): Float64Array {
  const counts = classCounts(labels, p.classes)
  const sums = new Float64Array(p.classes)
  for (let row = 0; row < p.rows; row++) sums[labels[row]!]! += p.values[row * p.classes + labels[row]!]!
  return sums.map((sum, k) => (counts[k] === 0 ? 2 : Math.max(sum / counts[k]!, 2 * tolerance)))
}

/** The class that each row confidently belongs to; -1 where it reaches no class's threshold. Of several the most probable. */
export function confidentGuesses(p: Probabilities, labels: ArrayLike<number>): Int32Array {
  const thresholds = confidentThresholds(p, labels)
  const guesses = new Int32Array(p.rows).fill(-1)
  for (let row = 0; row < p.rows; row++) {
    let reached = 0
    let first = -1
    for (let k = 0; k < p.classes; k++) {
      if (p.values[row * p.classes + k]! < thresholds[k]! - tolerance) continue
      if (reached++ === 0) first = k
    }
    guesses[row] = reached > 1 ? likeliest(p, row) : first
  }
  return guesses
}

/** The confident joint as counted: each class has at least one row that is right. */
export function countedJoint(p: Probabilities, labels: ArrayLike<number>, guesses: Int32Array): Joint {
  const counts = new Float64Array(p.classes * p.classes)
  for (let row = 0; row < p.rows; row++) if (guesses[row]! >= 0) counts[labels[row]! * p.classes + guesses[row]!]!++
  for (let k = 0; k < p.classes; k++) counts[k * p.classes + k] = Math.max(1, counts[k * p.classes + k]!)
  return { classes: p.classes, counts }
}

/** Scales a joint so that each given label has as many rows as it really has; whole numbers. */
export function calibratedJoint(joint: Joint, labels: ArrayLike<number>): Joint {
  const { classes } = joint
  const given = classCounts(labels, classes)
  const scaled = new Float64Array(classes * classes)
  let total = 0
  for (let i = 0; i < classes; i++) {
    const row = joint.counts.subarray(i * classes, (i + 1) * classes)
    const sum = row.reduce((a, b) => a + b, 0)
    for (let j = 0; j < classes; j++) total += scaled[i * classes + j] = (row[j]! / Math.max(sum, 1e-100)) * given[i]!
  }
  for (let i = 0; i < scaled.length; i++) scaled[i] = (scaled[i]! / Math.max(total, 1e-100)) * labels.length
  for (let i = 0; i < classes; i++) roundKeepingSum(scaled.subarray(i * classes, (i + 1) * classes))
  return { classes, counts: scaled }
}

/** The calibrated confident joint: how many rows of each given label are of each class. */
export function confidentJoint(p: Probabilities, labels: ArrayLike<number>): Joint {
  return calibratedJoint(countedJoint(p, labels, confidentGuesses(p, labels)), labels)
}

/** The share of wrong labels that a calibrated joint tells of. */
export function noiseRate({ classes, counts }: Joint): number {
  let total = 0
  let right = 0
  for (let i = 0; i < classes; i++) {
    right += counts[i * classes + i]!
    for (let j = 0; j < classes; j++) total += counts[i * classes + j]!
  }
  return total === 0 ? 0 : 1 - right / total
}

/** The rows whose label is likely wrong: 1 for each. */
export function findLabelErrors(
  p: Probabilities,
  labels: ArrayLike<number>,
  filter: Filter = 'prune-by-noise-rate',
): Uint8Array {
  const flagged = new Uint8Array(p.rows)
  switch (filter) {
    case 'predicted-not-given':
      flagged.fill(1)
      break
    case 'confident-learning':
      flagOffDiagonal(flagged, confidentGuesses(p, labels), labels)
      break
    case 'low-normalized-margin':
    case 'low-self-confidence': {
      const scores = filter === 'low-self-confidence' ? selfConfidence(p, labels) : normalizedMargin(p, labels)
      const likely = findLabelErrors(p, labels, 'confident-learning').reduce((a, b) => a + b, 0)
      for (const row of ascending(scores, laterFirst).subarray(0, likely)) flagged[row] = 1
      return flagged
    }
    case 'prune-by-class':
      pruneByClass(p, labels, flagged)
      break
    case 'prune-by-noise-rate':
      pruneByNoiseRate(p, labels, flagged)
      break
    case 'both': {
      const byClass = new Uint8Array(p.rows)
      pruneByClass(p, labels, byClass)
      pruneByNoiseRate(p, labels, flagged)
      for (let row = 0; row < p.rows; row++) flagged[row]! &= byClass[row]!
      break
    }
  }
  // A row whose given label is as probable as any other is no error, whatever the counts say.
  for (let row = 0; row < p.rows; row++) if (flagged[row] === 1 && agrees(p, row, labels[row]!)) flagged[row] = 0
  return flagged
}

function agrees(p: Probabilities, row: number, given: number): boolean {
  const other = likeliestOther(p, row, given)
  if (other < 0) return true
  const own = p.values[row * p.classes + given]! + tolerance
  const best = p.values[row * p.classes + other]!
  return own > best || (own === best && given < other)
}

function flagOffDiagonal(flagged: Uint8Array, guesses: Int32Array, labels: ArrayLike<number>): void {
  for (let row = 0; row < flagged.length; row++)
    if (guesses[row]! >= 0 && guesses[row] !== labels[row]) flagged[row] = 1
}

/** How many rows to take from each class, by [true, given]: at least one row of a class is right, and parts of a row are none. */
function pruneCounts(p: Probabilities, labels: ArrayLike<number>): Joint {
  const { classes, counts } = confidentJoint(p, labels)
  const pruned = new Float64Array(classes * classes)
  for (let given = 0; given < classes; given++) {
    const row = counts.subarray(given * classes, (given + 1) * classes)
    const diagonal = Math.max(row[given]!, 1)
    const rates = Math.max(row.filter(n => n !== 0).length - 1, 1)
    const less = (diagonal - row[given]!) / rates
    for (let guess = 0; guess < classes; guess++)
      pruned[guess * classes + given] = guess === given ? diagonal : Math.max(0, Math.floor(row[guess]! - less))
  }
  return { classes, counts: pruned }
}

/** In each class the rows with the least probability of it; of equals those that are spread over most other classes. */
function pruneByClass(p: Probabilities, labels: ArrayLike<number>, flagged: Uint8Array): void {
  const { counts } = pruneCounts(p, labels)
  const spread = entropies(p)
  for (const [given, rows] of rowsByClass(labels, p.classes).entries()) {
    if (rows.length <= 1) continue
    const scores = Float64Array.from(rows, row => p.values[row * p.classes + given]!)
    const wrong = Math.max(0, rows.length - counts[given * p.classes + given]!)
    const tie = (a: number, b: number) => spread[rows[b]!]! - spread[rows[a]!]! || a - b
    for (const at of ascending(scores, tie).subarray(0, wrong)) flagged[rows[at]!] = 1
  }
}

/** For each given label and each other class the rows where that class exceeds the label the most. */
function pruneByNoiseRate(p: Probabilities, labels: ArrayLike<number>, flagged: Uint8Array): void {
  const { counts } = pruneCounts(p, labels)
  for (const [given, rows] of rowsByClass(labels, p.classes).entries()) {
    if (rows.length <= 1) continue
    for (let guess = 0; guess < p.classes; guess++) {
      const wrong = counts[guess * p.classes + given]!
      if (guess === given || wrong <= 0) continue
      const margins = Float64Array.from(
        rows,
        row => p.values[row * p.classes + given]! - p.values[row * p.classes + guess]!,
      )
      for (const at of ascending(margins).subarray(0, wrong)) flagged[rows[at]!] = 1
    }
  }
}

function rowsByClass(labels: ArrayLike<number>, classes: number): number[][] {
  const lists = Array.from({ length: classes }, (): number[] => [])
  for (let row = 0; row < labels.length; row++) lists[labels[row]!]!.push(row)
  return lists
}

/** Indices by value, least first; equals in their order unless `tie` says otherwise. */
function ascending(values: Float64Array, tie = (a: number, b: number) => a - b): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || tie(a, b))
}

const laterFirst = (a: number, b: number) => b - a

/**
 * Rounds in place, half to even, and then moves those that rounding moved most, so that the sum stays. What differs from
 * a fraction by the error of floating point is that fraction: a half is a half on every machine.
 */
function roundKeepingSum(values: Float64Array): void {
  const exact = values.map(x => Math.round(x * 1e9) / 1e9)
  const target = roundEven(exact.reduce((a, b) => a + b, 0))
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] = roundEven(exact[i]!)
  while (sum !== target) {
    const step = target < sum ? -1 : 1
    const order = ascending(exact.map((x, i) => Math.round((x - values[i]!) * 1e9)))
    if (step > 0) order.reverse()
    for (const i of order.subarray(0, Math.round(Math.abs(target - sum)))) {
      values[i]! += step
      sum += step
    }
  }
}

function roundEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : floor + 1
}
