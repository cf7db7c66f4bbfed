import { execFile, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/core/base/failure.ts'
import { parseTable } from '../../src/core/data/formats.ts'
import type { Edit } from '../../src/core/text/span.ts'
import { planEdits, sourceHash } from '../../src/node/edits.ts'
import { readSource } from '../../src/node/files.ts'
import { applyPlan, recoverJournal, undoLast } from '../../src/node/journal.ts'
import { writeLock } from '../../src/node/lock.ts'

const scratch = mkdtempSync(join(tmpdir(), 'winnow-journal-'))
const child = join(scratch, 'child.mjs')
let root = ''
let runs = 0

beforeAll(async () => {
  await build({
    entryPoints: [new URL('journalChild.ts', import.meta.url).pathname],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  })
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const csv = 'text,label\r\n"a, ""b""",x\r\nc,y\r\n'
const jsonl = '{"text": "one"}\n{"text": "two"}\n{"text": "three"}'

beforeEach(() => {
  root = join(scratch, `root${runs++}`)
  mkdirSync(root)
  writeFileSync(join(root, 'a.csv'), csv)
  writeFileSync(join(root, 'b.jsonl'), jsonl)
  chmodSync(join(root, 'b.jsonl'), 0o640)
})

async function removals(): Promise<Map<string, Edit[]>> {
  const edits = new Map<string, Edit[]>()
  for (const name of ['a.csv', 'b.jsonl']) {
    const source = await readSource(join(root, name))
    const table = parseTable(source)
    edits.set(source.uri, [table.removeRow(table.rowCount - 1)])
  }
  return edits
}

const read = (name: string) => readFileSync(join(root, name), 'utf8')
const names = () => readdirSync(root).sort()

describe('applyPlan and undoLast', () => {
  test('write every file and take every file back, bytes and modes', async () => {
    await applyPlan(await planEdits(await removals(), { root }), root)
    expect(read('a.csv')).toBe('text,label\r\n"a, ""b""",x\r\n')
    expect(read('b.jsonl')).toBe('{"text": "one"}\n{"text": "two"}')
    expect(statSync(join(root, 'b.jsonl')).mode & 0o777).toBe(0o640)
    const undone = await undoLast(root)
    expect(undone?.files).toHaveLength(2)
    expect([read('a.csv'), read('b.jsonl')]).toEqual([csv, jsonl])
    expect(statSync(join(root, 'b.jsonl')).mode & 0o777).toBe(0o640)
    expect(await undoLast(root)).toBeUndefined()
    expect(names()).toEqual(['.winnow', 'a.csv', 'b.jsonl'])
  })

  test('undo goes back one change at a time', async () => {
    await applyPlan(await planEdits(await removals(), { root }), root)
    const middle = [read('a.csv'), read('b.jsonl')]
    await applyPlan(await planEdits(await removals(), { root }), root)
    await undoLast(root)
    expect([read('a.csv'), read('b.jsonl')]).toEqual(middle)
    await undoLast(root)
    expect([read('a.csv'), read('b.jsonl')]).toEqual([csv, jsonl])
  })

  test('undo refuses a file that was edited since, and changes nothing', async () => {
    await applyPlan(await planEdits(await removals(), { root }), root)
    const other = read('a.csv')
    writeFileSync(join(root, 'b.jsonl'), 'mine\n')
    await expect(undoLast(root)).rejects.toMatchObject({ code: 'file-changed' } satisfies Partial<Failure>)
    expect([read('a.csv'), read('b.jsonl')]).toEqual([other, 'mine\n'])
  })

  test('apply refuses a file that changed after planning', async () => {
    const plan = await planEdits(await removals(), { root })
    writeFileSync(join(root, 'b.jsonl'), 'mine\n')
    await expect(applyPlan(plan, root)).rejects.toMatchObject({ code: 'file-changed' })
    expect([read('a.csv'), read('b.jsonl')]).toEqual([csv, 'mine\n'])
  })

  test('a write that fails takes everything back', async () => {
    const plan = await planEdits(await removals(), { root })
    const step = (name: string) => {
      if (name === 'rename 1') throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    }
    await expect(applyPlan(plan, root, { step })).rejects.toMatchObject({ code: 'disk-full' })
    expect([read('a.csv'), read('b.jsonl'), ...names()]).toEqual([csv, jsonl, '.winnow', 'a.csv', 'b.jsonl'])
    expect(readdirSync(join(root, '.winnow', 'journal'))).toEqual(['.gitignore'])
  })

  test('two processes do not write at once', async () => {
    const busy = join(root, '.winnow', 'journal', '000001-20260101-000000')
    mkdirSync(busy, { recursive: true })
    await writeLock(busy, process.ppid)
    await expect(applyPlan(await planEdits(await removals(), { root }), root)).rejects.toMatchObject({ code: 'busy' })
    await expect(undoLast(root)).rejects.toMatchObject({ code: 'busy' })
    expect([read('a.csv'), read('b.jsonl')]).toEqual([csv, jsonl])
  })

  test('a file that is gone, and a damaged backup, are said and nothing else is changed', async () => {
    const { entry } = await applyPlan(await planEdits(await removals(), { root }), root)
    const after = [read('a.csv'), read('b.jsonl')] as const
    rmSync(join(root, 'a.csv'))
    await expect(undoLast(root)).rejects.toMatchObject({ code: 'not-found' })
    writeFileSync(join(root, 'a.csv'), after[0])
    writeFileSync(join(entry, '0.bytes'), 'x')
    await expect(undoLast(root)).rejects.toMatchObject({ code: 'bad-journal' })
    expect([read('a.csv'), read('b.jsonl')]).toEqual(after)
  })

  test('a file that was saved by others before its turn came is left as they saved it, and the rest is taken back', async () => {
    const plan = await planEdits(await removals(), { root })
    const step = (name: string) => {
      if (name === 'write 1') writeFileSync(join(root, 'b.jsonl'), 'mine\n')
    }
    await expect(applyPlan(plan, root, { step })).rejects.toMatchObject({ code: 'file-changed' })
    expect(read('b.jsonl')).toBe('mine\n')
    const taken = (name: string) => {
      if (name === 'restore 1') writeFileSync(join(root, 'b.jsonl'), 'mine again\n')
    }
    writeFileSync(join(root, 'a.csv'), csv)
    writeFileSync(join(root, 'b.jsonl'), jsonl)
    await recoverJournal(root)
    await applyPlan(await planEdits(await removals(), { root }), root)
    await expect(undoLast(root, { step: taken })).rejects.toMatchObject({ code: 'file-changed' })
    expect(read('b.jsonl')).toBe('mine again\n')
  })

  test('a write-protected file is not replaced, nor those beside it', async () => {
    chmodSync(join(root, 'b.jsonl'), 0o440)
    const plan = await planEdits(await removals(), { root })
    await expect(applyPlan(plan, root)).rejects.toMatchObject({ code: 'protected' })
    expect([read('a.csv'), read('b.jsonl'), ...names()]).toEqual([csv, jsonl, 'a.csv', 'b.jsonl'])
  })

  test.skipIf(process.getuid?.() !== 0)('whose file it is stays as it was', async () => {
    chownSync(join(root, 'a.csv'), 65_534, 65_534)
    await applyPlan(await planEdits(await removals(), { root }), root)
    expect(statSync(join(root, 'a.csv'))).toMatchObject({ uid: 65_534, gid: 65_534 })
    await undoLast(root)
    expect(statSync(join(root, 'a.csv'))).toMatchObject({ uid: 65_534, gid: 65_534 })
  })

  test('what processes that write at once have done can be taken back, and who did not says why', async () => {
    const run = promisify(execFile)
    const apply = () => run(process.execPath, [child, 'apply', root, '99']).then(() => '', String)
    for (const error of await Promise.all([apply(), apply()]))
      if (error) expect(error).toMatch(/Another Winnow|has changed since/)
    while (await undoLast(root));
    expect([read('a.csv'), read('b.jsonl')]).toEqual([csv, jsonl])
  })

  test('a link is followed, not replaced', async () => {
    symlinkSync('a.csv', join(root, 'link.csv'))
    const path = join(root, 'link.csv')
    const table = parseTable(await readSource(path))
    await applyPlan(await planEdits(new Map([[path, [table.removeRow(0)]]]), { root }), root)
    expect(read('a.csv')).toBe('text,label\r\nc,y\r\n')
    await undoLast(root)
    expect(read('a.csv')).toBe(csv)
    expect(names()).toEqual(['.winnow', 'a.csv', 'b.jsonl', 'link.csv'])
  })

  test('only the last twenty changes are kept', async () => {
    const path = join(root, 'b.jsonl')
    for (let n = 0; n < 22; n++) {
      const edit = { span: { start: 0, end: 0 }, text: `{"n": ${n}}\n` }
      await applyPlan(await planEdits(new Map([[path, [edit]]]), { root }), root)
    }
    expect(readdirSync(join(root, '.winnow', 'journal')).filter(name => name !== '.gitignore')).toHaveLength(20)
  })
})

describe('planEdits refuses', () => {
  test('a file that is not the one that was checked', async () => {
    const path = join(root, 'b.jsonl')
    const source = await readSource(path)
    const edits = new Map([[path, [parseTable(source).removeRow(0)]]])
    const checked = new Map([[path, sourceHash(source)]])
    expect(await planEdits(edits, { checked, root })).toHaveLength(1)
    writeFileSync(path, `{"text": "zero"}\n${jsonl}`)
    await expect(planEdits(edits, { checked, root })).rejects.toMatchObject({ code: 'file-changed' })
  })

  test('edits that overlap', async () => {
    const edit = (start: number, end: number, text: string) => ({ span: { start, end }, text })
    const edits = new Map([[join(root, 'b.jsonl'), [edit(0, 9, 'x'), edit(5, 12, '')]]])
    await expect(planEdits(edits, { root })).rejects.toMatchObject({ code: 'overlap' })
  })

  test('edits beyond the end of the file', async () => {
    const edits = new Map([[join(root, 'b.jsonl'), [{ span: { start: 9, end: 9999 }, text: '' }]]])
    await expect(planEdits(edits, { root })).rejects.toMatchObject({ code: 'file-changed' })
  })
})

describe('the diff', () => {
  test('is one that git applies to get the same bytes', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `{"text": "row ${i}", "label": "l${i % 3}"}`)
    for (const [k, text] of [rows.join('\n'), `${rows.join('\n')}\n`].entries()) {
      const path = join(root, `many${k}.jsonl`)
      writeFileSync(path, text)
      const table = parseTable(await readSource(path))
      const edits = [
        table.setCell(0, 'label', 'z'),
        ...table.removeRows([4, 5, 30, 58, 59]),
        table.setCell(9, 'text', 'a\nb'),
      ]
      const [change] = await planEdits(new Map([[path, edits]]), { root })
      expect(change!.diff).toContain(`--- a/many${k}.jsonl\n+++ b/many${k}.jsonl\n@@ `)
      const git = spawnSync('git', ['apply', '--unsafe-paths', '-p1', '-'], { cwd: root, input: change!.diff })
      expect(git.stderr.toString()).toBe('')
      expect(readFileSync(path).equals(Buffer.from(change!.after))).toBe(true)
    }
  })

  test('costs what the edits cost, not what the file costs', async () => {
    const path = join(root, 'large.jsonl')
    writeFileSync(path, '{"text": "the same row again and again"}\n'.repeat(500_000))
    const table = parseTable(await readSource(path))
    const start = process.cpuUsage()
    const [change] = await planEdits(new Map([[path, [table.removeRow(3), table.removeRow(499_000)]]]), { root })
    expect(change!.diff.split('\n').length).toBeLessThan(30)
    expect(process.cpuUsage(start).user).toBeLessThan(3_000_000)
  })
})

describe('kill -9', () => {
  /** Runs the child, which kills itself at the step of that number; the step's name, or undefined where it ended first. */
  const killed = (command: 'apply' | 'undo', at: number): string | undefined => {
    const run = spawnSync(process.execPath, [child, command, root, String(at)], { encoding: 'utf8' })
    if (run.signal === 'SIGKILL') return run.stdout.trim().split('\n').at(-1)
    expect(run.stderr).toBe('')
    expect(run.status).toBe(0)
    return undefined
  }
  const reset = () => {
    rmSync(root, { recursive: true, force: true })
    mkdirSync(root)
    writeFileSync(join(root, 'a.csv'), csv)
    writeFileSync(join(root, 'b.jsonl'), jsonl)
  }

  test('at every step of an apply: undo gives the old bytes back', async () => {
    const steps: string[] = []
    for (let at = 0; ; at++) {
      reset()
      const step = killed('apply', at)
      if (step === undefined) break
      steps.push(step)
      for (const name of ['a.csv', 'b.jsonl']) expect(existsSync(join(root, name))).toBe(true)
      await undoLast(root)
      expect([step, read('a.csv'), read('b.jsonl')]).toEqual([step, csv, jsonl])
      expect([step, ...names()]).toEqual([step, '.winnow', 'a.csv', 'b.jsonl'])
    }
    const files = ['write 0', 'rename 0', 'write 1', 'rename 1']
    expect(steps).toEqual(['backup 0', 'backup 1', 'entry', ...files, 'done', 'prune'])
  }, 60_000)

  test('at every step of an apply: the next start puts the files back and a new apply works', async () => {
    for (let at = 0; at < 8; at++) {
      reset()
      expect(killed('apply', at)).toBeDefined()
      await recoverJournal(root)
      expect([at, read('a.csv'), read('b.jsonl')]).toEqual([at, csv, jsonl])
      expect(killed('apply', 99)).toBeUndefined()
      expect(read('b.jsonl')).toBe('{"text": "one"}\n{"text": "two"}')
      await undoLast(root)
      expect([read('a.csv'), read('b.jsonl'), ...names()]).toEqual([csv, jsonl, '.winnow', 'a.csv', 'b.jsonl'])
    }
  }, 60_000)

  test('at every step of an undo: undo again gives the old bytes back', async () => {
    const steps: string[] = []
    for (let at = 0; ; at++) {
      reset()
      expect(killed('apply', 99)).toBeUndefined()
      const step = killed('undo', at)
      if (step !== undefined) steps.push(step)
      await undoLast(root)
      expect([at, read('a.csv'), read('b.jsonl'), ...names()]).toEqual([at, csv, jsonl, '.winnow', 'a.csv', 'b.jsonl'])
      if (step === undefined) break
    }
    expect(steps).toEqual(['restore 0', 'restore rename 0', 'restore 1', 'restore rename 1', 'forget'])
  }, 60_000)
})
