import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { numbersDiffer, overlapOf } from '../../../src/core/sign/exact.ts'
import { normalForm } from '../../../src/core/sign/normal.ts'
import { PlainOverlap } from '../../../src/core/sign/plainOverlap.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'

const scheme = parseScheme('word:1+2')
const encoder = new TextEncoder()
const textOf = (text: string) => {
  const bytes = encoder.encode(`xx${text}yy`)
  return { bytes, start: 2, end: bytes.length - 2 }
}

test('plain texts compare by their bytes as by their words', () => {
  const r = random('plain overlap')
  const words = [
    'a',
    'A',
    'card',
    'CARD',
    'cards',
    '3rd',
    '4th',
    '12',
    '7',
    "don't",
    'x-y',
    '',
    '...',
    'the',
    'my',
    'yours',
  ]
  const overlap = new PlainOverlap()
  let numbered = 0
  for (let n = 0; n < 4000; n++) {
    const long = n % 100 === 0
    const make = () =>
      Array.from({ length: r.int(long ? 900 : 14) }, () => words[r.int(words.length)]).join(r.int(2) ? ' ' : ', ')
    const a = make()
    const b = n % 3 ? make() : a.replace(/\d+/, String(r.int(100)))
    const plain = overlap.compare(textOf(a), textOf(b))!
    const [x, y] = [normalForm(a), normalForm(b)]
    expect({ inter: plain.inter, union: plain.union }, `${a} | ${b}`).toEqual(overlapOf(scheme, x, y))
    if (numbersDiffer(x, y)) {
      numbered++
      expect(plain.mayBeNumbers, `${a} | ${b}`).toBe(true)
    }
  }
  expect(numbered).toBeGreaterThan(100)
})

test('what is not plain is left to the slow way', () => {
  const overlap = new PlainOverlap()
  for (const text of ['café', 'a\\nb', '日本'])
    for (const [a, b] of [
      [text, 'a b'],
      ['a b', text],
    ] as const)
      expect(overlap.compare(textOf(a), textOf(b))).toBeUndefined()
  expect(overlap.compare(textOf('a b'), textOf('b a'))).toMatchObject({ inter: 2, union: 4 })
})
