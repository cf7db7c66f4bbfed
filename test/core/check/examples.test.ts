import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import type { Rule } from '../../../src/core/check/rule.ts'
import { rules } from '../../../src/core/check/rules.ts'
import type { SplitName } from '../../../src/core/data/dataset.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

const root = new URL('../../data/rules/', import.meta.url)

/** What the findings of all fixtures say. */
const messages = readdirSync(root).flatMap(name =>
  readFileSync(new URL(`${name}/findings.txt`, root), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('  ') && !/^ {2}(?:->|fix:)/.test(line))
    .map(line => line.trim()),
)

/** A message without what differs from row to row. */
const form = (message: string) =>
  message
    .replace(/"[^"]*"+/g, '""')
    .replace(/[\d,.]*\d/g, '0')
    .replace(/rows\b/g, 'row')
    .replace(/\b[\w-]+\.(?:jsonl|csv) row 0/g, 'row 0')
    .replace(/U\+[0-9A-F]+/g, 'U+0')
    .replace(/^(?:A web address|The address "") stands/, 'A sign stands')
    .replace(/holds an? .* (?:key|token) \(\w{4}…/, 'holds a key (')

/** The messages that an example names. */
const told = ({ meta }: Rule) => [...meta.example.replace(block, '').matchAll(/:\s*`([^`]+)`/g)].map(match => match[1]!)

test.each(rules.map(rule => [rule.meta.id, rule] as const))('%s: what its page shows is what it says', (_, rule) => {
  const said = told(rule)
  expect(said.length).toBeGreaterThan(0)
  const forms = new Set(messages.map(form))
  for (const message of said) {
    // Filters name their thresholds in any number and order.
    if (message.startsWith('Fails ')) expect(messages.some(one => one.startsWith(message.slice(0, 12)))).toBe(true)
    else expect(forms).toContain(form(message))
  }
})

const block = /```(jsonl|csv)\n([\s\S]*?)```/

/** The rules whose page shows rows that are enough to find something. */
const shown = rules.filter(({ meta }) => block.test(meta.example) && !/^(?:Among|Where `)/m.test(meta.example))

test.each(shown.map(rule => [rule.meta.id, rule] as const))(
  '%s: its example is found, at the rows it names',
  (_, rule) => {
    const [, format, text] = block.exec(rule.meta.example)!
    const bytes = Buffer.from(text!)
    const source = { uri: `/d/train.${format}`, version: 0, bytes, encoding: 'utf-8' as const, bom: false }
    const tables = parseTables(source).map(({ table }) => table)
    const splits = [{ name: 'train' as SplitName, tables }]
    const datasets = [{ name: 'd', splits, roles: inferRoles(tables) }]
    const { findings } = finishWork(check({ datasets, list: [rule] }))
    const expected = [...rule.meta.example.matchAll(/Row (\d+): `((?:[^`]|``)+)`/g)].map(([, row, message]) => [
      Number(row),
      message,
    ])
    expect(findings.map(({ row, message }) => [row, message])).toEqual(expected)
  },
)
