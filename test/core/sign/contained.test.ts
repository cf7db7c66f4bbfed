import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { Containment, leastContained } from '../../../src/core/sign/contained.ts'
import { Forms } from '../../../src/core/sign/forms.ts'
import { fillTable, hitTable, newHitTable, tablePart } from '../../../src/core/sign/hitTable.ts'
import { LeanContainment } from '../../../src/core/sign/leanContained.ts'
import { LeanSimilar } from '../../../src/core/sign/leanSimilar.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { signPieces } from '../../../src/core/sign/signPieces.ts'
import { HeldSpill } from '../../../src/core/sign/spill.ts'
import { parseThreshold, type Threshold } from '../../../src/core/sign/threshold.ts'

/** Every pair by comparing all with all; of a form's holders the first 16, as the join keeps them. */
function bruteForce(forms: Forms, share: Threshold): Map<number, number[]> {
  const found = new Map<number, number[]>()
  const sets = Array.from({ length: forms.count }, (_, slot) =>
    forms.pool.slice(forms.start[slot], forms.start[slot + 1]),
  )
  const members = sets.map(set => new Set(set))
  for (const [slot, set] of sets.entries()) {
    if (set.length < leastContained) continue
    const own: number[] = []
    for (const [holder, other] of members.entries()) {
      if (other.size <= set.length) continue
      let inter = 0
      for (const shingle of set) if (other.has(shingle)) inter++
      if (inter * share.den >= share.num * set.length) own.push(holder)
    }
    if (own.length > 0) found.set(slot, own.slice(0, 16))
  }
  return found
}

/** Texts of common and rare words, a third of them parts of others or parts with a word replaced. */
function texts(count: number, seed: string): string[] {
  const r = random(seed)
  const word = () => `w${Math.floor(400 ** (0.1 + 0.9 * r.next()))}`
  const rows: string[] = []
  while (rows.length < count) {
    const parts = rows.length > 0 && r.next() < 0.35 ? rows[r.int(rows.length)]!.split(' ') : undefined
    if (!parts) rows.push(Array.from({ length: 4 + r.int(40) }, word).join(' '))
    else {
      const from = r.int(Math.max(1, parts.length - 5))
      const part = parts.slice(from, from + 5 + r.int(parts.length))
      if (r.next() < 0.5) part[r.int(part.length)] = word()
      if (r.next() < 0.3) part.push(...Array.from({ length: r.int(30) }, word))
      rows.push(part.join(' '))
    }
  }
  return rows
}

function found(join: Containment, forms: Forms): Map<number, number[]> {
  const all = new Map<number, number[]>()
  for (let slot = 0; slot < forms.count; slot++) {
    const holders = [...join.holdersOf(slot)].sort((a, b) => a - b)
    if (holders.length > 0) all.set(slot, holders)
  }
  return all
}

test.each([
  ['word:1+2', 0.9],
  ['word:1+2', 0.75],
  ['word:1+2', 1],
  ['word:3', 0.9],
  ['char:5', 0.8],
] as const)('%s at %s: what brute force finds, no more and no less', (scheme, share) => {
  const forms = new Forms(parseScheme(scheme))
  for (const text of texts(700, scheme)) forms.add(text)
  const t = parseThreshold(share)
  const join = new Containment(forms, t)
  finishWork(join.update())
  const truth = bruteForce(forms, t)
  expect(truth.size).toBeGreaterThan(30)
  expect(found(join, forms)).toEqual(truth)
})

test('texts that come later are found from both sides', () => {
  // The longer ones, of which the others are parts, come last.
  const all = texts(700, 'later').reverse()
  const forms = new Forms(parseScheme('word:1+2'))
  const t = parseThreshold(0.9)
  const join = new Containment(forms, t)
  for (const text of all.slice(0, 500)) forms.add(text)
  finishWork(join.update())
  for (let from = 500; from < all.length; from += 7) {
    for (const text of all.slice(from, from + 7)) forms.add(text)
    finishWork(join.update())
  }
  const truth = bruteForce(forms, t)
  const late = [...truth.values()].flat().filter(slot => slot >= 500)
  expect(late.length).toBeGreaterThan(20)
  const now = found(join, forms)
  expect([...now.keys()].sort((a, b) => a - b)).toEqual([...truth.keys()])
  for (const [slot, holders] of truth) if (holders.length < 16) expect(now.get(slot)).toEqual(holders)
})

test('a longer text that comes later is found beside any number of others', () => {
  const forms = new Forms(parseScheme('word:1+2'))
  const part = 'one two three four five six seven eight nine ten eleven twelve'
  const join = new Containment(forms, parseThreshold(0.9))
  const slot = forms.add(part)
  for (let i = 0; i < 20; i++) forms.add(`${part} and then number ${i}`)
  finishWork(join.update())
  expect(join.holdersOf(slot)).toHaveLength(16)
  const late = forms.add(`${part} and something else`)
  finishWork(join.update())
  expect(join.holdersOf(slot)).toContain(late)
})

