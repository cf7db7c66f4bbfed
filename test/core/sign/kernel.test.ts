import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { Forms } from '../../../src/core/sign/forms.ts'
import { newJoinKernel } from '../../../src/core/sign/joinKernel.ts'
import { newKernel } from '../../../src/core/sign/kernel.ts'
import { gradeLevels } from '../../../src/core/sign/levelCounts.ts'
import { MinHash, SlotSignatures } from '../../../src/core/sign/minhash.ts'
import { Levels } from '../../../src/core/sign/postings.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import type { Texts } from '../../../src/core/sign/texts.ts'
import { parseThreshold } from '../../../src/core/sign/threshold.ts'
import { assemble } from '../../tool/assemble.mjs'
import { kinds, texts } from './texts.ts'

test.each(['kernel', 'join', 'overlap'])(
  'the kernel that is kept is what its source compiles to: %s',
  async name => {
    const file = new URL(`../../../src/core/sign/generated/${name}Bytes.ts`, import.meta.url)
    const bytes = Buffer.from(await assemble(`src/core/sign/assembly/${name}.ts`))
    const made = `// Made from ../assembly/${name}.ts by test/core/sign/kernel.test.ts with UPDATE=1.
export const ${name}Bytes =
  '${bytes.toString('base64').replace(/=+$/, '')}'
`
    if (process.env['UPDATE']) writeFileSync(file, made)
    expect(readFileSync(file, 'utf8')).toBe(made)
  },
  240_000,
)

test('this machine runs the kernel', () => {
  expect(newKernel(1)).toBeDefined()
})

/** The signatures of all slots by `SlotSignatures`, asked for in an order. */
function signed(forms: Forms, minhash: MinHash, order: readonly number[], options: { readonly plain?: boolean } = {}) {
  const signatures = new SlotSignatures(minhash, options)
  const found: Uint32Array[] = []
  for (const slot of order) {
    const at = signatures.of(forms, slot)
    found[slot] = signatures.values.slice(at, at + minhash.k)
  }
  return found
}

/** The same by the definition. */
function expected(forms: Forms, minhash: MinHash) {
  return Array.from({ length: forms.count }, (_, slot) => {
    const out = new Uint32Array(minhash.k)
    minhash.sign(forms.pool, forms.start[slot]!, forms.start[slot + 1]!, out)
    return out
  })
}

const words = fc.array(fc.constantFrom('a', 'the', 'Ünï', '😀', '\ud83d', '日本', 'ไทย', '7', '-', '\\', 'x'), {
  maxLength: 12,
})
const rows = fc.array(
  fc.oneof(
    words.map(list => list.join(' ')),
    fc.string({ unit: 'binary' }),
  ),
  { maxLength: 30 },
)

test('signatures of the kernel are those of the definition', () => {
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom('word:1+2', 'word:3', 'char:5'),
      fc.integer({ min: 1, max: 70 }),
      (list, scheme, k) => {
        const forms = new Forms(parseScheme(scheme))
        for (const text of list) forms.add(text)
        const minhash = new MinHash(k)
        const order = Array.from({ length: forms.count }, (_, slot) => slot)
        expect(signed(forms, minhash, order)).toEqual(expected(forms, minhash))
      },
    ),
    { numRuns: 150 },
  )
})

test('in whatever order slots are asked for, and of whatever size they are', () => {
  const forms = new Forms(parseScheme('word:1+2'))
  for (const text of texts('paragraphs', 1500, 'kernel')) forms.add(text)
  const r = random('kernel')
  const long = (n: number) => Array.from({ length: n }, () => r.int(1e9).toString(36)).join(' ')
  for (const n of [1, 40_000, 32_768, 2, 5]) forms.add(long(n))
  const minhash = new MinHash(64)
  const inTurn = Array.from({ length: forms.count }, (_, slot) => slot)
  const other = [...inTurn].sort(() => r.next() - 0.5)
  const truth = expected(forms, minhash)
  expect(signed(forms, minhash, inTurn)).toEqual(truth)
  expect(signed(forms, minhash, other)).toEqual(truth)
  expect(signed(forms, minhash, [...inTurn.filter(slot => slot % 3 > 0), ...other])).toEqual(truth)
  expect(signed(forms, minhash, inTurn, { plain: true })).toEqual(truth)
})

