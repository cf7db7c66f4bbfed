import type { Work } from '../sign/progress.ts'
import { tfIdf } from './features.ts'
import { groupedFolds } from './folds.ts'
import { brief, neighboursFor, outOfFold } from './judge.ts'
import { nearestVotes } from './nearest.ts'
import type { Probabilities } from './probabilities.ts'

/** Rows that carry any number of classes. */
export interface LabelledSets {
  readonly rows: number
  text(row: number): string
  /** `[rows, classes]`, row-major: 1 where a row carries a class. */
  readonly given: Uint8Array
  readonly classes: number
  /** Rows of one group are similar texts: they are never on both sides of a fold. */
  readonly groups: Int32Array
  /** Rows of one form are the same text: they do not vote for each other. */
  readonly forms: Int32Array
}

/** The probability of each class for each row, by rows of other folds and by the nearest rows; rows need not sum to 1. */
export interface JudgedSets {
  readonly classifier: Probabilities
  readonly neighbours: Probabilities
}

/**
 * As `judgeLabels`, each class by itself as a yes or no (binary relevance): a logistic regression on words and pairs of words, fitted
 * without the row's fold, and the vote of the nearest rows.
 */
export function* judgeSets(data: LabelledSets): Work<JudgedSets> {
  const { rows, classes } = data
  const features = yield* tfIdf(rows, row => data.text(row), { words: 2, characters: 0, columns: 100_000 })
  const classifier = new Float64Array(rows * classes)
  const neighbours = new Float64Array(rows * classes)
  for (let k = 0; k < classes; k++) {
    const labels = Int32Array.from({ length: rows }, (_, row) => data.given[row * classes + k]!)
    const fold = groupedFolds(labels, data.groups, { folds: brief.folds, classes: 2, seed: `labels/${k}` })
    const fitted = yield* outOfFold(features, labels, { fold, classes: 2, effort: { ...brief, passes: 4 } })
    const voted = yield* nearestVotes(features, labels, {
      classes: 2,
      neighbours: neighboursFor(rows, 2),
      groups: data.forms,
      budget: brief.nearest / classes,
    })
    for (let row = 0; row < rows; row++) {
      classifier[row * classes + k] = fitted.values[row * 2 + 1]!
      neighbours[row * classes + k] = voted.values[row * 2 + 1]!
    }
    yield { phase: 'label-model', done: k, total: classes }
  }
  return {
    classifier: { rows, classes, values: classifier },
    neighbours: { rows, classes, values: neighbours },
  }
}
