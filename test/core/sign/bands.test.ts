import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { bandingFor, bandPostings } from '../../../src/core/sign/bands.ts'
import { jaccard, overlap, shingleSet } from '../../../src/core/sign/exact.ts'
import { Forms } from '../../../src/core/sign/forms.ts'
import { exceedsBudget, joinPairs, walkCost } from '../../../src/core/sign/join.ts'
import { Matcher } from '../../../src/core/sign/matcher.ts'
import { estimate, MinHash } from '../../../src/core/sign/minhash.ts'
import { buildPostings } from '../../../src/core/sign/postings.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { parseThreshold } from '../../../src/core/sign/threshold.ts'
import { texts } from './texts.ts'

const scheme = parseScheme('word:1+2')

function formsOf(list: readonly string[]): Forms {
  const forms = new Forms(scheme)
  for (const text of list) forms.add(text)
  return forms
}

interface Package {
  readonly Minhash: new (options: object) => { update(shingle: string): void; jaccard(other: unknown): number }
}

test('estimates err as the binomial law says, and as those of the package minhash do', () => {
  const list = texts('sentences', 3000, 'estimates')
  const { Minhash } = createRequire(import.meta.url)('minhash') as Package
  const sets = list.map(text => shingleSet(scheme, text))
  const forms = new Forms(scheme)
  const slots = list.map(text => forms.add(text))
  const all = { alive: () => true, singles: false }
  const t = parseThreshold('0.5')
  const pairs = finishWork(joinPairs(finishWork(buildPostings(forms, t, all)), new Matcher(forms, t)))
  const rowOf = new Map(slots.map((slot, row) => [slot, row] as const))
  const k = 128
  let [ours, theirs, expected, bias, count] = [0, 0, 0, 0, 0]
  const minhash = new MinHash(k)
  const signed = (slot: number) => {
    const out = new Uint32Array(k)
    minhash.sign(forms.pool, forms.start[slot]!, forms.start[slot + 1]!, out)
    return out
  }
  const packaged = (set: Set<string>) => {
    const own = new Minhash({ numPerm: k, seed: 7 })
    for (const shingle of set) own.update(shingle)
    return own
  }
  for (let p = 0; p < pairs.length && count < 300; p += Math.ceil(pairs.length / 300)) {
    const [a, b] = [rowOf.get(pairs.a[p]!)!, rowOf.get(pairs.b[p]!)!]
    const truth = jaccard(overlap(sets[a]!, sets[b]!))
    const error = estimate(signed(pairs.a[p]!), signed(pairs.b[p]!)) - truth
    ours += error ** 2
    bias += error
    theirs += (packaged(sets[a]!).jaccard(packaged(sets[b]!)) - truth) ** 2
    expected += (truth * (1 - truth)) / k
    count++
  }
  expect(count).toBeGreaterThan(150)
  const deviation = Math.sqrt(expected / count)
  expect(Math.sqrt(ours / count) / deviation).toBeGreaterThan(0.8)
  expect(Math.sqrt(ours / count) / deviation).toBeLessThan(1.2)
  expect(Math.sqrt(theirs / count) / deviation).toBeGreaterThan(0.8)
  expect(Math.sqrt(theirs / count) / deviation).toBeLessThan(1.2)
  expect(Math.abs(bias / count)).toBeLessThan((4 * deviation) / Math.sqrt(count))
})

test('bands are those of the reference', () => {
  expect(bandingFor(parseThreshold('0.8'))).toMatchObject({ bands: 16, rows: 4 })
  expect(bandingFor(parseThreshold('0.7'))).toMatchObject({ bands: 32, rows: 4 })
  for (const t of ['0.3', '0.5', '0.6', '0.7', '0.8', '0.9', '1'])
    expect(bandingFor(parseThreshold(t)).recall).toBeGreaterThan(0.999)
})

test.each(['sentences', 'paragraphs', 'scripts'] as const)(
  'bands find what the exact join finds, and no more: %s',
  kind => {
    const forms = formsOf(texts(kind, 6000, 'bands'))
    const all = { alive: () => true, singles: false }
    for (const threshold of ['0.7', '0.8']) {
      const t = parseThreshold(threshold)
      const matcher = new Matcher(forms, t)
      const keys = (pairs: { a: Uint32Array; b: Uint32Array }) =>
        new Set([...pairs.a].map((a, i) => `${a} ${pairs.b[i]}`))
      const exact = keys(finishWork(joinPairs(finishWork(buildPostings(forms, t, all)), matcher)))
      const banding = bandingFor(t)
      const found = keys(finishWork(joinPairs(finishWork(bandPostings(forms, t, { ...all, banding })), matcher)))
      expect([...found].filter(pair => !exact.has(pair))).toEqual([])
      expect(exact.size).toBeGreaterThan(100)
      expect(found.size / exact.size).toBeGreaterThanOrEqual(0.998)
    }
  },
)

test('rows that are all alike cost a walk little, rows of one template that are not cost it much', () => {
  const t = parseThreshold('0.8')
  const words = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ')
  const cost = (list: string[]) => {
    const forms = formsOf(list)
    const postings = finishWork(buildPostings(forms, t, { alive: () => true, singles: false }))
    return finishWork(walkCost(postings, new Matcher(forms, t)))
  }
  const alike = cost(Array.from({ length: 4000 }, (_, i) => `${words} ${i}`))
  expect(alike).toBeLessThan(4000 * 300)
  expect(exceedsBudget(299 * 1e6, 1e6)).toBe(false)
  expect(exceedsBudget(301 * 1e6, 1e6)).toBe(true)
  expect(exceedsBudget(1e6, 100)).toBe(false)
})
