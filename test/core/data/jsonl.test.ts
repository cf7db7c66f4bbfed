import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTable } from '../../../src/core/data/formats.ts'
import { joinJsonlParts, jsonlCuts, readJsonlPart } from '../../../src/core/data/jsonl.ts'
import { JsonScanner } from '../../../src/core/data/jsonScan.ts'
import { readAtOnce } from '../../../src/core/data/reading.ts'
import type { Source, Table } from '../../../src/core/data/table.ts'
import { applied, sourceOf } from './source.ts'

const parse = (text: string | Uint8Array): Table => parseTable(sourceOf('/d/train.jsonl', text))
const codes = (table: Table) => table.issues.map(issue => [issue.code, issue.row])

describe('rows', () => {
  test('one a line; blank lines are none, broken ones count', () => {
    const table = parse('{"a": 1}\n\n  \r\n{"a": \n{"a": 3, "b": null}')
    expect(table.rowCount).toBe(3)
    expect([0, 1, 2].map(row => table.text(row, 'a'))).toEqual(['1', undefined, '3'])
    expect([0, 1, 2].map(row => table.broken(row))).toEqual([false, true, false])
    expect(table.columns).toEqual(['a', 'b'])
    expect(table.text(2, 'b')).toBe('')
    expect(table.text(0, 'b')).toBeUndefined()
    expect(codes(table)).toEqual([['bad-json', 1]])
  })

  test.each(['\n', '\r\n', '\r'])('end with %j', end => {
    const table = parse(['{"a": "x"}', '{"a": "y"}', ''].join(end))
    expect(table.rowCount).toBe(2)
    expect(table.issues).toEqual([])
    expect(table.rowSpan(1)).toEqual({ start: 10 + end.length, end: 20 + end.length })
  })

  test('may be arrays or bare values, but all of one shape', () => {
    const arrays = parse('["hi", "greet"]\n["bye", "leave", 3]\n{"a": 1}')
    expect(arrays.columns).toEqual(['0', '1', '2'])
    expect(arrays.text(1, '1')).toBe('leave')
    expect(codes(arrays)).toEqual([['not-an-object', 2]])
    const values = parse('"one"\n"tw\\u006f"\n')
    expect(values.columns).toEqual(['text'])
    expect(values.text(1, 'text')).toBe('two')
    expect(applied(values, [values.setCell(0, 'text', '1"')])).toBe('"1\\""\n"tw\\u006f"\n')
  })
})

describe('parts of a file', () => {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.record({ text: fc.string(), n: fc.integer() }).map(row => JSON.stringify(row)) },
    {
      weight: 2,
      arbitrary: fc
        .dictionary(fc.string({ maxLength: 2 }), fc.string({ maxLength: 4 }))
        .map(row => JSON.stringify(row)),
    },
    fc.constantFrom('', '  ', '[1]', '"bare"', '{"a": 1, "a": 2}', '{"a"', '{"a": "\0"}', '\u2028', '{"a": "x"} \r'),
  )
  const bytesOf = fc
    .tuple(
      fc.array(line, { maxLength: 40 }),
      fc.constantFrom('\n', '\r\n'),
      fc.array(fc.nat({ max: 400 }), { maxLength: 2 }),
    )
    .map(([lines, end, bad]) => {
      const bytes = new TextEncoder().encode(lines.join(end))
      for (const at of bad) if (at < bytes.length) bytes[at] = 0xff
      return bytes
    })
  const facts = (table: Table | undefined) =>
    table && {
      columns: table.columns,
      rows: Array.from({ length: table.rowCount }, (_, row) => [
        table.rowSpan(row),
        table.broken(row),
        table.text(row, 'a'),
      ]),
      issues: table.issues,
    }

  test('say together what the whole says', () => {
    let joined = 0
    fc.assert(
      fc.property(bytesOf, fc.integer({ min: 1, max: 200 }), (bytes, size) => {
        const source = sourceOf('/d/train.jsonl', bytes)
        const cuts = jsonlCuts(bytes, size)
        if (!cuts) return
        const parts = cuts.slice(1).map((to, i) => readJsonlPart(bytes, { from: cuts[i]!, to })!)
        const table = readAtOnce(joinJsonlParts(source, parts))
        // Undefined where a part has rows of another shape than the first: then the whole is read.
        if (!table) {
          expect(new Set(parts.map(part => part.shape)).size).toBeGreaterThan(1)
          return
        }
        joined++
        expect(facts(table)).toEqual(facts(parse(bytes)))
      }),
      { numRuns: 300, seed: 5 },
    )
    expect(joined).toBeGreaterThan(100)
  })

  test('are no parts where lines end otherwise, or too much is wrong', () => {
    const bytes = (text: string) => new TextEncoder().encode(text)
    expect(jsonlCuts(bytes('{"a": 1}\r{"a": 2}\r'), 4)).toBeUndefined()
    expect(jsonlCuts(bytes('\0{\0"\0a\0"\0\n'.repeat(20)), 8)).toBeUndefined()
    const wrong = bytes('{\n'.repeat(1200))
    expect(readJsonlPart(wrong, { from: 0, to: wrong.length })).toBeUndefined()
  })
})

