import { rowRule } from '../rowRule.ts'
import type { RowView } from '../scan/look.ts'

export const chosenEqualsRejected = rowRule({
  meta: {
    id: 'chosen-equals-rejected',
    title: 'Two answers that are the same',
    severity: 'error',
    what: 'A preference row whose chosen and rejected answer say the same, apart from white space at the ends.',
    why: `The row prefers an answer to itself. It teaches nothing, holds the accuracy of the reward below what it is, and keeps some losses
from falling at all.`,
    fix: 'Remove the row. "Fix all" does that.',
    example: `\`\`\`jsonl
{"prompt": "Say hello", "chosen": "Hello!", "rejected": "Hello!"}
\`\`\`
Row 0: \`The chosen and the rejected answer are the same.\``,
    options: {},
  },

  look: () => ({
    row(row, add) {
      const column = row.column('rejected')
      const chosen = saidBy(row, 'chosen')
      if (column === undefined || chosen === undefined || chosen === '' || chosen !== saidBy(row, 'rejected')) return
      const message = 'The chosen and the rejected answer are the same.'
      add({ column, message, key: row.all(), remove: { preferred: true } })
    },
  }),
})

/** All that an answer says; undefined where the row lacks it. What is no text makes a difference that is not seen here. */
function saidBy(row: RowView, role: 'chosen' | 'rejected'): string | undefined {
  const turns = row.turns(role)
  if (!turns) return row.text(role)?.trim()
  if (turns.some(turn => turn.other)) return undefined
  return turns.map(turn => turn.content.trim()).join('\n')
}
