import { describe, expect, test, vi } from 'vitest'
import { overlap, shingleSet } from '../../../src/core/sign/exact.ts'
import { Forms } from '../../../src/core/sign/forms.ts'
import { joinPairs, joinSets, type Pairs } from '../../../src/core/sign/join.ts'
import { Matcher } from '../../../src/core/sign/matcher.ts'
import { normalForm } from '../../../src/core/sign/normal.ts'
import { exactPairs } from '../../../src/core/sign/pairJoin.ts'
import { buildPostings } from '../../../src/core/sign/postings.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { Sets } from '../../../src/core/sign/sets.ts'
import { parseThreshold, reaches } from '../../../src/core/sign/threshold.ts'
import { kinds, texts } from './texts.ts'

const rows = 2500
// Brute force over three million pairs takes a few seconds of an idle processor, and minutes of a busy one.
vi.setConfig({ testTimeout: 300_000 })
const thresholds = ['0.5', '0.6', '0.7', '0.8', '0.9']

/** All pairs by the definition: shingles as strings (numbered once), every pair compared. */
function bruteForce(
  list: readonly string[],
  schemeName: string,
): { a: number; b: number; inter: number; union: number }[] {
  const scheme = parseScheme(schemeName)
  const number = new Map<string, number>()
  const sets = list.map(text => {
    const ids = [...shingleSet(scheme, text)].map(s => {
      const id = number.get(s) ?? number.size
      number.set(s, id)
      return id
    })
    return Int32Array.from(ids)
  })
  const mark = new Int32Array(number.size).fill(-1)
  const out: { a: number; b: number; inter: number; union: number }[] = []
  for (let a = 0; a < sets.length; a++) {
    const mine = sets[a]!
    for (const id of mine) mark[id] = a
    for (let b = a + 1; b < sets.length; b++) {
      const other = sets[b]!
      const [n, m] = [mine.length, other.length]
      if (Math.min(n, m) * 2 < Math.max(n, m)) continue
      let inter = 0
      for (let i = 0; i < m; i++) if (mark[other[i]!] === a) inter++
      if (inter * 2 >= n + m - inter && inter > 0) out.push({ a, b, inter, union: n + m - inter })
    }
  }
  return out
}

describe.each(kinds)('the join equals brute force on %s', kind => {
  const distinct = [...new Map(texts(kind, rows, 'join').map(t => [normalForm(t), t] as const)).entries()]
    .filter(([normal]) => normal !== '')
    .map(([, text]) => text)
  test.each(['word:3', 'word:1+2', 'char:5'])('%s', schemeName => {
    const truth = bruteForce(distinct, schemeName)
    expect(truth.length).toBeGreaterThan(20)
    const forms = new Forms(parseScheme(schemeName))
    expect(distinct.map(text => forms.add(text))).toEqual(distinct.map((_, i) => i))
    for (const threshold of thresholds) {
      const t = parseThreshold(threshold)
      const expected = truth.filter(p => reaches(t, p.inter, p.union))
      const postings = finishWork(buildPostings(forms, t, { alive: () => true, singles: false }))
      const matcher = new Matcher(forms, t)
      const pairs = finishWork(joinPairs(postings, matcher))
      expect(pairs.length).toBe(expected.length)
      // One comparison by hand: there are up to a million pairs.
      const wrong = expected.findIndex((p, i) => pairs.a[i] !== p.a || pairs.b[i] !== p.b || pairs.inter[i] !== p.inter)
      expect(expected[wrong]).toBeUndefined()
      const most = Number.POSITIVE_INFINITY
      expectSame(finishWork(exactPairs(forms, t, { alive: () => true, most }))!, pairs)
      const sets = new Sets(forms.count)
      finishWork(joinSets(postings, matcher, sets))
      const want = new Sets(forms.count)
      for (const { a, b } of expected) want.union(want.find(a), want.find(b))
      expect(distinct.map((_, i) => sets.find(i))).toEqual(distinct.map((_, i) => want.find(i)))
    }
  })
})

