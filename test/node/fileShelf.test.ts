import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { check } from '../../src/core/check/check.ts'
import { duplicate } from '../../src/core/check/rules/duplicate.ts'
import { nearDuplicate } from '../../src/core/check/rules/nearDuplicate.ts'
import { parseTables } from '../../src/core/data/formats.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import type { Shelf } from '../../src/core/sign/shelf.ts'
import { FileShelf } from '../../src/node/fileShelf.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-shelf-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const words = 'one two three four five six seven eight nine ten card refund'.split(' ')
const textOf = (row: number) =>
  Array.from({ length: 5 }, (_, i) => words[(row * (7 + i * 5) + (row >> (i + 3))) % 12]).join(' ')
function datasetOf(rows: number, change = '') {
  const lines = Array.from({ length: rows }, (_, row) =>
    JSON.stringify({ text: row === 70 ? `café ${change}` : `${textOf(row >> 1)} ${row >> 1}` }),
  )
  const bytes = new TextEncoder().encode(lines.join('\n'))
  const tables = parseTables({ uri: 'a.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false }).map(
    ({ table }) => table,
  )
  return { name: 'a', splits: [{ name: 'train' as const, tables }], roles: { text: 'text' } }
}
/** What a check says, and whether the shelf had what it asked for. */
function checked(shelf: FileShelf, dataset = datasetOf(50_000)) {
  let found = false
  const watched: Shelf = {
    *find(asked) {
      const pieces = yield* shelf.find(asked)
      found = pieces !== undefined
      return pieces
    },
    keep: (asked, rows) => shelf.keep(asked, rows),
  }
  const { findings } = finishWork(check({ datasets: [dataset], list: [duplicate, nearDuplicate], shelf: watched }))
  return {
    found,
    said: findings.slice(0, 3000).map(({ rule, row, message }) => `${rule} ${row} ${message}`),
    count: findings.length,
  }
}

test('the second check of the same rows takes what the first one signed, and says the same', () => {
  const shelf = new FileShelf(folder)
  const first = checked(shelf)
  expect(first).toMatchObject({ found: false })
  expect(first.count).toBeGreaterThan(10_000)
  expect(checked(shelf)).toEqual({ ...first, found: true })
  // Another content, however little it differs, is another file.
  expect(checked(shelf, datasetOf(50_000, 'x')).found).toBe(false)
  expect(readdirSync(folder)).toHaveLength(2)
})

test('what is cut or damaged is as if it were not there, and is written again', () => {
  const shelf = new FileShelf(folder)
  const first = checked(shelf)
  const path = join(folder, readdirSync(folder)[0]!)
  const whole = readFileSync(path)
  const damaged = Buffer.from(whole)
  damaged[whole.length >> 1]! ^= 1
  for (const bytes of [damaged, whole.subarray(0, whole.length - 5), Buffer.alloc(0), Buffer.from('{}')]) {
    writeFileSync(path, bytes)
    expect(checked(shelf)).toEqual(first)
    expect(readFileSync(path).equals(whole)).toBe(true)
  }
  truncateSync(path, 40)
  expect(checked(shelf).found).toBe(false)
})

test('it stays within its size, and is not where it cannot be', () => {
  const first = new FileShelf(folder)
  checked(first)
  const size = readFileSync(join(folder, readdirSync(folder)[0]!)).length
  const bounded = new FileShelf(folder, { all: size * 1.5, one: size * 2 })
  checked(bounded, datasetOf(50_001))
  expect(readdirSync(folder)).toHaveLength(1)
  const small = join(folder, 'small')
  checked(new FileShelf(small, { all: size, one: size / 2 }))
  expect(readdirSync(small)).toEqual([])
  writeFileSync(join(folder, 'file'), '')
  expect(checked(new FileShelf(join(folder, 'file')))).toMatchObject({ found: false })
})
