import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseEvents } from '../../src/core/run/log.ts'
import type { Estimate, Preflight } from '../../src/core/train/estimate.ts'
import type { RunEvent } from '../../src/core/train/event.ts'
import { killRun } from '../../src/node/program.ts'
import { runsFolder } from '../../src/node/runs.ts'
import { bundle } from '../tool/build.mjs'
import { writeTinyModel } from './train/tinyModel.ts'
import { orderedTexts } from './train/tinyRun.ts'

// The real programs: the command line in one process, training in another, ONNX Runtime and all.
const programs = fileURLToPath(new URL('../../out/tune-test', import.meta.url))
const cli = join(programs, 'cli.cjs')

let root: string

beforeAll(async () => {
  await bundle({ out: programs, only: ['cli', 'worker'] })
  root = mkdtempSync(join(tmpdir(), 'winnow-tune-'))
  writeTinyModel(join(root, 'tiny'))
  const counts = { train: 128, validation: 48, test: 64 }
  for (const [i, split] of (['train', 'validation', 'test'] as const).entries()) {
    const rows = orderedTexts(counts[split], 10 + i)
    // Two test rows are training rows.
    if (split === 'test') rows.splice(3, 2, ...orderedTexts(2, 10))
    writeFileSync(join(root, `${split}.jsonl`), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  }
  recipe('short', { schedule: { epochs: 2 } })
  recipe('long', { schedule: { epochs: 25 }, evaluate: { patience: 0 } })
}, 120_000)

afterAll(async () => {
  const parent = runsFolder(root)
  for (const id of existsSync(parent) ? readdirSync(parent) : []) await killRun(join(parent, id))
  rmSync(root, { recursive: true, force: true })
})

function recipe(name: string, more: object): void {
  const all = { name, model: 'tiny', data: {}, method: { kind: 'lora' }, device: 'cpu', threads: 1, ...more }
  writeFileSync(join(root, `${name}-recipe.json`), JSON.stringify(all))
}

function start(...args: string[]): { child: ChildProcess; said: { out: string; err: string } } {
  const child = spawn(process.execPath, [cli, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  return { child, said }
}

async function winnow(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { child, said } = start(...args)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...said }
}

const eventsOf = (id: string): RunEvent[] => {
  const file = join(runsFolder(root), id, 'events.jsonl')
  return existsSync(file) ? parseEvents(readFileSync(file, 'utf8')) : []
}

const stepsOf = (id: string) => eventsOf(id).flatMap(e => (e.kind === 'step' ? [e] : []))

/** The loss of each step, the last attempt of each. */
const lossesOf = (id: string) => [...new Map(stepsOf(id).map(e => [e.step, e.loss])).values()]

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 25))
  expect(condition()).toBe(true)
}

const idIn = (text: string) => /\d{8}-\d{6}-[\w-]+/.exec(text)?.[0] as string

const ledger = /^ledger: (\d+) fixed, (\d+) broken, (\d+) still right, (\d+) still wrong, p = \S+$/

test('a run from its recipe to its ledger', async () => {
  const { code, out, err } = await winnow('tune', 'short-recipe.json')
  expect(err).not.toMatch(/Error|undefined|NaN/)
  expect(code).toBe(0)
  const lines = out.trimEnd().split('\n')
  const found = ledger.exec(lines.at(-1) as string)
  expect(found?.slice(1).reduce((sum, n) => sum + Number(n), 0)).toBe(64)
  expect(out).toMatch(/provider +cpu, 1 thread/)
  expect(out).toMatch(/predicted +[\d.]+ s \([\d.]+ s to [\d.]+ s\), [\d.]+ GB/)
  expect(out).toMatch(/took +[\d.]+ s, [\d.]+ GB at the highest/)
  expect(out).toMatch(/speed +\d+ rows\/s, [\d,]+ tokens\/s/)
  expect(out).toMatch(/loss +\d\.\d+ first, \d\.\d+ last/)
  expect(out).toMatch(/test, base +\d.*\(2 rows left out\)/)
  expect(out).toMatch(/test, tuned \(step \d+\) +\d.*\(2 rows left out\)/)
  expect(err).toMatch(/on cpu: 16 steps, 128 rows\n/)
  expect(err.match(/^step \d+\/16: loss .*validation accuracy/gm)).toHaveLength(2)

  const id = idIn(err)
  expect(lines.at(-1)).toBe((await winnow('compare', id)).out.trimEnd().split('\n').at(-1))
  const json = JSON.parse((await winnow('run', id, '--format', 'json')).out)
  expect(json).toMatchObject({ id, phase: 'finished', alive: false, step: 16, data: { labels: ['first', 'second'] } })
  expect(json.data.leaked).toEqual([
    { file: 2, row: 3 },
    { file: 2, row: 4 },
  ])

  // What the run said of its test rows is what a later evaluation says of the same file, leaked rows and all.
  const scored = JSON.parse((await winnow('evaluate', id, 'test.jsonl', '--format', 'json')).out)
  const own = eventsOf(id).find(e => e.kind === 'evaluated' && e.split === 'test' && e.of === 'best')
  expect(own).toMatchObject({ scores: scored.all, withoutLeaks: scored.withoutLeaks, leaked: 2 })
  const again = await winnow('compare', scored.file, `${id}:best`)
  expect(again.out).toContain('ledger: 0 fixed, 0 broken,')
}, 60_000)

