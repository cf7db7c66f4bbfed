import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Failure, failureLine } from '../../src/core/base/failure.ts'
import { check } from '../../src/core/check/check.ts'
import { toReport } from '../../src/core/check/toReport.ts'
import { discover, loadDataset } from '../../src/node/datasets.ts'
import { drive } from '../../src/node/drive.ts'
import { planEdits } from '../../src/node/edits.ts'
import { readParquet } from '../../src/node/parquet.ts'
import { compressors } from '../../src/node/parquetValues.ts'
import { readTables } from '../../src/node/tables.ts'

const torture = '../shared/data/torture/parquet'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-parquet-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Writes rows as a Parquet file, a few to a group, so that groups meet. */
function put(name: string, columns: { readonly [name: string]: readonly unknown[] }, rowGroupSize = 3): string {
  const path = join(root, name)
  const columnData = Object.entries(columns).map(([column, data]) => ({ name: column, data: [...data] }))
  writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize })))
  return path
}

test('a file that is put away says what one says that is held, in any order', async () => {
  const rows = 9001
  const text = (i: number) => (i % 7 === 3 ? null : `row ${i} ${'späte Karte '.repeat(i % 5)}`)
  const all = Array.from({ length: rows }, (_, i) => i)
  const path = put('large.parquet', { text: all.map(text), label: all.map(i => i % 4) }, 3000)
  const held = await readParquet(path)
  const away = await readParquet(path, 0)
  expect(away.rowCount).toBe(rows)
  expect(away.columns).toEqual(held.columns)
  for (let i = 0; i < rows; i++) {
    const row = i % 3 === 0 ? (i * 5077) % rows : i
    expect(away.text(row, 'text')).toBe(text(row) ?? '')
    if (i % 50 === 0)
      for (const column of held.columns) {
        expect(away.cell(row, column)).toEqual(held.cell(row, column))
        expect(away.kind!(row, column)).toBe(held.kind!(row, column))
      }
  }
  expect(away.text(rows, 'text')).toBeUndefined()
})

