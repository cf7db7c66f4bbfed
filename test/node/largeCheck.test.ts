import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import { check } from '../../src/core/check/check.ts'
import { Memory } from '../../src/core/check/memory.ts'
import { mend } from '../../src/core/check/mend.ts'
import { toReport } from '../../src/core/check/toReport.ts'
import { parseTables } from '../../src/core/data/formats.ts'
import { inferRoles } from '../../src/core/data/roles.ts'
import type { Table } from '../../src/core/data/table.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { earlyPages } from '../../src/node/early.ts'
import { type LargeSource, readLarge } from '../../src/node/largeFiles.ts'
import { readTables } from '../../src/node/tables.ts'

const scratch = mkdtempSync(join(tmpdir(), 'winnow-large-check-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Rows of which some repeat or nearly repeat others, hold addresses, control characters, other languages, or are broken. */
function rowsOf(seed: string, count: number) {
  const r = random(seed)
  const word = () => `w${Math.floor(4000 ** r.next())}`
  const rows: { text: string; label: string }[] = []
  for (let i = 0; i < count; i++) {
    const old = rows[r.int(Math.max(1, rows.length))]
    const luck = r.next()
    const text = Array.from({ length: 5 + r.int(40) }, word).join(' ')
    if (luck < 0.1 && old) rows.push({ ...old, label: `label ${r.int(3)}` })
    else if (luck < 0.2 && old) rows.push({ ...old, text: `${old.text} ${word()}` })
    else if (luck < 0.25) rows.push({ text: `${text} write to jo${i}@firm${i}.org`, label: 'label 1' })
    else if (luck < 0.28) rows.push({ text: `\u0007 ${text} naïve`, label: 'label 2' })
    else rows.push({ text, label: `label ${r.int(3)}` })
  }
  return rows
}

const jsonl = (seed: string, n: number) =>
  rowsOf(seed, n)
    .map((row, i) => (i % 200 === 7 ? '{"text": "cut' : JSON.stringify(row)))
    .join('\n')
const csv = (seed: string, n: number) =>
  `text,label\n${rowsOf(seed, n)
    .map(({ text, label }, i) => (i % 90 === 5 ? `"${text}\nmore ""x""",${label}` : `${text},${label}`))
    .join('\n')}\n`

async function dataset(folder: string, held: number) {
  const read = async (name: string) => {
    const path = join(folder, name)
    const tables = await readTables(path, undefined, { cancel: { aborted: false }, held })
    return tables.map(({ table }) => table)
  }
  const splits = [
    { name: 'train' as const, tables: [...(await read('train.jsonl')), ...(await read('more.csv'))] },
    { name: 'test' as const, tables: await read('test.jsonl') },
  ]
  const tables = splits.flatMap(split => split.tables)
  return { name: 'd', splits, roles: inferRoles(tables), tables }
}

function folderOf(name: string): string {
  const folder = join(scratch, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'train.jsonl'), jsonl('train', 1200))
  writeFileSync(join(folder, 'test.jsonl'), jsonl('test', 300) + '\n' + jsonl('train', 60))
  writeFileSync(join(folder, 'more.csv'), csv('more', 500))
  return folder
}

test('a check says of files that are not held what it says of those that are', async () => {
  const folder = folderOf('same')
  const held = await dataset(folder, Number.POSITIVE_INFINITY)
  const paged = await dataset(folder, 0)
  expect(paged.tables.every(table => table.source.windows !== undefined)).toBe(true)
  const rules = { 'label-error': 'off' }
  const report = (datasets: Parameters<typeof check>[0]['datasets'], sets: 'kept' | 'spilled') => {
    const memory = new Memory({ incremental: false, sets })
    const { datasets: _, ms: __, ...rest } = toReport(finishWork(check({ datasets, rules, memory: () => memory })), 0)
    return rest
  }
  const whole = report([held], 'kept')
  expect(Object.keys(whole.counts).sort()).toEqual(
    expect.arrayContaining([
      'broken-row',
      'control-character',
      'duplicate',
      'label-conflict',
      'leak',
      'near-duplicate',
      'personal-data',
    ]),
  )
  expect(report([paged], 'kept')).toEqual(whole)
  expect(report([paged], 'spilled')).toEqual(whole)
})

test('mending files that are not held makes the same edits', async () => {
  const folder = folderOf('mend')
  const held = await dataset(folder, Number.POSITIVE_INFINITY)
  const paged = await dataset(folder, 0)
  const mended = (datasets: Parameters<typeof mend>[0]['datasets']) =>
    finishWork(
      mend({
        datasets,
        reread: source => parseTables(source).map(({ table }) => table),
        rereadLarge: source => readLarge(source as LargeSource, undefined),
      }),
    )
  const whole = mended([held])
  expect(whole.removed).toBeGreaterThan(50)
  expect(mended([paged])).toEqual(whole)
})

test('packed files are read in pieces, and from a temporary file where they are large', async () => {
  const path = join(scratch, 'packed.jsonl.gz')
  const text = jsonl('packed', 2000)
  writeFileSync(path, gzipSync(text))
  const [small] = await readTables(path)
  const [large] = await readTables(path, undefined, { cancel: { aborted: false }, held: 1000 })
  expect([small!.table.source.windows, large!.table.source.windows].map(w => w !== undefined)).toEqual([false, true])
  expect(large!.table.issues).toEqual(small!.table.issues)
  for (let row = 0; row < 2000; row += 17) expect(large!.table.text(row, 'text')).toBe(small!.table.text(row, 'text'))
  writeFileSync(path, gzipSync(text).subarray(0, 9000))
  await expect(readTables(path)).rejects.toMatchObject({ code: 'bad-compression' })
})

test('first findings are told while a file is read, at their rows and places', async () => {
  const folder = folderOf('early')
  const told: { row: number; text: string; rows: number }[] = []
  const settings = { rules: { 'near-duplicate': 'off' }, ignored: { keys: new Set<string>(), problems: [] }, where: '' }
  const page = earlyPages(settings as never, undefined, (table: Table, findings) => {
    for (const { row, span } of findings)
      if (row !== undefined)
        told.push({
          row,
          text: Buffer.from(table.source.windows!.read(span.start, span.end)).toString(),
          rows: table.rowCount,
        })
    return 'more'
  })
  const [read] = await readTables(join(folder, 'train.jsonl'), undefined, { cancel: { aborted: false }, held: 0, page })
  expect(told.length).toBeGreaterThan(20)
  const { findings } = finishWork(
    check({
      datasets: [{ name: 'd', splits: [{ name: 'train', tables: [read!.table] }], roles: inferRoles([read!.table]) }],
    }),
  )
  for (const { row, text } of told) {
    const span = read!.table.rowSpan(row)
    expect(findings.some(finding => finding.row === row)).toBe(true)
    expect(Buffer.from(read!.table.source.windows!.read(span.start, span.end)).toString()).toContain(text)
  }
})
