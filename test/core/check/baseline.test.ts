import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseBaseline, printBaseline, sinceBaseline } from '../../../src/core/check/baseline.ts'
import { check } from '../../../src/core/check/check.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

const problems = [
  { text: 'The cafÃ© doesnâ€™t open on Sunday', label: 'hours' },
  { text: 'A letter was l\ufffdst on the way here', label: 'other' },
  { text: 'Write to maria.lopez@firma.de about it', label: 'contact' },
  { text: '  begins with white space and ends so ', label: 'other' },
  { text: 'The alarm rang \u0007 twice this morning', label: 'other' },
  { text: 'I am sorry I cannot help with that. '.repeat(6), label: 'other' },
  { text: 'Where is the parcel that I ordered', label: 'delivery' },
  { text: 'Where is the parcel that I ordered', label: 'delivery' },
  { text: '', label: 'hours' },
  { text: 'An answer without a label to it' },
]
const clean = [
  { text: 'How do I change my password', label: 'login' },
  { text: 'The lamp flickers in the evening', label: 'bug' },
  { text: 'Please cancel my plan by the end of May', label: 'plan' },
  { text: 'Which colours does the chair come in', label: 'product' },
]

function findingsOf(rows: readonly object[], name = '/data/train.jsonl') {
  const bytes = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const tables = parseTables({ uri: name, version: 0, bytes, encoding: 'utf-8', bom: false }).map(({ table }) => table)
  const roles = inferRoles(tables, { text: 'text', label: 'label' })
  const dataset = { name: 'data', splits: [{ name: 'train' as const, tables }], roles }
  return finishWork(check({ datasets: [dataset] })).findings
}

test('old findings stay old wherever their rows move, and whatever comes between them', () => {
  const old = findingsOf(problems)
  expect(old.length).toBeGreaterThanOrEqual(9)
  const baseline = parseBaseline(printBaseline(old), 'baseline.json')
  const order = fc.shuffledSubarray([...problems, ...clean], { minLength: 1 })
  fc.assert(
    fc.property(order, rows => {
      expect(sinceBaseline(findingsOf(rows), baseline).map(({ rule, row }) => `${rule} ${row}`)).toEqual([])
    }),
    { numRuns: 100 },
  )
})

test('one more copy than the baseline counts is new, and so is a new problem', () => {
  const baseline = parseBaseline(printBaseline(findingsOf(problems)), 'baseline.json')
  const more = [...problems, problems[7]!, { text: 'Call jo@web.de instead of waiting', label: 'contact' }]
  expect(sinceBaseline(findingsOf(more), baseline).map(({ rule }) => rule)).toEqual(['duplicate', 'personal-data'])
})

test('the file is the same however the findings are ordered', () => {
  const found = findingsOf(problems)
  expect(printBaseline([...found].reverse())).toBe(printBaseline(found))
})

test.each([
  ['nope', 'it is not JSON'],
  ['null', 'its version is undefined'],
  ['{"version": 2}', 'its version is 2'],
  ['{"version": 1}', 'it has no "findings"'],
  ['{"version": 1, "findings": {"a": {}}}', '"a" has no "count"'],
])('what is no baseline is refused: %s', (text, why) => {
  expect(() => parseBaseline(text, 'old.json')).toThrow(`old.json is no baseline: ${why}`)
})
