import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parse as parseOracle } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DatasetFiles } from '../../../src/core/data/dataset.ts'
import { parseTable } from '../../../src/core/data/formats.ts'
import type { Table } from '../../../src/core/data/table.ts'
import { applied, sourceOf } from './source.ts'

const parse = (text: string | Uint8Array, format: DatasetFiles['format'] = {}): Table =>
  parseTable(sourceOf('/d/train.csv', text), format)
const codes = (table: Table) => table.issues.map(issue => [issue.code, issue.row])
const column = (table: Table, name: string) => [...Array(table.rowCount).keys()].map(row => table.text(row, name))
const cells = (table: Table) =>
  [...Array(table.rowCount).keys()].map(row => table.columns.map(name => table.text(row, name)))

describe('records', () => {
  test('quoted line breaks, doubled quotes, delimiters, CRLF and spans inside the quotes', () => {
    const text = 'text,label\r\n"a, ""b""\r\nc",x\r\n\r\nplain,"y"\r\n'
    const table = parse(text)
    expect(table.issues).toEqual([])
    expect(cells(table)).toEqual([
      ['a, "b"\r\nc', 'x'],
      ['plain', 'y'],
    ])
    const inside = (row: number, name: string) => {
      const { span } = table.cell(row, name)!
      return Buffer.from(text).subarray(span.start, span.end).toString()
    }
    expect(inside(0, 'text')).toBe('a, ""b""\r\nc')
    expect(inside(1, 'label')).toBe('y')
    expect(table.rowSpan(1)).toEqual({ start: 31, end: 40 })
  })

  test.each(['\n', '\r\n', '\r'])('end with %j', end => {
    const table = parse(['text,label', 'a,x', '', 'b,y'].join(end))
    expect(column(table, 'label')).toEqual(['x', 'y'])
    expect(table.issues).toEqual([])
  })

  test('cells that are empty, quoted empty, spaces', () => {
    expect(cells(parse('text,label\n,\n"",""\n " , x\n'))).toEqual([
      ['', ''],
      ['', ''],
      [' " ', ' x'],
    ])
  })
})

describe('what is detected', () => {
  test.each([
    ['text;label\na,b;x\nc,d;y\n', ['text', 'label']],
    ['text\tlabel\na, b\tx\nc\ty\n', ['text', 'label']],
    ['text|label\na|x\n', ['text', 'label']],
    ['text\nhello, you\nno comma\n', ['text']],
    ['text,label\n"a;b;c",x\n"d;e;f",y\n', ['text', 'label']],
  ])('delimiter of %j', (text, columns) => {
    expect(parse(text).columns).toEqual(columns)
  })

  test.each([
    ['text,label\na,x\n', true],
    ['utterance,foo\na,x\n', true],
    ['how do I pay,greet\nhello there,greet\nbye,leave\n', false],
    ['0,good film\n1,bad film\n', false],
    ['foo,bar\n1,2\n', true],
    ['"a sentence of some words, surely","x"\nb,x\n', false],
    ['a,a\nb,c\n', false],
  ])('header of %j: %j', (text, header) => {
    const table = parse(text)
    expect(table.columns[0] === 'column1').toBe(!header)
    expect(table.issues.some(issue => issue.code === 'no-header')).toBe(!header)
  })

  test('nothing that was given', () => {
    const table = parse('text,label\na,x\n', { header: false })
    expect(table.columns).toEqual(['column1', 'column2'])
    expect(table.rowCount).toBe(2)
    expect(table.issues).toEqual([])
    expect(parse("text;label\n'a;b';x\n", { delimiter: ';', quote: "'" }).text(0, 'text')).toBe('a;b')
    expect(parse('text,label\n"a,x\n', { quote: '' }).text(0, 'text')).toBe('"a')
  })

  test('quotes in TSV are characters unless they all close', () => {
    const tsv = (text: string) => parseTable(sourceOf('/d/train.tsv', text))
    const literal = tsv('text\tlabel\n"Why" he said\tx\n12" disk\ty\n"open\tz\n')
    expect(column(literal, 'text')).toEqual(['"Why" he said', '12" disk', '"open'])
    expect(literal.issues).toEqual([])
    expect(column(tsv('text\tlabel\n"a\tb"\tx\n"c ""d"""\ty\n'), 'text')).toEqual(['a\tb', 'c "d"'])
    // Commas in a file of that name are text, unless no tab is there and they cut the header into usual names.
    expect(tsv('text,label\n"a, b",x\nc,y\n').columns).toEqual(['text', 'label'])
    expect(tsv('text, more or less\na, b\nc, d\n').columns).toHaveLength(1)
    expect(tsv('text,label\na\tb\n').columns).not.toContain('label')
  })

  test('repeated and empty column names', () => {
    const table = parse('text,,text,label\na,b,c,d\n')
    expect(table.columns).toEqual(['text', 'column2', 'text_2', 'label'])
    expect(codes(table)).toEqual([['duplicate-key', undefined]])
  })
})