/** Forms and slots of rows, signed in batches as long as there are rows. */
function inBatches(scheme: string, texts: Texts) {
  const forms = new Forms(parseScheme(scheme))
  const slots = new Int32Array(texts.rowCount)
  for (let row = 0; row < texts.rowCount; ) row += forms.addRows(texts, row, slots.subarray(row))
  return { forms, slots }
}

/** The same, text by text. */
function oneByOne(scheme: string, list: readonly (string | undefined)[]) {
  const forms = new Forms(parseScheme(scheme))
  const slots = Int32Array.from(list, text => (text === undefined ? -1 : forms.add(text)))
  return { forms, slots }
}

function expectEqual(a: ReturnType<typeof inBatches>, b: ReturnType<typeof oneByOne>) {
  expect(a.slots).toEqual(b.slots)
  const { count } = b.forms
  expect(a.forms.count).toBe(count)
  same(a.forms.start, b.forms.start, count + 1)
  same(a.forms.pool, b.forms.pool, b.forms.start[count]!)
  for (const bits of ['bitsLow', 'bitsHigh'] as const) same(a.forms[bits], b.forms[bits], count)
  same(a.forms.wide, b.forms.wide, count * 8)
  const [one, other] = [a.forms.signedFrom(0), b.forms.signedFrom(0)]
  same(one.formA, other.formA, count)
  same(one.formB, other.formB, count)
}

/** Telling where many thousand numbers differ takes longer than all the rest. */
function same(a: Int32Array | Uint32Array, b: Int32Array | Uint32Array, length: number) {
  const bytes = (list: Int32Array | Uint32Array) => Buffer.from(list.buffer, list.byteOffset, length * 4)
  if (!bytes(a).equals(bytes(b))) expect(a.subarray(0, length)).toEqual(b.subarray(0, length))
}

const ofStrings = (list: readonly (string | undefined)[]): Texts => ({ rowCount: list.length, text: row => list[row] })

/** Texts as they stand in bytes, those with a backslash as if they were escaped, between others and in two buffers in turn. */
function ofBytes(list: readonly (string | undefined)[], between: number): Texts {
  const encoder = new TextEncoder()
  const filler = '\u00df'.repeat(between)
  const buffers = [0, 1].map(side => {
    let bytes: number[] = []
    const spans = list.map((text, row) => {
      if (text === undefined || row % 7 === 3 || text.includes('\\') || Math.floor(row / 50) % 2 !== side)
        return undefined
      const before = encoder.encode(filler)
      const own = encoder.encode(text)
      const start = bytes.length + before.length
      bytes = [...bytes, ...before, ...own]
      return { start, end: start + own.length }
    })
    return { bytes: Uint8Array.from(bytes), spans }
  })
  let at = 0
  return {
    ...ofStrings(list),
    plain: {
      get bytes() {
        return buffers[at]!.bytes
      },
      span(row) {
        at = Math.floor(row / 50) % 2
        return buffers[at]!.spans[row]
      },
    },
  }
}

const schemes = ['word:1+2', 'word:1', 'word:2', 'word:3', 'word:13', 'char:1', 'char:2', 'char:5']

