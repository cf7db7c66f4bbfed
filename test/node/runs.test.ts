import { spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../src/core/base/failure.ts'
import { newRun, type Run, reduce } from '../../src/core/run/run.ts'
import type { RunData } from '../../src/core/train/data.ts'
import type { RunEvent } from '../../src/core/train/event.ts'
import { type Recipe, resolveRecipe } from '../../src/core/train/recipe.ts'
import { childEnv } from '../../src/node/environment.ts'
import { holderOf, processStart, writeLock } from '../../src/node/lock.ts'
import { killRun, startTraining, stopRun, waitForEnd } from '../../src/node/program.ts'
import { followRun, stderrTail } from '../../src/node/runLog.ts'
import { createRun, findRoot, findRun, listRuns, type RunCache, readRun, slug } from '../../src/node/runs.ts'

const trainer = fileURLToPath(new URL('fixture/trainer.mjs', import.meta.url))

const data: RunData = {
  version: 1,
  dataset: 'd',
  root: '/d',
  files: [],
  roles: { text: 'text', label: 'label' },
  labels: ['x'],
  use: { train: [], validation: [], test: [] },
  dropped: [],
  leaked: [],
}

let root: string
const folders: string[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-runs-'))
})

afterEach(async () => {
  for (const folder of folders.splice(0)) await killRun(folder)
  rmSync(root, { recursive: true, force: true })
})

type Behaviour = 'well' | 'dies' | 'deaf' | 'half-lines'

async function make(behaviour: Behaviour, steps: number): Promise<string> {
  const seed = ['well', 'dies', 'deaf', 'half-lines'].indexOf(behaviour)
  const recipe: Recipe = resolveRecipe(
    { name: `Fixture ${behaviour}`, model: 'm', data: {}, schedule: { steps }, seed },
    { hidden: 128 },
  )
  const { folder } = await createRun(root, { recipe, data, at: new Date(2026, 10, 1, 18, 2, 3) })
  folders.push(folder)
  return folder
}

/** Follows until the run is over, and checks the state after every batch of events. */
function followed(folder: string, upTo: (run: Run) => boolean): Promise<{ run: Run; batches: number }> {
  let run = newRun(basename(folder), '')
  let batches = 0
  return new Promise((resolve, reject) => {
    const following = followRun(
      folder,
      {
        onEvents: events => {
          batches++
          run = (events as RunEvent[]).reduce(reduce, run)
          if (!upTo(run)) return
          following.dispose()
          resolve({ run, batches })
        },
        onProblem: reject,
      },
      50,
    )
  })
}

const over = (run: Run) => run.phase !== 'waiting' && run.phase !== 'running'

