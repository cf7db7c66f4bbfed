import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { c4 } from '../../../src/core/check/rules/c4.ts'
import { fineweb } from '../../../src/core/check/rules/fineweb.ts'
import { gopher } from '../../../src/core/check/rules/gopher.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

const defaults = (rule: typeof gopher) =>
  Object.fromEntries(Object.entries(rule.meta.options).map(([name, option]) => [name, option.default]))

test('the thresholds are those that were published', () => {
  expect(defaults(gopher)).toEqual({
    'least-words': 50,
    'most-words': 100_000,
    'least-word-length': 3,
    'most-word-length': 10,
    hashes: 0.1,
    ellipses: 0.1,
    bullets: 0.9,
    'ellipsis-lines': 0.3,
    alphabetic: 0.8,
    'stop-words': 2,
    lines: 0.3,
    paragraphs: 0.3,
    'line-characters': 0.2,
    'paragraph-characters': 0.2,
    'top-2-gram': 0.2,
    'top-3-gram': 0.18,
    'top-4-gram': 0.16,
    'repeated-5-grams': 0.15,
    'repeated-6-grams': 0.14,
    'repeated-7-grams': 0.13,
    'repeated-8-grams': 0.12,
    'repeated-9-grams': 0.11,
    'repeated-10-grams': 0.1,
  })
  expect(defaults(fineweb)).toEqual({ punctuation: 0.12, 'short-lines': 0.67, repeated: 0.01, 'line-breaks': 0.3 })
  expect(defaults(c4)).toEqual({ sentences: 5, 'line-words': 3, 'word-length': 1000, paragraphs: 0 })
})

/** Does the rule say this of the text? */
function fails(rule: typeof gopher, text: string, what: string): boolean {
  const bytes = Buffer.from(`${JSON.stringify({ text })}\n`)
  const [file] = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const splits = [{ name: 'train' as const, tables: [file!.table] }]
  const rules = { [rule.meta.id]: {} }
  const { findings } = finishWork(
    check({ datasets: [{ name: 'd', splits, roles: { text: 'text' } }], list: [rule], rules }),
  )
  return findings.some(({ message }) => message.includes(`: ${what} `) || message.includes(`; ${what} `))
}

const word = (i: number) => `w${String.fromCharCode(97 + (i % 26), 97 + (Math.floor(i / 26) % 26))}rd`
const words = (count: number) => Array.from({ length: count }, (_, i) => word(i)).join(' ')
const lines = (of: (i: number) => string, count: number) => Array.from({ length: count }, (_, i) => of(i)).join('\n')

// What is exactly at a threshold passes; the next one fails.
test.each([
  ['words', words(50), words(49)],
  ['number signs a word', `${words(90)} ${'# '.repeat(10)}`, `${words(89)} ${'# '.repeat(10)}`],
  ['stop words', `${words(60)} the of`, `${words(60)} the the`],
  ['words with a letter', `${words(80)} ${'12 '.repeat(20)}`, `${words(79)} ${'12 '.repeat(20)}`],
  ['bullet lines', lines(i => `${i < 9 ? '- ' : ''}${word(i)}`, 10), lines(i => `- ${word(i)}`, 10)],
  [
    'lines ending in an ellipsis',
    lines(i => `${word(i)}${i < 3 ? '...' : '.'}`, 10),
    `${lines(i => `${word(i)}${i < 3 ? '...' : '.'}`, 9)}\n`,
  ],
  ['repeated lines', lines(i => word(i < 3 ? 9 : i), 10), lines(i => word(i < 4 ? 9 : i), 10)],
])('gopher, %s', (what, passing, failing) => {
  expect([fails(gopher, passing, what), fails(gopher, failing, what)]).toEqual([false, true])
})

test.each([
  [
    'lines ending in punctuation',
    lines(i => `${words(9)}${i < 3 ? '.' : ''}`, 25),
    lines(i => `${words(9)}${i < 2 ? '.' : ''}`, 25),
  ],
  ['lines of at most 30 characters', lines(i => (i < 2 ? 'short.' : words(9)), 3), lines(() => 'a'.repeat(30), 3)],
  ['line breaks a word', `${words(10)}${'\n'.repeat(3)}`, `${words(9)}${'\n'.repeat(3)}`],
])('fineweb, %s', (what, passing, failing) => {
  expect([fails(fineweb, passing, what), fails(fineweb, failing, what)]).toEqual([false, true])
})

test.each([
  ['sentences in lines that stay', lines(() => 'It is so.', 5), lines(() => 'It is so.', 4)],
  ['sentences in lines that stay', lines(() => 'It is "so"', 5), lines(i => (i < 4 ? 'It is so.' : 'It is so...'), 5)],
  ['sentences in lines that stay', lines(() => 'It is so.', 5), lines(i => (i < 4 ? 'It is so.' : 'So be.'), 5)],
])('c4, %s', (what, passing, failing) => {
  expect([fails(c4, passing, what), fails(c4, failing, what)]).toEqual([false, true])
})

test('fineweb: what ends a sentence in any script counts, and quotation marks of ASCII; commas, colons and brackets do not', () => {
  const ending = (end: string) => lines(i => `The ${i}th line says something of its own here${end}`, 4)
  for (const end of ['.', '!', '?', '"', "'", '。', '؟', '।'])
    expect(fails(fineweb, ending(end), 'lines ending in punctuation'), end).toBe(false)
  for (const end of [',', ':', ';', ')', '*', ''])
    expect(fails(fineweb, ending(end), 'lines ending in punctuation'), end).toBe(true)
})
