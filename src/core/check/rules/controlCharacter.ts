import { quoted } from '../labels.ts'
import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'
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
  173: 'soft hyphen',
  8203: 'zero-width space',
  8288: 'word joiner',
  65279: 'byte order mark',
}

// An escape sequence of a terminal goes as a whole: without its first character the rest would be read as text. So do tag characters and
// several variation selectors in a row, which spell words that nobody sees; those of a flag's emoji and the one behind a Han character are
// matched to be left alone.
const pattern =
  /\u001b\[[0-9;?]*[ -/]*[@-~]|\ud83c\udff4(?:\udb40[\udc20-\udc7e])+\udb40\udc7f|(?:\udb40[\udc00-\udc7f])+|(?:\udb40[\udd00-\uddef]){2,}|[\0-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]/g
/** Scripts in which a zero-width space tells where a line may break: Thai, Lao, Tibetan, Myanmar, Khmer. */
const broken = /[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]/

export const controlCharacter = rowRule({
  meta: {
    id: 'control-character',
    title: 'Character that nobody sees',
    severity: 'warning',
    what: `Control characters other than tab and line breaks, terminal escape sequences (colours), byte order marks inside a text,
soft hyphens, zero-width spaces, direction overrides and isolates, tag characters and rows of variation selectors (which can spell whole
sentences that only a model reads), and noncharacters. Joiners and direction marks stay: several scripts and emoji need them, as Thai and
Khmer need zero-width spaces and some flags tag characters.`,
    why: `They come from terminals, word processors and broken conversions, not from people. Each is a token of its own, makes equal texts
differ, and can hide text from a reader that the model sees.`,
    fix: 'Remove them; form feeds and vertical tabs become line breaks. "Fix all" does that.',
    example: `\`\`\`jsonl
{"text": "Press \\u001b[1mEnter\\u001b[0m", "label": "how_to"}
\`\`\`
Row 0: \`The text holds the control character U+001B (escape), and one more.\``,
    options: {},
  },

  look: () => ({
    text({ column, turn, text, stats }, add) {
      if ((stats.flags & has.control) === 0 && !((stats.flags & has.surrogate) !== 0 && text.includes('\udb40'))) return
      const repaired = (stats.flags & (has.lead | has.wide)) === 0 ? [] : mojibake(text)
      const changes: Change[] = []
      for (const match of text.matchAll(pattern)) {
        const start = match.index
        if (match[0].startsWith('\ud83c')) continue
        if (match[0] === '\u200b' && broken.test(text.slice(Math.max(0, start - 1), start + 2))) continue
        // What belongs to a wrongly read character goes with that.
        if (repaired.some(change => change.start <= start && start < change.end)) continue
        const code = text.charCodeAt(start)
        const breaks = code === 0x0b || code === 0x0c || code === 0x85
        changes.push({ start, end: start + match[0].length, text: breaks ? '\n' : '' })
      }
      const first = changes[0]
      if (!first) return
      const more =
        changes.length === 1 ? '' : changes.length === 2 ? ', and one more' : `, and ${changes.length - 1} more`
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `The text holds ${named(text.slice(first.start, first.end))}${more}.`,
        key: text,
        fix: { title: changes.length === 1 ? 'Remove it' : 'Remove them', preferred: true, changes },
      })
    },
  }),
})

function named(found: string): string {
  const code = found.codePointAt(0)!
  if (code > 0xffff)
    return `hidden text (${quoted(hidden(found))} in ${code < 0xe0100 ? 'tag characters' : 'variation selectors'})`
  const name = names[code] ? ` (${names[code]})` : ''
  return `the control character U+${code.toString(16).toUpperCase().padStart(4, '0')}${name}`
}

/** What tag characters or the variation selectors from U+E0100, which stand for the bytes from 16, spell. */
function hidden(found: string): string {
  const codes = [...found].map(character => character.codePointAt(0)! - 0xe0000)
  return String.fromCharCode(...codes.slice(0, 100).map(code => (code < 0x100 ? code : code - 0x100 + 16)))
}