describe('issues', () => {
  test('an unclosed quote breaks its own line only', () => {
    const table = parse('text,label\na,x\n"b,y\nc,z\nd,w\n')
    expect(codes(table)).toEqual([['unclosed-quote', 1]])
    expect(table.issues[0]?.span.start).toBe(15)
    expect(column(table, 'text')).toEqual(['a', undefined, 'c', 'd'])
    expect(table.rowSpan(1)).toEqual({ start: 15, end: 19 })
  })

  test('an unclosed quote before rows with quotes is found at the first of them', () => {
    const table = parse('text,label\n"a,x\n"b, c",y\n"d ""e""\nf",z\ng,"w"\n')
    expect(codes(table)).toEqual([['unclosed-quote', 0]])
    expect(column(table, 'text')).toEqual([undefined, 'b, c', 'd "e"\nf', 'g'])
  })

  test('text behind a closing quote, a quote inside a bare field, a wrong number of fields', () => {
    const table = parse('text,label\n"a"b,x\nc "d" e,y\nf\ng,h,i\nj,k\n')
    expect(codes(table)).toEqual([
      ['stray-quote', 0],
      ['stray-quote', 1],
      ['field-count', 2],
      ['field-count', 3],
    ])
    expect(column(table, 'text')).toEqual([undefined, 'c "d" e', undefined, undefined, 'j'])
    expect(table.issues[3]?.message).toBe('The row has 3 fields, the header 2')
  })

  test('quotes with backslashes are named for what they are', () => {
    const table = parse('text,label\n"a \\"b\\" c",x\n')
    expect(table.issues[0]?.message).toContain('A quote is written as \\"')
  })

  test('a truncated file', () => {
    const table = parse('text,label\n"a ""quoted"" text",x\n"b is cut he')
    expect(codes(table)).toEqual([['unclosed-quote', 1]])
    expect(table.rowCount).toBe(2)
  })

  test('an empty file, a header alone, NUL bytes, bytes that are not UTF-8', () => {
    expect(codes(parse(''))).toEqual([['empty-file', undefined]])
    expect(codes(parse('text,label\n'))).toEqual([['empty-file', undefined]])
    const table = parse(Buffer.concat([Buffer.from('text,label\na\0b,x\n'), Buffer.from([0xe9]), Buffer.from(',y\n')]))
    expect(codes(table)).toEqual([
      ['nul-byte', 0],
      ['bad-utf8', 1],
    ])
    expect(column(table, 'text')).toEqual(['a\0b', '\ufffd'])
    expect(codes(parse(Buffer.from('text,label\na,b\n', 'utf16le')))).toEqual([['nul-byte', undefined]])
  })

  test('a line of 50 MB is reported, not read; its neighbours are', () => {
    const long = 'y'.repeat(50e6)
    const enough = 'y'.repeat(17e6)
    for (const [line, code] of [
      [long, 'too-long'],
      [`"${enough}"`, 'too-long'],
      [`"${enough}`, 'unclosed-quote'],
    ] as const) {
      const table = parse(`text,label\na,x\n${line},z\nb,y\n`)
      expect(codes(table)).toEqual([[code, 1]])
      expect(column(table, 'text')).toEqual(['a', undefined, 'b'])
    }
  })
})