describe('a run folder', () => {
  test('holds recipe and data, is named by time and name, and never reuses a folder', async () => {
    const folder = await make('well', 1)
    expect(basename(folder)).toBe('20261101-180203-fixture-well')
    expect(basename(await make('well', 1))).toBe('20261101-180203-fixture-well-2')
    expect(JSON.parse(readFileSync(join(folder, 'recipe.json'), 'utf8')).schedule.steps).toBe(1)
    expect(JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'))).toEqual(data)
    expect(readFileSync(join(root, '.winnow/.gitignore'), 'utf8')).toBe('*\n')
    expect((await readRun(folder)).run).toMatchObject({ phase: 'waiting', name: 'Fixture well' })
  })

  test('slugs', () => {
    expect(slug('Été: LoRA r=8, 2nd try!')).toBe('ete-lora-r-8-2nd-try')
    expect(slug('日本語')).toBe('run')
    expect(slug('../../etc/passwd')).toBe('etc-passwd')
    expect(slug('a'.repeat(80))).toHaveLength(40)
  })

  test('is found by id, by the beginning of an id, by path and as the last', async () => {
    const a = await make('well', 1)
    const b = await make('deaf', 1)
    // The later id in order of name is the later in time; of one second the order is that of the names.
    expect(await findRun(root, basename(a))).toBe(a)
    expect(await findRun(root, '20261101-180203-fixture-d')).toBe(b)
    expect(await findRun(root, 'last')).toBe(a)
    expect(await findRun(root, a, '/')).toBe(a)
    expect(await findRun(root, join('.winnow/runs', basename(b)), root)).toBe(b)
    await expect(findRun(root, '2026')).rejects.toThrow(Failure)
    await expect(findRun(root, 'nothing')).rejects.toMatchObject({ code: 'no-run' })
    mkdirSync(join(root, 'sub/folder'), { recursive: true })
    expect(findRoot(join(root, 'sub/folder'))).toBe(root)
    mkdirSync(join(root, 'sub/.git'))
    expect(findRoot(join(root, 'sub/folder'))).toBe(join(root, 'sub/folder'))
    expect(findRoot(join(root, 'sub/folder'), join(root, 'sub'))).toBe(join(root, 'sub'))
  })

  test('one that cannot be read does not hide the others', async () => {
    const a = await make('well', 1)
    const b = await make('deaf', 1)
    writeFileSync(join(b, 'recipe.json'), '{"name": "cut of')
    writeFileSync(join(b, 'events.jsonl'), '\0\0\0garbage')
    mkdirSync(join(root, '.winnow/runs/no-run'))
    const found = await listRuns(root)
    expect(found.map(r => [r.folder, r.run.name])).toEqual([
      [a, 'Fixture well'],
      [b, basename(b)],
    ])
  })
})

describe('a process', () => {
  test('is known by pid and start time, so that a reused pid is not taken for it', async () => {
    const folder = await make('well', 1)
    expect((await holderOf(folder)).kind).toBe('none')
    await writeLock(folder, process.pid)
    expect(await holderOf(folder)).toEqual({ kind: 'alive', pid: process.pid })
    const lock = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...lock, started: `1${lock.started}` }))
    expect((await holderOf(folder)).kind).toBe('gone')
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...lock, host: 'another-machine' }))
    expect((await holderOf(folder)).kind).toBe('elsewhere')
    writeFileSync(join(folder, 'lock'), '{"pid":')
    expect((await holderOf(folder)).kind).toBe('gone')
    rmSync(join(folder, 'lock'))
  })

  test('that has ended has no start time', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise(resolve => child.on('exit', resolve))
    expect(await processStart(child.pid as number)).toBeUndefined()
    expect(await processStart(process.pid)).toBe(await processStart(process.pid))
  })

  test('gets no switches that were meant for its parent', () => {
    const env = childEnv({ PATH: '/bin', NODE_OPTIONS: '--inspect', VSCODE_PID: '1', ORT_LOGGING_LEVEL: '3' })
    expect(env).toEqual({ PATH: '/bin', ORT_LOGGING_LEVEL: '3', ELECTRON_RUN_AS_NODE: '1' })
  })
})

describe('training in a process of its own', () => {
  test('is followed live to its end', async () => {
    const folder = await make('well', 30)
    await startTraining(folder, trainer)
    const { run, batches } = await followed(folder, over)
    expect(run.phase).toBe('finished')
    expect([...run.series.step]).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    expect(batches).toBeGreaterThan(3)
    expect(await waitForEnd(folder, { ms: 5000 })).toBe(true)
    expect((await readRun(folder)).run).toMatchObject({ phase: 'finished' })
  })

  test('half-written lines and cut characters are waited for', async () => {
    const folder = await make('half-lines', 25)
    await startTraining(folder, trainer)
    const { run } = await followed(folder, over)
    expect(run.phase).toBe('finished')
    expect(run.series.step).toHaveLength(25)
  })

  test('stops when asked, and goes on when resumed', async () => {
    const folder = await make('well', 400)
    await startTraining(folder, trainer)
    await followed(folder, run => run.series.step.length >= 3)
    expect(await stopRun(folder, 5000)).toBe('stopped')
    const stopped = await readRun(folder)
    expect(stopped).toMatchObject({ alive: false, run: { phase: 'stopped' } })
    const steps = stopped.run.series.step.length
    await startTraining(folder, trainer)
    expect(existsSync(join(folder, 'stop'))).toBe(false)
    const { run } = await followed(folder, r => r.phase === 'running' && r.series.step.length >= steps + 3)
    expect(run.started?.from).toBe(steps)
  })

  test('one that is at work is not started twice', async () => {
    const folder = await make('well', 400)
    await startTraining(folder, trainer)
    await expect(startTraining(folder, trainer)).rejects.toMatchObject({ code: 'run-busy' })
  })

  test('one that does not listen is ended', async () => {
    const folder = await make('deaf', 4000)
    await startTraining(folder, trainer)
    await followed(folder, run => run.series.step.length >= 2)
    expect(await stopRun(folder, 300)).toBe('killed')
    expect((await readRun(folder)).run.phase).toBe('failed')
  })

  test('one that dies without a word reads as failed, with the end of its error output', async () => {
    const folder = await make('dies', 30)
    await startTraining(folder, trainer)
    const { run } = await followed(folder, over)
    const reason = 'the process ended without saying why: RangeError: Array buffer allocation failed'
    expect(run).toMatchObject({ phase: 'failed', reason })
    expect(run.series.step).toHaveLength(5)
    // The list and a later look say the same as the live view, and write nothing.
    const log = readFileSync(join(folder, 'events.jsonl'), 'utf8')
    expect((await listRuns(root))[0]?.run).toMatchObject({ phase: 'failed', reason, endedAt: run.endedAt })
    expect(readFileSync(join(folder, 'events.jsonl'), 'utf8')).toBe(log)
  })
})

