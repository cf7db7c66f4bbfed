import { rowRule } from '../rowRule.ts'
import { turnRoles } from '../scan/turns.ts'

export const emptyTurn = rowRule({
  meta: {
    id: 'empty-turn',
    title: 'Message without content',
    severity: 'warning',
    what: `A message of a conversation whose content is missing, \`null\`, empty or blank. A message that calls a tool or shows a picture
needs no text.`,
    why: `An empty answer teaches the model to say nothing; an empty question teaches it to answer what was not asked.`,
    fix: 'Remove the row, or write the message. Not part of "fix all".',
    example: `\`\`\`jsonl
{"messages": [{"role": "user", "content": "Where is my parcel?"}, {"role": "assistant", "content": ""}]}
\`\`\`
Row 0: \`Message 2 of 2 (assistant) has no content.\``,
    options: {},
  },

  look: () => ({
    row(row, add) {
      for (const role of turnRoles) {
        const turns = row.turns(role)
        const column = row.column(role)
        if (!turns || column === undefined) continue
        for (const [t, turn] of turns.entries()) {
          if (turn.other || turn.content.trim() !== '') continue
          const message = `Message ${t + 1} of ${turns.length} (${turn.role}) has no content.`
          add({ column, turn: t, message, key: `${t} ${row.all()}`, remove: { preferred: false } })
        }
      }
    },
  }),
})
