import * as v from 'valibot'
import { above0, maybe, say, whole } from './fields.ts'

/** How long to train and at which rate, as people write it. */
export const scheduleEntries = {
  schedule: maybe(
    v.pipe(
      v.strictObject({
        kind: maybe(v.pipe(v.picklist(['linear', 'cosine', 'constant']), say('How the rate falls after the warm-up.'))),
        rate: maybe(above0('Highest learning rate.')),
        warmup: maybe(v.pipe(v.number(), v.minValue(0), say('Below 1: share of all steps; from 1: number of steps.'))),
        epochs: maybe(above0('Passes over the training rows.')),
        steps: maybe(whole(1, 'Stop after so many steps, whatever the epochs say.')),
      }),
      say('Learning rate over time, and how long to train.'),
    ),
  ),
}

/** How long to train and at which rate, with defaults. */
export interface RecipeSchedule {
  readonly kind: 'linear' | 'cosine' | 'constant'
  readonly rate: number
  readonly warmup: number
  readonly epochs: number
  readonly steps?: number
}

/** Writes out the defaults; the rate and the epochs are those suggested for the method. */
export function resolveSchedule(
  input: v.InferOutput<(typeof scheduleEntries)['schedule']['wrapped']> | undefined,
  suggested: { readonly rate: number; readonly epochs: number },
): RecipeSchedule {
  return {
    kind: 'linear',
    warmup: 0.06,
    ...suggested,
    ...input,
  }
}
