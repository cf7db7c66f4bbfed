import { type Cancel, Cancelled } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import type { CurveStep } from '../core/eval/learningCurve.ts'
import { expandRows } from '../core/train/data.ts'
import type { RecipeInput } from '../core/train/recipe.ts'
import { prepareRun } from './prepare.ts'
import { startTraining, waitForEnd } from './program.ts'
import { askToStop, createRun, readRun } from './runs.ts'

/** Shares of the training rows that are tried. */
export const curveShares = [0.1, 0.25, 0.5, 1] as const

/** One run of a learning curve. */
export interface CurveRun extends CurveStep {
  readonly id: string
}

/**
 * Trains a recipe on 10, 25, 50 and 100 % of its training rows, the same share of every label, one run after another, and reads the error of
 * each on test (or validation, where there is no test). Throws `Failure`: `no-accuracy` for a task without one, `run-failed`.
 */
export async function* learningCurveRuns(
  input: RecipeInput,
  options: { readonly folder: string; readonly root: string; readonly cancel: Cancel },
): AsyncGenerator<CurveRun> {
  const { root, cancel } = options
  const whole = await prepareRun(input, options)
  const all = expandRows(whole.data.use.train).length
  for (const share of curveShares) {
    const rows = Math.max(2, Math.round(share * all))
    const own = share === 1 ? input : { ...input, data: { ...input.data, maxRows: rows } }
    const { recipe, data } = await prepareRun(own, options)
    const named = { ...recipe, name: `${recipe.name} ${Math.round(100 * share)} %` }
    const { folder } = await createRun(root, { recipe: named, data, at: new Date() })
    await startTraining(folder)
    await waitForEnd(folder, { cancel })
    if (cancel.aborted) {
      await askToStop(folder)
      throw new Cancelled()
    }
    const { id, run } = await readRun(folder)
    if (run.phase !== 'finished') throw new Failure('run-failed', `The run ${id} did not finish`, `winnow run ${id}`)
    const best = ['test', 'validation'].flatMap(split =>
      run.evaluated.filter(e => e.of === 'best' && e.split === split),
    )
    const scores = best[0]?.withoutLeaks ?? best[0]?.scores
    const accuracy = scores?.['accuracy']
    if (!scores || accuracy === undefined)
      throw new Failure(
        'no-accuracy',
        `The run ${id} has no accuracy`,
        'A learning curve needs rows that are right or wrong',
      )
    yield { id, rows: expandRows(data.use.train).length, error: 1 - accuracy, tested: scores['rows'] ?? 1 }
  }
}