test('a process that could not write its last line, as on a full disk, does not run for ever', async () => {
  const folder = await make('well', 1)
  const line = JSON.stringify({ kind: 'started', at: 1, steps: 9 })
  writeFileSync(join(folder, 'events.jsonl'), `${line}\n`)
  writeFileSync(
    join(folder, 'stderr.log'),
    "node:internal/modules\n    throw err;\n\nError: Cannot find module 'onnxruntime-node'\nRequire stack:\n- worker.cjs\n  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js v20.20.2\n",
  )
  expect(await stderrTail(folder)).toBe("Error: Cannot find module 'onnxruntime-node'")
  writeFileSync(join(folder, 'stderr.log'), 'events.jsonl could not be written: the disk is full\n')
  expect((await readRun(folder)).run.phase).toBe('running')
  const before = new Date(Date.now() - 60_000)
  utimesSync(join(folder, 'events.jsonl'), before, before)
  utimesSync(join(folder, 'stderr.log'), before, before)
  expect((await readRun(folder)).run).toMatchObject({
    phase: 'failed',
    reason: expect.stringContaining('the disk is full'),
    endedAt: Math.round(before.getTime()),
  })
})

describe('following', () => {
  test('a log that was there before, one that comes late, and one begun anew', async () => {
    const folder = await make('well', 1)
    const seen: (string | number)[] = []
    const following = followRun(
      folder,
      {
        onEvents: events => seen.push(...events.map(e => (e.kind === 'step' ? e.step : e.kind))),
        onReset: () => seen.push('reset'),
      },
      30,
    )
    const until = async (n: number) => {
      for (let i = 0; i < 200 && seen.length < n; i++) await new Promise(resolve => setTimeout(resolve, 20))
    }
    const step = (n: number) => JSON.stringify({ kind: 'step', step: n, loss: 1 })
    const file = join(folder, 'events.jsonl')
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(seen).toEqual([])
    writeFileSync(file, `${step(1)}\n${step(2)}\n${step(3).slice(0, 10)}`)
    await until(2)
    appendFileSync(file, `${step(3).slice(10)}\n`)
    await until(3)
    expect(seen).toEqual([1, 2, 3])
    writeFileSync(file, `${step(1)}\n`)
    await until(5)
    expect(seen).toEqual([1, 2, 3, 'reset', 1])
    following.dispose()
    appendFileSync(file, `${step(2)}\n`)
    await new Promise(resolve => setTimeout(resolve, 120))
    expect(seen).toHaveLength(5)
  })

  test('a long log is read in pieces that keep nobody waiting', async () => {
    const folder = await make('well', 1)
    const line = (step: number) =>
      `${JSON.stringify({ kind: 'step', at: 0, step, epoch: 1, loss: 1 / step, rate: 1e-4, norm: 1, rows: 16, tokens: 300, ms: 20, batch: Array.from({ length: 16 }, (_, i) => step * 16 + i) })}\n`
    writeFileSync(join(folder, 'events.jsonl'), Array.from({ length: 60_000 }, (_, i) => line(i + 1)).join(''))
    // Processor time between two ticks, not time on the wall: a busy machine may take the processor away.
    let longest = 0
    let last = process.cpuUsage()
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(last)
      longest = Math.max(longest, (user + system) / 1000)
      last = process.cpuUsage()
    }, 1)
    const cache: RunCache = new Map()
    const { run } = await readRun(folder, cache)
    clearInterval(timer)
    expect(run.series.step).toHaveLength(60_000)
    expect(longest).toBeGreaterThan(0)
    expect(longest).toBeLessThan(1000)
    // Nothing changed: nothing is read again.
    expect((await readRun(folder, cache)).run.series).toBe(run.series)
  })
})
