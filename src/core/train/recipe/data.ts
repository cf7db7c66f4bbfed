import * as v from 'valibot'
import { maybe, paths, say, whole, words } from './fields.ts'

/** The rows of a run, as people write them. */
export const dataEntries = {
  data: v.pipe(
    v.strictObject({
      dataset: maybe(words('Name of a dataset of winnow.json, or a folder that holds its splits.')),
      train: maybe(paths('Training files, where no dataset is named.')),
      validation: maybe(paths('Validation files.')),
      test: maybe(paths('Test files.')),
      text: maybe(words('Column that holds the text; found by name and content where left out.')),
      label: maybe(words('Column that holds the label; found by name and content where left out.')),
      drop: maybe(
        v.pipe(v.array(v.string()), say('Rules whose rows are left out of training: "duplicate", "label-conflict", …')),
      ),
      maxRows: maybe(whole(1, 'At most so many training rows, drawn by the seed, the same share of every label.')),
      holdOut: maybe(
        v.pipe(
          v.number(),
          v.minValue(0),
          v.maxValue(0.5),
          say('Share of the training rows set aside for validation where there is no validation split.'),
        ),
      ),
    }),
    say('Which rows the run learns from and is scored on.'),
  ),
}

/** The rows of a run, with defaults. */
export interface RecipeData {
  readonly dataset?: string
  readonly train?: string | readonly string[]
  readonly validation?: string | readonly string[]
  readonly test?: string | readonly string[]
  readonly text?: string
  readonly label?: string
  readonly drop: readonly string[]
  readonly maxRows?: number
  readonly holdOut: number
}

/** Writes out the defaults. */
export function resolveData(data: v.InferOutput<(typeof dataEntries)['data']>): RecipeData {
  return { ...data, drop: data.drop ?? ['broken-row', 'empty-field'], holdOut: data.holdOut ?? 0.1 }
}