describe('edits', () => {
  const text = 'text,label\na,x\n"b",y\nc,z'
  test.each([
    [text, [0], 'text,label\n"b",y\nc,z'],
    [text, [2], 'text,label\na,x\n"b",y'],
    [text, [1, 2], 'text,label\na,x'],
    [text, [0, 1, 2], 'text,label'],
    [`${text}\n`, [0, 1, 2], 'text,label\n'],
    ['text,label\r\n"a\r\nb",x\r\nc,y', [0], 'text,label\r\nc,y'],
    ['text,label\r\n"a\r\nb",x\r\nc,y', [1], 'text,label\r\n"a\r\nb",x'],
  ])('%j without rows %j', (source, rows, want) => {
    const table = parse(source)
    expect(applied(table, table.removeRows(rows))).toBe(want)
    if (rows.length === 1) expect(applied(table, [table.removeRow(rows[0]!)])).toBe(want)
  })

  test.each([
    ['a,x', 'b', 'b,x'],
    ['a,x', 'b, c', '"b, c",x'],
    ['a,x', 'b\nc', '"b\nc",x'],
    ['a,x', 'say "b"', '"say ""b""",x'],
    ['"a",x', 'b', '"b",x'],
    ['"a ""q""",x', 'b "r"', '"b ""r""",x'],
    ['a,x', '', ',x'],
  ])('%s set to %j', (row, value, want) => {
    const table = parse(`text,label\n${row}\n`)
    expect(applied(table, [table.setCell(0, 'text', value)])).toBe(`text,label\n${want}\n`)
  })

  test('an empty value in a file of one column stays a row', () => {
    const table = parse('text\na\nb\n')
    const after = parse(applied(table, [table.setCell(0, 'text', '')]))
    expect(column(after, 'text')).toEqual(['', 'b'])
  })

  test('a value that a file without quoting cannot hold is refused', () => {
    const table = parseTable(sourceOf('/d/x.tsv', 'text\tlabel\n"open\tx\n'))
    expect(() => table.setCell(0, 'text', 'a\tb')).toThrow('has no quoting')
    expect(applied(table, [table.setCell(0, 'text', 'a "b"')])).toBe('text\tlabel\na "b"\tx\n')
  })
})

describe('properties', () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'b', ' ', ',', '"', '\n', '\r', '\r\n', 'é', '😀', ';', "'"),
    maxLength: 8,
  })
  const shape = fc
    .integer({ min: 2, max: 4 })
    .chain(width => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }))
  const layout = fc.record({ rows: shape, end: fc.constantFrom('\n', '\r\n'), last: fc.boolean(), all: fc.boolean() })
  type Layout = typeof layout extends fc.Arbitrary<infer T> ? T : never
  const quoted = (text: string, all: boolean) =>
    all || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  const print = ({ rows, end, last, all }: Layout): string => {
    const header = rows[0]!.map((_, c) => `col${c}`)
    return [header, ...rows].map(row => row.map(text => quoted(text, all)).join(',')).join(end) + (last ? end : '')
  }
  const open = (text: string) => parse(text, { header: true, delimiter: ',' })

  test('what was printed is read', () => {
    fc.assert(
      fc.property(layout, value => {
        const table = open(print(value))
        expect(table.issues).toEqual([])
        expect(cells(table)).toEqual(value.rows)
      }),
      { numRuns: 1000 },
    )
  })

  test('soup: no throw, rows in order, and csv-parse agrees wherever it accepts', () => {
    const soup = fc.string({
      unit: fc.constantFrom('a', 'b', ',', '"', '""', '",', '\n"', '\n', '\r\n'),
      maxLength: 40,
    })
    let agreed = 0
    fc.assert(
      fc.property(soup, body => {
        const text = `col0,col1\n${body}`
        const table = open(text)
        for (let row = 0; row < table.rowCount; row++) {
          const { start, end } = table.rowSpan(row)
          expect(start).toBeLessThan(end)
          if (row > 0) expect(table.rowSpan(row - 1).end).toBeLessThan(start)
        }
        // Every byte that is no line break belongs to a record: nothing is swallowed.
        const spans = [...Array(table.rowCount).keys()].map(row => table.rowSpan(row))
        const outside = Buffer.from(text).filter(
          (_, i) => i >= 10 && !spans.some(span => i >= span.start && i < span.end),
        )
        expect(outside.every(byte => byte === 10 || byte === 13)).toBe(true)
        const want = oracle(text)
        if (!want) return
        agreed++
        // A bare quote is an error to csv-parse too, so what it accepts has no issue here.
        expect([text, table.issues]).toEqual([text, table.rowCount ? [] : [expect.anything()]])
        expect(cells(table)).toEqual(want.slice(1))
      }),
      { numRuns: 5000 },
    )
    expect(agreed).toBeGreaterThan(50)
  })

  const oracle = (text: string): string[][] | undefined => {
    try {
      return parseOracle(text, { record_delimiter: ['\r\n', '\n', '\r'], skip_empty_lines: true }) as string[][]
    } catch {
      return undefined
    }
  }

  test('setting a cell changes that cell alone', () => {
    fc.assert(
      fc.property(layout, fc.nat(), cell, (value, seed, wanted) => {
        const before = open(print(value))
        const row = seed % before.rowCount
        const c = seed % before.columns.length
        const after = open(applied(before, [before.setCell(row, before.columns[c]!, wanted)]))
        const want = value.rows.map((r, i) => r.map((text, j) => (i === row && j === c ? wanted : text)))
        expect(after.issues).toEqual([])
        expect(cells(after)).toEqual(want)
      }),
      { numRuns: 1000 },
    )
  })

  test('removing rows leaves the others as they are, byte for byte', () => {
    fc.assert(
      fc.property(layout, fc.infiniteStream(fc.boolean()), (value, stream) => {
        const before = print(value)
        const table = open(before)
        const rows = [...value.rows.keys()].filter(() => stream.next().value)
        const kept = value.rows.filter((_, r) => !rows.includes(r))
        const after = applied(table, table.removeRows(rows))
        expect(after).toBe(
          kept.length === value.rows.length
            ? before
            : print({ ...value, rows: [value.rows[0]!, ...kept] }).replace(first(value), ''),
        )
        expect(cells(open(after))).toEqual(kept)
      }),
      { numRuns: 1000 },
    )
  })

  /** The terminator and text of the first row, as `print` puts it after the header (the header needs a row to know its width). */
  const first = (value: Layout): string => {
    const row = value.rows[0]!.map(text => quoted(text, value.all)).join(',')
    return value.end + row
  }
})

