import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Finding } from '../../../src/core/check/finding.ts'
import { parseJsonl } from '../../../src/core/data/jsonl.ts'
import {
  CategoryColumn,
  ColumnBuilder,
  type ColumnValues,
  chunkRows,
  decimalsOf,
  TextColumn,
} from '../../../src/core/view/rowsColumn.ts'
import { filterRows } from '../../../src/core/view/rowsFilter.ts'
import { columnsOf, findingsByRow, findingsOf, readColumns, segmentsOf } from '../../../src/core/view/rowsModel.ts'
import type { RowsClause } from '../../../src/core/view/rowsProtocol.ts'
import { markMatches, patternOf } from '../../../src/core/view/rowsSearch.ts'
import { sortRows } from '../../../src/core/view/rowsSort.ts'
import { findingSummary, rowSummary, summaryOf, totalsOf } from '../../../src/core/view/rowsSummary.ts'
import { clusterOf, likeness, neighboursOf } from '../../../src/core/view/rowsTwins.ts'

const finish = <T>(work: Generator<unknown, T, void>): T => {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
const columnOf = (texts: readonly string[], isLabel = false): ColumnValues => {
  const builder = new ColumnBuilder(texts.length, { isLabel })
  for (const text of texts) builder.add(text)
  return builder.done()
}
/** A column of texts whatever they are. */
const textsOf = (texts: readonly string[]): TextColumn => {
  const own = new TextColumn(texts.length, [], new Uint32Array(texts.length))
  for (let from = 0; from < texts.length; from += chunkRows) {
    let length = 0
    const part = texts.slice(from, from + chunkRows)
    for (const [i, text] of part.entries()) {
      own.starts[from + i] = length
      length += text.length + 1
    }
    own.chunks.push(part.map(text => `${text}\n`).join(''))
  }
  return own
}
const words = fc.array(
  fc.constantFrom('top up', 'Card', 'card', 'a', '', 'é', 'Ünï', 'x\ny', '𝒳 1', 'ab', 'abcdefgh', 'ABCDefgi'),
  {
    maxLength: 4,
  },
)
const textLists = fc.array(
  words.map(list => list.join(' ')),
  { minLength: 1, maxLength: 80 },
)

test('what a column holds is told by all of its texts', () => {
  expect(columnOf(['1', '2.5', '', '-3e2']).kind).toBe('number')
  expect(columnOf(['1', '2.5', 'x', '4']).kind).not.toBe('number')
  expect(columnOf(Array.from({ length: 40 }, (_, i) => ['red', 'green'][i % 2]!)).kind).toBe('category')
  expect(columnOf(Array.from({ length: 40 }, (_, i) => `text ${i}`)).kind).toBe('text')
  expect(columnOf(['1', '2', '3'], true).kind).toBe('category')
})

test('texts come back from a column, also from its later chunks, and after changes', () => {
  const texts = Array.from(
    { length: 2 * chunkRows + 7 },
    (_, i) => `row ${i}${i % 3 === 0 ? '\nwith a second line' : ''}`,
  )
  const column = columnOf(texts)
  for (const row of [0, 1, chunkRows - 1, chunkRows, 2 * chunkRows + 6]) expect(column.text(row)).toBe(texts[row])
  for (const row of [0, chunkRows - 1, chunkRows + 5, texts.length - 1]) {
    texts[row] = `changed ${'x'.repeat(row % 11)}`
    column.set(row, texts[row]!)
  }
  for (let row = 0; row < texts.length; row++) expect(column.text(row)).toBe(texts[row])
})

test('a search over many rows at once finds what a search in each row finds', () => {
  const patterns = fc.constantFrom(
    'a',
    'card',
    '^c',
    'p$',
    'a.*b',
    'a*',
    '[ab]+c',
    '\\s',
    '[^a]b',
    '(top|x)',
    'é',
    '\\bup\\b',
    '.',
    '$',
    'd\\s*a',
  )
  fc.assert(
    fc.property(textLists, patterns, fc.boolean(), fc.boolean(), (texts, value, regex, matchCase) => {
      const pattern = patternOf({ value, regex, matchCase })
      if ('problem' in pattern) throw new Error(pattern.problem)
      const marks = new Uint8Array(texts.length)
      finish(markMatches(textsOf(texts), pattern, marks))
      const expected = texts.map(text => {
        const escaped = regex ? value : value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
        return new RegExp(escaped, matchCase ? 'm' : 'im').test(text) ? 1 : 0
      })
      expect([...marks]).toEqual(expected)
    }),
    { numRuns: 400 },
  )
})

test('sorting is that of a stable sort with folded letters, in both directions, empty texts last', () => {
  const fold = (text: string) => text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
  fc.assert(
    fc.property(textLists, fc.boolean(), (texts, down) => {
      const many = [...texts, ...texts, ...texts]
      const rows = Uint32Array.from(many, (_, i) => i)
      const filled = [...rows].filter(row => many[row] !== '')
      const order = (a: number, b: number) => {
        const [x, y] = [fold(many[a]!), fold(many[b]!)]
        return x < y ? -1 : x > y ? 1 : 0
      }
      const expected = [
        ...filled.sort((a, b) => (down ? -order(a, b) : order(a, b))),
        ...[...rows].filter(row => many[row] === ''),
      ]
      expect([...sortRows(textsOf(many), rows, down)]).toEqual(expected)
      expect([...sortRows(columnOf(many, true), rows, down)]).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('long texts that begin alike are sorted by what follows', () => {
  const texts = Array.from({ length: 600 }, (_, i) => `How do I get ${(i * 7919) % 600} of them`)
  const order = sortRows(
    textsOf(texts),
    Uint32Array.from(texts, (_, i) => i),
    false,
  )
  expect(Array.from(order, row => texts[row])).toEqual([...texts].sort())
})

test('numbers are sorted by size, rows without one last', () => {
  const texts = ['3', '-1', '', '2.5', '-1', '0', '-0', '1e3', '-2e-3']
  const rows = Uint32Array.from(texts, (_, i) => i)
  const column = columnOf(texts)
  expect([...sortRows(column, rows, false)]).toEqual([1, 4, 8, 5, 6, 3, 0, 7, 2])
  expect([...sortRows(column, rows, true)]).toEqual([7, 0, 3, 5, 6, 8, 1, 4, 2])
})

const source = (text: string, uri = '/d/train.jsonl') => ({
  uri,
  version: 0,
  bytes: new TextEncoder().encode(text),
  encoding: 'utf-8' as const,
  bom: false,
})
const table = parseJsonl(
  source(
    [
      ['top up my card', 'top', 1],
      ['top-up my card', 'top', 2],
      ['where is my card', 'card', 3],
      ['Top up again', 'card', 40],
    ]
      .map(([text, label, score]) => JSON.stringify({ text, label, score }))
      .join('\n'),
  ),
)
const finding = (row: number, rule: string, related: readonly number[] = []): Finding => ({
  rule,
  severity: 'warning',
  uri: '/d/train.jsonl',
  row,
  span: { start: 0, end: 0 },
  message: `${rule} of row ${row}`,
  related: related.map(other => ({ uri: '/d/train.jsonl', row: other, span: { start: 0, end: 0 }, message: '' })),
  fixes: [],
  key: `${rule}${row}`,
})
const segments = segmentsOf([
  { path: '/d/train.jsonl', split: 'train', table },
  {
    path: '/d/test.jsonl',
    split: 'test',
    table: parseJsonl(source('{"text":"a test","label":"card","score":7}', '/d/test.jsonl')),
  },
])
const found = [finding(1, 'near-duplicate', [0]), finding(3, 'near-duplicate', [0]), finding(3, 'label-conflict')]
const columns = columnsOf(segments, { text: 'text', label: 'label' }, { hasFindings: true })
const values = finish(readColumns(segments, columns))
const findings = findingsByRow(segments, found)
const passing = (...clauses: RowsClause[]) => finish(filterRows({ rows: 5, columns: values, findings }, clauses))

test('columns are those of the files, with row, split and findings', () => {
  expect(columns.map(({ id, kind, role }) => [id, kind, role])).toEqual([
    ['row', 'row', undefined],
    ['split', 'category', undefined],
    ['column:text', 'text', 'text'],
    ['column:label', 'category', 'label'],
    ['column:score', 'number', undefined],
    ['findings', 'findings', undefined],
  ])
})

test('every condition must be met; the one to blame is told where none is left', () => {
  const text: RowsClause = { kind: 'text', value: 'top.?up', regex: true, matchCase: false }
  expect([...passing(text).rows]).toEqual([0, 1, 3])
  expect([...passing({ ...text, matchCase: true }).rows]).toEqual([0, 1])
  expect([
    ...passing({ kind: 'text', value: 'CARD', regex: false, matchCase: false, column: 'column:label' }).rows,
  ]).toEqual([2, 3, 4])
  expect([...passing({ kind: 'values', column: 'split', values: ['test'] }).rows]).toEqual([4])
  expect([...passing({ kind: 'range', column: 'column:score', min: 2, max: 7 }).rows]).toEqual([1, 2, 4])
  expect([...passing({ kind: 'rules', rules: [] }).rows]).toEqual([1, 3])
  expect([...passing({ kind: 'rules', rules: ['label-conflict'] }).rows]).toEqual([3])
  const none = passing(text, { kind: 'rules', rules: ['secret'] })
  expect([...none.rows]).toEqual([])
  expect(none.blame).toEqual([
    { alone: 3, without: 0 },
    { alone: 0, without: 3 },
  ])
  const bad = passing({ ...text, value: 'top(' })
  expect(bad.badPattern).toMatch(/group/i)
  expect(bad.rows).toHaveLength(5)
})

test('findings are with their rows, and counted by rule', () => {
  expect(findingsOf(findings, 3).map(({ rule }) => rule)).toEqual(['near-duplicate', 'label-conflict'])
  expect(findingSummary(findings, Uint32Array.of(1, 2))).toMatchObject({
    values: ['near-duplicate', 'label-conflict'],
    all: [2, 1],
    shown: [1, 0],
    missing: 3,
  })
})

test('bars add up to the rows, all of them and those that pass', () => {
  const some = Uint32Array.of(0, 3)
  for (const id of ['column:score', 'column:text']) {
    const summary = summaryOf(totalsOf(id, values.get(id)!, 5), some)
    expect(summary.all.reduce((a, b) => a + b)).toBe(5)
    expect(summary.shown.reduce((a, b) => a + b)).toBe(2)
  }
  expect(summaryOf(totalsOf('column:score', values.get('column:score')!, 5), some)).toMatchObject({
    least: 1,
    most: 40,
  })
  expect(values.get('column:label')).toBeInstanceOf(CategoryColumn)
  expect(summaryOf(totalsOf('column:label', values.get('column:label')!, 5), some)).toMatchObject({
    values: ['card', 'top'],
    all: [3, 2],
    shown: [1, 1],
    distinctShown: 2,
  })
})

test('a cluster is linked through the row that stands for it; likeness is exact', () => {
  const neighbours = finish(neighboursOf(segments, findings))
  expect(clusterOf(neighbours, 1)).toEqual([0, 3])
  expect(clusterOf(neighbours, 0)).toEqual([1, 3])
  expect(clusterOf(neighbours, 4)).toEqual([])
  expect(likeness('Top up, my card', 'top up my card!')).toEqual({ similarity: 1, equal: true })
  // top, up, my, card, top up, up my, my card against top, up, again, top up, up again: 3 of 9.
  expect(likeness('top up my card', 'top up again').similarity).toBeCloseTo(3 / 9, 12)
})

test('whole numbers over a short range have bars of the same number of them', () => {
  const numbers = Array.from({ length: 270 }, (_, i) => String(4 + (i % 27)))
  const summary = summaryOf(totalsOf('column:n', columnOf(numbers), 270), undefined)
  expect(summary).toMatchObject({ least: 4, most: 30, step: 1, decimals: 0, all: new Array(27).fill(10) })
  const wide = Array.from({ length: 200 }, (_, i) => String(i))
  expect(summaryOf(totalsOf('column:n', columnOf(wide), 200), undefined)).toMatchObject({
    step: 7,
    all: [...new Array(28).fill(7), 4],
  })
  // Of rows as of numbers; a long range is divided evenly.
  expect(rowSummary(undefined, 60)).toMatchObject({ step: 2, all: new Array(30).fill(2) })
  expect(rowSummary(Uint32Array.of(0, 1, 59), 60).shown.reduce((a, b) => a + b)).toBe(3)
  const long = rowSummary(undefined, 1000)
  expect(long).not.toHaveProperty('step')
  expect(long.all.reduce((a, b) => a + b)).toBe(1000)
})

test('the decimals of a column are told where numbers can be lined up by their points', () => {
  const of = (texts: readonly string[]) => summaryOf(totalsOf('column:n', columnOf(texts), texts.length), undefined)
  expect(of(['0.1', '0.02', '3', ''])).toMatchObject({ decimals: 2 })
  expect(of(['1', '2'])).toMatchObject({ decimals: 0 })
  expect(of(['0.1', '1e-5'])).not.toHaveProperty('decimals')
  expect(of(['0.123456789', '1'])).not.toHaveProperty('decimals')
  expect(['1.50', '7', '1e5', '-0.25 '].map(decimalsOf)).toEqual([2, 0, Number.POSITIVE_INFINITY, 2])
  const column = columnOf(['0.1', '2'])
  column.set(1, '2.125')
  expect(summaryOf(totalsOf('column:n', column, 2), undefined)).toMatchObject({ decimals: 3 })
})
