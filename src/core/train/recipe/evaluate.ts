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
        answers: maybe(
          v.pipe(
            v.strictObject({
              rows: maybe(whole(0, 'Rows that are answered, the same for every model; 0 writes none.')),
              tokens: maybe(whole(1, 'Longest answer in tokens.')),
              seconds: maybe(whole(1, 'Seconds for all of them; what is not written by then is left out.')),
            }),
            say(
              'Answers that the model writes by itself before and after tuning, so that they can be compared; for instruction tuning.',
            ),
          ),
        ),
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

/** How much may be written for one set of rows. */
export interface AnswerLimits {
  /** Rows that are answered, drawn over all of them; none at 0. */
  readonly rows: number
  /** Longest answer in tokens. */
  readonly tokens: number
  /** Seconds for all of them; what is not whole by then is left out. */
  readonly seconds: number
}

/** When to score and by what, with defaults. */
export interface RecipeEvaluate {
  readonly every: 'epoch' | number
  readonly metric: Metric
  readonly patience: number
  /** Answers that are written before and after tuning; for instruction tuning. */
  readonly answers?: AnswerLimits
}

/** What is written where a recipe for instruction tuning does not say. */
export const usualAnswers: AnswerLimits = { rows: 50, tokens: 96, seconds: 60 }

/** Writes out the defaults. */
export function resolveEvaluate(
  input: v.InferOutput<(typeof evaluateEntries)['evaluate']['wrapped']> | undefined,
  { metric, answers }: { readonly metric: Metric; readonly answers?: AnswerLimits },
): RecipeEvaluate {
  const { answers: own, ...rest } = input ?? {}
  return { every: 'epoch', metric, patience: 3, ...rest, ...(answers ? { answers: { ...answers, ...own } } : {}) }
}
