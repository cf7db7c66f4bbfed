import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { Memory } from '../../../src/core/check/memory.ts'
import type { Rule } from '../../../src/core/check/rule.ts'
import { labelError } from '../../../src/core/check/rules/labelError.ts'
import { labelOverlap } from '../../../src/core/check/rules/labelOverlap.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

interface Row {
  readonly text: string
  readonly label: string
}

const fixture = (name: string): Row[] =>
  readFileSync(new URL(`../../data/rules/${name}/train.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

function found(rule: Rule, rows: readonly Row[], options: { readonly [name: string]: number } = {}): string[] {
  const bytes = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const splits = [{ name: 'train' as const, tables: tables.map(({ table }) => table) }]
  const datasets = [{ name: 'd', splits, roles: { text: 'text', label: 'label' } }]
  return finishWork(check({ datasets, list: [rule], rules: { [rule.meta.id]: options } })).findings.map(f => f.message)
}

const errors = fixture('label-error')
const overlap = fixture('label-overlap')

test('label-error: more rows than the limit are left alone', () => {
  expect(found(labelError, errors, { rows: errors.length }).length).toBeGreaterThan(0)
  expect(found(labelError, errors, { rows: errors.length - 1 })).toEqual([])
})

test('label-error: fifty rows are the fewest, and five of a label', () => {
  const two = overlap.filter(({ label }) => label === 'refund' || label === 'login')
  const wrong = two.findIndex(row => row.label === 'login')
  const few = (count: number) => two.slice(0, count).map((row, i) => (i === wrong ? { ...row, label: 'refund' } : row))
  expect([49, 50].map(count => found(labelError, few(count)).length)).toEqual([0, 1])
  const rare = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ text: `zebra stripes ${i} herd`, label: 'zoo' }))
  const strange = { text: 'zebra stripes of another herd', label: 'refund' }
  const zoo = (count: number) => found(labelError, [...errors, ...rare(count), strange], { probability: 0.3 })
  expect(zoo(4).filter(message => message.includes('fits "zoo"'))).toEqual([])
  expect(zoo(5).filter(message => message.includes('fits "zoo"'))).toHaveLength(1)
})

test('label-overlap: share, rows and limit are what they say', () => {
  const [message] = found(labelOverlap, overlap)
  const [, rows, of] = /about (\d+) of their (\d+) rows/.exec(message!)!.map(Number)
  const share = rows! / of!
  const count = (options: { readonly [name: string]: number }) => found(labelOverlap, overlap, options).length
  expect([count({ share }), count({ share: share + 1e-6 })]).toEqual([1, 0])
  expect([count({ rows: rows! }), count({ rows: rows! + 1 })]).toEqual([1, 0])
  expect([count({ most: overlap.length }), count({ most: overlap.length - 1 })]).toEqual([1, 0])
})

test('label-overlap: three labels are the fewest, twenty rows of each', () => {
  const of = (...labels: readonly string[]) => overlap.filter(({ label }) => labels.includes(label))
  expect(found(labelOverlap, of('transfer_missing', 'transfer_pending'))).toEqual([])
  expect(found(labelOverlap, of('transfer_missing', 'transfer_pending', 'login'))).toHaveLength(1)
  const some = (count: number) => [
    ...of('login', 'refund', 'transfer_pending'),
    ...of('transfer_missing').slice(0, count),
  ]
  expect([19, 20].map(count => found(labelOverlap, some(count), { share: 0.01, rows: 1 }).length)).toEqual([0, 1])
})

test.each([
  ['label-error', labelError, errors],
  ['label-overlap', labelOverlap, overlap],
] as const)('%s: what was judged once is told again at the rows where it stands then', (_, rule, rows) => {
  const memory = new Memory({ incremental: true })
  const told = (now: readonly Row[], version: number) => {
    const bytes = Buffer.from(now.map(row => `${JSON.stringify(row)}\n`).join(''))
    const tables = parseTables({ uri: '/d/train.jsonl', version, bytes, encoding: 'utf-8', bom: false })
    const splits = [{ name: 'train' as const, tables: tables.map(({ table }) => table) }]
    const datasets = [{ name: 'd', splits, roles: { text: 'text', label: 'label' } }]
    const { findings } = finishWork(check({ datasets, list: [rule], memory: () => memory }))
    return findings.map(({ row, key, related }) => [row!, key, related.map(one => one.row)] as const)
  }
  const first = told(rows, 0)
  expect(first.length).toBeGreaterThan(0)
  const later = told([{ text: 'a row that was not there before', label: 'login' }, ...rows], 1)
  expect(later).toEqual(first.map(([row, key, related]) => [row + 1, key, related.map(other => other! + 1)]))
})

test('label-overlap: some wrong labels elsewhere hide no overlap', () => {
  const rows = overlap.filter(({ label }) => ['transfer_missing', 'transfer_pending', 'login'].includes(label))
  const logins = rows.flatMap(({ label }, i) => (label === 'login' ? [i] : [])).slice(0, 3)
  const noisy = rows.map((row, i) => (logins.includes(i) ? { ...row, label: 'transfer_missing' } : row))
  expect(found(labelOverlap, noisy)).toHaveLength(1)
})

test('label-overlap: labels that are wrong at random are no overlap', () => {
  const names = ['refund', 'login', 'delivery']
  const clean = overlap.filter(({ label }) => names.includes(label))
  const flipped = clean.map((row, i) =>
    i % 6 === 0 ? { ...row, label: names[(names.indexOf(row.label) + 1 + ((i / 6) % 2)) % 3]! } : row,
  )
  expect(found(labelOverlap, flipped, { rows: 1 })).toEqual([])
})
