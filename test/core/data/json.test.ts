import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTable, parseTables } from '../../../src/core/data/formats.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import type { Table } from '../../../src/core/data/table.ts'
import { applied, sourceOf } from './source.ts'

const parse = (text: string | Uint8Array): Table => parseTable(sourceOf('/d/train.json', text))
const parts = (text: string) =>
  parseTables(sourceOf('/d/all.json', text)).map(({ part, table }) => [part, table.rowCount, ...table.columns])
const codes = (table: Table) => table.issues.map(issue => [issue.code, issue.row])
const column = (table: Table, name: string) => [...Array(table.rowCount).keys()].map(row => table.text(row, name))

describe('a list', () => {
  test('of objects, with spans', () => {
    const text = '[\n  {\n    "text": "a",\n    "label": 1\n  },\n  {"text": "é\\n"}\n]\n'
    const table = parse(text)
    expect(table.issues).toEqual([])
    expect(column(table, 'text')).toEqual(['a', 'é\n'])
    const { span } = table.cell(1, 'text')!
    expect(Buffer.from(text).subarray(span.start, span.end).toString()).toBe('é\\n')
    expect(Buffer.from(text).subarray(table.rowSpan(1).start, table.rowSpan(1).end).toString()).toBe('{"text": "é\\n"}')
  })

  test('of arrays and of texts', () => {
    const arrays = parse('[["a", "x"], ["b", "y"]]')
    expect([arrays.columns, column(arrays, '1')]).toEqual([
      ['0', '1'],
      ['x', 'y'],
    ])
    const texts = parse('["a", "b\\u0021"]')
    expect([texts.columns, column(texts, 'text')]).toEqual([['text'], ['a', 'b!']])
  })

  test('empty, unfinished, with more behind it', () => {
    expect(codes(parse('[]'))).toEqual([['empty-file', undefined]])
    expect(codes(parse(''))).toEqual([['empty-file', undefined]])
    expect(codes(parse('[{"a": 1}, {"a": '))).toEqual([['bad-json', 1]])
    expect(codes(parse('[{"a": 1},]'))).toEqual([['bad-json', undefined]])
    expect(codes(parse('[{"a": 1}] x'))).toEqual([['bad-json', undefined]])
    expect(codes(parse('[{"a": 1}, 7]'))).toEqual([['not-an-object', 1]])
  })

  test('a broken record does not take its neighbours along', () => {
    const pretty = parse('[\n  {"a": 1},\n  {"a": oops},\n  {"a": 3}\n]')
    expect(codes(pretty)).toEqual([['bad-json', 1]])
    expect(column(pretty, 'a')).toEqual(['1', undefined, '3'])
    expect(pretty.issues[0]?.span.start).toBe(22)
    const dense = parse('[{"a": 1},{"a": "x},{"b": 2}, {"a": 3}]')
    expect(column(dense, 'a')).toEqual(['1', undefined, '3'])
    const comma = parse('[\n  {"a": 1}\n  {"a": 2},\n  {"a": 3}\n]')
    expect(column(comma, 'a')).toEqual([undefined, '2', '3'])
    expect(comma.issues[0]?.message).toContain('expected , or ]')
  })

  test.each([
    ['[{"a": 1}, {"a": 2}, {"a": 3}]', [0], '[{"a": 2}, {"a": 3}]'],
    ['[{"a": 1}, {"a": 2}, {"a": 3}]', [1], '[{"a": 1}, {"a": 3}]'],
    ['[{"a": 1}, {"a": 2}, {"a": 3}]', [1, 2], '[{"a": 1}]'],
    ['[{"a": 1}, {"a": 2}, {"a": 3}]', [0, 2], '[{"a": 2}]'],
    ['[{"a": 1}, {"a": 2}, {"a": 3}]', [0, 1, 2], '[]'],
    ['[\n  {"a": 1},\n  {"a": 2}\n]\n', [1], '[\n  {"a": 1}\n]\n'],
    ['[\n  {"a": 1},\n  {"a": 2}\n]\n', [0], '[\n  {"a": 2}\n]\n'],
  ])('%j without rows %j', (text, rows, want) => {
    const table = parse(text)
    expect(applied(table, table.removeRows(rows))).toBe(want)
  })
})

