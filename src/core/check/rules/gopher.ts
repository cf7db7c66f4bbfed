import { duplicatesAmong, repeatedCharacters, topNgram, wordsOf } from '../scan/repeats.ts'
import { profile } from './profile.ts'

const stopWords = new Set(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'])
const top = { 2: 0.2, 3: 0.18, 4: 0.16 } as const
const repeated = { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 } as const

export const gopher = profile({
  meta: {
    id: 'gopher',
    title: 'Row that the Gopher rules would drop',
    what: `A row that misses a threshold of the quality and repetition filters of Gopher (Rae et al. 2021, table A1). Off unless
\`"profiles": ["gopher"]\` or the rule itself is set in \`winnow.json\`. A word is a run of letters, digits and marks; a sign is a word of its
own. A message of several turns is judged as one text.`,
    why: `Made for web pages that train language models. Nearly every row of a classification dataset fails "at least 50 words", so this is
a profile to ask for, not a default.`,
    fix: 'Remove the row. Not part of "fix all".',
    example: 'Row 12: `Fails gopher: words 31 (at least 50); top 2-gram 0.24 (at most 0.2).`',
  },
  thresholds: [
    { name: 'least-words', default: 50, what: 'Words, signs not counted: at least.' },
    { name: 'most-words', default: 100_000, what: 'Words, signs not counted: at most.' },
    { name: 'least-word-length', default: 3, what: 'Mean length of words: at least.' },
    { name: 'most-word-length', default: 10, what: 'Mean length of words: at most.' },
    { name: 'hashes', default: 0.1, what: 'Number signs a word: at most.' },
    { name: 'ellipses', default: 0.1, what: 'Ellipses a word: at most.' },
    { name: 'bullets', default: 0.9, what: 'Share of lines that begin with a bullet: at most.' },
    { name: 'ellipsis-lines', default: 0.3, what: 'Share of lines that end in an ellipsis: at most.' },
    { name: 'alphabetic', default: 0.8, what: 'Share of words with a letter: at least.' },
    { name: 'stop-words', default: 2, what: 'Of the, be, to, of, and, that, have, with: at least so many.' },
    { name: 'lines', default: 0.3, what: 'Share of lines that came before: at most.' },
    { name: 'paragraphs', default: 0.3, what: 'Share of paragraphs that came before: at most.' },
    { name: 'line-characters', default: 0.2, what: 'Share of characters in lines that came before: at most.' },
    {
      name: 'paragraph-characters',
      default: 0.2,
      what: 'Share of characters in paragraphs that came before: at most.',
    },
    ...Object.entries(top).map(([n, limit]) => ({
      name: `top-${n}-gram`,
      default: limit,
      what: `Share of characters in the most frequent ${n}-gram: at most.`,
    })),
    ...Object.entries(repeated).map(([n, limit]) => ({
      name: `repeated-${n}-grams`,
      default: limit,
      what: `Share of characters in ${n}-grams that came before: at most.`,
    })),
  ],
  measure(text, limit) {
    const all = wordsOf(text)
    const words = all.filter(word => /[\p{L}\p{N}\p{M}]/u.test(word))
    const count = Math.max(1, all.length)
    const mean = words.length === 0 ? 0 : words.reduce((sum, word) => sum + word.length, 0) / words.length
    const split = text.replace(/(?:\r\n|[\n\r])$/, '').split(/\r\n|[\n\r]/)
    const lines = text.split(/\n+/)
    const paragraphs = text.trim().split(/\n{2,}/)
    const dupLines = duplicatesAmong(lines)
    const dupParagraphs = duplicatesAmong(paragraphs)
    const shareOf = (part: number) => part / text.length
    const linesWith = (pattern: RegExp) => split.filter(line => pattern.test(line)).length / split.length
    return [
      { what: 'words', value: words.length, least: limit('least-words'), most: limit('most-words') },
      { what: 'mean word length', value: mean, least: limit('least-word-length'), most: limit('most-word-length') },
      { what: 'number signs a word', value: (text.split('#').length - 1) / count, most: limit('hashes') },
      { what: 'ellipses a word', value: (text.split(/\.{3}|…/).length - 1) / count, most: limit('ellipses') },
      { what: 'bullet lines', value: linesWith(/^\s*[•-]/), most: limit('bullets') },
      { what: 'lines ending in an ellipsis', value: linesWith(/(?:\.{3}|…)\s*$/), most: limit('ellipsis-lines') },
      {
        what: 'words with a letter',
        value: all.filter(w => /\p{L}/u.test(w)).length / count,
        least: limit('alphabetic'),
      },
      { what: 'stop words', value: new Set(all.filter(w => stopWords.has(w))).size, least: limit('stop-words') },
      { what: 'repeated paragraphs', value: dupParagraphs.count / paragraphs.length, most: limit('paragraphs') },
      {
        what: 'characters in repeated paragraphs',
        value: shareOf(dupParagraphs.characters),
        most: limit('paragraph-characters'),
      },
      { what: 'repeated lines', value: dupLines.count / lines.length, most: limit('lines') },
      { what: 'characters in repeated lines', value: shareOf(dupLines.characters), most: limit('line-characters') },
      ...Object.keys(top).map(n => {
        const most = topNgram(all, Number(n))
        return {
          what: `top ${n}-gram`,
          value: most ? shareOf(most.text.length * most.count) : 0,
          most: limit(`top-${n}-gram`),
        }
      }),
      ...Object.keys(repeated).map(n => ({
        what: `repeated ${n}-grams`,
        value: shareOf(repeatedCharacters(all, Number(n))),
        most: limit(`repeated-${n}-grams`),
      })),
    ]
  },
})