test('tuned again on the files as they are now: the ledger of both names what was changed', async () => {
  const before = idIn((await winnow('runs')).out)
  const file = join(root, 'train.jsonl')
  const kept = readFileSync(file, 'utf8')
  const lines = kept.trimEnd().split('\n')
  const row = JSON.parse(lines[7] as string) as { label: string }
  lines[7] = JSON.stringify({ ...row, label: row.label === 'first' ? 'second' : 'first' })
  writeFileSync(file, `${lines.slice(0, -1).join('\n')}\n`)
  try {
    const { code, err } = await winnow('tune', '--again', before)
    expect(code).toBe(0)
    const after = idIn(err)
    expect(after).not.toBe(before)
    const recipeOf = (id: string) =>
      JSON.parse(readFileSync(join(runsFolder(root), id, 'recipe.json'), 'utf8')) as object
    // Its dataset was the only one there, and is named now.
    expect(recipeOf(after)).toEqual({ ...recipeOf(before), data: expect.anything() })
    const { out } = await winnow('compare', before, after)
    expect(out).toContain(
      'Training rows: 1 relabelled, 1 removed\n  relabelled  train.jsonl row 7\n  removed  train.jsonl row 127',
    )
  } finally {
    writeFileSync(file, kept)
  }
  const bad = await winnow('tune', 'short-recipe.json', '--again', before)
  expect([bad.code, bad.err]).toEqual([
    2,
    expect.stringContaining('winnow tune needs a recipe, or --resume or --again'),
  ])
})

test('a dry run says what a run would take, and writes nothing', async () => {
  const before = existsSync(runsFolder(root)) ? readdirSync(runsFolder(root)).length : 0
  const { code, out, err } = await winnow('tune', 'short-recipe.json', '--dry-run', '--format', 'json')
  expect([code, err]).toEqual([0, ''])
  const told = JSON.parse(out) as Preflight
  expect(told).toMatchObject({
    version: 1,
    steps: 16,
    epochs: 2,
    from: 'dry-run',
    provider: 'cpu',
    empty: [],
    labels: 2,
  })
  expect(told.rows).toEqual({ train: 128, validation: 48, test: 64, leftOut: 0 })
  expect(told.tokens.histogram.reduce((sum, bar) => sum + bar.rows, 0)).toBe(128)
  expect(told.parameters.trained).toBeLessThan(told.parameters.all)
  // More than Node alone, less than the machine has; the interval holds the value.
  for (const { value, low, high } of [told.memory, told.seconds as Estimate]) {
    expect(low).toBeGreaterThan(0)
    expect(low).toBeLessThanOrEqual(value)
    expect(high).toBeGreaterThan(value)
  }
  expect(told.memory.value).toBeGreaterThan(5e7)
  expect(told.largestBatch).toBeGreaterThan(16)
  // Batches of other sizes were tried as far as they take no time to speak of; of the recipe's own at least.
  const paces = told.paces ?? []
  expect(paces.length).toBeGreaterThan(1)
  for (const { rows, seconds } of paces) expect(rows / seconds).toBeGreaterThan(1)
  expect(paces.map(pace => pace.rows)).toEqual([...paces.map(pace => pace.rows)].sort((a, b) => a - b))
  recipe('cached', { method: { kind: 'head' }, batch: { tokens: 8 } })
  const text = (await winnow('tune', 'cached-recipe.json', '--dry-run')).out
  expect(text).toMatch(/cut +\d+ rows to 8 tokens/)
  expect(text).toMatch(/time +[\d.]+ s \([\d.]+ s to [\d.]+ s\)/)
  expect(existsSync(runsFolder(root)) ? readdirSync(runsFolder(root)).length : 0).toBe(before)
}, 60_000)

