import { type MaskedToken, maskConversation } from './mask.ts'
import type { Sample } from './sample.ts'
import type { EncodeOptions, TaskKind } from './task.ts'

/**
 * The tokens of a row as training would see them: what is learnt, what is read only, which tokens are special and what does
 * not fit. For tasks that give an answer a row or a word nothing but the answer is learnt, so every token is read only; a
 * masked model hides other tokens in each pass, any of its text. Throws what `encode` throws.
 */
export function inspectRow(
  kind: Pick<TaskKind, 'name' | 'head'>,
  sample: Sample,
  options: EncodeOptions,
): MaskedToken[] {
  const { encoder, limit, chat } = options
  const { turns, tools } = sample
  if (turns && chat) return maskConversation(turns, { chat, encoder, limit, answers: options.answers ?? 'all', tools })
  const language = kind.head === 'language'
  const text = sample.pair === undefined ? sample.text : `${sample.text}\n${sample.pair}`
  const content = encoder.content(text)
  const end = kind.name === 'causal' && encoder.special.end !== undefined ? [encoder.special.end] : encoder.frame.after
  const { before } = encoder.frame
  const ids = [...before, ...content, ...end]
  const pieces = encoder.pieces(ids)
  // Long texts of language models go on in further rows; all others are cut, and keep what closes them.
  const room = language ? Number.POSITIVE_INFINITY : limit - before.length - end.length
  return ids.map((id, i): MaskedToken => {
    const at = i - before.length
    const framed = at < 0 || at >= content.length
    const isEnd = kind.name === 'causal' && at >= content.length
    const own = language && (!framed || isEnd) ? 'trained' : encoder.isSpecial(id) ? 'special' : 'masked'
    const out = !framed && at >= room
    return { id, text: pieces[i] as string, kind: out ? 'truncated' : own, ...(isEnd ? { end: true as const } : {}) }
  })
}
