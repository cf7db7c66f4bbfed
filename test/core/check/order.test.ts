import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { check } from '../../../src/core/check/check.ts'
import { labelError } from '../../../src/core/check/rules/labelError.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

/** What `label-error` says of each row, whichever its number. */
function verdicts(lines: readonly string[]) {
  const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''))
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const splits = [{ name: 'train' as const, tables: tables.map(({ table }) => table) }]
  const roles = { text: 'text', label: 'label' }
  const { findings } = finishWork(check({ datasets: [{ name: 'd', splits, roles }], list: [labelError] }))
  return findings
    .map(({ row, message, key }) => ({ text: lines[row!], message, key }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

const fixture = (name: string) =>
  readFileSync(new URL(`../../data/rules/${name}/train.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')

/** Texts about one or two topics with the labels of them, but for every twentieth, which carries another label. */
function severalLabels(): string[] {
  const topics = ['refund money back price', 'parcel courier late door', 'password login account code']
  const names = ['refund', 'delivery', 'login']
  const draw = random('topics')
  return Array.from({ length: 300 }, (_, i) => {
    const own = i % 3 === 0 ? [i % 2, 2] : [draw.int(3)]
    const words = own.flatMap(topic => Array.from({ length: 6 }, () => topics[topic]!.split(' ')[draw.int(4)]!))
    const labels = i % 20 === 7 ? [names[(own[0]! + 1) % 3]!] : own.map(topic => names[topic]!)
    return JSON.stringify({ text: `${words.join(' ')} case ${i}`, label: [...new Set(labels)].sort().join(';') })
  })
}

test.each([
  ['one label a row', fixture('label-error')],
  ['several labels a row', severalLabels()],
])('%s: rows in another order are judged the same', (_, lines) => {
  const found = verdicts(lines)
  expect(found.length).toBeGreaterThan(0)
  for (const seed of [1, 2, 3]) expect(verdicts(random(seed).shuffle([...lines]))).toEqual(found)
})
