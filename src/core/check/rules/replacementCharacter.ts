import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'

export const replacementCharacter = rowRule({
  meta: {
    id: 'replacement-character',
    title: 'Character that was lost',
    severity: 'warning',
    what: `U+FFFD, the replacement character: an earlier program could not read what stood here and wrote this instead. (Bytes that are
not UTF-8 in this very file are \`broken-row\`.)`,
    why: 'What stood there is gone: a name, an accent, a sign. The model learns to read and to write the hole.',
    fix: `Remove the row, or get it anew from where it came from. Nothing is part of "fix all": no program knows what was meant.`,
    example: `\`\`\`jsonl
{"text": "The caf\\ufffd is closed", "label": "hours"}
\`\`\`
Row 0: \`A character was lost here (U+FFFD).\``,
    options: {},
  },

  look: () => ({
    text({ column, turn, text, stats }, add) {
      if ((stats.flags & has.replacement) === 0) return
      const start = text.indexOf('\ufffd')
      const count = text.split('\ufffd').length - 1
      const what = count === 1 ? 'A character was' : `${count} characters were`
      add({
        column,
        turn,
        start,
        end: start + 1,
        message: `${what} lost here (U+FFFD).`,
        key: text,
        remove: { preferred: false },
      })
    },
  }),

  // The decoder gives the same character for bytes that are not UTF-8.
  holds: bytes =>
    bytes[0] === 0x5c || (bytes[0] === 0xef && bytes[1] === 0xbf && bytes[2] === 0xbd) || bytes.length > 6,
})
