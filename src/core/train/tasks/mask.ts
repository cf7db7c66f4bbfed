/* Which tokens of a conversation are learnt. What trains and what a person is shown come from the same function. */
import { Failure } from '../../base/failure.ts'
import type { Turn } from '../../data/messages.ts'
import type { Value } from '../../data/table.ts'
import type { ChatTemplate, MarkedText, Tools } from './chat.ts'
import type { SampleEncoder } from './task.ts'

/** A token of a row as training sees it. */
export interface MaskedToken {
  readonly id: number
  /** Its text as it stands in the row; empty for a part of a character. */
  readonly text: string
  /**
   * `trained`: the model learns to say it. `masked`: it is read only. `special`: the same, and it is no text. `truncated`:
   * it did not fit.
   */
  readonly kind: 'trained' | 'masked' | 'special' | 'truncated'
  /** It ends an answer. */
  readonly end?: true
}

/** What the masks of a conversation depend on. */
export interface MaskOptions {
  readonly chat: ChatTemplate
  readonly encoder: SampleEncoder
  /** Longest row in tokens. */
  readonly limit: number
  /** `all` turns of the assistant are learnt, or the `last` one alone. */
  readonly answers: 'all' | 'last'
  /** The tools that the conversation may call. */
  readonly tools?: Tools | undefined
}

/**
 * The tokens of a conversation, each with what training does to it. The template is rendered, the whole text is tokenized
 * at once (so that the ids are those of Transformers), and a token is learnt where its last character was written by
 * the assistant: by the template's own marks (`{% generation %}`) where it has them, else by what rendering the turns one
 * after the other adds. After the token that ends an answer nothing is learnt until the next one begins. Throws
 * `Failure` (`bad-template`, `template-mask`, `template-calls`).
 */
export function maskConversation(turns: readonly Turn[], options: MaskOptions): MaskedToken[] {
  const { chat, encoder, limit, answers, tools } = options
  const { text, spans } = chat.marked?.(turns, tools) ?? spansByPrefix(turns, chat, tools)
  checkCalls(text, turns, chat)
  const wanted = answers === 'last' ? spans.slice(-1) : spans
  const ids = encoder.content(text)
  const pieces = encoder.pieces(ids)
  const ends = tokenEnds(text, pieces)
  let span = 0
  let closed = -1
  return ids.map((id, i): MaskedToken => {
    const last = (ends[i] as number) - 1
    while (span < wanted.length && last >= (wanted[span] as MarkedText['spans'][number])[1]) span++
    const inside = span < wanted.length && last >= (wanted[span] as MarkedText['spans'][number])[0]
    const trained = inside && closed !== span
    const isEnd = encoder.ends.has(id)
    if (trained && isEnd) closed = span
    const kind = i >= limit ? 'truncated' : trained ? 'trained' : encoder.isSpecial(id) ? 'special' : 'masked'
    return { id, text: pieces[i] as string, kind, ...(isEnd ? { end: true as const } : {}) }
  })
}

/** Many templates pass over calls: the model would learn to say nothing. */
function checkCalls(text: string, turns: readonly Turn[], chat: ChatTemplate): void {
  const names = turns.flatMap(turn => (turn.calls ?? []).map(callName))
  const missing = names.find(name => name === undefined || !text.includes(name))
  if (names.length > 0 && (missing !== undefined || names.includes(undefined)))
    throw new Failure(
      'template-calls',
      `The chat template (${chat.source}) does not write calls of tools${missing === undefined ? '' : `: "${missing}" is not in its text`}`,
      'Name one that does in the recipe: "chat": { "template": "file.jinja" }',
    )
}

/** The name of the function that is called. */
function callName(call: Value): string | undefined {
  const one = call as { readonly name?: Value; readonly function?: { readonly name?: Value } } | null
  const name = one?.function?.name ?? one?.name
  return typeof name === 'string' ? name : undefined
}

/** What the assistant wrote, told by rendering ever more turns. */
function spansByPrefix(turns: readonly Turn[], chat: ChatTemplate, tools?: Tools): MarkedText {
  const text = chat.render(turns, 'whole', tools)
  const spans: [number, number][] = []
  turns.forEach((turn, i) => {
    if (turn.role !== 'assistant') return
    const before = chat.render(turns.slice(0, i), 'prompt', tools)
    const after = chat.render(turns.slice(0, i + 1), 'whole', tools)
    if (text.startsWith(before) && text.startsWith(after) && after.length > before.length)
      spans.push([before.length, after.length])
    else spans.push(spanByContent(text, turn, { from: spans.at(-1)?.[1] ?? 0, chat }))
  })
  return { text, spans }
}

/** Templates that write earlier turns otherwise than the last: the answer is where its words are. */
function spanByContent(
  text: string,
  turn: Turn,
  { from, chat }: { readonly from: number; readonly chat: ChatTemplate },
): [number, number] {
  const words = turn.content.trim()
  const at = text.indexOf(words, from)
  if (at < 0 || words === '')
    throw new Failure(
      'template-mask',
      `The chat template (${chat.source}) does not write the answer as it stands: ${JSON.stringify(words.slice(0, 60))}`,
      'Mark what the assistant says with {% generation %} … {% endgeneration %} in the template',
    )
  // What closes the turn belongs to it: up to where the next character of plain text begins.
  const rest = /^\s*(<\|[^|>]{1,40}\|>|<\/?[a-z_]{1,40}>)/.exec(text.slice(at + words.length))
  return [at, at + words.length + (rest?.[0].length ?? 0)]
}

/**
 * Where each token ends in the text, in UTF-16 units, from the pieces of the tokens. Tokenizers that change what they read
 * (lower case, blanks that are dropped or added) are followed as far as the next place where the piece occurs.
 */
export function tokenEnds(text: string, pieces: readonly string[]): Int32Array {
  const lower = text.toLowerCase()
  // Lower case of a different length would shift every place behind it.
  const folded = lower.length === text.length ? lower : text
  let at = 0
  return Int32Array.from(pieces, piece => {
    if (text.startsWith(piece, at)) at += piece.length
    else {
      const bare = piece.trim()
      const found = folded.indexOf(folded === text ? bare : bare.toLowerCase(), at)
      if (bare !== '' && found >= 0 && found - at <= 64) at = found + bare.length
    }
    return at
  })
}
