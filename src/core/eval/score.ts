import type { Scores } from '../train/event.ts'
import type { Prediction } from './evaluation.ts'
import { isRight, numberScores, setScores, tagScores, tokenScores, writtenScores } from './graded.ts'

/** What a score needs of a prediction. */
export type Scored = Pick<Prediction, 'gold' | 'label' | 'loss' | 'sets' | 'numbers' | 'tags' | 'tokens' | 'written'>

/** How one label fared. A quotient without a denominator counts as 0, as scikit-learn's `zero_division=0`. */
export interface LabelScore {
  readonly label: string
  /** Rows whose gold label this is. */
  readonly rows: number
  /** Rows that were given this label. */
  readonly predicted: number
  readonly right: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Counts by gold (row) and predicted (column) label: cell `gold * labels.length + predicted`. */
export interface Confusion {
  readonly labels: readonly string[]
  readonly counts: Uint32Array
}

/** Counts every prediction. Labels that are not in `labels` are added at the end in order of appearance. */
export function confusionOf(predictions: readonly Scored[], labels: readonly string[]): Confusion {
  const index = new Map(labels.map((label, i) => [label, i]))
  for (const p of predictions)
    for (const label of [p.gold, p.label]) if (!index.has(label)) index.set(label, index.size)
  const n = index.size
  const counts = new Uint32Array(n * n)
  for (const p of predictions) {
    const cell = (index.get(p.gold) as number) * n + (index.get(p.label) as number)
    counts[cell] = (counts[cell] as number) + 1
  }
  return { labels: [...index.keys()], counts }
}

/** One line a label, in the order of the matrix. */
export function labelScores({ labels, counts }: Confusion): LabelScore[] {
  const n = labels.length
  return labels.map((label, i) => {
    let rows = 0
    let predicted = 0
    for (let j = 0; j < n; j++) {
      rows += counts[i * n + j] as number
      predicted += counts[j * n + i] as number
    }
    const right = counts[i * n + i] as number
    const precision = ratio(right, predicted)
    const recall = ratio(right, rows)
    return { label, rows, predicted, right, precision, recall, f1: ratio(2 * right, rows + predicted) }
  })
}

/**
 * All scores of one set of predictions: `rows`, `accuracy`, `loss` (mean, nats), precision, recall and F1 as `macro…`
 * (mean over the labels that occur as gold or predicted), `micro…` (over all decisions; with one label a row all three
 * equal the accuracy) and `weighted…` (mean weighted by gold rows), and `mcc` (Matthews' coefficient for many
 * classes, Gorodkin 2004; 0 where it is undefined). Every score of no rows at all is 0. Sets of labels, numbers, tags and
 * tokens have scores of their own (`graded.ts`).
 */
export function scoresOf(predictions: readonly Scored[], labels: readonly string[]): Scores {
  return gradedScores(predictions) ?? labelledScores(predictions, labels)
}

/** The scores of answers that are no single label; undefined for labels. What a row has tells what it is. */
function gradedScores(predictions: readonly Scored[]): Scores | undefined {
  const [first] = predictions
  if (!first) return undefined
  const parts = <K extends 'sets' | 'numbers' | 'tags' | 'tokens'>(key: K) =>
    predictions.flatMap(p => (p[key] === undefined ? [] : [p[key] as NonNullable<Scored[K]>]))
  const rows = predictions.length
  const loss = ratio(
    sumOf(predictions, p => p.loss),
    rows,
  )
  if (first.sets) return { rows, loss, ...setScores(parts('sets')) }
  if (first.numbers) return { rows, loss, ...numberScores(parts('numbers')) }
  if (first.tags) return { rows, loss, ...tagScores(parts('tags')) }
  if (!first.tokens) return undefined
  const told = predictions.flatMap(({ loss, tokens }) => (tokens ? [{ loss, tokens }] : []))
  const written = predictions.filter(p => p.written)
  if (written.length > 0) {
    const scores = writtenScores(written)
    return { rows, ...tokenScores(told), accuracy: scores['exactMatch'] as number, ...scores }
  }
  const right = predictions.filter(isRight).length
  return { rows, ...tokenScores(told), accuracy: ratio(right, rows) }
}

function labelledScores(predictions: readonly Scored[], labels: readonly string[]): Scores {
  const table = labelScores(confusionOf(predictions, labels)).filter(l => l.rows + l.predicted > 0)
  const rows = predictions.length
  const right = table.reduce((sum, l) => sum + l.right, 0)
  const macro = (of: (l: LabelScore) => number) => ratio(sumOf(table, of), table.length)
  const weighted = (of: (l: LabelScore) => number) =>
    ratio(
      sumOf(table, l => of(l) * l.rows),
      rows,
    )
  const accuracy = ratio(right, rows)
  const crossed = sumOf(table, l => l.rows * l.predicted)
  const spread = Math.sqrt(
    (rows * rows - sumOf(table, l => l.predicted ** 2)) * (rows * rows - sumOf(table, l => l.rows ** 2)),
  )
  return {
    rows,
    accuracy,
    loss: ratio(
      predictions.reduce((sum, p) => sum + p.loss, 0),
      rows,
    ),
    macroPrecision: macro(l => l.precision),
    macroRecall: macro(l => l.recall),
    macroF1: macro(l => l.f1),
    microPrecision: accuracy,
    microRecall: accuracy,
    microF1: accuracy,
    weightedPrecision: weighted(l => l.precision),
    weightedRecall: weighted(l => l.recall),
    weightedF1: weighted(l => l.f1),
    mcc: ratio(right * rows - crossed, spread),
  }
}

/** Every score twice: on all rows, and without the rows that `leak` found in training. */
export function scoreTwice(
  predictions: readonly (Scored & Pick<Prediction, 'leaked'>)[],
  labels: readonly string[],
): { readonly all: Scores; readonly withoutLeaks: Scores; readonly leaked: number } {
  const clean = predictions.filter(p => !p.leaked)
  const all = scoresOf(predictions, labels)
  const leaked = predictions.length - clean.length
  return { all, withoutLeaks: leaked === 0 ? all : scoresOf(clean, labels), leaked }
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)

const sumOf = <T>(list: readonly T[], of: (item: T) => number) => list.reduce((sum, item) => sum + of(item), 0)
