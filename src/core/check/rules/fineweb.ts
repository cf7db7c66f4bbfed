import { duplicatesAmong, wordsOf } from '../scan/repeats.ts'
import { profile } from './profile.ts'

/** What ends a sentence in any script, and the quotation marks of ASCII, as in the released filter. */
const terminal = /[\p{Sentence_Terminal}"']\s*$/u

export const fineweb = profile({
  meta: {
    id: 'fineweb',
    title: 'Row that the FineWeb rules would drop',
    what: `A row that misses a threshold of the FineWeb quality filter (Penedo et al. 2024). Off unless \`"profiles": ["fineweb"]\` or the
rule itself is set in \`winnow.json\`. Blank lines do not count; punctuation
is what ends a sentence in any script, or a quotation mark of ASCII.`,
    why: 'Made for web pages that train language models: it drops lists, menus and pages that say a line many times.',
    fix: 'Remove the row. Not part of "fix all".',
    example: 'Row 12: `Fails fineweb: lines ending in punctuation 0 (at least 0.12).`',
  },
  thresholds: [
    { name: 'punctuation', default: 0.12, what: 'Share of lines that end in punctuation: at least.' },
    { name: 'short-lines', default: 0.67, what: 'Share of lines of at most 30 characters: at most.' },
    { name: 'repeated', default: 0.01, what: 'Share of characters in lines that came before: at most.' },
    { name: 'line-breaks', default: 0.3, what: 'Line breaks a word: at most.' },
  ],
  measure(text, limit) {
    const lines = text.split('\n').filter(line => line.trim() !== '')
    const share = (count: number) => count / Math.max(1, lines.length)
    const characters = text.replaceAll('\n', '').length
    const breaks = text.split('\n').length - 1
    return [
      {
        what: 'lines ending in punctuation',
        value: share(lines.filter(line => terminal.test(line)).length),
        least: limit('punctuation'),
      },
      {
        what: 'lines of at most 30 characters',
        value: share(lines.filter(line => line.length <= 30).length),
        most: limit('short-lines'),
      },
      {
        what: 'characters in repeated lines',
        value: duplicatesAmong(lines).characters / Math.max(1, characters),
        most: limit('repeated'),
      },
      { what: 'line breaks a word', value: breaks / Math.max(1, wordsOf(text).length), most: limit('line-breaks') },
    ]
  },
})
