import * as v from 'valibot'
import { maybe, say, whole } from './fields.ts'

/** The size of a batch, as people write it. */
export const batchEntries = {
  batch: maybe(
    v.pipe(
      v.strictObject({
        rows: maybe(whole(1, 'Rows in a batch: so many go into one update of the weights.')),
        micro: maybe(
          whole(
            1,
            'At most so many rows go through the model at once; the gradients of a batch add up. Saves memory, changes nothing else.',
          ),
        ),
        tokens: maybe(whole(4, 'Longest row in tokens; what is longer is cut.')),
        recompute: maybe(
          v.pipe(
            v.boolean(),
            say('Compute the inside of each layer again for its gradient instead of keeping it: slower, and leaner.'),
          ),
        ),
      }),
      say('Size of a batch, and what it may cost in memory.'),
    ),
  ),
}

/** The size of a batch, with defaults. */
export interface RecipeBatch {
  readonly rows: number
  /** Absent where a batch goes through the model in one piece. */
  readonly micro?: number
  readonly tokens: number
  readonly recompute?: boolean
}

/** Writes out the defaults; the size is what suits method and task. */
export function resolveBatch(
  input: v.InferOutput<(typeof batchEntries)['batch']['wrapped']> | undefined,
  suggested: { readonly rows: number; readonly tokens: number },
): RecipeBatch {
  return { ...suggested, ...input }
}
