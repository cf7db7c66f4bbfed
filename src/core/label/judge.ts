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

const folds = 5
const seed = 'labels'
/** Multiplications that the training of one judgement may cost: about two seconds. */
const trainingBudget = 4e8
/** Steps through the index of neighbours: about a second. */
const nearestBudget = 1.5e8
/** More passes or less of a penalty learn the wrong labels by heart; less of either learns none. */
const mostPasses = 8
const decay = 5e-4
/** Weights of one model at most: 64 MB with what the solver keeps beside them. */
const mostWeights = 8_000_000

/**
 * Judges every label by texts alone: a logistic regression on words and pieces of words whose probabilities
 * come from rows of other folds, and the class-balanced vote of the nearest rows.
 */
export function* judgeLabels(data: Labelled): Work<Judged> {
  const { classes, labels } = data
  const columns = Math.max(1000, Math.floor(mostWeights / classes))
  const text = (row: number) => data.text(row)
  const pieces = yield* tfIdf(data.rows, text, { words: 1, characters: 3, columns })
  // Pieces of words cost the most; where there are many classes, words and pairs of them have to do.
  const x =
    passesFor(pieces, classes) >= mostPasses
      ? pieces
      : yield* tfIdf(data.rows, text, { words: 2, characters: 0, columns })
  const passes = Math.min(mostPasses, Math.max(3, passesFor(x, classes)))
  const fold = groupedFolds(labels, data.groups, { folds, classes, seed })
  const classifier = yield* outOfFold(x, labels, { fold, classes, passes })
  const neighbours = yield* nearestVotes(pieces, labels, {
    classes,
    neighbours: neighboursFor(data.rows, classes),
    groups: data.forms,
    budget: nearestBudget,
  })
  return { classifier, neighbours, both: sharpened(together(classifier, neighbours), labels), features: pieces }
}

function passesFor(x: Sparse, classes: number): number {
  return Math.floor(trainingBudget / (x.index.length * classes * (folds - 1) + 1))
}

/** A fifth of the rows that a class has on average, but 5 to 30. */
export function neighboursFor(rows: number, classes: number): number {
  return Math.max(5, Math.min(30, Math.round(rows / classes / 5)))
}

interface Folds {
  readonly fold: Int32Array
  readonly classes: number
  readonly passes: number
}

/** For each row the probabilities of a model that was fitted without its fold. */
export function* outOfFold(x: Sparse, labels: Int32Array, { fold, classes, passes }: Folds): Work<Probabilities> {
  const values = new Float64Array(x.rows * classes)
  const score = new Float64Array(classes)
  for (let out = 0; out < folds; out++) {
    const rows = Int32Array.from(fold.keys()).filter(row => fold[row] !== out)
    const model = yield* fitLinear(x, rows, labels, { classes, passes, decay, seed: `${seed}/${out}` })
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
function sharpened(p: Probabilities, labels: Int32Array): Probabilities {
  const { rows, classes } = p
  const logs = Float64Array.from(p.values, Math.log)
  const step = Math.max(1, Math.floor((rows * classes) / 300_000))
  const loss = (power: number) => {
    let sum = 0
    for (let row = 0; row < rows; row += step) {
      let all = 0
      for (let k = 0; k < classes; k++) all += Math.exp(power * logs[row * classes + k]!)
      sum += Math.log(all) - power * logs[row * classes + labels[row]!]!
    }
    return sum
  }
  const power = powers.reduce((best, one) => (loss(one) < loss(best) ? one : best))
  const values = new Float64Array(rows * classes)
  for (let row = 0; row < rows; row++) {
    let all = 0
    for (let at = row * classes; at < (row + 1) * classes; at++) all += values[at] = Math.exp(power * logs[at]!)
    for (let at = row * classes; at < (row + 1) * classes; at++) values[at]! /= all
  }
  return { rows, classes, values }
}

const powers = [1, 1.25, 1.5, 2, 2.5, 3, 4]
