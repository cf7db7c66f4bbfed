import { rowRule } from '../rowRule.ts'
import { classes, has } from '../scan/characters.ts'
import type { Change } from '../scan/look.ts'
import { mojibake } from '../scan/mojibake.ts'

const names: { readonly [code: number]: string } = {
  0: 'NUL',
  7: 'bell',
  8: 'backspace',
  11: 'vertical tab',
  12: 'form feed',
  27: 'escape',
  127: 'delete',
  133: 'next line',
  8288: 'word joiner',
  65279: 'byte order mark',
}

// An escape sequence of a terminal goes as a whole: without its first character the rest would be read as text.
const pattern =
  /\u001b\[[0-9;?]*[ -/]*[@-~]|[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2060\u202a-\u202e\ufeff\ufff9-\ufffb\ufffe\uffff]/g

export const controlCharacter = rowRule({
  meta: {
    id: 'control-character',
    title: 'Character that nobody sees',
    severity: 'warning',
    what: `Control characters other than tab and line breaks, terminal escape sequences (colours), byte order marks inside a text,
direction overrides, and noncharacters. Joiners and direction marks stay: several scripts and emoji need them.`,
    why: `They come from terminals, word processors and broken conversions, not from people. Each is a token of its own, makes equal texts
differ, and can hide text from a reader that the model sees (direction overrides).`,
    fix: 'Remove them; form feeds and vertical tabs become line breaks. "Fix all" does that.',
    example: `\`\`\`jsonl
{"text": "Press \\u001b[1mEnter\\u001b[0m", "label": "how_to"}
\`\`\`
Row 0: \`The text holds the control character U+001B (escape), and one more.\``,
    options: {},
  },

  look: () => ({
    text({ column, turn, text, stats }, add) {
      if ((stats.flags & has.control) === 0) return
      const repaired = (stats.flags & has.lead) === 0 ? [] : mojibake(text)
      const changes: Change[] = []
      for (const match of text.matchAll(pattern)) {
        const start = match.index
        // What belongs to a wrongly read character goes with that.
        if (repaired.some(change => change.start <= start && start < change.end)) continue
        const code = text.charCodeAt(start)
        const breaks = code === 0x0b || code === 0x0c || code === 0x85
        changes.push({ start, end: start + match[0].length, text: breaks ? '\n' : '' })
      }
      const first = changes[0]
      if (!first || (classes[text.charCodeAt(first.start)]! & has.control) === 0) return
      const code = text.charCodeAt(first.start)
      const name = names[code] ? ` (${names[code]})` : ''
      const more =
        changes.length === 1 ? '' : changes.length === 2 ? ', and one more' : `, and ${changes.length - 1} more`
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `The text holds the control character U+${code.toString(16).toUpperCase().padStart(4, '0')}${name}${more}.`,
        key: text,
        fix: { title: changes.length === 1 ? 'Remove it' : 'Remove them', preferred: true, changes },
      })
    },
  }),
})