const torture = new URL('../../../../shared/data/torture/csv', import.meta.url).pathname
const list = (folder: string) => (existsSync(`${torture}/${folder}`) ? readdirSync(`${torture}/${folder}`) : [])
describe.skipIf(!existsSync(torture))('CSV collections (need ../shared/data)', () => {
  test.each(list('csv-spectrum/csvs'))('csv-spectrum %s', name => {
    const table = parse(readFileSync(`${torture}/csv-spectrum/csvs/${name}`), { header: true })
    // Its repository keeps the CRLF file with LF, and one record without its telephone number and outside a list.
    const json = readFileSync(`${torture}/csv-spectrum/json/${name.replace('.csv', '.json')}`, 'utf8')
    const want = [JSON.parse(json.replaceAll('\\r\\n', '\\n'))].flat()
    const got = cells(table).map(row => Object.fromEntries(row.map((text, c) => [table.columns[c], text])))
    if (name === 'location_coordinates.csv') want[0]['Contact Phone Number'] = got[0]?.['Contact Phone Number']
    expect(got).toEqual(want)
    const bare = table.issues.filter(issue => issue.code === 'stray-quote').length
    expect([table.issues.length, bare]).toEqual(name === 'location_coordinates.csv' ? [1, 1] : [0, 0])
  })

  test.each(list('csv-test-data/csv').filter(name => !name.startsWith('bad')))('csv-test-data %s', name => {
    const want = JSON.parse(readFileSync(`${torture}/csv-test-data/json/${name.replace('.csv', '.json')}`, 'utf8'))
    const objects = want.length === 0 || !Array.isArray(want[0])
    const table = parse(readFileSync(`${torture}/csv-test-data/csv/${name}`), { header: objects })
    // A blank line is no row here; the collection reads it as a row of one empty cell.
    const rows = (want as (string[] | Record<string, string>)[])
      .map(row => (Array.isArray(row) ? row : Object.values(row)))
      .filter(row => row.length > 1 || row[0] !== '')
    expect(cells(table)).toEqual(rows)
  })

  test.each(list('csv-test-data/csv').filter(name => name.startsWith('bad')))('csv-test-data %s has an issue', name => {
    const table = parse(readFileSync(`${torture}/csv-test-data/csv/${name}`), { header: true })
    if (name === 'bad-header-wrong-header.csv') return // Well formed; only its author knows that the names are wrong.
    expect(table.issues.length).toBeGreaterThan(0)
  })

  test.each(list('rainbow-csv'))('rainbow-csv %s is read without a throw', name => {
    const table = parse(readFileSync(`${torture}/rainbow-csv/${name}`))
    for (let row = 0; row < table.rowCount; row++) for (const c of table.columns) table.cell(row, c)
    expect(table.rowCount).toBeGreaterThan(0)
  })
})
