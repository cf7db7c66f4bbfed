import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTables } from '../../../src/core/data/formats.ts'
import { readPaged } from '../../../src/core/data/pagedRead.ts'
import { readAtOnce } from '../../../src/core/data/reading.ts'
import type { Table } from '../../../src/core/data/table.ts'
import { LineIndex } from '../../../src/core/text/lines.ts'
import { windowsOf } from '../../../src/core/text/windows.ts'

function both(name: string, bytes: Uint8Array, pageBytes: number) {
  const source = { uri: `/d/${name}`, version: 0, bytes, encoding: 'utf-8' as const, bom: false }
  const none = new Uint8Array(0)
  const paged = readAtOnce(readPaged({ source: { ...source, bytes: none, windows: windowsOf(bytes) }, pageBytes }))
  return { whole: parseTables(source)[0]!.table, paged, index: new LineIndex(bytes) }
}

/** Everything a table says, row by row. */
function said(table: Table, order: readonly number[]) {
  return order.map(row => [
    row,
    table.broken(row),
    table.rowSpan(row),
    ...table.columns.map(column => [
      table.text(row, column),
      table.cell(row, column),
      table.plainSpan?.(row, column),
      table.kind?.(row, column),
    ]),
  ])
}

function expectSame(name: string, bytes: Uint8Array, pageBytes: number) {
  const { whole, paged, index } = both(name, bytes, pageBytes)
  expect(paged.rowCount).toBe(whole.rowCount)
  expect(paged.columns).toEqual(whole.columns)
  expect(paged.issues).toEqual(whole.issues)
  const rows = Array.from({ length: whole.rowCount }, (_, i) => i)
  expect(said(paged, rows)).toEqual(said(whole, rows))
  // Out of order as well: rows by themselves, pages again and again.
  const jumps = rows.map((_, i) => (i * 7919) % rows.length)
  expect(said(paged, jumps)).toEqual(said(whole, jumps))
  const lines = paged.lines()
  expect(lines.lineCount).toBe(index.lineCount)
  for (let at = 0; at <= bytes.length + 1; at += 1 + (at % 3)) expect(lines.position(at)).toEqual(index.position(at))
  for (let line = 0; line <= index.lineCount; line++)
    for (const column of [0, 1, 5]) expect(lines.offset({ line, column })).toBe(index.offset({ line, column }))
  const some = rows.filter(row => row % 3 !== 1)
  if (some.length > 0) expect(paged.removeRows(some)).toEqual(whole.removeRows(some))
  for (const row of rows.slice(0, 5))
    for (const column of whole.columns)
      if (whole.cell(row, column))
        expect(paged.setCell(row, column, 'new "x"')).toEqual(whole.setCell(row, column, 'new "x"'))
  for (const row of rows.slice(0, 20))
    for (const column of whole.columns) {
      const plain = paged.plainBytes(row, column)
      const span = whole.plainSpan?.(row, column)
      expect(plain?.bytes.slice(plain.span.start, plain.span.end)).toEqual(span && bytes.slice(span.start, span.end))
    }
}

const piece = fc.constantFrom('a', 'b', 'é', '東', '😀', ' ', '\\n', '0', 'word ')
const content = fc.array(piece, { maxLength: 12 }).map(parts => parts.join(''))
const json = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({ text: content, label: content })
      .map(row => `{"text": "${row.text}", "label": "${row.label}"}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '{"text": "x"}', '{', '[1]', '7', '{"a": 1, "a": 2}', '{"text": "\r"}'),
  },
)
const csv = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(content, content).map(([a, b]) => `${a},"${b}"`) },
  { weight: 2, arbitrary: content.map(a => `"${a}\n""${a}""",b`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'one', '"open,b', '"a"b,c', 'a"b,c', 'a,b,c', '"x\r\ny",z') },
)
const plain = fc.oneof({ weight: 9, arbitrary: content }, fc.constantFrom('', ' \t', 'x\ry'))
const end = fc.constantFrom('\n', '\n', '\r\n', '\r')

describe.each([
  ['train.jsonl', json, ''],
  ['train.csv', csv, 'text,label'],
  ['train.tsv', csv.map(row => row.replaceAll(',', '\t')), 'text\tlabel'],
  ['train.txt', plain, ''],
] as const)('%s read page by page', (name, row, header) => {
  test('says what it says when it is read as a whole', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 40 }),
        end,
        fc.boolean(),
        fc.integer({ min: 1, max: 300 }),
        (rows, lineEnd, open, pageBytes) => {
          const text = [...(header ? [header] : []), ...rows].join(lineEnd) + (open ? '' : lineEnd)
          expectSame(name, Buffer.from(text), pageBytes)
        },
      ),
      { numRuns: 250 },
    )
  })

  test('tells bytes that are not UTF-8 at their rows', () => {
    const bytes = Buffer.from(
      `${header || '{"text": "é"}'}\n${Array.from({ length: 30 }, (_, i) => (header ? `row ${i} é,b` : `{"text": "row ${i} é"}`)).join('\n')}`,
    )
    for (const at of [100, 200, 201, 350]) bytes[at] = 0xff
    bytes[250] = 0
    for (const pageBytes of [1, 50, 128, 4096]) expectSame(name, bytes, pageBytes)
  })
})
