import { expect, test } from 'vitest'
import { type Random, random } from '../../../src/core/base/random.ts'
import { check } from '../../../src/core/check/check.ts'
import type { Finding } from '../../../src/core/check/finding.ts'
import { duplicate } from '../../../src/core/check/rules/duplicate.ts'
import { leak } from '../../../src/core/check/rules/leak.ts'
import { nearDuplicate } from '../../../src/core/check/rules/nearDuplicate.ts'
import { parseTable } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

// What the rules tell about rows that are alike, against the definitions on their pages, written here once more and slowly.

const splits = ['train', 'validation', 'test'] as const
type Split = (typeof splits)[number]
interface Row {
  readonly split: Split
  readonly row: number
  readonly text: string
  readonly label: string
  readonly form: string
  readonly set: ReadonlySet<string>
}
interface Case {
  readonly scheme: string
  readonly t: readonly [number, number]
  readonly share: readonly [number, number]
  readonly least: number
  readonly labels: boolean
}

const form = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()

function shingles(scheme: string, normal: string): Set<string> {
  if (normal === '') return new Set()
  const words = normal.split(' ')
  if (scheme === 'word:1+2') return new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)])
  const [kind, n] = [scheme.slice(0, 4), Number(scheme.slice(5))]
  const units = kind === 'word' ? words : [...normal]
  const joint = kind === 'word' ? ' ' : ''
  if (units.length < n) return new Set([normal])
  return new Set(units.slice(n - 1).map((_, i) => units.slice(i, i + n).join(joint)))
}

/** Texts over few words, so that many are alike; upper case and signs change no form. */
function texts(r: Random, count: number, pool: string[]): string[] {
  const word = () => `${'bcdfg'[r.int(5)]}${'aeiou'[r.int(5)]}${'klmn'[r.int(4)]}${r.next() < 0.1 ? 'é' : ''}`
  const rows: string[] = []
  while (rows.length < count) {
    const words = r.next() < 0.5 && pool.length > 0 ? pool[r.int(pool.length)]!.split(' ') : []
    const grown = words.length === 0 ? 3 + r.int(30) : r.int(4) === 0 ? 12 : 0
    for (let i = 0; i < grown; i++) words.push(word())
    if (r.next() < 0.6) words[r.int(words.length)] = word()
    if (r.next() < 0.2) words.splice(r.int(words.length), 1 + r.int(3))
    const text = words.join(' ')
    const shown = r.next() < 0.15 ? `${text.toUpperCase()}!` : text
    pool.push(text)
    rows.push(shown)
  }
  return rows
}

function rowsOf(r: Random, { scheme, labels }: Case): Row[] {
  const pool: string[] = []
  return splits.flatMap((split, s) =>
    texts(r, [150, 50, 70][s]!, pool).map((text, row) => {
      const normal = form(text)
      const label = labels ? 'xy'[r.int(2)]! : ''
      return { split, row, text, label, form: normal, set: shingles(scheme, normal) }
    }),
  )
}

function findings(rows: readonly Row[], one: Case): Finding[] {
  const tableOf = (split: Split) => {
    const lines = rows
      .filter(row => row.split === split)
      .map(({ text, label }) => `${JSON.stringify({ text, ...(one.labels ? { label } : {}) })}\n`)
    const bytes = Buffer.from(lines.join(''))
    return parseTable({ uri: `/d/${split}.jsonl`, version: 0, bytes, encoding: 'utf-8', bom: false })
  }
  const options = {
    threshold: one.t[0] / one.t[1],
    shingle: one.scheme,
    containment: one.share[0] / one.share[1],
    least: one.least,
  }
  const dataset = {
    name: 'd',
    splits: splits.map(name => ({ name, tables: [tableOf(name)] })),
    roles: { text: 'text', ...(one.labels ? { label: 'label' } : {}) },
  }
  const list = [duplicate, leak, nearDuplicate]
  const rules = { leak: options, 'near-duplicate': options }
  return finishWork(check({ datasets: [dataset], list, rules, exact: true })).findings as Finding[]
}

