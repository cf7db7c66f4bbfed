import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openRuntime } from '../../../src/node/ort.ts'
import { type TrainIo, train } from '../../../src/node/trainer.ts'
import { eventsOf, writeTinyRun } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-train-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const io: TrainIo = {
  open: openRuntime,
  models: [],
  now: () => Date.now(),
  clock: () => performance.now(),
  ending: () => false,
}
const cpu = { device: 'cpu', threads: 1 } as const

test.each(['full', 'lora', 'head'] as const)('%s: a run from its folder to its end', async kind => {
  const folder = writeTinyRun(join(root, kind), {
    ...cpu,
    method: { kind },
    dropout: 0,
    schedule: { rate: 3e-3, epochs: 3 },
  })
  const outcome = await train(folder, io)
  const events = eventsOf(folder)
  for (const e of events) if (e.kind !== 'step') console.log(JSON.stringify(e).slice(0, 300))
  expect(outcome).toBe('finished')
  console.log(readdirSync(folder), readdirSync(join(folder, kind === 'lora' ? 'adapter' : 'model')))
})
