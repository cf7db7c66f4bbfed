import type { Turn } from '../../data/messages.ts'
import type { Value } from '../../data/table.ts'

/** How a model wants conversations written; `node/chatTemplate.ts` makes one from the files of a model. */
export interface ChatTemplate {
  /** Where it comes from, in words: a file, or the default. */
  readonly source: string
  /** The conversation as text; with `prompt` the beginning of the assistant's next turn stands at its end. Throws `Failure` (`bad-template`). */
  render(turns: readonly Turn[], ending: 'whole' | 'prompt', tools?: Tools): string
  /** The conversation with the places that the assistant wrote, where the template marks them (`{% generation %}`). */
  readonly marked?: (turns: readonly Turn[], tools?: Tools) => MarkedText
}

/** The tools that a conversation may call, as its file describes them. */
export type Tools = readonly Value[]

/** A text and the half-open ranges of it, in UTF-16 units, that are to be learnt. */
export interface MarkedText {
  readonly text: string
  readonly spans: readonly (readonly [start: number, end: number])[]
}
