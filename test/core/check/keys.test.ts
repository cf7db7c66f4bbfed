import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseBaseline, printBaseline, sinceBaseline } from '../../../src/core/check/baseline.ts'
import { check } from '../../../src/core/check/check.ts'
import { keyMatcher, pairKey, sidesOf } from '../../../src/core/check/keys.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

type Row = { readonly text: string; readonly label: string }

/** Alike in every way: copies, near-copies that are all similar to each other, parts, numbers, a template, two labels. */
const alike: readonly Row[] = [
  { text: 'My new card has still not arrived, what can I do about it now?', label: 'card' },
  { text: 'my new card has still not arrived. what can I do about it?', label: 'card' },
  { text: 'My new card has still not arrived, so what can I do about it now?', label: 'card' },
  { text: 'My new card has still not arrived, what can I do about it today?', label: 'card' },
  { text: 'Where is the parcel that I ordered', label: 'delivery' },
  { text: 'Where is the parcel that I ordered?', label: 'delivery' },
  { text: 'where is the parcel, that I ordered', label: 'delivery' },
  { text: 'Order 4711 of the third of May has not come here at all and nobody answers', label: 'delivery' },
  { text: 'Order 4712 of the third of May has not come here at all and nobody answers', label: 'delivery' },
  { text: 'Has the top up of this morning gone through by now, and where do I see that', label: 'pending' },
  { text: 'Has the top up of this morning gone through by now, and where do I see it', label: 'reverted' },
  {
    text: 'I want to know whether the shop at the corner opens on the first Sunday of the month, since I come from far away and would not like to stand before a closed door again',
    label: 'hours',
  },
  { text: 'whether the shop at the corner opens on the first Sunday of the month', label: 'hours' },
  ...['Anna', 'Boris', 'Carla', 'David', 'Elena', 'Farid', 'Greta'].map(name => ({
    text: `Dear ${name}, your parcel has left our central warehouse and will be with you within three working days`,
    label: 'sent',
  })),
]

function findingsOf(rows: readonly Row[], ignored: readonly string[] = []) {
  const bytes = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const dataset = {
    name: 'd',
    splits: [{ name: 'train' as const, tables: tables.map(({ table }) => table) }],
    roles: { text: 'text', label: 'label' },
  }
  const off = { 'rare-label': 'off', 'class-imbalance': 'off' }
  return finishWork(check({ datasets: [dataset], rules: off, ignored: { keys: new Set(ignored), problems: [] } }))
    .findings
}

test('ignoring is stable under row moves, and when others of the alike are gone', () => {
  const found = findingsOf(alike)
  const kinds = new Set(found.map(finding => `${finding.rule} ${finding.alike}`))
  for (const kind of [
    'duplicate equal',
    'near-duplicate near',
    'near-duplicate contained',
    'near-duplicate numbers',
    'near-duplicate template',
    'label-conflict near',
  ])
    expect(kinds).toContain(kind)
  const keys = found.map(finding => finding.key)
  expect(findingsOf(alike, keys)).toEqual([])
  const baseline = parseBaseline(printBaseline(found), 'baseline.json')
  fc.assert(
    fc.property(fc.shuffledSubarray([...alike], { minLength: 1 }), rows => {
      // A template of fewer than six rows is no template: its rows are near-copies then, which nobody has ignored.
      const dear = rows.filter(({ label }) => label === 'sent').length
      const kept = dear < 6 ? rows.filter(({ label }) => label !== 'sent') : rows
      if (kept.length === 0) return
      expect(findingsOf(kept, keys).map(({ message }) => message)).toEqual([])
      expect(sinceBaseline(findingsOf(kept), baseline).map(({ message }) => message)).toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('a new near-copy is told though the others of its cluster are ignored', () => {
  const keys = findingsOf(alike).map(finding => finding.key)
  const more = { text: 'My new card has still not arrived, what can I do about that now?', label: 'card' }
  const rows = [...alike.slice(0, 2), more, ...alike.slice(2)]
  expect(findingsOf(rows, keys).map(({ row }) => row)).toEqual([2])
  expect(sinceBaseline(findingsOf(rows), parseBaseline(printBaseline(findingsOf(alike)), 'b')).map(f => f.row)).toEqual(
    [2],
  )
})

test('a key of a pair does not tell its sides apart; a list joins pairs by way of others', () => {
  const [ab, ba] = [pairKey('r', ['a'], ['b', undefined]), pairKey('r', ['b', undefined], ['a'])]
  expect(ab).toBe(ba)
  expect(sidesOf(ab)).toHaveLength(2)
  expect(sidesOf('2280ccee8ff37d3d056e')).toBeUndefined()
  const pair = (x: string, y: string) => pairKey('r', [x], [y])
  const known = keyMatcher(['single', pair('a', 'b'), pair('c', 'b'), pair('x', 'y')])
  expect(known('single')).toBe(true)
  expect(known(pair('a', 'c'))).toBe(true)
  expect(known(pair('a', 'x'))).toBe(false)
  expect(known(pair('a', 'new'))).toBe(false)
  expect(known(pair('new', 'newer'))).toBe(false)
  expect(known(pairKey('other', ['a'], ['b']))).toBe(false)
})