describe('cells', () => {
  test('span is the value inside its quotes', () => {
    const text = '{"é": "x", "text" : "a\\nb" , "n": -1.50}'
    const table = parse(text)
    const inside = (column: string) => {
      const { span } = table.cell(0, column)!
      return Buffer.from(text).subarray(span.start, span.end).toString()
    }
    expect(inside('text')).toBe('a\\nb')
    expect(table.cell(0, 'text')).toMatchObject({ value: 'a\nb', text: 'a\nb' })
    expect(inside('n')).toBe('-1.50')
    expect(table.cell(0, 'n')).toMatchObject({ value: -1.5, text: '-1.50' })
    expect(inside('é')).toBe('x')
  })

  test('keys with escapes, dotted paths, arrays by index, the last of equal keys', () => {
    const table = parse(
      '{"te\\u0078t": 1, "a": {"b": {"c": "deep"}, "d.e": 2}, "m": [{"role": "user"}], "a.x": 5, "t": 1, "t": 2}',
    )
    expect(table.text(0, 'text')).toBe('1')
    expect(table.text(0, 'a.b.c')).toBe('deep')
    expect(table.text(0, 'a.d.e')).toBe('2')
    expect(table.text(0, 'm.0.role')).toBe('user')
    expect(table.text(0, 'a.x')).toBe('5')
    expect(table.text(0, 't')).toBe('2')
    expect(table.text(0, 'a.nothing')).toBeUndefined()
    expect(table.text(0, 'text')).toBe('1')
    expect(table.text(0, 'a.b')).toBe('{"c":"deep"}')
    expect(codes(table)).toEqual([['duplicate-key', 0]])
  })
})

describe('issues', () => {
  test.each([
    ['{"a": "x}', 6, 'a string is not closed'],
    ['{"a": 1,}', 8, 'a comma before }'],
    ["{'a': 1}", 1, 'double quotes'],
    ['{"a": NaN}', 6, 'NaN and Infinity are not JSON'],
    ['{"a": True}', 6, 'lower case'],
    ['{"a": 1} {"a": 2}', 9, 'something follows'],
    ['{"a": "x\ty"}', 8, 'raw tab'],
    ['{"a": 01}', 6, 'must not start with 0'],
    ['{"a" 1}', 5, 'expected :'],
    ['{"a": [1, 2}', 11, 'expected , or ]'],
    ['{"a": "\\x"}', 7, 'no such escape: \\x'],
  ])('%s', (line, at, why) => {
    const table = parse(`{"a": 0}\n${line}\n`)
    expect(table.issues).toHaveLength(1)
    expect(table.issues[0]).toMatchObject({ code: 'bad-json', row: 1, span: { start: 9 + at } })
    expect(table.issues[0]?.message).toContain(why)
  })

  test('an empty file, blank lines only, a binary file', () => {
    expect(codes(parse(''))).toEqual([['empty-file', undefined]])
    expect(codes(parse('\n\n'))).toEqual([['empty-file', undefined]])
    const wide = parse(Buffer.from('{"a": 1}\n{"a": 2}\n', 'utf16le'))
    expect(codes(wide)).toEqual([['nul-byte', undefined]])
    expect(wide.issues[0]?.message).toContain('UTF-16')
  })

  test('a NUL byte and bytes that are not UTF-8', () => {
    const table = parse(
      Buffer.concat([
        Buffer.from('{"a": "x"}\n{"a": "'),
        Buffer.from([0xe9, 0x20, 0xff]),
        Buffer.from('"}\n{"a": "\0"}'),
      ]),
    )
    expect(codes(table)).toEqual([
      ['bad-utf8', 1],
      ['bad-json', 2],
      ['nul-byte', 2],
    ])
    expect(table.text(1, 'a')).toBe('\ufffd \ufffd')
  })

  test('values nested too deep are reported, not read; what is nested less is', () => {
    const nested = (depth: number) => `{"a": ${'['.repeat(depth)}${']'.repeat(depth)}}`
    const table = parse(`{"a": 1}\n${nested(100_000)}\n${nested(900)}\n`)
    expect(codes(table)).toEqual([['bad-json', 1]])
    expect(table.issues[0]!.message).toContain('nested more than 1000 deep')
    expect(table.text(2, 'a')).toBe(nested(900).slice(6, -1))
  })

  test('a line of 50 MB is reported, not read; its neighbours are', () => {
    const table = parse(`{"a": "x"}\n{"a": "${'y'.repeat(50e6)}"}\n{"a": "z"}\n`)
    expect(codes(table)).toEqual([['too-long', 1]])
    expect(table.issues[0]?.message).toContain('50.0 MB')
    expect([0, 1, 2].map(row => table.text(row, 'a'))).toEqual(['x', undefined, 'z'])
  })

  test('a million broken lines make a thousand issues and one that counts the rest', () => {
    const table = parse('{"a"\n'.repeat(100_000))
    expect(table.rowCount).toBe(100_000)
    expect(table.issues).toHaveLength(1001)
    expect(table.issues.at(-1)?.message).toContain('99000 more')
  })
})

