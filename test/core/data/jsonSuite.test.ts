import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseTables } from '../../../src/core/data/formats.ts'
import type { Table, Value } from '../../../src/core/data/table.ts'
import { sourceOf } from './source.ts'

const suite = new URL('../../../../shared/data/torture/json/test_parsing', import.meta.url).pathname
const names = existsSync(suite) ? readdirSync(suite).filter(name => name.endsWith('.json')) : []
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(suite, name)))
const open = (name: string, as: string) => parseTables(sourceOf(`/d/${as}`, bytesOf(name)))
const issuesOf = (tables: readonly { readonly table: Table }[]) => tables.flatMap(({ table }) => table.issues)

/** Every cell of every table is asked for: nothing may throw. */
function readAll(tables: readonly { readonly table: Table }[]): Value[][] {
  return tables.flatMap(({ table }) =>
    Array.from({ length: table.rowCount }, (_, row) => table.columns.map(c => table.cell(row, c)?.value ?? null)),
  )
}

/** Rows of one kind are what a table has; mixed ones are reported. */
function isBareList(value: Value): value is readonly Value[] {
  return Array.isArray(value) && value.every(item => typeof item !== 'object' || item === null)
}

describe.skipIf(names.length === 0)('JSON parsing suite (needs ../shared/data)', () => {
  test('what must be read is read, as JSON.parse reads it', () => {
    const good = names.filter(name => name.startsWith('y_'))
    expect(good.length).toBeGreaterThan(90)
    for (const name of good) {
      const value = JSON.parse(Buffer.from(bytesOf(name)).toString()) as Value
      const tables = open(name, 'data.json')
      expect(
        issuesOf(tables).filter(issue => issue.code === 'bad-json'),
        name,
      ).toEqual([])
      const rows = readAll(tables)
      // A list of bare values is a table of one column.
      if (isBareList(value) && tables[0]!.table.columns.join() === 'text' && rows.length === value.length)
        expect(rows, name).toEqual(value.map(item => [item]))
    }
  })

  test('what must be refused is reported, and nothing ends the program', () => {
    const bad = names.filter(name => name.startsWith('n_'))
    expect(bad.length).toBeGreaterThan(180)
    const silent: string[] = []
    for (const name of bad)
      for (const as of ['data.json', 'data.jsonl']) {
        const tables = open(name, as)
        readAll(tables)
        if (issuesOf(tables).length === 0) silent.push(`${name} as ${as}`)
      }
    expect(silent).toEqual([])
  })

  test('what may be either ends in a table or an issue', () => {
    for (const name of names.filter(name => name.startsWith('i_')))
      expect(() => readAll(open(name, 'data.json'))).not.toThrow()
  })
})
