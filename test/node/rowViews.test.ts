import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Checker } from '../../src/node/checker.ts'
import { undoLast } from '../../src/node/journal.ts'
import { RowViews } from '../../src/node/rowViews.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-rows-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const words = ['lamp', 'parcel', 'invoice', 'refund', 'password', 'delivery']
const rowOf = (i: number) => ({
  text: `Where is my ${words[i % words.length]} number ${i}, please?`,
  label: i % 3 === 0 ? 'where' : 'other',
})
const viewsOf = (checker: Checker) => new RowViews(checker.rowSources)

test('findings of the last check are with their rows; a relabelling that a rule proposes is the suggestion', async () => {
  const root = join(folder, 'found')
  mkdirSync(root, { recursive: true })
  const path = join(root, 'train.jsonl')
  const rows = [...Array.from({ length: 20 }, (_, i) => rowOf(i)), { ...rowOf(1), label: 'where' }, rowOf(1), rowOf(1)]
  writeFileSync(path, rows.map(row => JSON.stringify(row)).join('\n'))
  const checker = new Checker(() => {})
  await checker.check({ folders: [root], documents: [] })
  const views = viewsOf(checker)
  const head = await views.rowsOpen({ view: 'v', name: 'd', files: [{ path, split: 'train' }] })
  expect(head.label).toBe('column:label')
  const of = { clauses: [{ kind: 'rules' as const, rules: ['label-conflict'] }] }
  const { rows: conflicts } = await views.rowsQuery({ view: 'v', query: 1, of })
  expect(conflicts).toBeGreaterThan(0)
  const { lines } = views.rowsLines({ view: 'v', query: 1, from: 0, to: 50 })
  expect(lines).toHaveLength(conflicts)
  for (const line of lines) expect(line.findings.map(({ rule }) => rule)).toContain('label-conflict')
  const wrong = lines.find(({ row }) => row === 20)
  expect(wrong?.suggestion).toMatchObject({ label: 'other', from: 'label-conflict' })
  const detail = await views.rowsDetail({ view: 'v', at: 20 })
  expect(detail.line).toBe(20)
  expect(detail.twins.map(({ row, similarity, equal }) => [row, similarity, equal])).toContainEqual([1, 1, true])
  expect(views.rowsAtLine({ view: 'v', path, line: 7 })).toBe(7)
  checker.dispose()
})

test('an edited document is the view again, with its columns as if they had been read anew', async () => {
  const path = join(folder, 'edited.jsonl')
  const rows = Array.from({ length: 6000 }, (_, i) => rowOf(i))
  const text = (list: readonly object[]) => list.map(row => JSON.stringify(row)).join('\n')
  writeFileSync(path, text(rows))
  const checker = new Checker(() => {})
  const views = viewsOf(checker)
  const files = [{ path }]
  const open = (document?: { version: number; text: string }) =>
    views.rowsOpen({ view: 'v', name: 'd', files: document ? [{ path, document }] : files })
  const first = await open()
  const label = { kind: 'values' as const, column: 'column:label', values: ['third'] }
  const count = async (query: number, clauses: Parameters<RowViews['rowsQuery']>[0]['of']['clauses']) =>
    (await views.rowsQuery({ view: 'v', query, of: { clauses } })).rows
  expect(await count(1, [label])).toBe(0)
  // Each edit is of the text that the one before left.
  let version = 1
  for (const at of [0, 4095, 4096, 5999]) {
    const edit = views.rowsEdit({ view: 'v', at, column: 'column:label', value: 'third' })
    expect(edit).toMatchObject({ path, before: rows[at]?.label, text: 'third', range: { line: at, endLine: at } })
    rows[at] = { ...(rows[at] as (typeof rows)[number]), label: 'third' }
    const head = await open({ version: ++version, text: text(rows) })
    expect(head.version).toBeGreaterThan(first.version)
  }
  expect(await count(2, [label])).toBe(4)
  rows[4100] = { text: 'something else "altogether"\nin two lines', label: 'third' }
  await open({ version: ++version, text: text(rows) })
  const needle = { kind: 'text' as const, value: 'altogether"$', regex: true, matchCase: true, column: 'column:text' }
  expect(await count(3, [needle])).toBe(1)
  expect(await count(4, [{ ...needle, value: 'number 5999', regex: false }])).toBe(1)
  // A row less: everything is read again, and numbers are those of now.
  rows.splice(10, 1)
  expect((await open({ version: ++version, text: text(rows) })).rows).toBe(5999)
  expect(await count(5, [label])).toBe(5)
  expect(views.rowsLines({ view: 'v', query: 0, from: 4094, to: 4095 }).lines[0]?.cells[2]).toBe('third')
  checker.dispose()
})