describe('edits', () => {
  const three = '{"a": "x"}\n{"a": "y"}\n{"a": "z"}'
  test.each([
    [three, [0], '{"a": "y"}\n{"a": "z"}'],
    [three, [1], '{"a": "x"}\n{"a": "z"}'],
    [three, [2], '{"a": "x"}\n{"a": "y"}'],
    [three, [1, 2], '{"a": "x"}'],
    [three, [0, 1, 2], ''],
    [`${three}\n`, [2], '{"a": "x"}\n{"a": "y"}\n'],
    [`${three}\n`, [0, 1, 2], ''],
    [three.replaceAll('\n', '\r\n'), [2], '{"a": "x"}\r\n{"a": "y"}'],
    [three.replaceAll('\n', '\r\n'), [0, 2], '{"a": "y"}'],
    ['\n{"a": 1}\n\n{"a": 2}\n', [0], '\n\n{"a": 2}\n'],
  ])('%j without rows %j', (text, rows, want) => {
    const table = parse(text)
    expect(applied(table, table.removeRows(rows))).toBe(want)
    if (rows.length === 1) expect(applied(table, [table.removeRow(rows[0]!)])).toBe(want)
  })

  test.each([
    ['{"a": "x"}', 'é"\n', '{"a": "é\\"\\n"}'],
    ['{"a": "\\u00e9"}', 'né', '{"a": "n\\u00e9"}'],
    ['{"a": "\\u00E9\\u00EA"}', 'nê😀', '{"a": "n\\u00EA\\uD83D\\uDE00"}'],
    ['{"a": "http:\\/\\/x"}', 'a/b', '{"a": "a\\/b"}'],
    ['{"a": "x", "b": "\\u00e9"}', 'ü', '{"a": "\\u00fc", "b": "\\u00e9"}'],
    ['{"a": "x", "b": "é"}', 'ü', '{"a": "ü", "b": "é"}'],
    ['{"a": 1}', '2', '{"a": 2}'],
    ['{"a": 1}', 'two', '{"a": "two"}'],
    ['{"a": true}', 'false', '{"a": false}'],
    ['{"a": null}', 'x', '{"a": "x"}'],
    ['{"a": "x"}', '\ud800', '{"a": "\\ud800"}'],
  ])('%s set to %j', (text, value, want) => {
    const table = parse(text)
    expect(applied(table, [table.setCell(0, 'a', value)])).toBe(want)
  })

  test.each([
    ['{"a": "x"}', '{"a": "x", "new": "v"}'],
    ['{"a":"x"}', '{"a":"x","new":"v"}'],
    ['{"a":"x", "b":"y" }', '{"a":"x", "b":"y", "new":"v" }'],
    ['{}', '{"new": "v"}'],
  ])('%s gets a key it lacks', (text, want) => {
    const table = parse(text)
    expect(applied(table, [table.setCell(0, 'new', 'v')])).toBe(want)
  })
})