describe('an object', () => {
  test('of splits', () => {
    const text = '{"train": [["a", "x"], ["b", "y"]], "oos_val": [["c", "x"]],\n "test": []}'
    expect(parts(text)).toEqual([
      ['train', 2, '0', '1'],
      ['oos_val', 1, '0', '1'],
      ['test', 0],
    ])
    const table = parseTables(sourceOf('/d/all.json', text))[1]!.table
    expect(applied(table, [table.setCell(0, '1', 'z')])).toBe(text.replace('["c", "x"]', '["c", "z"]'))
    expect(applied(table, table.removeRows([0]))).toBe(text.replace('[["c", "x"]]', '[]'))
  })

  test('of several lists has no one table', () => {
    expect(() => parse('{"train": [{"a": 1}], "test": [{"a": 2}]}')).toThrow('holds several lists (train, test)')
  })

  test('with one list among other members', () => {
    expect(parts('{\n"version": "1.0",\n"ids": [1, 2],\n"data": [{"text": "a"}]\n}')).toEqual([['data', 1, 'text']])
  })

  test('without a list, or not whole', () => {
    expect(codes(parse('{\n"a": {\n"b": 1}}'))).toEqual([['empty-file', undefined]])
    expect(codes(parse('{"train": []}'))).toEqual([['empty-file', undefined]])
    const cut = parseTables(sourceOf('/d/all.json', '{"train": [{"a": 1}], "test": [{"a": 2}, {"a"'))
    expect(cut.map(({ table }) => codes(table))).toEqual([[['bad-json', undefined]], [['bad-json', 1]]])
    expect(cut.map(({ table }) => column(table, 'a'))).toEqual([['1'], ['2', undefined]])
  })

  test.each([
    '{"text": ["a", "b"], "label": [0, 1]}',
    '{"text": {"0": "a", "1": "b"}, "label": {"0": 0, "1": 1}}',
    '{\n  "text": [\n    "a",\n    "b"\n  ],\n  "label": [\n    "x",\n    "y"\n  ]\n}\n',
  ])('of columns is refused with the way out, not read as something else: %s', text => {
    const table = parse(text)
    expect([table.rowCount, codes(table)]).toEqual([0, [['not-an-object', undefined]]])
    expect(table.issues[0]!.message).toContain('holds columns (text, label)')
    expect(parts('{"train": ["a", "b"], "test": ["c", "d"]}')).toEqual([
      ['train', 2, 'text'],
      ['test', 2, 'text'],
    ])
    expect(parse('{"tags": ["a", "b"], "text": "t"}').rowCount).toBe(1)
  })

  test('of JSON Lines, by its second line', () => {
    for (const text of ['{"a": 1}\n{"a": 2}\n', '{"a": \n{"a": 2}\n', '{"a": 1}'])
      expect(parse(text).format).toBe('jsonl')
  })
})

test('a pretty list under the name .jsonl is read as the list it is', () => {
  const table = parseTable(sourceOf('/d/train.jsonl', '[\n  {"a": 1},\n  {"a": 2}\n]\n'))
  expect([table.format, table.rowCount]).toEqual(['json', 2])
})

