import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { SplitName } from '../core/data/dataset.ts'
import type { Prediction } from '../core/eval/evaluation.ts'
import { scoreTwice } from '../core/eval/score.ts'
import type { Evaluated } from '../core/train/loop.ts'
import type { Answers } from '../core/train/tasks/task.ts'
import { diskFailure, writeText } from './checkpoint.ts'
import type { TrainSetup } from './trainSetup.ts'

/** What a model said about every row of a split. */
export function predictionsOf(
  setup: TrainSetup,
  split: SplitName,
  { answers, written }: { readonly answers: Answers; readonly written?: ReadonlyMap<number, string> },
): Prediction[] {
  const { data, rows, kind, encoded, encoding } = setup
  const { refs, samples, leaked } = rows[split]
  const said = kind.say(samples, encoded[split], answers, encoding)
  return refs.map(({ file, row }, i) => {
    const { text, pair } = samples[i] as (typeof samples)[number]
    const { gold, label, loss, probabilities, ...rest } = said[i] as (typeof said)[number]
    return {
      file: data.files[file]?.path as string,
      row,
      text: pair === undefined ? text : `${text}\n${pair}`,
      gold,
      label,
      loss,
      probabilities,
      leaked: leaked[i] as boolean,
      ...rest,
      ...(written && written.size > 0 ? writtenAnswer(written.get(i)) : {}),
    }
  })
}

/** Where some answers were written, the others have none: two kinds of text are not to be read side by side. */
const writtenAnswer = (text: string | undefined): Pick<Prediction, 'label' | 'written'> =>
  text === undefined ? { label: '' } : { label: text, written: true }

/**
 * Scores a split twice, on all rows and without the leaked ones, and writes the predictions to
 * `evaluations/<split>-<of>.jsonl`. Where they cannot be written `warn` is told, and the scores are good without them.
 */
export function scoreSplit(
  setup: TrainSetup,
  split: SplitName,
  options: {
    readonly answers: Answers
    readonly written?: ReadonlyMap<number, string>
    readonly of: string
    readonly warn: (failure: Failure) => void
  },
): Evaluated {
  const predictions = predictionsOf(setup, split, options)
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
