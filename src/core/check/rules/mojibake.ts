import { quoted } from '../labels.ts'
import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'
import { mojibake as findMojibake, mayBeMisread } from '../scan/mojibake.ts'

export const mojibake = rowRule({
  meta: {
    id: 'mojibake',
    title: 'Text in the wrong encoding',
    severity: 'warning',
    what: `UTF-8 that was read as Windows-1252 or Latin-1 somewhere on its way, also twice: \`Ã©\` for \`é\`, \`â€™\` for \`’\`, \`ðŸ˜€\`
for an emoji; or as Windows-1250, 1251, 1253 or Macintosh: \`РџСЂРёРІРµС‚\` for \`Привет\`, \`√©\` for \`é\`. Only what decodes back exactly is flagged, and not what people write themselves, such as \`CAFÉ»\`.`,
    why: `The model learns that \`don't\` has a second spelling with three odd characters, spends tokens on it, and may write it. A
classifier may learn which source a row came from instead of what it says.`,
    fix: 'Repair the text: what it was before it was read wrongly. "Fix all" does that, since the repair is exact.',
    example: `\`\`\`jsonl
{"text": "The cafÃ© doesnâ€™t open", "label": "hours"}
\`\`\`
Row 0: \`"Ã©" is "é" read in the wrong encoding (2 places).\``,
    options: {},
  },

  look: () => ({
    text({ column, turn, text, stats }, add) {
      const latin = (stats.flags & has.lead) !== 0 && (stats.flags & has.trail) !== 0
      if (!latin && ((stats.flags & has.wide) === 0 || !mayBeMisread(text))) return
      const changes = findMojibake(text)
      const first = changes[0]
      if (!first) return
      const places = changes.length > 1 ? ` (${changes.length} places)` : ''
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `${quoted(text.slice(first.start, first.end))} is ${quoted(first.text)} read in the wrong encoding${places}.`,
        key: text,
        fix: { title: 'Repair the encoding', preferred: true, changes },
      })
    },
  }),
})
