import { quoted } from '../labels.ts'
import { rowRule } from '../rowRule.ts'
import { escapes } from '../scan/escapes.ts'
import { nounOf } from '../scan/turns.ts'

/** What speaks of escapes, or is source code, may well hold some. */
const speaksOfThem =
  /<\/?[a-z][a-z0-9]*[\s/>]|```|(?:[;{}]|=>|\):)\s*$|\w ?= ?['"`/]|\w\(.*['"`/]|\b(?:html|xml|json|css|entit|escap|encod|decod|unicode|regex|javascript|python|latex)/im

export const escapedText = rowRule({
  meta: {
    id: 'escaped-text',
    title: 'Text that is still escaped',
    severity: 'warning',
    what: `Escapes of HTML or JSON that nobody took back: \`&amp;\`, \`&#39;\` (also as \`#39;\`, as in much news text), \`&eacute;\`, \`\\u00e9\`, and
line breaks written as \`\\n\` in a text that has no others. What was escaped twice is told, too. Texts with tags, source code, and texts that speak of HTML
or encodings are left alone. What more than half of the rows have alike seems to be meant and is told once.`,
    why: `The model learns that \`don't\` is written \`don&#39;t\`, spends four tokens on it, and writes it. Users type neither, so the words around
look new to it.`,
    fix: 'Write what it stands for. "Fix all" does that: the value of an escape is exact.',
    example: `\`\`\`jsonl
{"text": "AT&amp;T says it #39;s ready, caf\\\\u00e9 and all", "label": "business"}
\`\`\`
Row 0: \`The text holds the escape "&amp;" for "&" (3 places).\``,
    options: {},
  },

  meant: 0.5,
  look: () => ({
    text({ column, role, turn, text }, add) {
      if (role === 'label' || !(text.includes('&') || text.includes('\\') || text.includes(';'))) return
      const changes = escapes(text)
      const first = changes[0]
      if (!first || speaksOfThem.test(text)) return
      const places = changes.length > 1 ? ` (${changes.length} places)` : ''
      const meant = /^\s+$/u.test(first.text)
        ? 'white space'
        : first.text === '"'
          ? 'a quotation mark'
          : quoted(first.text)
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `The ${nounOf(role)} holds the escape ${quoted(text.slice(first.start, first.end))} for ${meant}${places}.`,
        key: text,
        fix: { title: 'Write what it stands for', preferred: true, changes },
      })
    },
  }),
})
