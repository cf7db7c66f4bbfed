import type { Turn } from '../../data/messages.ts'
import { rowRule } from '../rowRule.ts'
import { speakerOf } from '../scan/turns.ts'

export const roleOrder = rowRule({
  meta: {
    id: 'role-order',
    title: 'Messages in the wrong order',
    severity: 'warning',
    what: `A conversation in which a system message does not come first, the assistant speaks before the user, user or assistant speak twice
in a row, or a tool answers nobody. Between a question and its answer tools may be called and answer any number of times.`,
    why: `Most chat templates take turns for granted: they refuse such rows or join the messages, and the model sees what will never come at
use.`,
    fix: 'Join or reorder the messages. Nothing is offered: a message may be missing in between.',
    example: `\`\`\`jsonl
{"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Anyone?"}, {"role": "assistant", "content": "Yes"}]}
\`\`\`
Row 0: \`Message 2 of 3: the user speaks twice in a row.\``,
    options: {},
  },

  look: () => ({
    row(row, add) {
      const turns = row.turns('messages')
      const column = row.column('messages')
      if (!turns || column === undefined) return
      const wrong = firstWrong(turns)
      if (!wrong) return
      const message = `Message ${wrong.turn + 1} of ${turns.length}: ${wrong.why}.`
      add({ column, turn: wrong.turn, message, key: row.all() })
    },
  }),
})

function firstWrong(turns: readonly Turn[]): { readonly turn: number; readonly why: string } | undefined {
  let before: string | undefined
  let called = false
  for (const [turn, one] of turns.entries()) {
    const now = speakerOf(one)
    // An unknown role is told by its own rule; what follows it cannot be judged.
    if (!now) return undefined
    const isCall = now === 'assistant' && (one.other === true || /call/i.test(one.role))
    if (now === 'system') {
      if (before !== undefined && before !== 'system') return { turn, why: 'a system message comes first' }
    } else if (before === undefined || before === 'system') {
      if (now !== 'user') return { turn, why: `the ${one.role} speaks before the user` }
    } else if (now === 'user' && before === 'user') return { turn, why: `the ${one.role} speaks twice in a row` }
    else if (now === 'assistant' && before === 'assistant' && !called && !isCall)
      return { turn, why: `the ${one.role} speaks twice in a row` }
    else if (now === 'tool' && before === 'user') return { turn, why: `the ${one.role} answers without being called` }
    called = isCall
    before = now
  }
  return undefined
}
