import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'
import type { Change } from '../scan/look.ts'

const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

export const loneSurrogate = rowRule({
  meta: {
    id: 'lone-surrogate',
    title: 'Half of a character',
    severity: 'warning',
    what: `A surrogate without its other half, as in \`"\\ud83d"\`: a text that was cut through an emoji or another character beyond the
basic plane.`,
    why: 'UTF-8 has no form for it: tokenizers replace it or fail, and many programs refuse to read or write the row.',
    fix: 'Remove the half character. "Fix all" does that.',
    example: `\`\`\`jsonl
{"text": "See you tomorrow \\ud83d", "label": "chat"}
\`\`\`
Row 0: \`Half of a character stands here (U+D83D).\``,
    options: {},
  },

  look: () => ({
    text({ column, turn, text, stats }, add) {
      if ((stats.flags & has.surrogate) === 0) return
      const changes: Change[] = []
      for (const { index } of text.matchAll(lone)) changes.push({ start: index, end: index + 1, text: '' })
      const first = changes[0]
      if (!first) return
      const code = text.charCodeAt(first.start).toString(16).toUpperCase()
      const more = changes.length > 1 ? `, and ${changes.length - 1} more` : ''
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `Half of a character stands here (U+${code})${more}.`,
        key: text,
        fix: { title: 'Remove it', preferred: true, changes },
      })
    },
  }),
})
