import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { SplitName } from '../core/data/dataset.ts'
import type { Prediction } from '../core/eval/evaluation.ts'
import { scoreTwice } from '../core/eval/score.ts'
import type { Evaluated } from '../core/train/loop.ts'
import { softmaxRow } from '../core/train/tasks/softmax.ts'
import { diskFailure, writeText } from './checkpoint.ts'
import type { TrainSetup } from './trainSetup.ts'

/** How many of the most probable labels a prediction lists. */
const listed = 5

/** What a model said about every row of a split, from its class scores `[rows, classes]`. */
export function predictionsOf(setup: TrainSetup, split: SplitName, logits: Float32Array): Prediction[] {
  const { data, rows } = setup
  const { refs, texts, labels, leaked } = rows[split]
  const classes = data.labels.length
  return refs.map(({ file, row }, i) => {
    const gold = labels[i] as number
    const { probabilities, loss } = softmaxRow(logits, i, { classes, label: gold })
    const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
    const shown = order.slice(0, listed)
    if (!shown.includes(gold)) shown.push(gold)
    const name = (c: number) => data.labels[c] as string
    return {
      file: data.files[file]?.path as string,
      row,
      text: texts[i] as string,
      gold: name(gold),
      label: name(order[0] as number),
      loss: rounded(loss),
      probabilities: shown.map(c => [name(c), rounded(probabilities[c] as number)] as const),
      leaked: leaked[i] as boolean,
    }
  })
}

/**
 * Scores a split twice, on all rows and without the leaked ones, and writes the predictions to
 * `evaluations/<split>-<of>.jsonl`. Where they cannot be written `warn` is told, and the scores are good without them.
 */
export function scoreSplit(
  setup: TrainSetup,
  split: SplitName,
  options: { readonly logits: Float32Array; readonly of: string; readonly warn: (failure: Failure) => void },
): Evaluated {
  const predictions = predictionsOf(setup, split, options.logits)
  const { all, withoutLeaks, leaked } = scoreTwice(predictions, setup.data.labels)
  const scores = { scores: all, ...(leaked > 0 ? { withoutLeaks, leaked } : {}) }
  const path = `evaluations/${split}-${options.of}.jsonl`
  try {
    writePredictions(join(setup.folder, path), predictions)
    return { ...scores, path }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    options.warn(error)
    return scores
  }
}

/** Writes one prediction a line, the whole file or none of it. Throws `Failure` (`disk-full`). */
export function writePredictions(path: string, predictions: readonly Prediction[]): void {
  const text = predictions.map(p => `${JSON.stringify(p)}\n`).join('')
  mkdirSync(join(path, '..'), { recursive: true })
  const building = `${path}.tmp`
  try {
    writeText(building, text)
    renameSync(building, path)
  } catch (error) {
    rmSync(building, { force: true })
    throw diskFailure(error, path) ?? error
  }
}

/** Six digits are more than a person or a test needs, and keep the files small. */
const rounded = (x: number): number => Number(x.toPrecision(6))
