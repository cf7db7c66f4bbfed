import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTable } from '../../../src/core/data/formats.ts'
import { applied, sourceOf } from './source.ts'

const tableOf = (text: string, name = '/d/train.jsonl') => parseTable(sourceOf(name, text))
const texts = (table: ReturnType<typeof tableOf>) =>
  Array.from({ length: table.rowCount }, (_, row) => table.cell(row, 'text')?.value)

describe('objects one behind the other', () => {
  const pretty = '{\n  "text": "a"\n}\n{\n  "text": "b",\n  "more": {"x": [1]}\n}\n'

  test('on several lines each, or on one line, are a row each', () => {
    for (const name of ['/d/train.jsonl', '/d/train.json']) {
      const table = tableOf(pretty, name)
      expect([texts(table), table.columns, table.issues]).toEqual([['a', 'b'], ['text', 'more'], []])
      expect(texts(tableOf('{"text": "a"}{"text": "b"} {"text": "c"}\n{"text": "d"}', name))).toEqual([
        'a',
        'b',
        'c',
        'd',
      ])
    }
    expect(texts(tableOf('{\r\n"text": "a"\r\n}\r\n'))).toEqual(['a'])
  })

  test('are changed in their place', () => {
    const table = tableOf(pretty)
    expect(applied(table, table.removeRows([0]))).toBe('{\n  "text": "b",\n  "more": {"x": [1]}\n}\n')
    expect(applied(table, table.removeRows([1]))).toBe('{\n  "text": "a"\n}\n')
    expect(applied(table, [table.setCell(1, 'text', 'c')])).toBe(pretty.replace('"b"', '"c"'))
  })

  test('of which one is broken are read on behind it', () => {
    const table = tableOf(
      '{\n "text": "a"\n}\n{\n "text": oops\n}\n{\n "text": "c"\n}\n[1]\n{"text": "e", "text": "f"}',
    )
    expect(texts(table)).toEqual(['a', undefined, 'c', undefined, 'f'])
    expect(table.issues.map(({ code, row }) => [code, row])).toEqual([
      ['bad-json', 1],
      ['not-an-object', 3],
      ['duplicate-key', 4],
    ])
  })

  test('are told from lines, from one object, and from lists', () => {
    expect(tableOf('{"text": "a"}\n{"text": "b"}\n').format).toBe('jsonl')
    expect(tableOf('{"text": "a"}').format).toBe('jsonl')
    expect(tableOf('{"text":\n').format).toBe('jsonl')
    for (const name of ['/d/x.jsonl', '/d/x.json'])
      expect(tableOf('{"train": [\n{"text": "a"}]}', name).part).toBe('train')
    expect(texts(tableOf('[{"text": "a"}, {"text": "b"}]\n'))).toEqual(['a', 'b'])
    // A conversation a line.
    const turns = tableOf('[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]\n')
    expect([turns.format, turns.rowCount]).toEqual(['jsonl', 1])
    expect(tableOf('[{"a": 1}]\n[{"a": 2}]\n').format).toBe('jsonl')
  })

  test('are what was printed, however it was', () => {
    const rows = fc.array(fc.record({ text: fc.string(), list: fc.array(fc.jsonValue()) }), {
      minLength: 2,
      maxLength: 5,
    })
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('\n', '', ' \n\n', '\r\n'),
        (all, indent, between) => {
          const table = tableOf(all.map(row => JSON.stringify(row, undefined, indent)).join(between))
          expect(Array.from({ length: table.rowCount }, (_, row) => table.cell(row, 'list')?.value)).toEqual(
            all.map(row => JSON.parse(JSON.stringify(row.list))),
          )
          expect(texts(table)).toEqual(all.map(row => row.text))
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a comma behind a line is named', () => {
    expect(tableOf('{"text": "a"},\n{"text": "b"}\n').issues[0]?.message).toContain('a comma follows the record')
  })
})
