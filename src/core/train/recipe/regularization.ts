import { fraction, maybe } from './fields.ts'

/** What keeps a model from learning the rows by heart, as people write it. */
export const regularizationEntries = {
  dropout: maybe(fraction('Dropout while training, in the encoder and before the head.')),
}

/** What keeps a model from learning the rows by heart, with defaults. */
export interface RecipeRegularization {
  readonly dropout: number
}

/** Writes out the defaults. */
export function resolveRegularization(input: { readonly dropout?: number }): RecipeRegularization {
  return { dropout: input.dropout ?? 0.1 }
}
