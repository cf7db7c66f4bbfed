import { Failure } from '../../base/failure.ts'
import { counted } from '../../base/words.ts'
import { causal, languageRows, sayLoss } from './causal.ts'
import { conversationColumns, readConversation } from './conversation.ts'
import type { EncodedRows } from './encoded.ts'
import { none, ownerOf } from './language.ts'
import { maskConversation } from './mask.ts'
import { packRows } from './pack.ts'
import type { EncodeOptions, TaskKind } from './task.ts'

/** Answering: what the assistant says is learnt, what it was told is read. */
export const instruction: TaskKind = {
  ...causal,
  name: 'instruction',
  columns: conversationColumns,
  read: readConversation,
  encode(samples, options) {
    const { encoder, limit, chat, packing } = options
    if (!chat) throw new Error('instruction tuning needs a chat template')
    const ids: number[][] = []
    const owners: number[] = []
    const wanted: number[] = []
    const empty: number[] = []
    let cut = 0
    samples.forEach(({ turns, tools }, i) => {
      const answers = options.answers ?? 'all'
      const tokens = maskConversation(turns ?? [], { chat, encoder, limit, answers, tools })
      if (tokens.length > limit) cut++
      const kept = tokens.slice(0, limit)
      if (!kept.some((token, at) => at > 0 && token.kind === 'trained')) {
        empty.push(i)
        return
      }
      ids.push(kept.map(token => token.id))
      owners.push(i)
      for (const token of kept) wanted.push(token.kind === 'trained' ? token.id : none)
    })
    const rows: EncodedRows = {
      ...languageRows({ ids, owners }, encoder.special.pad),
      targets: Int32Array.from(wanted),
      cut,
      empty,
    }
    return packing === 'apart' ? rows : packRows(rows, limit)
  },
  check: checkAnswers,
  say(samples, rows, answers, { encoder }) {
    const owner = ownerOf(rows)
    const words = samples.map((): number[] => [])
    answers.scores.forEach((id, token) => {
      if (id >= 0) words[owner(token)]?.push(id)
    })
    // What it would have said at each place, had it said the right thing before.
    return sayLoss(samples, rows, answers).map((said, i) => ({
      ...said,
      label: encoder.decode(words[i]!.filter(id => !encoder.ends.has(id))),
    }))
  },
}

/** A model that never learns to stop, or nothing at all, is worth no run. */
function checkAnswers({ targets, empty = [] }: EncodedRows, { encoder, limit, chat }: EncodeOptions): void {
  const learnt = targets.filter(id => id !== none)
  if (learnt.length === 0)
    throw new Failure(
      'nothing-to-learn',
      `No row has an answer that fits: ${counted(empty.length, 'row')} left out`,
      `Rows are cut at ${limit} tokens: raise "batch": { "tokens": … }, or look at the chat template (${chat?.source})`,
    )
  if (!learnt.some(id => encoder.ends.has(id)))
    throw new Failure(
      'end-never-trained',
      'No answer ends with a token that the model could stop at: it would never learn to stop',
      `The chat template (${chat?.source}) has to write the end token inside the answer, and answers have to fit into ${limit} tokens`,
    )
}
