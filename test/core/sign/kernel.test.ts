import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { Forms } from '../../../src/core/sign/forms.ts'
import { newKernel } from '../../../src/core/sign/kernel.ts'
import { MinHash, SlotSignatures } from '../../../src/core/sign/minhash.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { assemble } from '../../tool/assemble.mjs'
import { texts } from './texts.ts'

test('the kernel that is kept is what its source compiles to', async () => {
  const file = new URL('../../../src/core/sign/generated/kernelBytes.ts', import.meta.url)
  const bytes = Buffer.from(await assemble())
  const made = `// Made from ../assembly/kernel.ts by test/core/sign/kernel.test.ts with UPDATE=1.
export const kernelBytes =
  '${bytes.toString('base64').replace(/=+$/, '')}'
`
  if (process.env['UPDATE']) writeFileSync(file, made)
  expect(readFileSync(file, 'utf8')).toBe(made)
})

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
    { numRuns: 300 },
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
