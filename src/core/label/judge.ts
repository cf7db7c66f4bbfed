import type { Work } from '../sign/progress.ts'
import { type Sparse, tfIdf } from './features.ts'
import { groupedFolds } from './folds.ts'
import { fitLinear, predictLinear } from './linear.ts'
import { nearestVotes } from './nearest.ts'
import type { Probabilities } from './probabilities.ts'

/** Labelled rows. */
export interface Labelled {
  readonly rows: number
  text(row: number): string
  /** The class of each row. */
  readonly labels: Int32Array
  readonly classes: number
  /** Rows of one group are similar texts: they are never on both sides of a fold. */
  readonly groups: Int32Array
  /** Rows of one form are the same text: they do not vote for each other. */
  readonly forms: Int32Array
}

/** What texts say about labels, for each row without having seen its own label. */
export interface Judged {
  /** Of a classifier that was trained on the other folds. */
  readonly classifier: Probabilities
  /** Of the nearest rows. */
  readonly neighbours: Probabilities
  /** Both together. */
  readonly both: Probabilities
  /** The rows as the neighbours were found by. */
  readonly features: Sparse
}

const seed = 'labels'

/** How much work a judgement is worth. */
interface Effort {
  readonly folds: number
  /** More passes or less of a penalty learn the wrong labels by heart; less of either learns none. */
  readonly passes: number
  readonly leastSlope: number
  /** Steps through the index of neighbours. */
  readonly nearest: number
}

const thorough: Effort = { folds: 5, passes: 8, leastSlope: 0.01, nearest: 5e7 }
/**
 * For much data, where few passes are enough: of 13,000 rows of 77 classes and 15,000 of 150, one label in twenty flipped,
 * wrong labels are ranked by ROC areas of 0.997 and 0.999, which twice the training did not raise.
 */
export const brief: Effort = { folds: 3, passes: 2, leastSlope: 0.03, nearest: 2e7 }
/** Multiplications of a thorough training at most; what costs more is judged briefly. */
const trainingBudget = 4e8
const decay = 5e-4
/** Weights of one model at most: 64 MB with what the solver keeps beside them. */
const mostWeights = 8_000_000

/**
 * Judges every label by texts alone: a logistic regression on words and pieces of words whose probabilities
 * come from rows of other folds, and the class-balanced vote of the nearest rows. Where that costs too much, on words and
 * pairs of words, and in fewer folds and passes.
 */
export function* judgeLabels(data: Labelled): Work<Judged> {
  const { classes, labels } = data
  const columns = Math.max(1000, Math.floor(mostWeights / classes))
  const text = (row: number) => data.text(row)
  const affordable = trainingBudget / (classes * (thorough.folds - 1) * thorough.passes)
  // A text has about as many pieces as characters: reading them is spared where they are sure to be too many.
  const pieces =
    charactersOf(data) > 3 * affordable
      ? undefined
      : yield* tfIdf(data.rows, text, { words: 1, characters: 3, columns })
  const fits = pieces !== undefined && pieces.index.length <= affordable
  const features = fits ? pieces : yield* tfIdf(data.rows, text, { words: 2, characters: 0, columns })
  const effort = fits ? thorough : brief
  const fold = groupedFolds(labels, data.groups, { folds: effort.folds, classes, seed })
  const classifier = yield* outOfFold(features, labels, { fold, classes, effort })
  const neighbours = yield* nearestVotes(features, labels, {
    classes,
    neighbours: neighboursFor(data.rows, classes),
    groups: data.forms,
    budget: effort.nearest,
  })
  return { classifier, neighbours, both: yield* sharpened(together(classifier, neighbours), labels), features }
}

/** About how many characters all texts have, by a few hundred of them. */
function charactersOf(data: Labelled): number {
  const step = Math.max(1, Math.floor(data.rows / 500))
  let sum = 0
  let read = 0
  for (let row = 0; row < data.rows; row += step) {
    sum += data.text(row).length
    read++
  }
  return (sum / read) * data.rows
}

/** A fifth of the rows that a class has on average, but 5 to 30. */
export function neighboursFor(rows: number, classes: number): number {
  return Math.max(5, Math.min(30, Math.round(rows / classes / 5)))
}

interface Folds {
  readonly fold: Int32Array
  readonly classes: number
  readonly effort: Effort
}

/** For each row the probabilities of a model that was fitted without its fold. */
export function* outOfFold(x: Sparse, labels: Int32Array, { fold, classes, effort }: Folds): Work<Probabilities> {
  const values = new Float64Array(x.rows * classes)
  const score = new Float64Array(classes)
  const { folds, passes, leastSlope } = effort
  for (let out = 0; out < folds; out++) {
    const rows = Int32Array.from(fold.keys()).filter(row => fold[row] !== out)
    const model = yield* fitLinear(x, rows, labels, {
      classes,
      passes,
      decay,
      leastSlope,
      seed: `${seed}/${out}`,
    })
    for (let row = 0; row < x.rows; row++) {
      if (fold[row] !== out) continue
      predictLinear(model, x, row, score)
      values.set(score, row * classes)
      if (row % 1024 === 1023) yield { phase: 'label-model', done: out, total: folds }
    }
  }
  return { rows: x.rows, classes, values }
}

/** The geometric mean of two opinions. */
function together(a: Probabilities, b: Probabilities): Probabilities {
  const { rows, classes } = a
  const values = new Float64Array(rows * classes)
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let k = 0; k < classes; k++) {
      const at = row * classes + k
      sum += values[at] = Math.sqrt(Math.max(a.values[at]!, 1e-6) * b.values[at]!)
    }
    for (let k = 0; k < classes; k++) values[row * classes + k]! /= sum
  }
  return { rows, classes, values }
}

/**
 * The probabilities raised to the power under which the given labels are most probable, rows scaled to sum to 1 (temperature
 * scaling; Guo, Pleiss, Sun and Weinberger 2017). Regularised training and a mean of two opinions say too little.
 */
function* sharpened(p: Probabilities, labels: Int32Array): Work<Probabilities> {
  const { rows, classes } = p
  const step = Math.max(1, Math.floor((rows * classes) / 100_000))
  const loss = (power: number) => {
    let sum = 0
    for (let row = 0; row < rows; row += step) {
      let all = 0
      for (let at = row * classes; at < (row + 1) * classes; at++) all += p.values[at]! ** power
      sum += Math.log(all) - power * Math.log(p.values[row * classes + labels[row]!]!)
    }
    return sum
  }
  let power = 1
  let least = Number.POSITIVE_INFINITY
  for (const one of powers) {
    const now = loss(one)
    if (now < least) {
      power = one
      least = now
    }
    yield { phase: 'label-sharpness', done: 0, total: rows }
  }
  const values = new Float64Array(rows * classes)
  let work = 0
  for (let row = 0; row < rows; row++) {
    let all = 0
    for (let at = row * classes; at < (row + 1) * classes; at++) all += values[at] = p.values[at]! ** power
    for (let at = row * classes; at < (row + 1) * classes; at++) values[at]! /= all
    work += classes
    if (work > 200_000) {
      work = 0
      yield { phase: 'label-sharpness', done: row, total: rows }
    }
  }
  return { rows, classes, values }
}

const powers = [1, 1.25, 1.5, 2, 2.5, 3, 4]
