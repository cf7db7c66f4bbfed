import { profile } from './profile.ts'

const policies = /terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies/
const citation = /\[\d*\]|\[edit\]|\[citation needed\]/g

export const c4 = profile({
  meta: {
    id: 'c4',
    title: 'Row that the C4 rules would drop',
    what: `A row that the C4 filters (Raffel et al. 2020) would drop: it holds "lorem ipsum" or \`{\`, or fewer than five sentences are left
once lines without terminal punctuation (an ellipsis is none), of fewer than three words, with a word of more than 1,000 characters, or with
"javascript" or a cookie or privacy phrase are taken out. Citation marks do not count. Off unless \`"profiles": ["c4"]\` or the rule itself
is set in \`winnow.json\`.`,
    why: 'Made for web pages that train language models: it drops menus, code, error pages and stubs.',
    fix: 'Remove the row. Not part of "fix all".',
    example: 'Row 12: `Fails c4: sentences in lines that stay 2 (at least 5).`',
  },
  thresholds: [
    { name: 'sentences', default: 5, what: 'Sentences in the lines that stay: at least.' },
    { name: 'line-words', default: 3, what: 'Words of a line that stays: at least.' },
    { name: 'word-length', default: 1000, what: 'Characters of a word in a line that stays: at most.' },
    { name: 'paragraphs', default: 0, what: 'Paragraphs of 200 characters: at least. The paragraph filter has 3.' },
  ],
  measure(text, limit) {
    const lower = text.toLowerCase()
    let sentences = 0
    for (const line of text.split('\n')) {
      const kept = line.replace(citation, '').trim()
      const words = kept.split(/\s+/)
      if (words.some(word => word.length > limit('word-length')) || words.length < limit('line-words')) continue
      if (!/[.?!"']$/.test(kept) || kept.endsWith('...')) continue
      if (/javascript/i.test(kept) || policies.test(kept.toLowerCase())) continue
      sentences += [...segmenter.segment(kept)].length
    }
    return [
      { what: 'sentences in lines that stay', value: sentences, least: limit('sentences') },
      { what: '"lorem ipsum"', value: lower.split('lorem ipsum').length - 1, most: 0 },
      { what: 'curly brackets', value: text.split('{').length - 1, most: 0 },
      {
        what: 'paragraphs of 200 characters',
        value: text.split('\n').filter(line => line.length >= 200).length,
        least: limit('paragraphs'),
      },
    ]
  },
})

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
