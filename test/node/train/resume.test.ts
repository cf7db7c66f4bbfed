import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'
import { listCheckpoints } from '../../../src/node/checkpoint.ts'
import { readRowLosses } from '../../../src/node/rowLosses.ts'
import { eventsOf, writeTinyRun } from './tinyRun.ts'
import { bundleWorker, endOf, reached } from './worker.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-resume-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let start: Awaited<ReturnType<typeof bundleWorker>>
beforeAll(async () => {
  start = await bundleWorker(root)
}, 60_000)

const cpu = { device: 'cpu', threads: 1, dropout: 0.1, seed: 3 } as const
const counts = { train: 400, validation: 48, test: 48 }
/** Long enough that a busy machine does not finish before it can be killed. */
const schedules = {
  full: { rate: 2e-3, epochs: 5 },
  lora: { rate: 2e-3, epochs: 8 },
  head: { rate: 2e-3, epochs: 40 },
} as const
const evaluate = { every: 9, patience: 0 }

/** The last word on every step: a resumed run says some steps again. */
function steps(events: readonly RunEvent[]): { step: number; loss: number; norm: number; batch: readonly number[] }[] {
  const byStep = new Map<number, { step: number; loss: number; norm: number; batch: readonly number[] }>()
  for (const e of events)
    if (e.kind === 'step') byStep.set(e.step, { step: e.step, loss: e.loss, norm: e.norm, batch: e.batch ?? [] })
  return [...byStep.values()]
}

const bytes = (folder: string, file: string) => readFileSync(join(folder, file)).toString('base64')

describe.each([
  ['full', 'model/model.safetensors'],
  ['lora', 'adapter/adapter_model.safetensors'],
  ['head', 'model/model.safetensors'],
] as const)('%s', (kind, weights) => {
  test('killed at random steps and resumed, a run equals the uninterrupted one bit for bit', async () => {
    const input = { ...cpu, method: { kind }, schedule: schedules[kind], evaluate }
    const whole = writeTinyRun(join(root, `${kind}-whole`), input, counts)
    expect(await endOf(start(['train', whole]))).toEqual({ code: 0, said: '' })
    const expected = steps(eventsOf(whole))
    const broken = writeTinyRun(join(root, `${kind}-broken`), input, counts)
    const draw = random(`kill-${kind}`)
    let kills = 0
    for (const part of [0.2, 0.5, 0.8]) {
      const child = start(['train', broken])
      const end = endOf(child)
      if (await reached(broken, Math.ceil(expected.length * part) + draw.int(6), child)) {
        child.kill('SIGKILL')
        kills++
      }
      await end
    }
    expect(kills).toBeGreaterThan(0)
    expect((await endOf(start(['train', broken]))).code).toBe(0)
    const events = eventsOf(broken)
    expect(events.filter(e => e.kind === 'started').length).toBe(kills + 1)
    expect(events.filter(e => e.kind === 'started').at(-1)).toMatchObject({ from: expect.any(Number) })
    expect((events.filter(e => e.kind === 'started').at(-1) as { from: number }).from).toBeGreaterThan(0)
    expect(steps(events)).toEqual(expected)
    expect(bytes(broken, weights)).toBe(bytes(whole, weights))
    expect(readRowLosses(join(broken, 'rows.bin'))).toEqual(readRowLosses(join(whole, 'rows.bin')))
    expect(readdirSync(broken).filter(name => name.startsWith('.tmp'))).toEqual([])
  })
})

test('the stop file stops between two runs of the graph, and the run goes on where it stopped', async () => {
  const input = { ...cpu, method: { kind: 'lora' }, schedule: schedules.lora, evaluate } as const
  const whole = join(root, 'lora-whole', '.winnow', 'runs', 'run')
  const folder = writeTinyRun(join(root, 'stop'), input, counts)
  const child = start(['train', folder])
  const end = endOf(child)
  expect(await reached(folder, 13, child)).toBe(true)
  writeFileSync(join(folder, 'stop'), '')
  expect((await end).code).toBe(0)
  const last = eventsOf(folder).at(-1)
  expect(last).toMatchObject({ kind: 'ended', outcome: 'stopped' })
  const stoppedAt = steps(eventsOf(folder)).length
  expect(stoppedAt).toBeLessThan(200)
  expect(listCheckpoints(folder).at(-1)?.step).toBe(stoppedAt)
  expect(existsSync(join(folder, 'lock'))).toBe(false)
  rmSync(join(folder, 'stop'))
  const again = start(['train', folder])
  const secondEnd = endOf(again)
  expect(await reached(folder, stoppedAt + 11, again)).toBe(true)
  again.kill('SIGTERM')
  expect((await secondEnd).code).toBe(0)
  expect(eventsOf(folder).at(-1)).toMatchObject({ kind: 'ended', outcome: 'stopped' })
  expect((await endOf(start(['train', folder]))).code).toBe(0)
  expect(steps(eventsOf(folder))).toEqual(steps(eventsOf(whole)))
})

test('a full disk costs a warning, keeps the last checkpoint and leaves nothing half written', async () => {
  const input = {
    ...cpu,
    method: { kind: 'full' },
    schedule: { rate: 1e-3, steps: 24 },
    evaluate: { every: 8 },
  } as const
  const folder = writeTinyRun(join(root, 'disk'), input, { train: 96, validation: 16, test: 16 })
  const first = start(['train', folder])
  const firstEnd = endOf(first)
  expect(await reached(folder, 9, first)).toBe(true)
  first.kill('SIGKILL')
  await firstEnd
  const kept = listCheckpoints(folder).map(c => c.step)
  expect(kept).toContain(8)
  const copy = join(root, 'disk-copy')
  cpSync(join(folder, 'checkpoint-8'), copy, { recursive: true })
  // 64 KiB a file: enough for the log, not for the model's 87 kB.
  const { code, said } = await endOf(start(['train', folder], 'ulimit -f 64'))
  const events = eventsOf(folder)
  expect(said).toBe('')
  expect(code).toBe(2)
  const warnings = events.filter(e => e.kind === 'warned' && e.code === 'disk-full')
  expect(warnings.length).toBeGreaterThan(0)
  expect(warnings[0]).toMatchObject({
    message: expect.stringMatching(/^checkpoint-\d+ could not be written: the file is too large/),
  })
  expect(events.at(-1)).toMatchObject({
    kind: 'ended',
    outcome: 'failed',
    reason: 'the last checkpoint could not be written',
  })
  expect(listCheckpoints(folder).map(c => c.step)).toEqual(kept)
  for (const file of readdirSync(copy)) expect(bytes(join(folder, 'checkpoint-8'), file)).toBe(bytes(copy, file))
  expect(readdirSync(folder).filter(name => name.startsWith('.tmp'))).toEqual([])
  expect((await endOf(start(['train', folder]))).code).toBe(0)
  expect(eventsOf(folder).at(-1)).toMatchObject({ kind: 'ended', outcome: 'finished' })
})
