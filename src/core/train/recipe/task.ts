import * as v from 'valibot'
import { type TaskName, taskNames } from '../tasks/task.ts'
import { fraction, maybe, say, words } from './fields.ts'

/** What is learnt, as people write it. */
export const taskEntries = {
  task: maybe(
    v.pipe(
      v.picklist(taskNames),
      say(
        'What is learnt; where left out, instruction for rows with messages or with prompt and completion, classification for rows with a text and a label.',
      ),
    ),
  ),
  pooling: maybe(
    v.pipe(
      v.picklist(['auto', 'pooler', 'cls', 'mean', 'last']),
      say('What the head sees: the model’s pooler, the first token, the mean of all tokens, or the last token.'),
    ),
  ),
  labelSmoothing: maybe(fraction('Share of the target spread evenly over all labels.')),
  chat: maybe(
    v.pipe(
      v.strictObject({
        template: maybe(words('File with a chat template (Jinja) in place of the model’s own.')),
        learn: maybe(
          v.pipe(
            v.picklist(['all', 'last']),
            say('Which answers of a conversation are learnt: all of them, or the last alone.'),
          ),
        ),
      }),
      say('How conversations are written and what of them is learnt.'),
    ),
  ),
  packing: maybe(
    v.pipe(
      v.boolean(),
      say('Several documents share a row, none sees another; for language models. Faster, with the same loss.'),
    ),
  ),
}

/** What is learnt, with defaults. */
export interface RecipeTask {
  readonly task: TaskName
  readonly pooling: 'auto' | 'pooler' | 'cls' | 'mean' | 'last'
  readonly labelSmoothing: number
  readonly chat: { readonly template?: string; readonly learn: 'all' | 'last' }
  readonly packing: boolean
}

/** Writes out the defaults. */
export function resolveTask(
  input: { readonly [K in Exclude<keyof RecipeTask, 'chat'>]?: RecipeTask[K] } & {
    readonly chat?: { readonly template?: string; readonly learn?: 'all' | 'last' }
  },
): RecipeTask {
  return {
    task: input.task ?? 'classification',
    pooling: input.pooling ?? 'auto',
    labelSmoothing: input.labelSmoothing ?? 0,
    chat: { learn: 'all', ...input.chat },
    packing: input.packing ?? true,
  }
}