test.each([3, 2 ** 21])('of a large group the largest forms come first, of %i shingles at least', least => {
  // Sizes that differ by one, in an order that is neither.
  const sizes = Array.from({ length: 100 }, (_, i) => least + ((i * 37) % 50))
  const start = new Uint32Array(101)
  for (const [i, size] of sizes.entries()) start[i + 1] = start[i]! + size
  const pairs = { shingles: new Uint32Array(100).fill(7), slots: Uint32Array.from(sizes.keys()), length: 100 }
  const { slots } = finishWork(hitTable([pairs], { start, count: 100 } as never))
  const expected = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b)
  expect([...slots.subarray(0, 100)]).toEqual(expected)
})

test.each([0, 3, 1000, 40_000])(
  'a table of %i hits is the same whether it is filled whole or part by part, in any order',
  count => {
    const r = random(`table ${count}`)
    const hits = (from: number, to: number) => {
      // Shingles of which some stand in many forms, and those at the ends of all there are.
      const shingles = Uint32Array.from({ length: to - from }, () => {
        const shingle = Math.floor(r.next() * 2 ** 32)
        return r.int(10) === 0 ? [0, 7, 2 ** 31, 2 ** 32 - 1][r.int(4)]! : shingle - (shingle % (r.int(2) + 1))
      })
      return { shingles, slots: Uint32Array.from(shingles, (_, i) => from + i), length: to - from }
    }
    const start = Uint32Array.from({ length: count + 1 }, () => 0)
    for (let slot = 0; slot < count; slot++) start[slot + 1] = start[slot]! + 5 + r.int(30)
    const forms = { start, count } as never
    const all = [hits(0, count >> 1), hits(count >> 1, count)]
    const whole = finishWork(hitTable(all, forms))
    for (let i = 1; i < count; i++) expect(whole.shingles[i - 1]! <= whole.shingles[i]!).toBe(true)
    const shift = Math.clz32(whole.first.length - 1) + 1
    for (let bucket = 0; bucket < whole.first.length - 1; bucket += 1 + (whole.first.length >> 6)) {
      const found = whole.shingles.findIndex(shingle => shingle >>> shift >= bucket)
      expect(whole.first[bucket]).toBe(found < 0 ? count : found)
    }
    expect(whole.first.at(-1)).toBe(count)
    for (const parts of [2, 3, 7]) {
      const table = newHitTable(count)
      const dealt = Array.from({ length: parts }, (_, part) =>
        all.map(({ shingles, slots }) => {
          const own = [...shingles.keys()].filter(i => tablePart(shingles[i]!, parts) === part)
          return {
            shingles: Uint32Array.from(own, i => shingles[i]!),
            slots: Uint32Array.from(own, i => slots[i]!),
            length: own.length,
          }
        }),
      )
      const sizes = dealt.map(own => own.reduce((sum, { length }) => sum + length, 0))
      for (let part = parts - 1; part >= 0; part--) {
        const at = sizes.slice(0, part).reduce((sum, size) => sum + size, 0)
        finishWork(fillTable(table, { part, parts, at }, dealt[part]!, forms))
      }
      expect(table).toEqual(whole)
    }
  },
)

test('rows of one template do not make it slow: a form is compared with 500 others at most', () => {
  const r = random('template')
  const forms = new Forms(parseScheme('word:1+2'))
  for (let i = 0; i < 2000; i++) {
    const slots = Array.from({ length: 3 }, () => `name${r.int(8)}`)
    const more = i % 2 ? ` with regards to number ${r.int(50)}` : ''
    forms.add(`dear ${slots[0]} your parcel to ${slots[1]} has left our house in ${slots[2]} today${more}`)
  }
  let steps = 0
  const join = new Containment(forms, parseThreshold(0.9))
  for (const _ of join.update()) steps++
  // A step is 300,000 units of work: all pairs would be hundreds.
  expect(steps).toBeLessThan(30)
})

test.each([1e6, 3000, 60])('sets that are put away hold what sets that are kept hold, %i pairs at a time', most => {
  const list = texts(700, 'put away')
  const scheme = parseScheme('word:1+2')
  const forms = new Forms(scheme)
  for (const text of list) forms.add(text)
  const t = parseThreshold(0.9)
  const kept = new Containment(forms, t)
  finishWork(kept.update())
  const similar = finishWork(
    LeanSimilar.join({
      t: parseThreshold(0.8),
      exact: true,
      rowCount: list.length,
      most,
      spill: () => new HeldSpill(),
      sign: take => signPieces({ rowCount: list.length, text: row => list[row] }, scheme, take),
    }),
  )
  const { levels } = similar
  const lean = new LeanContainment(similar.forms, t, { least: leastContained, levels, most })
  finishWork(lean.update())
  const all = new Map([...lean.held()].map(slot => [slot, [...lean.holdersOf(slot)]]))
  const truth = found(kept, forms)
  if (lean.unsearched === 0) expect(all).toEqual(truth)
  for (const [slot, holders] of all) expect(holders).toEqual(truth.get(slot))
  // Where it is too much, what was left is counted.
  expect(lean.unsearched > 0).toBe(most === 60)
})
