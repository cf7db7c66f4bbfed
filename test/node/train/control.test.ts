import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newRun, reduce } from '../../../src/core/run/run.ts'
import { askControl, readControl } from '../../../src/node/control.ts'
import { eventsOf, writeTinyRun } from './tinyRun.ts'
import { bundleWorker, endOf, reached } from './worker.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-control-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let start: Awaited<ReturnType<typeof bundleWorker>>
beforeAll(async () => {
  start = await bundleWorker(root)
}, 60_000)

const until = async (what: string, is: () => boolean) => {
  for (let i = 0; i < 600; i++) {
    if (is()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`waited too long for ${what}`)
}

test('paused, made slower, killed and resumed: every step that is trained again is the same', async () => {
  const folder = writeTinyRun(
    join(root, 'run'),
    {
      ...{ device: 'cpu', threads: 1, dropout: 0.1, seed: 3, method: { kind: 'lora' } },
      ...{ schedule: { kind: 'constant', warmup: 0, rate: 2e-3, epochs: 8 }, evaluate: { every: 40, patience: 0 } },
    },
    { train: 400, validation: 16, test: 0 },
  )
  const first = start(['train', folder])
  const end = endOf(first)
  expect(await reached(folder, 8, first)).toBe(true)
  askControl(folder, { paused: true })
  const paused = () => eventsOf(folder).some(e => e.kind === 'controlled' && e.paused)
  await until('the pause', paused)
  const rested = eventsOf(folder).findLast(e => e.kind === 'step')?.step as number
  expect(eventsOf(folder).reduce(reduce, newRun('', '')).paused).toBe(true)
  // Before it rests it keeps what it has learnt.
  expect(eventsOf(folder).findLast(e => e.kind === 'saved')).toMatchObject({ step: rested })
  await new Promise(resolve => setTimeout(resolve, 300))
  expect(eventsOf(folder).findLast(e => e.kind === 'step')?.step).toBe(rested)
  askControl(folder, { paused: false, factor: 0.25 })
  expect(await reached(folder, rested + 12, first)).toBe(true)
  first.kill('SIGKILL')
  await end
  const before = eventsOf(folder)
  const slower = before.flatMap(e => (e.kind === 'step' && e.step > rested ? [e.rate] : []))
  expect(new Set(slower)).toEqual(new Set([0.25 * 2e-3]))
  expect((await endOf(start(['train', folder]))).code).toBe(0)
  const after = eventsOf(folder).slice(before.length)
  const told = (events: typeof before) =>
    new Map(events.flatMap(e => (e.kind === 'step' ? [[e.step, [e.loss, e.norm, e.rate, e.batch]] as const] : [])))
  const [was, is] = [told(before), told(after)]
  const again = [...is].filter(([step]) => was.has(step))
  expect(again.length).toBeGreaterThan(0)
  for (const [step, values] of again) expect(values, `step ${step}`).toEqual(was.get(step))
  expect(eventsOf(folder).reduce(reduce, newRun('', ''))).toMatchObject({
    phase: 'finished',
    rates: [{ step: rested, factor: 0.25 }],
  })
}, 60_000)

test('a wish is kept until it is taken back; what cannot be is refused', () => {
  const folder = join(root, 'run', '.winnow', 'runs', 'run')
  askControl(folder, { factor: 2 })
  expect(askControl(folder, { paused: true })).toEqual({ paused: true, factor: 2 })
  expect(readControl(folder)).toEqual({ paused: true, factor: 2 })
  for (const factor of [0, -1, Number.NaN, 1000]) expect(() => askControl(folder, { factor })).toThrow(/cannot be/)
  expect(askControl(folder, { paused: false, factor: 1 })).toEqual(readControl(folder))
})
