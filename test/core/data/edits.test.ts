import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTable } from '../../../src/core/data/formats.ts'
import type { Table } from '../../../src/core/data/table.ts'
import { applied, sourceOf } from './source.ts'

interface Row {
  readonly text: string
  readonly label: string
}

/** How a file is written: what differs between writers, and must not matter. */
interface Layout {
  readonly end: string
  /** A line end behind the last row? */
  readonly last: boolean
  /** Blank lines, spaces, needless quotes or escapes. */
  readonly loose: boolean
}

const unit = fc.constantFrom(
  'a',
  'b',
  ' ',
  ',',
  '"',
  '\\',
  '\t',
  '\n',
  '\r',
  '\r\n',
  'é',
  '😀',
  '语',
  '{',
  ']',
  '\u2028',
  '\u0007',
)
const anyText = fc.string({ unit, maxLength: 8 })
/** A line of its own: not blank, no line end. */
const line = anyText.map(text => `x${text.replace(/[\r\n\u2028]/g, '')}`)
const layout: fc.Arbitrary<Layout> = fc.record({
  end: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
  loose: fc.boolean(),
})

const json = (row: Row, { loose }: Layout) =>
  loose
    ? `{ "label" : ${JSON.stringify(row.label)},  "text": ${JSON.stringify(row.text).replace(/[^\0-\x7f]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)} }`
    : JSON.stringify(row)
const lines = (list: readonly string[], { end, last, loose }: Layout) =>
  list.join(loose ? end + end : end) + (last ? end : '')
const quote = (cell: string, always: boolean, delimiter: string) =>
  always || cell === '' || cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell

const formats: {
  readonly name: string
  readonly text: fc.Arbitrary<string>
  readonly columns: readonly (keyof Row)[]
  readonly print: (rows: readonly Row[], layout: Layout) => string
}[] = [
  {
    name: 'data.jsonl',
    text: anyText,
    columns: ['text', 'label'],
    print: (rows, l) =>
      lines(
        rows.map(row => json(row, l)),
        l,
      ),
  },
  {
    name: 'data.json',
    text: anyText,
    columns: ['text', 'label'],
    print: (rows, l) =>
      `[${l.loose ? l.end : ''}${rows.map(row => json(row, l)).join(l.loose ? `,${l.end}  ` : ',')}${l.loose ? l.end : ''}]${l.last ? l.end : ''}`,
  },
  ...(['csv', 'tsv'] as const).map(name => ({
    name: `data.${name}`,
    text: anyText,
    columns: ['text', 'label'] as const,
    print: (rows: readonly Row[], l: Layout) => {
      const delimiter = name === 'csv' ? ',' : '\t'
      const record = (cells: readonly string[]) => cells.map(cell => quote(cell, l.loose, delimiter)).join(delimiter)
      return lines([record(['text', 'label']), ...rows.map(row => record([row.text, row.label]))], l)
    },
  })),
  {
    name: 'data.txt',
    text: line,
    columns: ['text'],
    print: (rows, l) =>
      lines(
        rows.map(row => row.text),
        l,
      ),
  },
]

const cellsOf = (table: Table, columns: readonly string[]) =>
  Array.from({ length: table.rowCount }, (_, row) => columns.map(column => table.cell(row, column)?.value))
const wanted = (rows: readonly Row[], columns: readonly (keyof Row)[]) =>
  rows.map(row => columns.map(column => row[column]))
const bytesOf = (table: Table, row: number) => {
  const { start, end } = table.rowSpan(row)
  return Buffer.from(table.source.bytes.subarray(start, end)).toString()
}
const runs = { numRuns: 150 }

describe.each(formats)('$name', ({ name, text, columns, print }) => {
  const rows = fc.array(fc.record({ text, label: text }), { minLength: 1, maxLength: 7 })
  const open = (content: string) => parseTable(sourceOf(`/d/${name}`, content), { header: true })

  test('reads what was written, whatever the layout', () => {
    fc.assert(
      fc.property(rows, layout, (list, l) => {
        const table = open(print(list, l))
        expect(table.issues).toEqual([])
        expect(cellsOf(table, columns)).toEqual(wanted(list, columns))
      }),
      runs,
    )
  })

  test('no edit, no other byte; an edited cell reads as the new value and every other cell keeps its bytes', () => {
    fc.assert(
      fc.property(rows, layout, fc.nat(), fc.nat(), text, (list, l, r, c, value) => {
        const table = open(print(list, l))
        expect(applied(table, [])).toBe(print(list, l))
        const row = r % list.length
        const column = columns[c % columns.length]!
        const edit = table.setCell(row, column, value)
        const { start, end } = table.rowSpan(row)
        expect(edit.span.start).toBeGreaterThanOrEqual(start)
        expect(edit.span.end).toBeLessThanOrEqual(end)
        const now = open(applied(table, [edit]))
        const expected = list.map((old, i) => (i === row ? { ...old, [column]: value } : old))
        expect(cellsOf(now, columns)).toEqual(wanted(expected, columns))
        for (let i = 0; i < list.length; i++) if (i !== row) expect(bytesOf(now, i)).toBe(bytesOf(table, i))
      }),
      runs,
    )
  })

  test('removed rows are gone and the others keep their bytes; all at once is as one after the other', () => {
    fc.assert(
      fc.property(rows, layout, fc.infiniteStream(fc.boolean()), (list, l, stream) => {
        const table = open(print(list, l))
        const out = list.map(() => stream.next().value as boolean)
        const gone = out.flatMap((is, row) => (is ? [row] : []))
        const now = open(applied(table, table.removeRows(gone)))
        const kept = list.filter((_, row) => !out[row])
        expect(cellsOf(now, columns)).toEqual(wanted(kept, columns))
        expect(kept.map((_, i) => bytesOf(now, i))).toEqual(
          list.flatMap((_, row) => (out[row] ? [] : [bytesOf(table, row)])),
        )
        let one = table
        for (const row of [...gone].reverse()) one = open(applied(one, [one.removeRow(row)]))
        expect(cellsOf(one, columns)).toEqual(cellsOf(now, columns))
      }),
      runs,
    )
  })
})
