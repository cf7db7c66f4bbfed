import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCsv } from '../../../src/core/data/csv.ts'
import { changedCsv } from '../../../src/core/data/csvChange.ts'
import type { Table } from '../../../src/core/data/table.ts'

const source = (text: string, kind: string, version: number) => ({
  uri: `/train.${kind}`,
  version,
  bytes: new TextEncoder().encode(text),
  encoding: 'utf-8' as const,
  bom: false,
})

function said(table: Table) {
  const rows = Array.from({ length: table.rowCount }, (_, row) => [
    table.rowSpan(row),
    table.broken(row),
    ...table.columns.map(column => table.cell(row, column)),
  ])
  return { rows, columns: table.columns, issues: table.issues }
}

const plain = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '東', ' '), maxLength: 5 })
const field = fc.oneof(
  { weight: 4, arbitrary: plain },
  { weight: 3, arbitrary: plain.map(text => `"${text}"`) },
  { weight: 1, arbitrary: plain.map(text => `"${text}\n""${text}"` + '"') },
)
const record = fc.oneof(
  { weight: 50, arbitrary: fc.tuple(field, field).map(fields => fields.join(',')) },
  { weight: 1, arbitrary: fc.constantFrom('', 'one', 'a,b,c', '"x"y,z') },
)

test.each(['csv', 'tsv'] as const)('reading the records that changed gives what reading all gives: %s', kind => {
  let partly = 0
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 12 }),
      fc.constantFrom('\n', '\n', '\r\n', '\r'),
      fc.boolean(),
      fc.nat(),
      fc.constantFrom(0, 0, 0, 1, 2, 9, 30),
      fc.oneof(fc.constantFrom('x', 'é', '東', '', '\n', '"', '""', ',', '\r', '\r\n', 'a,b\n', '"a\nb",c\n', '\0')),
      (records, end, open, at, removed, inserted) => {
        const tabs = (text: string) => (kind === 'tsv' ? text.replaceAll(',', '\t') : text)
        const before = tabs(['text,label', ...records].join(end) + (open ? '' : end))
        const from = at % (before.length + 1)
        const after = before.slice(0, from) + tabs(inserted) + before.slice(from + removed)
        const old = parseCsv(source(before, kind, 1), kind)
        const again = changedCsv(old, source(after, kind, 2))
        if (!again) return
        partly++
        expect(said(again)).toEqual(said(parseCsv(source(after, kind, 2), kind)))
        const { head, tail } = again.kept!
        for (let row = 0; row < head; row++) expect(again.text(row, 'text')).toBe(old.text(row, 'text'))
        for (let i = 1; i <= tail; i++)
          expect(again.text(again.rowCount - i, 'text')).toBe(old.text(old.rowCount - i, 'text'))
      },
    ),
    { numRuns: 4000 },
  )
  expect(partly).toBeGreaterThan(150)
})

test('a plain cell is where its text is', () => {
  const bytes = 'text,label\n"a, b",x\n"say ""no""",y\nbare,\n'
  const table = parseCsv(source(bytes, 'csv', 0), 'csv')
  const plainOf = (row: number) => {
    const span = table.plainSpan!(row, 'text')
    return span && bytes.slice(span.start, span.end)
  }
  expect([0, 1, 2].map(plainOf)).toEqual(['a, b', undefined, 'bare'])
})
