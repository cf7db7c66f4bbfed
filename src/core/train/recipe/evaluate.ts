import * as v from 'valibot'
import { maybe, say, whole } from './fields.ts'

/** Scores that checkpoints may be chosen by; higher is better but for the loss. */
const metrics = ['accuracy', 'macroF1', 'microF1', 'loss', 'pearson', 'spearman', 'tokenAccuracy', 'entityF1'] as const

/** One of `metrics`. */
export type Metric = (typeof metrics)[number]

/** When to score and what to keep, as people write it. */
export const evaluateEntries = {
  evaluate: maybe(
    v.pipe(
      v.strictObject({
        every: maybe(
          v.pipe(
            v.union([v.literal('epoch'), v.pipe(v.number(), v.integer(), v.minValue(1))]),
            say('When to score the validation split: "epoch" or a number of steps.'),
          ),
        ),
        metric: maybe(
          v.pipe(
            v.picklist(metrics),
            say('What makes one checkpoint better than another; that of the task where left out.'),
          ),
        ),
        patience: maybe(whole(0, 'Stop after so many evaluations without a better one; 0 never stops early.')),
      }),
      say('When to score, and by what.'),
    ),
  ),
  save: maybe(
    v.pipe(
      v.strictObject({
        keep: maybe(whole(1, 'How many of the latest checkpoints are kept; the best is always kept.')),
      }),
      say('What stays on disk.'),
    ),
  ),
}

/** When to score and by what, with defaults. */
export interface RecipeEvaluate {
  readonly every: 'epoch' | number
  readonly metric: Metric
  readonly patience: number
}

/** Writes out the defaults. */
export function resolveEvaluate(
  input: v.InferOutput<(typeof evaluateEntries)['evaluate']['wrapped']> | undefined,
  metric: Metric = 'accuracy',
): RecipeEvaluate {
  return { every: 'epoch', metric, patience: 3, ...input }
}
