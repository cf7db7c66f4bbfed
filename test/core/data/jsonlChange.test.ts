import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJsonl } from '../../../src/core/data/jsonl.ts'
import { changedJsonl } from '../../../src/core/data/jsonlChange.ts'
import type { Table } from '../../../src/core/data/table.ts'

const source = (text: string, version: number) => ({
  uri: '/train.jsonl',
  version,
  bytes: new TextEncoder().encode(text),
  encoding: 'utf-8' as const,
  bom: false,
})

function said(table: Table) {
  const rows = Array.from({ length: table.rowCount }, (_, row) => [
    table.rowSpan(row),
    table.broken(row),
    ...table.columns.map(column => table.text(row, column)),
  ])
  return { rows, columns: table.columns, issues: table.issues }
}

const value = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '東', ' ', '\\', '"'), maxLength: 5 }),
  fc.constantFrom(1, null),
)
const line = fc.oneof(
  { weight: 60, arbitrary: fc.record({ text: value, label: value }).map(row => JSON.stringify(row)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '{"text": "x"}', '{"label": 1, "text": 2}', '{', '[1]', '{"a": 1}'),
  },
)
const ending = fc.constantFrom('\n', '\n', '\n', '\r\n')

test('reading the lines that changed gives what reading all lines gives', () => {
  let partly = 0
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      ending,
      fc.boolean(),
      fc.nat(),
      fc.constantFrom(0, 0, 0, 1, 2, 9),
      fc.oneof(
        fc.constantFrom('x', 'é', '東', '', '\n', '"', '\\n', '\r'),
        line.map(l => `${l}\n`),
      ),
      (lines, end, open, at, removed, inserted) => {
        const before = lines.join(end) + (open ? '' : end)
        const from = at % (before.length + 1)
        const after = before.slice(0, from) + inserted + before.slice(from + removed)
        const old = parseJsonl(source(before, 1))
        const again = changedJsonl(old, source(after, 2))
        if (!again) return
        partly++
        const whole = parseJsonl(source(after, 2))
        expect(said(again)).toEqual(said(whole))
        const { head, tail } = again.kept!
        for (let row = 0; row < head; row++) expect(again.text(row, 'text')).toBe(old.text(row, 'text'))
        for (let i = 1; i <= tail; i++)
          expect(again.text(again.rowCount - i, 'text')).toBe(old.text(old.rowCount - i, 'text'))
      },
    ),
    { numRuns: 4000 },
  )
  expect(partly).toBeGreaterThan(200)
})
