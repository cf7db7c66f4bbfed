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
      pair: maybe(words('Column that holds the second text, for the task "pair".')),
      words: maybe(words('Column that holds the words of a row, for the task "token-classification".')),
      tags: maybe(words('Column that holds a tag for each word.')),
      spans: maybe(words('Column that holds spans of the text (start, end, label), in place of words and tags.')),
      prompt: maybe(words('Column that holds what the assistant is asked.')),
      input: maybe(words('Column that holds what goes with the prompt, as alpaca has it.')),
      completion: maybe(words('Column that holds what the assistant should answer.')),
      messages: maybe(words('Column that holds conversations: OpenAI messages or ShareGPT.')),
      system: maybe(words('Column that holds the system message.')),
      tools: maybe(words('Column that holds the tools that a conversation may call, as OpenAI describes them.')),
      replay: maybe(
        v.pipe(
          v.strictObject({
            file: words('A file of general texts.'),
            share: maybe(
              v.pipe(v.number(), v.gtValue(0), v.maxValue(0.5), say('Share of all rows that are such texts; 0.05.')),
            ),
            text: maybe(words('Column of that file that holds the text.')),
          }),
          say('General texts that a language model goes on learning from, so that it forgets less.'),
        ),
      ),
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
  readonly pair?: string
  readonly words?: string
  readonly tags?: string
  readonly spans?: string
  readonly prompt?: string
  readonly input?: string
  readonly completion?: string
  readonly messages?: string
  readonly system?: string
  readonly replay?: { readonly file: string; readonly share: number; readonly text?: string }
  readonly drop: readonly string[]
  readonly maxRows?: number
  readonly holdOut: number
}

/** Writes out the defaults. */
export function resolveData(data: v.InferOutput<(typeof dataEntries)['data']>): RecipeData {
  const { replay, ...rest } = data
  return {
    ...rest,
    ...(replay ? { replay: { ...replay, share: replay.share ?? 0.05 } } : {}),
    drop: data.drop ?? ['broken-row', 'empty-field'],
    holdOut: data.holdOut ?? 0.1,
  }
}
