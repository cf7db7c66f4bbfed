import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'
import type { Change } from '../scan/look.ts'
import { nounOf } from '../scan/turns.ts'

// Two spaces behind a full stop are a habit of typists; in texts of several lines spaces draw tables and code.
const runs = /(?<=[^\s.!?:;,])[ \u00a0]{2,}(?=\S)/g

export const strayWhitespace = rowRule({
  meta: {
    id: 'stray-whitespace',
    title: 'White space that says nothing',
    severity: 'info',
    what: `White space at the beginning or the end of a text, and runs of spaces between the words of a text of one line. Two spaces behind
punctuation are a habit and stay, as does the one space before a completion that some formats ask for. What more than half of the rows have
alike seems to be meant and is told once.`,
    why: `Tokenizers write a word with a space before it as another token. A prompt that ends in a space, or labels that do, make the
model see at use what it never saw in training.`,
    fix: 'Remove it. Not part of "fix all": in code and verse it may be meant.',
    example: `\`\`\`jsonl
{"text": "Where is my parcel? ", "label": "delivery"}
\`\`\`
Row 0: \`The text ends with white space.\``,
    options: {},
  },

  meant: 0.5,
  look: () => ({
    text({ column, role, turn, text, stats }, add) {
      if ((stats.flags & has.loose) === 0) return
      const start = text.length - text.trimStart().length
      const end = text.trimEnd().length
      if (end === 0 || end <= start) return
      const changes: Change[] = []
      const inside = /[\n\r\t{}|]/.test(text.trim()) ? [] : [...text.slice(0, end).matchAll(runs)]
      const asked = role === 'completion' && start === 1 && text[0] === ' '
      if (start > 0 && !asked) changes.push({ start: 0, end: start, text: '' })
      for (const run of inside)
        if (run.index >= start) changes.push({ start: run.index, end: run.index + run[0].length, text: ' ' })
      if (end < text.length) changes.push({ start: end, end: text.length, text: '' })
      const first = changes[0]
      if (!first) return
      const what = [
        ...(start > 0 && !asked ? ['begins with white space'] : []),
        ...(inside.length > 0 ? ['has several spaces in a row'] : []),
        ...(end < text.length ? ['ends with white space'] : []),
      ]
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `The ${nounOf(role)} ${what.join(' and ')}.`,
        key: text,
        fix: { title: 'Remove the white space', preferred: false, changes },
      })
    },
  }),
})
