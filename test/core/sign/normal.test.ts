import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jaccard, onlyNumbersDiffer, overlap, overlapOf, shingleSet, tokens } from '../../../src/core/sign/exact.ts'
import { isUnspaced, normalForm } from '../../../src/core/sign/normal.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { Shingler } from '../../../src/core/sign/shingle.ts'
import { neededOverlap, parseThreshold, prefixLength, reaches } from '../../../src/core/sign/threshold.ts'

const schemes = ['word:1', 'word:2', 'word:3', 'word:1+2', 'word:5', 'char:1', 'char:3', 'char:5', 'char:9']

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 80 })
const mixed = fc.oneof(
  ascii,
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        'a',
        'b',
        'A',
        ' ',
        '.',
        'é',
        'É',
        'ß',
        'İ',
        'Σ',
        'ς',
        '½',
        'ﬁ',
        '東',
        '京',
        'ー',
        'ไ',
        'ท',
        '\ud800',
        '\udc00',
        '😀',
        '\u0301',
        '0',
        '٣',
      ),
    )
    .map(list => list.join('')),
)

function hashesOf(scheme: string, text: string) {
  const shingler = new Shingler(parseScheme(scheme))
  shingler.sign(text)
  return { hashes: [...shingler.hashes.subarray(0, shingler.count)], form: `${shingler.formA} ${shingler.formB}` }
}

test('the normal form is what its definition says', () => {
  expect(normalForm('  Why is there a £1 charge?! ')).toBe('why is there a 1 charge')
  expect(normalForm('Top-up_2x')).toBe('top up 2x')
  expect(normalForm('ﬁne ＡＢＣ ½')).toBe('fine abc 1 2')
  expect(normalForm('!!! … 😀')).toBe('')
})

test('the ASCII path gives what the definition gives', () => {
  fc.assert(
    fc.property(ascii, fc.constantFrom(...schemes), (text, scheme) => {
      // A character that separates and is not ASCII sends the same text the other way.
      expect(hashesOf(scheme, text)).toEqual(hashesOf(scheme, `${text}\u2026`))
    }),
    { numRuns: 500 },
  )
})

test('hashes stand for the shingles, and the form for the normal form', () => {
  fc.assert(
    fc.property(mixed, mixed, fc.constantFrom(...schemes), (a, b, name) => {
      const scheme = parseScheme(name)
      const [x, y] = [hashesOf(name, a), hashesOf(name, b)]
      const exact = overlap(shingleSet(scheme, a), shingleSet(scheme, b))
      const shared = new Set(x.hashes)
      const inter = y.hashes.filter(hash => shared.has(hash)).length
      expect({ inter, union: x.hashes.length + y.hashes.length - inter }).toEqual(exact)
      // The characters of unspaced scripts are tokens, with or without a space between them.
      if (normalForm(a) === normalForm(b)) expect(x.form).toBe(y.form)
      else if (!scheme.characters) expect(x.form).not.toBe(y.form)
      expect([...x.hashes].sort((p, q) => p - q)).toEqual(x.hashes)
    }),
    { numRuns: 1000 },
  )
})

test('tokens of scripts without spaces are characters, in the default scheme only', () => {
  expect(tokens(parseScheme('word:1+2'), '東京 tower2 ไทย')).toEqual(['東', '京', 'tower2', 'ไ', 'ท', 'ย'])
  expect(tokens(parseScheme('word:2'), '東京 tower2')).toEqual(['東京', 'tower2'])
  for (const character of ['漢', 'ひ', 'カ', 'ー', 'ก', 'ກ', 'ក', '𠀀'])
    expect(isUnspaced(character.codePointAt(0)!)).toBe(true)
  for (const character of ['a', 'é', 'ж', '한', '0', 'ا']) expect(isUnspaced(character.codePointAt(0)!)).toBe(false)
})

test('thresholds are fractions, and the boundary is exact', () => {
  expect(parseThreshold('0.80')).toEqual({ num: 4, den: 5 })
  expect(parseThreshold(0.7)).toEqual({ num: 7, den: 10 })
  expect(parseThreshold('1')).toEqual({ num: 1, den: 1 })
  for (const bad of ['0', '1.1', '-0.5', 'x', '', '0.1234567', Number.NaN])
    expect(() => parseThreshold(bad)).toThrow('Not a threshold')
  for (const bad of ['word:0', 'char:99', 'words', 'word:1+3', ''])
    expect(() => parseScheme(bad)).toThrow('Unknown shingle')
  const t = parseThreshold('0.7')
  expect(reaches(t, 7, 10)).toBe(true)
  expect(reaches(t, 69, 100)).toBe(false)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom('0.5', '0.7', '0.8', '0.95', '1'),
      (n, m, value) => {
        const at = parseThreshold(value)
        const need = neededOverlap(at, n, m)
        expect(reaches(at, need, n + m - need)).toBe(true)
        if (need > 0) expect(reaches(at, need - 1, n + m - need + 1)).toBe(false)
        // Whoever shares fewer than that with a set of n misses its prefix at most.
        expect(n - prefixLength(at, n) + 1).toBe(Math.ceil((at.num * n) / at.den))
      },
    ),
  )
})

test('rotation and a prefix removed', () => {
  const scheme = parseScheme('word:2')
  const j = (a: string, b: string) => jaccard(overlap(shingleSet(scheme, a), shingleSet(scheme, b)))
  expect(j('a b c d', 'c d a b')).toBeCloseTo(2 / 4)
  expect(j('a b c d', 'b c d')).toBeCloseTo(2 / 3)
})

test('texts that differ only in numbers', () => {
  expect(onlyNumbersDiffer('Order 12 of May 3', 'order 7 of May 31')).toBe(true)
  expect(onlyNumbersDiffer('Order 12', 'order 12!')).toBe(false)
  expect(onlyNumbersDiffer('Order 12', 'orders 12')).toBe(false)
})

test.each(schemes)('bytes sign as the text they are, or not at all: %s', scheme => {
  const shingler = new Shingler(parseScheme(scheme))
  let plain = 0
  fc.assert(
    fc.property(
      fc.oneof(ascii, fc.string({ unit: fc.constantFrom('a', 'B', ' ', '.', '7'), maxLength: 40 }), mixed),
      text => {
        const bytes = new TextEncoder().encode(`x${text}y`)
        const count = shingler.signBytes(bytes, 1, bytes.length - 1)
        if (count < 0) {
          expect(text).toMatch(/[\\\u0080-\uffff]/)
          return
        }
        plain++
        const hashes = [...shingler.hashes.subarray(0, count)]
        expect({ hashes, form: `${shingler.formA} ${shingler.formB}` }).toEqual(hashesOf(scheme, text))
      },
    ),
    { numRuns: 300 },
  )
  expect(plain).toBeGreaterThan(50)
})

test('comparing by numbers of words is comparing the shingles; the short way for ASCII is the definition', () => {
  fc.assert(
    fc.property(mixed, mixed, (a, b) => {
      const defined = a
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
        .trim()
      expect(normalForm(a)).toBe(defined)
      for (const name of ['word:1+2', 'word:2', 'char:3']) {
        const scheme = parseScheme(name)
        const expected = overlap(shingleSet(scheme, a), shingleSet(scheme, `${a} ${b}`))
        expect(overlapOf(scheme, normalForm(a), normalForm(`${a} ${b}`))).toEqual(expected)
      }
    }),
    { numRuns: 500 },
  )
})