test('what a model said of a row is its suggestion, as long as the row still says what it said', async () => {
  const path = join(folder, 'said.jsonl')
  writeFileSync(path, [0, 1, 2].map(i => JSON.stringify(rowOf(i))).join('\n'))
  const predictions = join(folder, 'predictions.jsonl')
  const said = (row: number, text: string) =>
    JSON.stringify({
      file: 'said.jsonl',
      row,
      text,
      gold: 'where',
      label: 'other',
      loss: 1,
      leaked: false,
      probabilities: [
        ['other', 0.75],
        ['where', 0.25],
      ],
    })
  writeFileSync(predictions, `${said(0, rowOf(0).text)}\n${said(1, 'it said something else then')}\n`)
  const checker = new Checker(() => {})
  const views = viewsOf(checker)
  const from = [{ path: predictions, root: folder, name: 'run-1' }]
  await views.rowsOpen({
    view: 'v',
    name: 'd',
    files: [{ path }],
    predictions: from,
    roles: { text: 'text', label: 'label' },
  })
  const { lines } = views.rowsLines({ view: 'v', query: 0, from: 0, to: 3 })
  expect(lines.map(line => line.suggestion)).toEqual([
    { label: 'other', probability: 0.75, from: 'run-1' },
    undefined,
    undefined,
  ])
  checker.dispose()
})

test('changes of a file that is too large for an editor wait, and are written with a journal', async () => {
  const root = join(folder, 'large')
  mkdirSync(root, { recursive: true })
  const path = join(root, 'train.jsonl')
  const filler = 'a parcel that never came, '.repeat(40)
  const lines = Array.from({ length: 51_000 }, (_, i) => JSON.stringify({ text: `${i} ${filler}`, label: 'where' }))
  writeFileSync(path, `${lines.join('\n')}\n`)
  expect(statSync(path).size).toBeGreaterThan(50 * 1024 * 1024)
  const before = readFileSync(path)
  const checker = new Checker(() => {})
  const views = viewsOf(checker)
  const open = (first: boolean) =>
    views.rowsOpen({ view: 'v', name: 'd', files: [{ path }], roles: { text: 'text', label: 'label' }, first })
  // Its first rows can be seen while it is read.
  const head = await open(true)
  expect(head.partial).toBe(true)
  expect(head.rows).toBeGreaterThan(10)
  expect(head.rows).toBeLessThan(lines.length)
  expect(views.rowsLines({ view: 'v', query: 0, from: 3, to: 4 }).lines[0]).toMatchObject({
    row: 3,
    cells: [null, expect.stringMatching(/^3 /), 'where', null],
  })
  const all = await open(false)
  expect(all).toMatchObject({ rows: lines.length })
  expect(all.partial).toBeUndefined()
  const pend = (at: number, value: string | undefined) =>
    views.rowsPend({ view: 'v', at, column: 'column:label', value })
  expect(pend(50_000, 'other')).toMatchObject({
    row: 50_000,
    pending: true,
    cells: [null, expect.any(String), 'other', null],
  })
  pend(7, 'other')
  expect(pend(8, 'other').pending).toBe(true)
  expect(pend(8, undefined).pending).toBeUndefined()
  expect(readFileSync(path).equals(before)).toBe(true)
  await views.rowsWrite({ view: 'v', root })
  const after = readFileSync(path, 'utf8').trimEnd().split('\n')
  const changed = after.flatMap((line, i) => (line === lines[i] ? [] : [[i, JSON.parse(line).label]]))
  expect(changed).toEqual([
    [7, 'other'],
    [50_000, 'other'],
  ])
  await undoLast(root)
  expect(readFileSync(path).equals(before)).toBe(true)
  checker.dispose()
})

test('Parquet, and a view that is gone, refuse edits in words', async () => {
  const checker = new Checker(() => {})
  const views = viewsOf(checker)
  expect(() => views.rowsEdit({ view: 'gone', at: 0, column: 'column:label', value: 'x' })).toThrow('not open any more')
  const path = join(folder, 'one.jsonl')
  writeFileSync(path, '{"text": "a", "label": "b"}\n{"text": "c"}\nbroken')
  const head = await views.rowsOpen({ view: 'v', name: 'd', files: [{ path }] })
  expect(head.rows).toBe(3)
  expect(() => views.rowsEdit({ view: 'v', at: 1, column: 'column:label', value: 'x' })).toThrow('has no label')
  expect(views.rowsLines({ view: 'v', query: 0, from: 2, to: 3 }).lines[0]).toMatchObject({ broken: true })
  checker.dispose()
})
