/* What goes wrong around a run is one line, and costs nothing that was there. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listCheckpoints } from '../../../src/node/checkpoint.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { train } from '../../../src/node/trainer.ts'
import { eventsOf, writeTinyRun } from './tinyRun.ts'
import { bundleWorker, endOf } from './worker.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-failures-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let start: Awaited<ReturnType<typeof bundleWorker>>
beforeAll(async () => {
  start = await bundleWorker(root)
}, 60_000)

const io = { open: openRuntime, models: [], now: () => 0, clock: () => performance.now(), ending: () => false }
const counts = { train: 48, validation: 16, test: 0 }
const input = {
  device: 'cpu',
  threads: 1,
  method: { kind: 'lora' },
  schedule: { steps: 12 },
  batch: { rows: 8, tokens: 16 },
  evaluate: { every: 4, patience: 0 },
} as const

const change = (folder: string, keys: object) => {
  const path = join(folder, 'recipe.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...keys }))
}
const lastReason = (folder: string) =>
  eventsOf(folder)
    .flatMap(e => (e.kind === 'ended' ? [e.reason] : []))
    .at(-1)

test('a provider that is asked for and not there ends the run in one line; what was saved goes on elsewhere', async () => {
  const folder = writeTinyRun(join(root, 'provider'), input, counts)
  const ending = () => eventsOf(folder).some(e => e.kind === 'step' && e.step >= 5)
  expect(await train(folder, { ...io, ending })).toBe('stopped')
  const saved = listCheckpoints(folder).map(c => c.step)
  expect(saved.length).toBeGreaterThan(0)
  // DirectML is for Windows, CoreML for macOS: one of them is never here.
  const device = process.platform === 'win32' ? 'coreml' : 'dml'
  change(folder, { device })
  expect(await train(folder, io)).toBe('failed')
  expect(lastReason(folder)).toMatch(/^(DirectML|CoreML) cannot be used here: it [^\n]+$/)
  expect(listCheckpoints(folder).map(c => c.step)).toEqual(saved)
  change(folder, { device: 'cpu' })
  expect(await train(folder, io)).toBe('finished')
  expect(eventsOf(folder).flatMap(e => (e.kind === 'started' ? [e.from] : []))).toEqual([0, saved.at(-1)])
})

test('a tokenizer of another model ends the run before a step, in one line that names the file', async () => {
  const folder = writeTinyRun(join(root, 'tokenizer'), input, counts)
  const path = join(root, 'tokenizer', 'tiny', 'tokenizer.json')
  const tokenizer = JSON.parse(readFileSync(path, 'utf8'))
  for (let i = 0; i < 20; i++) tokenizer.model.vocab[`more${i}`] = Object.keys(tokenizer.model.vocab).length
  writeFileSync(path, JSON.stringify(tokenizer))
  expect(await train(folder, io)).toBe('failed')
  expect(lastReason(folder)).toMatch(/tokenizer\.json has ids up to 64, the embeddings 45 rows[^\n]*$/)
  expect(eventsOf(folder).map(e => e.kind)).toEqual(['ended'])
})

test.skipIf(process.platform === 'win32')('an export that does not fit leaves nothing half written', async () => {
  const folder = writeTinyRun(join(root, 'disk'), input, counts)
  expect(await train(folder, io)).toBe('finished')
  const place = join(root, 'exports')
  for (const form of ['onnx', 'merged'] as const) {
    const request = join(root, `${form}.json`)
    const out = join(place, form)
    writeFileSync(request, JSON.stringify({ version: 1, source: folder, out, form, type: 'fp32' }))
    const full = await endOf(start(['export', request], 'ulimit -f 20'))
    expect(full.code).toBe(2)
    expect(full.said).toMatch(
      new RegExp(`^${form} could not be written: the file is too large. Free some space and export it again\\n$`),
    )
    expect(existsSync(place) ? readdirSync(place) : []).toEqual([])
  }
  const fits = await endOf(start(['export', join(root, 'onnx.json')]))
  expect(fits).toEqual({ code: 0, said: '' })
  expect(readdirSync(place)).toEqual(['onnx'])
})