test('evaluating other data: other columns, rows seen in training, labels never heard of; and a model folder alone', async () => {
  recipe('head', { method: { kind: 'head' }, schedule: { epochs: 2 } })
  const id = idIn((await winnow('tune', 'head-recipe.json')).err)
  const [seen, also] = orderedTexts(2, 10)
  const [fresh] = orderedTexts(1, 99)
  const rows = [seen, also, fresh, { text: 'w1 w0 w2 w3', label: 'third' }, { text: '', label: 'first' }]
  writeFileSync(join(root, 'more.csv'), `label,text\n${rows.map(r => `${r?.label},${r?.text}`).join('\n')}\n`)
  const { code, out, err } = await winnow('evaluate', id, 'more.csv', '--format', 'json')
  expect(code).toBe(0)
  expect(err).toContain('warning: 2 rows left out: 1 unknown-label, 1 empty-field.')
  const scored = JSON.parse(out)
  expect(scored).toMatchObject({ leaked: 2, all: { rows: 3 }, withoutLeaks: { rows: 1 } })
  const predictions = readFileSync(scored.file, 'utf8').trimEnd().split('\n')
  expect(predictions.map(line => JSON.parse(line).leaked)).toEqual([true, true, false])

  const ofRun = JSON.parse((await winnow('evaluate', id, 'test.jsonl', '--format', 'json')).out)
  const model = join(runsFolder(root), id, 'model')
  const alone = JSON.parse((await winnow('evaluate', model, 'test.jsonl', '--format', 'json')).out)
  expect(alone.all.accuracy).toBe(ofRun.all.accuracy)
  expect(alone.all.loss).toBeCloseTo(ofRun.all.loss, 5)
  expect(alone.leaked).toBe(0)
  expect((await winnow('evaluate', 'tiny', 'test.jsonl')).err).toMatch(/names no labels/)
}, 60_000)

test('stopped, killed and resumed twice: the same losses bit for bit as left alone', async () => {
  const alone = await winnow('tune', 'long-recipe.json')
  expect(alone.code).toBe(0)
  const whole = lossesOf(idIn(alone.err))
  expect(whole).toHaveLength(200)

  const first = start('tune', 'long-recipe.json')
  const closed = once(first.child, 'close')
  await until(() => idIn(first.said.err) !== undefined)
  const id = idIn(first.said.err)
  await until(() => stepsOf(id).length >= 20)
  first.child.kill('SIGINT')
  expect((await closed)[0]).toBe(0)
  expect(first.said.err).toContain('Ctrl+C again ends it at once')
  expect(first.said.err).toContain(`Go on with: winnow tune --resume ${id}`)
  const stoppedAt = stepsOf(id).length
  expect(stoppedAt).toBeLessThan(200)

  expect((await winnow('tune', '--resume', id, '--detach')).out.trim()).toBe(id)
  await until(() => stepsOf(id).length >= stoppedAt + 20)
  const { pid } = JSON.parse(readFileSync(join(runsFolder(root), id, 'lock'), 'utf8'))
  process.kill(pid, 'SIGKILL')
  await until(() => !existsSync(`/proc/${pid}`) || process.platform !== 'linux')
  const list = JSON.parse((await winnow('runs', '--format', 'json')).out)
  expect(list.runs[0]).toMatchObject({ id, phase: 'failed', alive: false })
  expect(list.runs[0].reason).toContain('the process ended without saying why')

  const resumed = await winnow('tune', '--resume', id)
  expect(resumed.code).toBe(0)
  expect(resumed.err).toContain('going on after step')
  expect(lossesOf(id)).toEqual(whole)
  expect(resumed.out.trimEnd().split('\n').at(-1)).toBe(alone.out.trimEnd().split('\n').at(-1))
  expect(await winnow('tune', '--resume', id)).toMatchObject({ code: 2, out: '' })
}, 120_000)

test('a detached run is stopped by its id', async () => {
  const { code, out } = await winnow('tune', 'long-recipe.json', '--detach', '--format', 'json')
  expect(code).toBe(0)
  const { id } = JSON.parse(out)
  await until(() => stepsOf(id).length >= 5)
  expect((await winnow('tune', '--resume', id)).err).toMatch(/is at work already \(process \d+\)/)
  expect((await winnow('run', id, '--stop')).out).toMatch(/state +stopped/)
  expect(stepsOf(id).length).toBeLessThan(200)
}, 60_000)

describe('what cannot start', () => {
  test('is one line and exit code 2', async () => {
    recipe('wrong', { schedul: {} })
    const wrong = await winnow('tune', 'wrong-recipe.json')
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err.trimEnd().split('\n')).toHaveLength(1)
    expect(wrong.err).toMatch(/wrong-recipe\.json: unknown key "schedul"\. Did you mean "schedule"\?/)
    expect((await winnow('tune')).err).toMatch(/needs a recipe, or --resume/)
    expect((await winnow('tune', 'nothing.json')).err).toMatch(/nothing\.json does not exist/)
  })

  test('data that changes between the start and the training process is a failed run that says so', async () => {
    const { out } = await winnow('tune', 'long-recipe.json', '--detach', '--format', 'json')
    const { id, folder } = JSON.parse(out)
    await winnow('run', id, '--kill')
    const data = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'))
    data.files[0].hash = '0'.repeat(32)
    writeFileSync(join(folder, 'data.json'), JSON.stringify(data))
    const resumed = await winnow('tune', '--resume', id)
    expect(resumed.code).toBe(2)
    expect(resumed.err).toMatch(/train\.jsonl has changed since the run was made/)
  }, 30_000)
})
