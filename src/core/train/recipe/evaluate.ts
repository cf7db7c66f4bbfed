import * as v from 'valibot'
import { maybe, say, whole } from './fields.ts'

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
          v.pipe(v.picklist(['accuracy', 'macroF1', 'loss']), say('What makes one checkpoint better than another.')),
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
  readonly metric: 'accuracy' | 'macroF1' | 'loss'
  readonly patience: number
}

/** Writes out the defaults. */
export function resolveEvaluate(
  input: v.InferOutput<(typeof evaluateEntries)['evaluate']['wrapped']> | undefined,
): RecipeEvaluate {
  return { every: 'epoch', metric: 'accuracy', patience: 3, ...input }
}
