import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Command } from '../../src/node/commands/command.ts'
import { command as compare } from '../../src/node/commands/compare.ts'
import { command as models } from '../../src/node/commands/models.ts'
import { command as run } from '../../src/node/commands/run.ts'
import { command as runs } from '../../src/node/commands/runs.ts'
import { parseReference } from '../../src/node/evaluations.ts'
import { finishedRun, memoryIo } from './fixture/runFolder.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-compare-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

async function call(command: Command, ...args: string[]) {
  const io = memoryIo(root)
  const code = await command.run(args, io)
  return { code, ...io.said }
}

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)

describe('compare', () => {
  test('a run with its base: both scores, the verdict, the rows, and the line for scripts', async () => {
    const folder = await finishedRun(root, 'LoRA', { fixed: 58, broken: 12, right: 400, wrong: 30, leaked: 8 })
    const { code, out } = await call(compare, 'last')
    expect(code).toBe(0)
    expect(lastLine(out)).toBe('ledger: 58 fixed, 12 broken, 400 still right, 30 still wrong, p = 2.2e-8')
    expect(out).toContain('base → LoRA, on test')
    expect(out).toContain('accuracy        82.4 % → 91.6 %')
    expect(out).toContain('without 8 leaked rows')
    expect(out).toContain('LoRA is better: 58 fixed against 12 broken.')
    expect(out).toMatch(/test\.csv row 58 {2}Ticket 58/)
    expect(out).toContain('… and 2 more rows')
    const again = await call(compare, `${basename(folder)}:base`, `${folder}:2`)
    expect(lastLine(again.out)).toBe(lastLine(out))
  })

  test('inside the noise no winner is named', async () => {
    await finishedRun(root, 'Noise', { fixed: 7, broken: 4, right: 47, wrong: 2 })
    const { out } = await call(compare, 'last')
    expect(out).toContain('Not enough rows to say.')
    expect(out).not.toContain('better')
    expect(out).toContain('About 570 rows would decide a difference of 5.0 points')
  })

  test('json is one document with everything', async () => {
    await finishedRun(root, 'LoRA', { fixed: 3, broken: 1, right: 5, wrong: 2 })
    const { out } = await call(compare, 'last', '--format', 'json')
    const ledger = JSON.parse(out)
    expect(ledger).toMatchObject({
      version: 1,
      split: 'test',
      all: { rows: 11, fixed: 3 },
      verdict: { kind: 'undecided' },
    })
    expect(ledger.rows).toHaveLength(11)
  })

  test('html is one page that asks nobody for anything and takes no text for markup', async () => {
    await finishedRun(root, 'LoRA <script>alert(1)</script>', { fixed: 3, broken: 1, right: 5, wrong: 2 })
    const { out } = await call(compare, 'last', '--format', 'html')
    expect(out).toMatch(/^<!DOCTYPE html>/)
    expect(out).not.toMatch(/<script|<b>my card|https?:|url\(|src=|href=/i)
    expect(out).toContain('&lt;b&gt;my card&lt;/b&gt; &amp; &quot;top-up&quot;')
    expect(out.match(/<tr><td>test\.csv row/g)).toHaveLength(11)
  })

  test('--fail-on regression: 1 only when significantly worse', async () => {
    await finishedRun(root, 'a-worse', { fixed: 2, broken: 40, right: 100, wrong: 5 })
    await finishedRun(root, 'b-noise', { fixed: 4, broken: 7, right: 100, wrong: 5 })
    expect((await call(compare, '20261101-180203-a-worse', '--fail-on', 'regression')).code).toBe(1)
    expect((await call(compare, '20261101-180203-a-worse')).code).toBe(0)
    expect((await call(compare, '20261101-180203-b-noise', '--fail-on', 'regression')).code).toBe(0)
  })

  test('two runs, two files, and what cannot be compared', async () => {
    const a = await finishedRun(root, 'one', { fixed: 3, broken: 1, right: 5, wrong: 2 })
    const b = await finishedRun(root, 'two', { fixed: 5, broken: 0, right: 5, wrong: 1 })
    const { out } = await call(compare, basename(a), basename(b))
    expect(out).toContain('one → two')
    const files = await call(compare, join(a, 'evaluations/test-0.jsonl'), join(a, 'evaluations/test-2.jsonl'))
    expect(lastLine(files.out)).toBe('ledger: 3 fixed, 1 broken, 5 still right, 2 still wrong, p = 0.62')
    await expect(call(compare, 'nothing')).rejects.toMatchObject({ code: 'no-run' })
    await expect(call(compare, `${a}:17`)).rejects.toMatchObject({ code: 'no-evaluation' })
    await expect(call(compare, a, '--split', 'validation')).rejects.toMatchObject({ code: 'no-evaluation' })
    await expect(call(compare)).rejects.toMatchObject({ code: 'usage' })
    await expect(call(compare, a, '--format', 'yaml')).rejects.toThrow(/text, json or html/)
    await expect(call(compare, a, '--frobnicate')).rejects.toMatchObject({ code: 'usage' })
    appendFileSync(join(a, 'evaluations/test-0.jsonl'), '{"file": "test.csv"}\n')
    await expect(call(compare, a)).rejects.toThrow(/test-0\.jsonl:12 is not a prediction/)
  })

  test('a run that was stopped before its test rows were scored is compared on those that both sides have', async () => {
    const folder = await finishedRun(root, 'LoRA', { fixed: 3, broken: 1, right: 5, wrong: 2 })
    const log = readFileSync(join(folder, 'events.jsonl'), 'utf8').split('\n')
    const events = log.map(line => (line.includes('"of":"best"') ? line.replace('"test"', '"validation"') : line))
    const base = (log.find(line => line.includes('"of":"base"')) as string).replace('"test"', '"validation"')
    writeFileSync(join(folder, 'events.jsonl'), [...events.slice(0, -2), base, ...events.slice(-2)].join('\n'))
    const { out } = await call(compare, 'last')
    expect(out).toContain('base → LoRA, on validation')
    expect(lastLine(out)).toBe('ledger: 3 fixed, 1 broken, 5 still right, 2 still wrong, p = 0.62')
  })

  test('references', () => {
    expect(parseReference('run:base')).toEqual({ run: 'run', which: 'base' })
    expect(parseReference('run:120')).toEqual({ run: 'run', which: 120 })
    expect(parseReference('C:\\runs\\x')).toEqual({ run: 'C:\\runs\\x' })
    expect(parseReference('/a/b:c')).toEqual({ run: '/a/b:c' })
  })
})

describe('runs and run', () => {
  test('nothing yet', async () => {
    expect((await call(runs)).out).toContain('There are no runs yet')
    expect(JSON.parse((await call(runs, '--format', 'json')).out)).toEqual({ version: 1, runs: [] })
  })

  test('a list, and one of them', async () => {
    const folder = await finishedRun(root, 'LoRA', { fixed: 58, broken: 12, right: 400, wrong: 30, leaked: 8 })
    const list = await call(runs)
    expect(list.out).toMatch(/20261101-180203-lora +finished +2\/2 +– +91\.6 % +tiny-encoder, LoRA rank 8/)
    const shown = await call(run, 'last')
    expect(shown.out).toContain('24,000 of 1,900,000 parameters trained')
    expect(shown.out).toMatch(/provider +cpu, 2 threads/)
    expect(shown.out).toMatch(/speed +320 rows\/s, 3,200 tokens\/s/)
    expect(shown.out).toMatch(/loss +2\.0000 first, 1\.0000 last/)
    expect(shown.out).toMatch(/left out +1 duplicate/)
    expect(shown.out).toMatch(/test, base +82\.4 %, F1 0\.\d+, loss 0\.\d+ +83\.7 %.*\(8 rows left out\)/)
    expect(shown.out).toMatch(/test, tuned \(step 2\) +91\.6 %/)
    const json = JSON.parse((await call(run, basename(folder), '--format', 'json')).out)
    expect(json).toMatchObject({ id: basename(folder), phase: 'finished', step: 2, recipe: { name: 'LoRA' } })
  })

  test('a spoilt recipe is said when one run is asked for as JSON, and is no reason to hide the rest', async () => {
    const folder = await finishedRun(root, 'LoRA', { fixed: 1, broken: 0, right: 1, wrong: 0 })
    writeFileSync(join(folder, 'recipe.json'), readFileSync(join(folder, 'recipe.json'), 'utf8').slice(0, 40))
    expect((await call(runs)).out).toContain('20261101-180203-lora')
    await expect(call(run, 'last', '--format', 'json')).rejects.toMatchObject({ code: 'bad-run' })
  })
})

describe('models', () => {
  test('a folder that is no model is looked into, not thrown at', async () => {
    const { code, out } = await call(models, 'inspect', '.')
    expect(code).toBe(0)
    expect(out).toMatch(/trains here +no: .*config\.json/)
    await expect(call(models, 'fetch', 'x')).rejects.toMatchObject({ code: 'usage' })
    await expect(call(models, 'get')).rejects.toMatchObject({ code: 'usage' })
    await expect(call(models, 'get', '../x')).rejects.toMatchObject({ code: 'usage' })
  })

  test('the model that comes along is told with what each method needs', async () => {
    const { out } = await call(models, 'inspect', 'tiny-encoder')
    expect(out).toMatch(/trains here +yes/)
    expect(out).toMatch(/LoRA, rank 8 +[\d,]+ +[\d.]+ MB +(fits|too much)/)
    const found = JSON.parse((await call(models, 'inspect', 'tiny-encoder', '--format', 'json')).out)
    expect(found).toMatchObject({ trains: true, tokens: 128, types: ['F16'] })
    expect(found.memory.map((m: { method: string }) => m.method)).toHaveLength(4)
  })

  test('the list is JSON when asked', async () => {
    const found = JSON.parse((await call(models, '--format', 'json')).out)
    expect(Array.isArray(found.models)).toBe(true)
    expect(found.models.map((m: { name: string }) => m.name)).toContain('tiny-encoder')
  })

  test('a downloaded model is known by the name of its organisation and its own', async () => {
    const folder = join(root, '.winnow', 'models', 'org', 'tiny')
    cpSync(join(import.meta.dirname, '../../media/models/tiny-encoder'), folder, { recursive: true })
    expect((await call(models)).out).toContain('org/tiny')
    expect((await call(models, 'inspect', 'org/tiny')).out).toMatch(/trains here +yes/)
  })
})
