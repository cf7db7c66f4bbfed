import * as v from 'valibot'
import { maybe, say, whole } from './fields.ts'

/** The size of a batch, as people write it. */
export const batchEntries = {
  batch: maybe(
    v.pipe(
      v.strictObject({
        rows: maybe(whole(1, 'Rows in a batch.')),
        tokens: maybe(whole(4, 'Longest row in tokens; what is longer is cut.')),
      }),
      say('Size of a batch.'),
    ),
  ),
}

/** The size of a batch, with defaults. */
export interface RecipeBatch {
  readonly rows: number
  readonly tokens: number
}

/** Writes out the defaults; the rows are those suggested for the method. */
export function resolveBatch(
  input: v.InferOutput<(typeof batchEntries)['batch']['wrapped']> | undefined,
  suggested: { readonly rows: number },
): RecipeBatch {
  return { rows: suggested.rows, tokens: 128, ...input }
}