describe('a Parquet file', () => {
  test('is a table of its columns, over groups of rows', async () => {
    const text = ['a', 'é 😀', '', null, 'x'.repeat(70_000), 'b', 'c']
    const count = [1, 2.5, -3, null, 0, 1e300, 7]
    const turns = text.map((_, i) => [
      { role: 'user', content: `q${i}` },
      { role: 'assistant', content: `a${i}` },
    ])
    const path = put('t.parquet', { text, count, big: [1n, 2n, 9007199254740993n, 4n, 5n, 6n, 7n], turns })
    const table = await readParquet(path)
    expect(table.columns).toEqual(['text', 'count', 'big', 'turns'])
    expect(table.rowCount).toBe(7)
    expect(Array.from(text.keys(), row => table.cell(row, 'text')!.value)).toEqual(text)
    expect(Array.from(text.keys(), row => table.cell(row, 'count')!.value)).toEqual(count)
    expect(table.text(2, 'big')).toBe('9007199254740993')
    expect(table.text(3, 'text')).toBe('')
    expect(table.cell(6, 'turns')!.value).toEqual(turns[6])
    expect(table.text(6, 'turns.1.content')).toBe('a6')
    expect([table.text(7, 'text'), table.text(-1, 'text'), table.text(0, 'none')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('keeps every digit of decimal numbers and moments, and days without a time', async () => {
    const leaf = { repetition_type: 'OPTIONAL' as const }
    const schema = [
      { name: 'root', num_children: 4 },
      { ...leaf, name: 'price', type: 'INT32' as const, converted_type: 'DECIMAL' as const, scale: 1, precision: 9 },
      { ...leaf, name: 'sum', type: 'INT64' as const, converted_type: 'DECIMAL' as const, scale: 3, precision: 18 },
      { ...leaf, name: 'day', type: 'INT32' as const, converted_type: 'DATE' as const },
      { ...leaf, name: 'at', type: 'INT64' as const, converted_type: 'TIMESTAMP_MICROS' as const },
    ]
    const columnData = [
      { name: 'price', data: [0.3, -2.5, null] },
      { name: 'sum', data: [90071992547.401, 0, -0.001] },
      { name: 'day', data: [new Date('2020-02-29'), new Date('1969-12-31'), null] },
      { name: 'at', data: [1n, -1n, 1_600_000_000_000_000n] },
    ]
    const path = join(root, 'numbers.parquet')
    writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, schema })))
    const table = await readParquet(path)
    const column = (name: string) => [0, 1, 2].map(row => table.text(row, name))
    expect(column('price')).toEqual(['0.3', '-2.5', ''])
    expect(column('sum')).toEqual(['90071992547.401', '0.000', '-0.001'])
    expect(column('day')).toEqual(['2020-02-29', '1969-12-31', ''])
    expect(column('at')).toEqual([
      '1970-01-01T00:00:00.000001Z',
      '1969-12-31T23:59:59.999999Z',
      '2020-09-13T12:26:40.000Z',
    ])
  })

  test('of LZ4 may have pages of nothing, as columns of nulls do', () => {
    expect(compressors.LZ4_RAW!(Uint8Array.of(0), 0)).toEqual(new Uint8Array(0))
    expect(compressors.LZ4!(Uint8Array.of(0), 0)).toEqual(new Uint8Array(0))
    expect(compressors.LZ4_RAW!(Uint8Array.of(0x20, 0x61, 0x62), 2)).toEqual(Uint8Array.of(0x61, 0x62))
  })

  test('is checked: its findings name the row, and offer no fix', async () => {
    put('train-00000-of-00002.parquet', {
      text: ['hello there my friend', 'one two three', 'hello there my friend'],
      label: ['a', 'b', 'a'],
    })
    put('train-00001-of-00002.parquet', { text: ['something else again'], label: ['a'] })
    put('test.parquet', { text: ['ONE two three', 'quite another thing'], label: ['b', 'a'] })
    const { datasets } = await discover([root])
    expect(datasets).toHaveLength(1)
    const dataset = await loadDataset(datasets[0]!)
    expect(dataset.splits.map(split => [split.name, split.tables.map(table => table.rowCount)])).toEqual([
      ['train', [3, 1]],
      ['test', [2]],
    ])
    const report = toReport(await drive(check({ datasets: [dataset] }), { aborted: false }, () => {}), 0)
    const place = { line: 0, column: 0, endLine: 0, endColumn: 0 }
    expect(report.findings.map(({ rule, row, range, fixes }) => ({ rule, row, range, fixes }))).toEqual([
      { rule: 'leak', row: 0, range: place, fixes: [] },
      { rule: 'duplicate', row: 2, range: place, fixes: [] },
    ])
    expect(report.findings[0]!.message).toContain('train-00000-of-00002.parquet row 1')
    expect(report.datasets[0]!.splits[0]!.files[0]!.bytes).toBeGreaterThan(100)
  })

  test('is not changed in its place', async () => {
    const path = put('train.parquet', { text: ['a'] })
    const [{ table }] = (await readTables(path)) as [Awaited<ReturnType<typeof readTables>>[number]]
    for (const change of [() => table.removeRow(0), () => table.removeRows([0]), () => table.setCell(0, 'text', 'b')])
      expect(change).toThrow(/single rows of it cannot be changed/)
    const edits = new Map([[path, [{ span: { start: 0, end: 4 }, text: '' }]]])
    await expect(planEdits(edits)).rejects.toThrow(/is Parquet, so single rows/)
  })

  test('that is none is one clear error', async () => {
    const path = join(root, 'train.parquet')
    writeFileSync(path, 'text,label\nno,parquet\n')
    const error = await readParquet(path).catch(reason => reason)
    expect(failureLine(error)).toMatch(/train\.parquet could not be read as Parquet: .+\. Write the file again/)
    await expect(readParquet(join(root, 'none.parquet'))).rejects.toThrow(/does not exist/)
  })
})

describe.skipIf(!existsSync(torture))('collected Parquet files', () => {
  const files = existsSync(torture)
    ? readdirSync(torture, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.parquet'))
    : []

  test('are read or refused with one clear error, each within five seconds', async () => {
    expect(files.length).toBeGreaterThan(200)
    const odd: string[] = []
    let read = 0
    const refused: string[] = []
    for (const name of files) {
      const started = process.cpuUsage()
      try {
        const table = await readParquet(join(torture, name))
        for (const column of table.columns)
          for (let row = 0; row < table.rowCount; row += 1 + Math.floor(table.rowCount / 50))
            if (table.cell(row, column) === undefined) odd.push(`${name}: no ${column} in row ${row}`)
        read++
      } catch (error) {
        if (!(error instanceof Failure)) odd.push(`${name}: ${(error as Error).stack}`)
        else refused.push(`${name}: ${failureLine(error)}`)
      }
      const used = process.cpuUsage(started)
      if (used.user + used.system > 5e6) odd.push(`${name}: ${(used.user + used.system) / 1e6} s`)
    }
    expect(odd).toEqual([])
    if (process.env['WINNOW_SHOW']) console.log(`${read} read, ${refused.length} refused\n${refused.join('\n')}`)
    expect(read).toBeGreaterThan(200)
  }, 120_000)
})
