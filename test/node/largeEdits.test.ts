import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Pieces } from '../../src/core/text/pieces.ts'
import type { Edit } from '../../src/core/text/span.ts'
import { windowsOf } from '../../src/core/text/windows.ts'
import { Checker } from '../../src/node/checker.ts'
import { unifiedDiff } from '../../src/node/difference.ts'
import { planRewrites } from '../../src/node/edits.ts'
import { applyPlan, undoLast } from '../../src/node/journal.ts'
import { largeSource } from '../../src/node/largeFiles.ts'
import { edited } from '../../src/node/streams.ts'
import { readTables } from '../../src/node/tables.ts'

const scratch = mkdtempSync(join(tmpdir(), 'winnow-large-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

/** 54 MB: a few rows, and among them lines of spaces, which are no rows. */
function largeFile(root: string): string {
  mkdirSync(root, { recursive: true })
  const path = join(root, 'train.jsonl')
  const file = openSync(path, 'w')
  writeSync(file, '\ufeff')
  const space = Buffer.alloc(1 << 20, ' ')
  for (let i = 0; i < 54; i++) {
    writeSync(file, `{"text": "row ${i} é", "label": "a"}\r\n{"text": "row ${i} é", "label": "a"}\r\n`)
    writeSync(file, space)
    writeSync(file, '\n')
  }
  closeSync(file)
  return path
}

test('a file beyond 50 MB is changed and put back without being held', async () => {
  const root = join(scratch, 'one')
  const path = largeFile(root)
  const before = hash(path)
  const [read] = await readTables(path)
  const table = read!.table
  expect(table.source.bytes.length).toBe(0)
  expect(table.rowCount).toBe(108)
  const edits = new Map<string, Edit[]>([[path, [...table.removeRows([0, 81, 107]), table.setCell(20, 'label', 'ü')]]])
  const plan = planRewrites(edits, { sources: new Map([[path, table.source]]), root })
  expect(plan[0]!.diff).toContain('-{"text": "row 53 é", "label": "a"}')
  const start = process.memoryUsage().arrayBuffers
  await applyPlan(plan, root)
  expect(process.memoryUsage().arrayBuffers - start).toBeLessThan(64e6)
  const [now] = await readTables(path)
  expect(now!.table.rowCount).toBe(105)
  expect(now!.table.text(19, 'label')).toBe('ü')
  expect(now!.table.text(0, 'text')).toBe('row 0 é')
  expect(statSync(path).size).toBeGreaterThan(54 << 20)
  await undoLast(root)
  expect(hash(path)).toBe(before)
  expect(readdirSync(root).sort()).toEqual(['.winnow', 'train.jsonl'])
  // Somebody else changes it between check and fix.
  const again = planRewrites(edits, { sources: new Map([[path, largeSource(path)!]]), root })
  const file = openSync(path, 'a')
  writeSync(file, ' ')
  closeSync(file)
  await expect(applyPlan(again, root)).rejects.toMatchObject({ code: 'file-changed' })
})

test('the checking process tells first findings, and makes edits of its report on disk', async () => {
  const root = join(scratch, 'checked')
  const path = largeFile(root)
  const before = hash(path)
  const file = openSync(path, 'a')
  writeSync(file, '{"text": "a bell \\u0007 here", "label": "a"}\n')
  closeSync(file)
  const changed = hash(path)
  const early: number[] = []
  const checker = new Checker(
    () => {},
    undefined,
    report => void early.push(report.findings.length),
  )
  try {
    const request = { folders: [root], documents: [] }
    const report = await checker.check(request)
    expect(early).toEqual([1])
    expect(report.counts['duplicate']).toBe(54)
    const fixes = report.findings.flatMap(({ fixes: own }) => own.filter(fix => fix.preferred))
    expect(fixes).toHaveLength(55)
    const written = await checker.rewrite({ root, edits: fixes.flatMap(({ edits }) => edits) })
    expect(written).toEqual([path])
    const again = await checker.check(request)
    expect(again.counts['duplicate'] ?? 0).toBe(0)
    expect(again.datasets[0]!.splits[0]!.files[0]!.rows).toBe(55)
    await undoLast(root)
    expect(hash(path)).toBe(changed)
    expect(changed).not.toBe(before)
  } finally {
    checker.dispose()
  }
}, 60_000)

test('edits of a stream are the edits of its bytes', async () => {
  const path = join(scratch, 'random.txt')
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 << 20 }),
      fc.array(fc.tuple(fc.nat(3 << 20), fc.nat(1 << 21), fc.constantFrom('', 'x', 'long é')), { maxLength: 6 }),
      async (size, list) => {
        const bytes = Buffer.alloc(size)
        for (let i = 0; i < size; i += 997) bytes[i] = (i % 90) + 32
        writeFileSync(path, bytes)
        let at = 0
        const edits: { start: number; end: number; bytes: Uint8Array }[] = []
        for (const [start, length, text] of list.sort((a, b) => a[0] - b[0])) {
          const from = Math.min(size, Math.max(at, start))
          at = Math.min(size, from + length)
          edits.push({ start: from, end: at, bytes: Buffer.from(text) })
        }
        const pieces = new Pieces(bytes)
        pieces.apply(
          edits.map(({ start, end, bytes: own }) => ({ span: { start, end }, text: Buffer.from(own).toString() })),
        )
        const found: Uint8Array[] = []
        for await (const piece of edited({ path, edits })) found.push(Uint8Array.from(piece))
        expect(Buffer.compare(Buffer.concat(found), Buffer.from(pieces.bytes()))).toBe(0)
        const windows = pieces.windows()
        expect(windows.length).toBe(pieces.bytes().length)
        const [from, to] = [Math.floor(windows.length / 3), Math.floor(windows.length / 2)]
        expect(Buffer.compare(windows.read(from, to), pieces.bytes().subarray(from, to))).toBe(0)
      },
    ),
    { numRuns: 25 },
  )
})

test('a diff needs no more than the lines around the edits', () => {
  const line = 'x'.repeat(99)
  const bytes = Buffer.from(`${Array.from({ length: 4000 }, (_, i) => `${i} ${line}`).join('\n')}\n`)
  let most = 0
  const whole = windowsOf(bytes)
  const watched = {
    length: bytes.length,
    read: (start: number, end: number) => {
      most = Math.max(most, end - start)
      return whole.read(start, end)
    },
  }
  const at = bytes.indexOf('\n2000 ') + 1
  const diff = unifiedDiff('a.txt', watched, [{ span: { start: at, end: at + 4 }, text: 'two' }])
  expect(diff).toContain('@@ -1998,7 +1998,7 @@')
  expect(most).toBeLessThanOrEqual(1 << 16)
})