describe('properties', () => {
  const record = fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 2 }), { minKeys: 0, maxKeys: 5 })
  const layout = fc.tuple(
    fc.array(record, { minLength: 1, maxLength: 8 }),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
    fc.boolean(),
  )
  const print = ([records, end, last, ascii]: typeof layout extends fc.Arbitrary<infer T> ? T : never): string => {
    const lines = records.map(r => JSON.stringify(r))
    const text = lines.join(end) + (last ? end : '')
    return ascii ? text.replace(/[^\0-\x7f]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) : text
  }

  test('every cell reads as JSON.parse reads it', () => {
    fc.assert(
      fc.property(layout, value => {
        const text = print(value)
        const table = parse(text)
        const lines = text.split(/\r?\n/).filter(line => line !== '')
        expect(table.rowCount).toBe(lines.length)
        for (const [row, line] of lines.entries()) {
          const want = JSON.parse(new TextDecoder().decode(new TextEncoder().encode(line)))
          for (const key of Object.keys(want)) expect(table.cell(row, key)?.value).toEqual(want[key])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('setting a cell changes that cell alone, and every byte outside its span stays', () => {
    fc.assert(
      fc.property(layout, fc.nat(), fc.string({ unit: 'binary' }), (value, seed, wanted) => {
        const before = parse(print(value))
        const row = seed % before.rowCount
        const columns = before.columns.filter(column => before.cell(row, column))
        if (!columns.length) return
        const column = columns[seed % columns.length]!
        const edit = before.setCell(row, column, wanted)
        const text = applied(before, [edit])
        const after = parse(text)
        expect(after.rowCount).toBe(before.rowCount)
        expect(after.issues).toEqual(before.issues)
        const same = typeof before.cell(row, column)!.value !== 'string'
        if (!same) expect(after.text(row, column)).toBe(wanted)
        for (let r = 0; r < before.rowCount; r++)
          for (const c of before.columns)
            if (r !== row || c !== column) expect(after.cell(r, c)?.value).toEqual(before.cell(r, c)?.value)
      }),
      { numRuns: 500 },
    )
  })

  test('removing rows leaves the others as they are, byte for byte', () => {
    fc.assert(
      fc.property(layout, fc.infiniteStream(fc.boolean()), (value, stream) => {
        const table = parse(print(value))
        const rows = [...Array(table.rowCount).keys()].filter(() => stream.next().value)
        const lines = (t: Table) =>
          [...Array(t.rowCount).keys()].map(r =>
            Buffer.from(t.source.bytes.subarray(t.rowSpan(r).start, t.rowSpan(r).end)).toString(),
          )
        const after = applied(table, table.removeRows(rows))
        const kept = lines(table).filter((_, r) => !rows.includes(r))
        expect(lines(parse(after))).toEqual(kept)
        expect(after.split(/\r?\n/).filter(line => line === '').length).toBeLessThanOrEqual(1)
        if (!print(value).endsWith('\n')) expect(after.endsWith('\n')).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  test('the scanner accepts what JSON.parse accepts', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00e9',
      '1',
      '-',
      '0.5',
      'e3',
      'true',
      'null',
      ' ',
      '\n',
      'é',
      '\u0001',
    ]
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fc.constantFrom(...pieces)).map(list => list.join('')),
          fc.json().map(mutilate),
        ),
        text => {
          const bytes = new TextEncoder().encode(text)
          expect([text, new JsonScanner(bytes).only(0, bytes.length) === 0]).toEqual([text, parses(text)])
        },
      ),
      { numRuns: 5000 },
    )
  })
})

/** JSON with one character lost, so that it is mostly almost JSON. */
function mutilate(text: string): string {
  const at = Math.floor(text.length / 2)
  return text.length % 3 === 0 ? text : text.slice(0, at) + text.slice(at + 1)
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const suite = new URL('../../../../shared/data/torture/json/test_parsing', import.meta.url).pathname
describe.skipIf(!existsSync(suite))('JSONTestSuite (needs ../shared/data)', () => {
  test.each(existsSync(suite) ? readdirSync(suite).filter(name => name.endsWith('.json')) : [])('%s', name => {
    const bytes = readFileSync(`${suite}/${name}`)
    const accepted = new JsonScanner(bytes).only(0, bytes.length) === 0
    if (name.startsWith('y_')) expect(accepted).toBe(true)
    if (name.startsWith('n_')) expect(accepted).toBe(false)
    // As one line of JSONL: never a crash, and what is wrong is said.
    const line = Buffer.from(bytes.filter(byte => byte !== 10 && byte !== 13))
    const source: Source = sourceOf('/d/x.jsonl', line)
    const table = parseTable(source)
    if (name.startsWith('n_') && !accepted && table.rowCount > 0 && new JsonScanner(line).only(0, line.length) < 0)
      expect(table.issues.length).toBeGreaterThan(0)
    for (let row = 0; row < table.rowCount; row++) for (const column of table.columns) table.cell(row, column)
  })
})
