import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { toReport } from '../../../src/core/check/toReport.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { labelTypos } from '../../../src/core/view/labelTypos.ts'

test('labels that the rule found misspelt, each once, with what each looks like', () => {
  const labels = [
    ...new Array(12).fill('plan_change'),
    'plan-change',
    'PLAN_CHANGE',
    'plan-change',
    ...new Array(3).fill('a "b"'),
    'A "B"',
  ]
  const bytes = Buffer.from(
    labels.map((label, i) => JSON.stringify({ text: `ticket number ${i} says ${i * i}`, label })).join('\n'),
  )
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false })
  const splits = [{ name: 'train' as const, tables: tables.map(({ table }) => table) }]
  const found = finishWork(
    check({ datasets: [{ name: 'd', splits, roles: { text: 'text', label: 'label' } }], rules: {} }),
  )
  const { findings } = toReport(found, 0)
  const known = ['plan_change', 'PLAN_CHANGE', 'plan-change', 'a "b"', 'A "B"']
  const typos = labelTypos(findings, known)
  expect(typos.map(({ label, like, finding }) => [label, like, finding.row])).toEqual([
    ['plan-change', 'plan_change', 12],
    ['PLAN_CHANGE', 'plan_change', 13],
    ['A "B"', 'a "b"', 18],
  ])
  // Those that the ledger does not have are none of its.
  expect(labelTypos(findings, ['plan_change', 'refund'])).toEqual([])
})