test('rows signed in batches have the shingles, forms and bits that they have one by one', () => {
  const some = fc.oneof(
    { weight: 4, arbitrary: words.map(list => list.join(' ')) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.constantFrom('a', 'B', 'c3', '  ', '\n', '-'), { maxLength: 90 })
        .map(list => list.join(' ')),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
  fc.assert(
    fc.property(fc.array(some, { minLength: 32, maxLength: 150 }), fc.constantFrom(...schemes), (list, scheme) => {
      const expected = oneByOne(scheme, list)
      expectEqual(inBatches(scheme, ofStrings(list)), expected)
      const encodable = list.map(text => (text === undefined ? undefined : Buffer.from(text).toString()))
      expectEqual(inBatches(scheme, ofBytes(encodable, list.length % 3)), oneByOne(scheme, encodable))
    }),
    { numRuns: 100 },
  )
})

test.each(['word:1+2', 'word:3', 'char:5'])('however long they are: %s', scheme => {
  const r = random('long')
  const text = (units: number) =>
    Array.from({ length: units }, () => 'abcdefgh '[r.int(9)])
      .join('')
      .slice(0, units)
  const sizes = [
    0,
    1,
    65_535,
    65_536,
    65_537,
    3,
    40_000,
    40_000,
    200_000,
    2,
    ...Array.from({ length: 40 }, () => r.int(9000)),
  ]
  const list = sizes.map(text)
  const expected = oneByOne(scheme, list)
  expectEqual(inBatches(scheme, ofStrings(list)), expected)
  const bytes = new TextEncoder().encode(list.join('|'))
  const ends = list.map((_, i) => list.slice(0, i + 1).join('|').length)
  const span = (row: number) => ({ start: ends[row]! - list[row]!.length, end: ends[row]! })
  expectEqual(inBatches(scheme, { ...ofStrings(list), plain: { bytes, span } }), expected)
})

test('levels of the kernel are those of the definition, however large the counts', () => {
  const edges = [15, 16, 255, 256, 32_767, 32_768, 65_535, 65_536, 330_000, 2 ** 31 - 1].flatMap(n => [n, 0, 1, n - 1])
  const counts = new Uint32Array(1 << 10)
  for (let i = 0; i < counts.length; i++) counts[i] = edges[(i * 7 + (i >>> 6)) % edges.length]! >>> (i % 3)
  for (const [i, n] of edges.entries()) counts[512 + 16 * (i % 32)] = n
  const kernel = newJoinKernel(1 << 16)!
  new Uint32Array(kernel.memory).set(counts, 1 << 10)
  kernel.grade(4 << 10, counts.length, 16 << 10)
  const table = new Uint8Array(counts.length)
  gradeLevels(counts, table)
  expect(new Uint8Array(kernel.memory, 16 << 10, counts.length)).toEqual(table)
})

test.each(kinds)('prefixes of the kernel are those of the definition: %s', kind => {
  const forms = new Forms(parseScheme('word:1+2'))
  for (const text of texts(kind, 2000, 'prefixes')) forms.add(text)
  const r = random('prefixes')
  // Sets of sizes on both sides of what is compared and counted, and of more than is taken at a time.
  for (const n of [128, 129, 60, 4000, 40_000, 3])
    forms.add(Array.from({ length: n }, () => `w${Math.floor(3000 ** r.next())} ${r.int(n)}`).join(' '))
  for (const text of texts(kind, 200, 'more')) forms.add(text)
  const levels = finishWork(Levels.count(forms, () => true))
  // Ties, and levels that lie far apart.
  const coarse = new Levels({
    table: levels.table.map(level => (level < 4 ? 0 : level > 30 ? 239 : 100)),
    shift: levels.shift,
  })
  const [own, other] = [new Uint32Array(100_000), new Uint32Array(100_000)]
  for (const keys of [levels, coarse])
    for (const threshold of ['0.2', '0.5', '0.8', '1']) {
      const t = parseThreshold(threshold)
      const inTurn = keys.inTurn()
      expect(inTurn).not.toBe(keys)
      for (let slot = 0; slot < forms.count; slot += slot % 5 === 4 ? 2 : 1) {
        const end = keys.prefix(forms, slot, t, own, 1)
        expect(inTurn.prefix(forms, slot, t, other, 1)).toBe(end)
        same(own, other, end)
      }
    }
})
