import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'

/** The six bytes of two replacement characters as three Chinese ones. */
const asGbk = '锟斤拷'

export const replacementCharacter = rowRule({
  meta: {
    id: 'replacement-character',
    title: 'Character that was lost',
    severity: 'warning',
    what: `U+FFFD, the replacement character: an earlier program could not read what stood here and wrote this instead; or \`锟斤拷\`, what
two of them become where their bytes are read as GBK. (Bytes that are
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
      const plain = (stats.flags & has.replacement) !== 0
      const read = plain || stats.unspaced === 0 ? -1 : text.indexOf(asGbk)
      if (!plain && read < 0) return
      if (!plain) {
        const message = `Characters were lost here: ${asGbk} is U+FFFD read as GBK.`
        add({ column, turn, start: read, end: read + asGbk.length, message, key: text, remove: { preferred: false } })
        return
      }
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
