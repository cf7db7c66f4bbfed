import * as v from 'valibot'
import { fraction, maybe, say } from './fields.ts'

/** What is learnt, as people write it. */
export const taskEntries = {
  pooling: maybe(
    v.pipe(
      v.picklist(['auto', 'pooler', 'cls', 'mean']),
      say('What the head sees: the model’s pooler, the first token, or the mean of all tokens.'),
    ),
  ),
  labelSmoothing: maybe(fraction('Share of the target spread evenly over all labels.')),
}

/** What is learnt, with defaults. */
export interface RecipeTask {
  readonly pooling: 'auto' | 'pooler' | 'cls' | 'mean'
  readonly labelSmoothing: number
}

/** Writes out the defaults. */
export function resolveTask(input: { readonly [K in keyof RecipeTask]?: RecipeTask[K] }): RecipeTask {
  return { pooling: input.pooling ?? 'auto', labelSmoothing: input.labelSmoothing ?? 0 }
}
