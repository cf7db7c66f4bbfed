import { rowRule } from '../rowRule.ts'
import { speakerOf } from '../scan/turns.ts'

export const missingAnswer = rowRule({
  meta: {
    id: 'missing-answer',
    title: 'Conversation without an answer',
    severity: 'warning',
    what: `A conversation that does not end with the assistant: nothing answers the last message. In preference data the answers stand in
their own columns, so there the messages may end with the user, and each answer must be the assistant's.`,
    why: `Training learns from what the assistant says. Such a row teaches nothing for its last question, and where the loss is on all
messages it teaches the model to ask.`,
    fix: 'Remove the row, or add the answer. Not part of "fix all".',
    example: `\`\`\`jsonl
{"messages": [{"role": "user", "content": "Where is my parcel?"}]}
\`\`\`
Row 0: \`The conversation ends with the user: the answer is missing.\``,
    options: {},
  },

  look: () => ({
    row(row, add) {
      const preference = row.column('chosen') !== undefined || row.column('rejected') !== undefined
      for (const role of ['messages', 'chosen', 'rejected'] as const) {
        if (role === 'messages' && preference) continue
        const turns = row.turns(role)
        const column = row.column(role)
        const last = turns?.at(-1)
        const speaker = last && speakerOf(last)
        if (!turns || !last || column === undefined || !speaker || speaker === 'assistant') continue
        const what = role === 'messages' ? 'The conversation' : `The ${role} answer`
        const message = `${what} ends with the ${last.role}: the answer is missing.`
        add({ column, turn: turns.length - 1, message, key: `${role} ${row.all()}`, remove: { preferred: false } })
      }
    },
  }),
})
