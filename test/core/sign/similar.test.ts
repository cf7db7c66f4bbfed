import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { isTemplate, starRows, stars } from '../../../src/core/sign/cluster.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { parseScheme } from '../../../src/core/sign/scheme.ts'
import { Signatures } from '../../../src/core/sign/signatures.ts'
import { Similar } from '../../../src/core/sign/similar.ts'
import { parseThreshold } from '../../../src/core/sign/threshold.ts'
import { texts } from './texts.ts'

const scheme = parseScheme('word:1+2')
const t = parseThreshold('0.7')

function rowsOf(list: readonly string[]) {
  return { rowCount: list.length, text: (row: number) => list[row] }
}

/** The sets in terms of rows, so that differently numbered slots compare. */
function linked(signatures: Signatures, similar: Similar, file: string): string[] {
  const slots = signatures.slots(file)
  const rows = new Map<number, number>()
  slots.forEach((slot, row) => {
    if (slot >= 0 && !rows.has(slot)) rows.set(slot, row)
  })
  return [...similar.groups()]
    .map(group =>
      group
        .map(slot => rows.get(slot)!)
        .sort((a, b) => a - b)
        .join(' '),
    )
    .sort()
}

/** Windows that move along some long texts, a word at a time: sets that hang together by few, and fall apart when these go. */
function chains(count: number): string[] {
  const r = random('chains')
  const list: string[] = []
  while (list.length < count) {
    const words = Array.from({ length: 60 }, () => `w${r.int(100_000)}`)
    for (let at = 0; at + 16 <= words.length; at++) list.push(words.slice(at, at + 16).join(' '))
  }
  for (let i = list.length - 1; i > 0; i--) {
    const j = r.int(i + 1)
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list.slice(0, count)
}

test.each(['sentences', 'templates', 'scripts', 'chains'] as const)(
  'changes leave what a fresh start finds: %s',
  kind => {
    const pool = kind === 'chains' ? chains(1200) : texts(kind, 1200, 'edits')
    const r = random(`similar ${kind}`)
    let list = pool.slice(0, 600)
    const signatures = new Signatures(scheme)
    const kept = new Similar(signatures, t, { incremental: true })
    finishWork(signatures.sign('a', rowsOf(list)))
    finishWork(kept.update())
    for (let step = 0; step < 60; step++) {
      const at = r.int(list.length)
      const removed = r.int(4)
      const inserted = Array.from({ length: r.int(4) }, () => pool[r.int(pool.length)]!)
      const next = [...list.slice(0, at), ...inserted, ...list.slice(at + removed)]
      const tail = Math.max(0, list.length - at - removed)
      list = next
      finishWork(signatures.sign('a', rowsOf(list), { head: at, tail }))
      finishWork(kept.update())
      const fresh = new Signatures(scheme)
      finishWork(fresh.sign('a', rowsOf(list)))
      const whole = new Similar(fresh, t, { incremental: false })
      finishWork(whole.update())
      expect(linked(signatures, kept, 'a')).toEqual(linked(fresh, whole, 'a'))
    }
  },
)

test('a file that is forgotten takes its forms along', () => {
  const signatures = new Signatures(scheme)
  const similar = new Similar(signatures, t, { incremental: true })
  const list = texts('sentences', 200, 'forget')
  finishWork(signatures.sign('a', rowsOf(list)))
  finishWork(signatures.sign('b', rowsOf(list)))
  finishWork(similar.update())
  const before = linked(signatures, similar, 'a')
  expect(before.length).toBeGreaterThan(5)
  signatures.forget('b')
  finishWork(similar.update())
  expect(linked(signatures, similar, 'a')).toEqual(before)
  signatures.forget('a')
  finishWork(similar.update())
  expect([...similar.groups()]).toEqual([])
  expect(signatures.dead()).toBe(signatures.forms.count)
})

test('stars do not chain', () => {
  const near = (a: number, b: number) => Math.abs(a - b) <= 10
  expect(finishWork(stars([0, 8, 16, 24, 30], near))).toEqual([
    { center: 0, members: [8] },
    { center: 16, members: [24] },
    { center: 30, members: [] },
  ])
})

test('stars of many rows are those of few, whatever is copied for speed', () => {
  const signatures = new Signatures(scheme)
  const list = texts('templates', 400, 'stars')
  finishWork(signatures.sign('a', rowsOf(list)))
  const { matcher } = new Similar(signatures, t, { incremental: false })
  const slots = signatures.slots('a')
  const rows = list.map((_, row) => row).filter(row => slots[row]! >= 0)
  const alike = (a: number, b: number) => a % 3 === b % 3
  const plain = finishWork(stars(rows, (a, b) => alike(a, b) && matcher.overlap(slots[a]!, slots[b]!) > 0))
  expect(plain.some(star => star.members.length > 3)).toBe(true)
  expect(finishWork(starRows({ rows, slots, matcher, alike }))).toEqual(plain)
})

test('stars of many rows of a template are those of comparing all with all', () => {
  const r = random('stars')
  const rows = Array.from({ length: 3000 }, (_, i) => i)
  const list = rows.map(
    i =>
      `dear name${r.int(20)} your parcel has been shipped to city${r.int(10)} on day${r.int(5)} by carrier${r.int(4)} and our partner name${r.int(20)} will hand it over without any signature${i % 7 ? '' : ` and with greetings of number ${r.int(5)}`}`,
  )
  const signatures = new Signatures(parseScheme('word:1+2'))
  finishWork(signatures.sign('a', rowsOf(list)))
  const slots = signatures.slots('a')
  for (const threshold of ['0.6', '0.8']) {
    const { matcher } = new Similar(signatures, parseThreshold(threshold), { incremental: false })
    const alike = (a: number, b: number) => a % 2 === b % 2
    const plain = finishWork(stars(rows, (a, b) => alike(a, b) && matcher.overlap(slots[a]!, slots[b]!) > 0))
    expect(plain.length).toBeGreaterThan(20)
    expect(plain.some(star => star.members.length > 3)).toBe(true)
    expect(finishWork(starRows({ rows, slots, matcher, alike }))).toEqual(plain)
  }
})

test('a template has its differences at the same places', () => {
  const words = (line: string) => line.split(' ')
  const center = words('dear anna your parcel left on monday by air')
  const names = ['bert', 'carla', 'dora', 'emil', 'fritz', 'gerd']
  expect(
    isTemplate(
      center,
      names.map(n => words(`dear ${n} your parcel left on monday by air`)),
    ),
  ).toBe(true)
  expect(
    isTemplate(
      center,
      names.slice(0, 3).map(n => words(`dear ${n} your parcel left on monday by air`)),
    ),
  ).toBe(false)
  const anywhere = names.map((n, i) => center.map((w, j) => (i === j ? n : w)))
  expect(isTemplate(center, anywhere)).toBe(false)
})
