import { Failure } from '../../base/failure.ts'
import { isUnspaced } from '../../sign/normal.ts'
import { quoted } from '../labels.ts'
import { rowRule } from '../rowRule.ts'
import type { Option } from '../rule.ts'
import { duplicatesAmong, repeatedCharacters, topNgram } from '../scan/repeats.ts'

/** Shorter texts repeat themselves in passing: `the card` twice in ten words is nothing. */
const fewWords = 20
const fewLines = 6
/** A short n-gram must come so often to be more than a topic. */
const often = 5

const share = (value: number, what: string): Option => ({
  default: value,
  what,
  check(given) {
    if (!(Number(given) > 0 && Number(given) <= 1))
      throw new Failure('bad-option', `The share is ${given}`, 'Give a number above 0 and up to 1')
  },
})

export const repetition = rowRule({
  meta: {
    id: 'repetition',
    title: 'Text that repeats itself',
    severity: 'info',
    what: `A text of at least 20 words in which a large share of the characters stands in word sequences that came before: five words in a
row (\`words\`), one sequence of three words that comes five times or more (\`top\`; of scripts without spaces, sequences of ten and of six letters), or, in texts of six lines or more, whole lines (\`lines\`). After the
Gopher rules, shares of all characters but spaces, with thresholds that short rows can meet and that the terms of a calculation
("pounds of candy" in every step) do not; the exact ones are the profile \`gopher\`.`,
    why: `Loops are what broken generators, scrapers and copy errors leave behind, and what models pick up fastest: a few looping answers
make a model that loops.`,
    fix: 'Look at it, and remove the row if the repetition is no part of what it says.',
    example: 'Row 8: `The text repeats itself: 61 % of it are sequences of words that came before.`',
    options: {
      words: share(0.3, 'The share of characters in repeated sequences of five words.'),
      top: share(0.4, 'The share of characters in one sequence of three words.'),
      lines: share(0.5, 'The share of lines that came before.'),
    },
  },

  look({ options }) {
    const limit = { words: Number(options['words']), top: Number(options['top']), lines: Number(options['lines']) }
    return {
      text({ column, role, turn, text, stats }, add) {
        if (role === 'label' || stats.words + stats.unspaced < fewWords) return
        const may = stats.unspaced > 0 ? mayRepeatLetters(text) : mayRepeat(stats.hashes, stats.words)
        if (!may) return
        const message = judge(text, limit)
        if (message) add({ column, turn, message, key: text, remove: { preferred: false } })
      },
    }
  },
})

function judge(text: string, limit: { readonly words: number; readonly top: number; readonly lines: number }) {
  const lines = text.split('\n').flatMap(line => (line.trim() === '' ? [] : [line.trim()]))
  if (lines.length >= fewLines) {
    const { count } = duplicatesAmong(lines)
    if (count / lines.length > limit.lines)
      return `The text repeats itself: ${count} of ${lines.length} lines came before.`
  }
  const words = tokensOf(text)
  // Of all characters but spaces, as in the Gopher rules: in a calculation most of the text are figures and signs.
  const all = text.replace(/\s+/gu, '').length
  if (words.length < fewWords || all === 0) return undefined
  // Most of them letters of a script without spaces: about two of these are a word.
  const dense = words.filter(word => isUnspaced(word.codePointAt(0)!)).length * 2 > words.length
  const repeated = repeatedCharacters(words, dense ? 10 : 5) / all
  if (repeated > limit.words)
    return `The text repeats itself: ${percent(repeated)} of it are sequences of words that came before.`
  const size = dense ? 6 : 3
  const top = topNgram(words, size)
  if (!top || top.count < often) return undefined
  const covered = (top.count * (top.text.length - size + 1)) / all
  if (covered <= limit.top) return undefined
  return `The text repeats itself: ${quoted(dense ? top.text.replaceAll(' ', '') : top.text)} comes ${top.count} times, ${percent(Math.min(1, covered))} of it.`
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}

/** The words of a text; a letter of a script without spaces is one. */
function tokensOf(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).flatMap(word =>
    [...word].some(letter => isUnspaced(letter.codePointAt(0)!)) ? [...word] : [word],
  )
}

/** As `mayRepeat`, by pairs of letters, of which natural texts repeat more. */
function mayRepeatLetters(text: string): boolean {
  if (text.length > 2048) return true
  stamp++
  let repeats = 0
  for (let i = 0; i + 1 < text.length; i++) {
    const pair = Math.imul(text.charCodeAt(i) * 65_599 + text.charCodeAt(i + 1), 0x9e3779b1)
    const at = pair >>> 20
    if (stamps[at] === stamp) {
      if (seen[at] === pair) repeats++
    } else stamps[at] = stamp
    seen[at] = pair
  }
  return repeats * 5 >= text.length
}

const seen = new Int32Array(4096)
let stamp = 0
const stamps = new Int32Array(4096)

/**
 * Is there any chance that a judge finds something? Every repetition repeats pairs of words; where hardly a tenth of the
 * pairs came before (by a small hash table that only errs upwards), reading on is of no use.
 */
function mayRepeat(hashes: Int32Array, words: number): boolean {
  if (words > 2048) return true
  stamp++
  let repeats = 0
  for (let i = 0; i + 1 < words; i++) {
    const pair = Math.imul(hashes[i]! ^ Math.imul(hashes[i + 1]!, 0x9e3779b1), 0x85ebca6b)
    const at = pair >>> 20
    if (stamps[at] === stamp) {
      if (seen[at] === pair) repeats++
    } else stamps[at] = stamp
    seen[at] = pair
  }
  return repeats * 10 >= words
}