describe('properties', () => {
  const record = fc.dictionary(fc.constantFrom('a', 'b', 'é', 'c"d'), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  const layout = fc.record({
    rows: fc.array(record, { minLength: 1, maxLength: 8 }),
    indent: fc.constantFrom(0, 1, 2, '\t'),
    part: fc.option(fc.constantFrom('train', 'data'), { nil: undefined }),
  })
  type Layout = typeof layout extends fc.Arbitrary<infer T> ? T : never
  const print = ({ rows, indent, part }: Layout) =>
    JSON.stringify(part ? { v: [1], [part]: rows, z: {} } : rows, null, indent)
  const rowsOf = (text: string, part: string | undefined) => (part ? JSON.parse(text)[part] : JSON.parse(text))
  const open = (text: string) => parseTables(sourceOf('/d/x.json', text))[0]!.table

  test('every cell reads as JSON.parse reads it', () => {
    fc.assert(
      fc.property(layout, value => {
        const text = new TextDecoder().decode(new TextEncoder().encode(print(value)))
        const table = open(text)
        const want = rowsOf(text, value.part) as Record<string, unknown>[]
        expect(table.rowCount).toBe(want.length)
        for (const [row, object] of want.entries())
          for (const key of Object.keys(object)) expect(table.cell(row, key)?.value).toEqual(object[key])
      }),
      { numRuns: 500 },
    )
  })

  test('rows removed and cells set are the only change', () => {
    fc.assert(
      fc.property(layout, fc.infiniteStream(fc.boolean()), fc.string(), (value, stream, wanted) => {
        const before = print(value)
        const table = open(before)
        const rows = [...value.rows.keys()].filter(() => stream.next().value)
        const want = rowsOf(before, value.part) as Record<string, unknown>[]
        const kept = want.filter((_, r) => !rows.includes(r))
        expect(rowsOf(applied(table, table.removeRows(rows)), value.part)).toEqual(kept)
        const edited = rowsOf(applied(table, [table.setCell(0, 'new', wanted)]), value.part)
        expect(edited).toEqual(want.map((object, r) => (r === 0 ? { ...object, new: wanted } : object)))
      }),
      { numRuns: 500 },
    )
  })
})

describe('plain text', () => {
  const text = (content: string) => parseTable(sourceOf('/d/train.txt', content))
  test('each line that is not blank is a row', () => {
    const table = text('one\r\n\r\n  two é\r\n\t\r\nthree')
    expect(column(table, 'text')).toEqual(['one', '  two é', 'three'])
    expect(applied(table, table.removeRows([2]))).toBe('one\r\n\r\n  two é\r\n\t')
    expect(applied(table, [table.setCell(1, 'text', 'zwei')])).toBe('one\r\n\r\nzwei\r\n\t\r\nthree')
    expect(() => table.setCell(1, 'text', 'a\nb')).toThrow('cannot hold a line break')
    expect(codes(text(''))).toEqual([['empty-file', undefined]])
    expect(codes(text('y'.repeat(20e6)))).toEqual([['too-long', 0]])
  })
})

const shared = new URL('../../../../shared/data', import.meta.url).pathname
describe.skipIf(!existsSync(shared))('real data (needs ../shared/data)', () => {
  test('clinc150: an object of splits, each row a text and its label', () => {
    const tables = parseTables(sourceOf('data_full.json', readFileSync(`${shared}/clinc150/data_full.json`)))
    const want = JSON.parse(readFileSync(`${shared}/clinc150/data_full.json`, 'utf8')) as Record<string, string[][]>
    expect(tables.map(({ part, table }) => [part, table.rowCount])).toEqual(
      Object.entries(want).map(([k, rows]) => [k, rows.length]),
    )
    for (const { part, table } of tables) {
      expect(table.issues).toEqual([])
      expect(column(table, '0')).toEqual(want[part!]!.map(row => row[0]))
    }
    expect(inferRoles(tables.map(({ table }) => table))).toEqual({ text: '0', label: '1' })
  })

  test.each([
    ['alpaca_en_demo.json', { prompt: 'instruction', completion: 'output' }],
    ['identity.json', { prompt: 'instruction', completion: 'output' }],
    ['dpo_en_demo.json', { messages: 'conversations', chosen: 'chosen', rejected: 'rejected' }],
    ['kto_en_demo.json', { messages: 'messages', label: 'label' }],
    ['glaive_toolcall_en_demo.json', { messages: 'conversations' }],
  ])('chat-and-preference %s', (name, roles) => {
    const bytes = readFileSync(`${shared}/chat-and-preference/${name}`)
    const table = parse(bytes)
    const want = JSON.parse(bytes.toString()) as Record<string, unknown>[]
    expect(table.issues).toEqual([])
    expect(table.rowCount).toBe(want.length)
    for (const row of [0, want.length - 1])
      for (const key of Object.keys(want[row]!)) expect(table.cell(row, key)?.value).toEqual(want[row]![key])
    expect(inferRoles([table])).toEqual(roles)
  })

  test.each(readdirSyncIf(`${shared}/torture/json/test_parsing`))('JSONTestSuite %s as a file: no crash', name => {
    const bytes = readFileSync(`${shared}/torture/json/test_parsing/${name}`)
    const tables = parseTables(sourceOf('/d/x.json', bytes))
    for (const { table } of tables)
      for (let row = 0; row < Math.min(table.rowCount, 100); row++) for (const c of table.columns) table.cell(row, c)
    // What JSON refuses has an issue somewhere (JSON Lines of bare values are fine here, so only lists and objects).
    if (name.startsWith('n_') && /^\s*[[{]/.test(bytes.toString('latin1')))
      expect(tables.some(({ table }) => table.issues.length > 0)).toBe(true)
  })

  test('the naughty strings go in and out of every format unchanged', () => {
    const strings = JSON.parse(readFileSync(`${shared}/torture/strings/blns.json`, 'utf8')) as string[]
    const utf8 = strings.map(s => Buffer.from(s).toString())
    const lines = parseTable(sourceOf('/d/x.jsonl', strings.map(text => JSON.stringify({ text })).join('\n')))
    expect(column(lines, 'text')).toEqual(strings)
    const rows = strings.map(text => `x,"${text.replaceAll('"', '""')}"`).join('\r\n')
    const csv = parseTable(sourceOf('/d/x.csv', `label,text\r\n${rows}\r\n`))
    expect(column(csv, 'text')).toEqual(utf8)
    const empty = parseTable(sourceOf('/d/x.csv', `label,text\r\n${strings.map(() => 'x,').join('\r\n')}\r\n`))
    const filled = parseTable(
      sourceOf(
        '/d/x.csv',
        applied(
          empty,
          strings.map((text, row) => empty.setCell(row, 'text', text)),
        ),
      ),
    )
    expect(column(filled, 'text')).toEqual(utf8)
  })
})

function readdirSyncIf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
}