const shared = (a: Row, b: Row) => [...a.set].filter(shingle => b.set.has(shingle)).length
const near = (a: Row, b: Row, [num, den]: Case['t']) => {
  const inter = shared(a, b)
  return inter * den >= num * (a.set.size + b.set.size - inter)
}
const within = (a: Row, b: Row, { share: [num, den], least }: Case) =>
  a.set.size >= least && b.set.size > a.set.size && shared(a, b) * den >= num * a.set.size

/** `test 3: near train`: what each rule has to say of each row. */
function expected(rows: readonly Row[], one: Case): string[] {
  const told: string[] = []
  const all = rows.filter(row => row.form !== '')
  for (const row of all) {
    const earlier = splits.slice(0, splits.indexOf(row.split)).filter(split => split !== row.split)
    const of = (fits: (other: Row) => boolean) =>
      earlier.find(split => all.some(other => other.split === split && fits(other)))
    const alike = earlier.find(split =>
      all.some(other => other.split === split && (other.form === row.form || near(row, other, one.t))),
    )
    const equal = all.some(other => other.split === alike && other.form === row.form)
    const holder = of(other => within(row, other, one))
    if (alike) {
      const share = (other: Row) => shared(row, other) / (row.set.size + other.set.size - shared(row, other))
      const same = all.filter(
        other => other.split === alike && (equal ? other.form === row.form : other.form !== row.form),
      )
      const best = same.reduce((most, other) => (!equal && share(other) > share(most) ? other : most))
      told.push(`leak ${row.split} ${row.row}: ${equal ? 'equal' : 'near'} ${alike} ${best.row}`)
    } else if (holder) told.push(`leak ${row.split} ${row.row}: contained ${holder}`)
  }
  const firsts = new Map<string, Row>()
  for (const row of all) {
    const key = `${row.split} ${row.label} ${row.form}`
    const first = firsts.get(key)
    if (first) told.push(`duplicate ${row.split} ${row.row}: equal ${first.row}`)
    else firsts.set(key, row)
  }
  const members = new Set<Row>()
  for (const center of firsts.values()) {
    if (members.has(center)) continue
    for (const row of firsts.values()) {
      if (row.split !== center.split || row.label !== center.label || row.row <= center.row || members.has(row))
        continue
      if (!near(center, row, one.t)) continue
      members.add(row)
      told.push(`near-duplicate ${row.split} ${row.row}: near ${center.row}`)
    }
  }
  for (const row of firsts.values()) {
    if (members.has(row)) continue
    const holder = all.some(
      other =>
        other.split === row.split && other.label === row.label && within(row, other, one) && !near(row, other, one.t),
    )
    if (holder) told.push(`near-duplicate ${row.split} ${row.row}: contained`)
  }
  return told.sort()
}

function said(all: readonly Finding[]): string[] {
  return all
    .map(({ rule, uri, row, alike, related }) => {
      const split = uri.slice(3, -6)
      const other = related[0]!
      const place = other.uri.slice(3, -6)
      const of = rule !== 'leak' ? other.row : alike === 'contained' ? place : `${place} ${other.row}`
      return `${rule} ${split} ${row}: ${alike === 'contained' && rule !== 'leak' ? alike : `${alike ?? 'equal'} ${of}`}`
    })
    .sort()
}

const cases: readonly Case[] = [
  { scheme: 'word:1+2', t: [4, 5], share: [9, 10], least: 16, labels: true },
  { scheme: 'word:1+2', t: [3, 5], share: [4, 5], least: 12, labels: true },
  { scheme: 'word:1', t: [7, 10], share: [19, 20], least: 8, labels: false },
  { scheme: 'word:3', t: [1, 2], share: [9, 10], least: 8, labels: true },
  { scheme: 'char:4', t: [3, 4], share: [7, 10], least: 30, labels: false },
  { scheme: 'word:2', t: [1, 1], share: [1, 1], least: 8, labels: true },
]

for (const [i, one] of cases.entries())
  test(`rows that are alike are told as defined: ${one.scheme}, ${one.t.join('/')}, labels ${one.labels}`, () => {
    for (const seed of ['a', 'b', 'c']) {
      const rows = rowsOf(random(`${i} ${seed}`), one)
      const wanted = expected(rows, one)
      expect(wanted.length).toBeGreaterThan(20)
      expect(said(findings(rows, one))).toEqual(wanted)
    }
  })
