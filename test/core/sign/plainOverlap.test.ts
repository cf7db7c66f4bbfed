import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { numbersDiffer, overlapOf } from '../../../src/core/sign/exact.ts'
import { normalForm } from '../../../src/core/sign/normal.ts'
import { PlainOverlap } from '../../../src/core/sign/plainOverlap.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { WordOverlap } from '../../../src/core/sign/wordOverlap.ts'

const scheme = parseScheme('word:1+2')
const encoder = new TextEncoder()
const textOf = (text: string) => {
  const bytes = encoder.encode(`xx${text}yy`)
  return { bytes, start: 2, end: bytes.length - 2 }
}

describe.each([
  ['by the kernel', () => new PlainOverlap()],
  ['without it', () => new WordOverlap()],
])('%s', (_, make) => {
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
      // Words of 7, 8, 9, 15, 16, 17 and more letters, of which some begin or end alike.
      'letters',
      'eightbit',
      'eightbits',
      'fifteen0letters',
      'sixteen0letters0',
      'sixteen0letters01',
      'sixteen0letters02',
      'Sixteen0letters0and0many0more0than1that',
      'sixteen0letters0and0MANY0more0than2that',
      'sixteen0letters0or0many0more0than2that',
    ]
    const overlap = make()
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

  test('whatever their letters and lengths', () => {
    const r = random('letters')
    const overlap = make()
    for (let n = 0; n < 3000; n++) {
      const make = () =>
        String.fromCharCode(...Array.from({ length: r.int(70) }, () => r.int(128))).replaceAll('\\', '')
      const [a, b] = [make(), make()]
      const { inter, union } = overlap.compare(textOf(a), textOf(b))!
      expect({ inter, union }, JSON.stringify([a, b])).toEqual(overlapOf(scheme, normalForm(a), normalForm(b)))
    }
    // Longer than the kernel takes, as long, and all words different.
    for (const size of [8190, 8192, 8193, 40_000]) {
      const a = Array.from({ length: size }, () => r.int(36).toString(36)).join(' ')
      const b = a.replaceAll(/[aeiou] /g, '')
      const { inter, union } = overlap.compare(textOf(a), textOf(b))!
      expect({ inter, union }).toEqual(overlapOf(scheme, a, b))
    }
    const all = Array.from({ length: 3000 }, (_, i) => i.toString(36)).join(' ')
    expect(overlap.compare(textOf(all), textOf(all))).toEqual({ inter: 5999, union: 5999, mayBeNumbers: true })
  })

  test('what is not plain is left to the slow way', () => {
    const overlap = make()
    for (const text of ['café', 'a\\nb', '日本', `${'a b '.repeat(20)}é`])
      for (const [a, b] of [
        [text, 'a b'],
        ['a b', text],
      ] as const)
        expect(overlap.compare(textOf(a), textOf(b))).toBeUndefined()
    expect(overlap.compare(textOf('a b'), textOf('b a'))).toMatchObject({ inter: 2, union: 4 })
    expect(overlap.compare(textOf(''), textOf('?!'))).toMatchObject({ inter: 0, union: 0 })
  })
})
