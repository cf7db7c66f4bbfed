import { expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { parseCsv } from '../../../src/core/data/csv.ts'
import { EditedTable } from '../../../src/core/data/editedTable.ts'
import { parseJsonl } from '../../../src/core/data/jsonl.ts'
import { bytesOf, linesOf, type Table } from '../../../src/core/data/table.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const read = (text: string): Table =>
  parseJsonl({ uri: 'train.jsonl', version: 0, bytes: encoder.encode(text), encoding: 'utf-8', bom: false })

const words = ['card', 'späte', 'a "b"', '日本', 'refund', '😀', 'x', '']

test.each(['\n', '\r\n'])('after any edits it is the table of the edited text (%j)', line => {
  const r = random(`edited ${line}`)
  const word = () => words[r.int(words.length)]!
  const record = () => JSON.stringify({ text: `${word()} ${word()}`, label: word() })
  let versions = 0
  let refused = 0
  for (let file = 0; file < 5; file++) {
    let text = Array.from({ length: 3 + r.int(30) }, record).join(line) + (r.int(2) ? line : '')
    let table: Table = read(text)
    const older: { readonly table: Table; readonly text: string }[] = []
    for (let step = 0; step < 30; step++) {
      const row = r.int(table.rowCount)
      const span = table.rowSpan(row)
      const cell = table.cell(row, 'text')!
      const kind = r.int(8)
      const edit =
        kind === 0
          ? { span: { start: span.end, end: span.end }, text: line + record() }
          : kind === 1
            ? table.removeRow(row)
            : kind === 2
              ? { span: { start: span.start, end: span.start }, text: record() + line + record() + line }
              : kind === 3
                ? { span: { start: cell.span.start, end: cell.span.end }, text: 'cut "o' }
                : kind === 4
                  ? { span, text: `${record()}${line}${line}${record()}` }
                  : kind === 5
                    ? {
                        span: { start: span.start, end: table.rowSpan(Math.min(table.rowCount - 1, row + 2)).end },
                        text: record(),
                      }
                    : table.setCell(row, r.int(2) ? 'text' : 'label', word())
      const edited = EditedTable.edit(table, edit, step + 1)
      const bytes = encoder.encode(text)
      const next =
        decoder.decode(bytes.subarray(0, edit.span.start)) + edit.text + decoder.decode(bytes.subarray(edit.span.end))
      const fresh = read(next)
      if (!edited) {
        refused++
        if (fresh.rowCount > 0 && fresh.issues.length === 0 && kind !== 3) expect.fail(`refused ${kind} at ${row}`)
        if (fresh.rowCount === 0 || fresh.issues.length > 0) continue
        table = fresh
        text = next
        continue
      }
      versions++
      same(edited, fresh, next)
      for (const old of older) {
        const kept = edited.keptSince(old.table)
        if (!kept) continue
        for (let i = 0; i < kept.head; i++) expect(rowText(edited, i)).toBe(rowText(old.table, i))
        for (let i = 1; i <= kept.tail; i++)
          expect(rowText(edited, edited.rowCount - i)).toBe(rowText(old.table, old.table.rowCount - i))
      }
      older.push({ table: edited, text: next })
      table = edited
      text = next
    }
    // Versions before an edit stay as they were.
    for (const old of older) same(old.table, read(old.text), old.text)
  }
  expect(versions).toBeGreaterThan(80)
  expect(refused).toBeGreaterThan(3)
})

function rowText(table: Table, row: number): string {
  return decoder.decode(bytesOf(table.source, table.rowSpan(row)))
}

function same(table: Table, fresh: Table, text: string): void {
  expect(table.rowCount).toBe(fresh.rowCount)
  expect(decoder.decode(bytesOf(table.source, { start: 0, end: table.source.windows!.length }))).toBe(text)
  const [lines, others] = [linesOf(table), linesOf(fresh)]
  expect(lines.lineCount).toBe(others.lineCount)
  for (let row = fresh.rowCount > 1000 ? fresh.rowCount - 50 : 0; row < fresh.rowCount; row += 1 + (row % 3)) {
    expect(table.rowSpan(row)).toEqual(fresh.rowSpan(row))
    for (const column of ['text', 'label']) {
      const cell = fresh.cell(row, column)!
      expect(table.cell(row, column)).toEqual(cell)
      expect(table.text(row, column)).toBe(cell.text)
      expect(table.plainSpan!(row, column)).toEqual(fresh.plainSpan!(row, column))
      const place = others.range(cell.span)
      expect(lines.range(cell.span)).toEqual(place)
      expect(lines.span(place)).toEqual(cell.span)
    }
    expect(table.removeRow(row)).toEqual(fresh.removeRow(row))
  }
}

test.each([
  ['csv', ',', '\n'],
  ['csv', ';', '\r\n'],
  ['tsv', '\t', '\n'],
  ['csv', ',', '\r'],
] as const)('so is a %s file with %j between fields and %j between records, whatever is typed', (kind, comma, line) => {
  const r = random(`edited ${kind} ${comma} ${line}`)
  const readCsv = (text: string): Table =>
    parseCsv({ uri: `train.${kind}`, version: 0, bytes: encoder.encode(text), encoding: 'utf-8', bom: false }, kind)
  const word = () => words[r.int(words.length)]!.replaceAll('"', '')
  const quoted = () => `"${word()}${r.int(3) ? '' : line}${r.int(4) ? '' : '""'}${word()}${comma}"`
  const field = () => (r.int(3) ? `${word()} t${r.int(99)}` : quoted())
  const record = () => `${field()}${comma}l${r.int(5)}`
  let versions = 0
  let refused = 0
  for (let file = 0; file < 8; file++) {
    let text = `text${comma}label${line}${Array.from({ length: 5 + r.int(40) }, record).join(line)}${r.int(2) ? line : ''}`
    // Half of the files are longer than what their dialect is told from.
    if (file % 2 === 1)
      text = `text${comma}label${line}${`plain words${comma}l1${line}`.repeat(4500)}${text.slice(text.indexOf(line) + line.length)}`
    let table = readCsv(text)
    if (table.issues.length > 0 || table.columns.join() !== 'text,label') expect.fail(JSON.stringify(table.issues))
    const first = table
    for (let step = 0; step < 25; step++) {
      const row = Math.max(0, table.rowCount - 1 - r.int(30))
      const span = table.rowSpan(row)
      const at = span.start + r.int(span.end - span.start + 1)
      const typed = ['"', line, comma, 'x', '"" ', `${record()}${line}`, `${line}${record()}`, ''][r.int(8)]!
      const end = r.int(3) ? at : Math.min(at + r.int(12), table.rowSpan(table.rowCount - 1).end)
      const edit =
        r.int(4) === 0
          ? table.setCell(row, 'text', word())
          : r.int(6) === 0
            ? table.removeRow(row)
            : { span: { start: at, end }, text: typed }
      const bytes = encoder.encode(text)
      const next =
        decoder.decode(bytes.subarray(0, edit.span.start)) + edit.text + decoder.decode(bytes.subarray(edit.span.end))
      if (next.includes('\ufffd')) continue
      const fresh = readCsv(next)
      const edited = EditedTable.edit(table, edit, step + 1)
      if (!edited) {
        refused++
        // What nothing is to be said about is followed, but for the part that the dialect is told from.
        if (fresh.issues.length > 0 || fresh.rowCount === 0) continue
        table = fresh
        text = next
        continue
      }
      versions++
      expect(fresh.issues).toEqual([])
      expect(edited.columns).toEqual(fresh.columns)
      same(edited, fresh, next)
      table = edited
      text = next
    }
    expect(first.issues).toEqual([])
  }
  expect(versions).toBeGreaterThan(80)
  expect(versions).toBeGreaterThan(refused)
})