function expectSame(a: Pairs, b: Pairs) {
  expect(a.length).toBe(b.length)
  for (const list of ['a', 'b', 'inter'] as const)
    expect(Buffer.from(a[list].buffer).equals(Buffer.from(b[list].buffer))).toBe(true)
}

test('pairs of living slots only, and none where there would be too many', () => {
  const forms = new Forms(parseScheme('word:1+2'))
  for (const text of texts('templates', 3000, 'alive')) forms.add(text)
  const t = parseThreshold('0.7')
  for (const text of texts('paragraphs', 300, 'alive')) forms.add(`${text} ${text.replaceAll('e', 'x')}`)
  const long = Array.from({ length: 40_000 }, (_, i) => i.toString(36)).join(' ')
  for (const end of ['', ' more', ' yet more']) forms.add(long + end)
  const alive = (slot: number) => slot % 7 !== 3
  const plain = finishWork(
    joinPairs(finishWork(buildPostings(forms, t, { alive, singles: false })), new Matcher(forms, t)),
  )
  expect(plain.length).toBeGreaterThan(20_000)
  expectSame(finishWork(exactPairs(forms, t, { alive, most: Number.POSITIVE_INFINITY }))!, plain)
  expect(finishWork(exactPairs(forms, t, { alive, most: 10_000 }))).toBeUndefined()
  const none = new Forms(parseScheme('word:1+2'))
  expect(finishWork(exactPairs(none, t, { alive, most: 0 }))!.length).toBe(0)
})

test('hashed sets have the size of the sets themselves', () => {
  for (const kind of kinds) {
    for (const schemeName of ['word:1', 'word:2', 'word:3', 'word:1+2', 'word:8', 'char:1', 'char:5', 'char:13']) {
      const scheme = parseScheme(schemeName)
      const forms = new Forms(scheme)
      for (const text of texts(kind, 200, 'size')) {
        const slot = forms.add(text)
        expect(slot < 0 ? 0 : forms.size(slot)).toBe(shingleSet(scheme, text).size)
      }
    }
  }
})

test('what is too similar, too short and too empty', () => {
  const similar = (a: string, b: string, schemeName: string) =>
    overlap(shingleSet(parseScheme(schemeName), a), shingleSet(parseScheme(schemeName), b))
  expect(similar('ok', 'ok ok', 'word:3')).toEqual({ inter: 0, union: 2 })
  expect(similar('!!!', '...', 'word:1+2')).toEqual({ inter: 0, union: 0 })
  expect(similar('東京', '東京都', 'word:1+2')).toEqual({ inter: 3, union: 5 })
  expect(similar('東京', '東京都', 'word:3')).toEqual({ inter: 0, union: 2 })
  const forms = new Forms(parseScheme('word:3'))
  expect([forms.add('ok'), forms.add('ok ok'), forms.add('Ok!'), forms.add('?'), forms.add('')]).toEqual([
    0, 1, 0, -1, -1,
  ])
})

test('a hundred thousand copies of one template are walked, not compared pair by pair', () => {
  const forms = new Forms(parseScheme('word:1+2'))
  for (let i = 0; i < 30_000; i++)
    forms.add(
      `Dear customer your order number ${(i * 7919) % 1_000_003} has been shipped from our central warehouse and should arrive within three to five working days thank you for shopping with us`,
    )
  const t = parseThreshold('0.8')
  const postings = finishWork(buildPostings(forms, t, { alive: () => true, singles: false }))
  const sets = new Sets(forms.count)
  // Processor time: what else the machine does is not the join's fault. Pair by pair it would take minutes.
  const started = process.cpuUsage()
  finishWork(joinSets(postings, new Matcher(forms, t), sets))
  expect(process.cpuUsage(started).user / 1000).toBeLessThan(3000)
  for (let i = 0; i < forms.count; i++) expect(sets.find(i)).toBe(0)
})
