import { quoted } from '../labels.ts'
import { rowRule } from '../rowRule.ts'
import { speakerOf, turnRoles } from '../scan/turns.ts'

export const unknownRole = rowRule({
  meta: {
    id: 'unknown-role',
    title: 'Message of an unknown role',
    severity: 'warning',
    what: `A message whose role is none that chat formats know: system, developer, user, human, assistant, gpt, model, bot, tool, function,
observation and their like.`,
    why: `Chat templates have no form for it: they drop the message, refuse the row, or write it as somebody else's. Most often the role is
misspelt.`,
    fix: 'Correct the role. Nothing is offered: only you know who speaks.',
    example: `\`\`\`jsonl
{"messages": [{"role": "user", "content": "Hi"}, {"role": "asistant", "content": "Hello!"}]}
\`\`\`
Row 0: \`Message 2 of 2 has the unknown role "asistant".\``,
    options: {},
  },

  look: () => ({
    row(row, add) {
      for (const role of turnRoles) {
        const turns = row.turns(role)
        const column = row.column(role)
        const t = turns?.findIndex(turn => speakerOf(turn) === undefined) ?? -1
        if (!turns || column === undefined || t < 0) continue
        const message = `Message ${t + 1} of ${turns.length} has the unknown role ${quoted(turns[t]!.role)}.`
        add({ column, turn: t, message, key: `${turns[t]!.role} ${row.all()}` })
      }
    },
  }),
})
