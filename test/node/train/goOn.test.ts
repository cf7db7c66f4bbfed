/* Runs that go on from an adapter, adapters that are scored by themselves, and what else a recipe may ask of the trainer. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/core/train/event.ts'
import { rangeSchedule } from '../../../src/core/train/findRate.ts'
import { listCheckpoints } from '../../../src/node/checkpoint.ts'
import { evaluate } from '../../../src/node/evaluator.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { readHeader } from '../../../src/node/safetensors.ts'
import { train } from '../../../src/node/trainer.ts'
import { eventsOf, writeTinyRun } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-go-on-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const open = () => openRuntime({ provider: 'cpu', threads: 1 })
const io = { open, models: [], now: () => 0, clock: () => performance.now(), ending: () => false }
const base = { device: 'cpu', threads: 1, seed: 3, evaluate: { every: 4, patience: 0 } } as const
const counts = { train: 64, validation: 24, test: 24 }

const scoresOf = (events: readonly RunEvent[], of: 'best') =>
  events.flatMap(e => (e.kind === 'evaluated' && e.of === of && e.split === 'test' ? [e.scores] : []))[0]

test('an adapter of a run is scored by itself as in the run, and a run goes on from it', async () => {
  const method = { kind: 'dora', rank: 4, targets: 'all-linear' } as const
  const first = writeTinyRun(join(root, 'first'), { ...base, method, schedule: { rate: 5e-3, steps: 12 } }, counts)
  expect(await train(first, io)).toBe('finished')
  const adapter = join(first, 'adapter')
  const data = JSON.parse(readFileSync(join(first, 'data.json'), 'utf8'))
  const out = join(root, 'scored.jsonl')
  const request = { version: 1, of: { kind: 'model', folder: adapter }, data, split: 'test', out } as const
  await evaluate(
    { ...request, device: 'cpu', threads: 1, batch: { rows: 16, tokens: 32 } },
    { ...io, progress: () => {} },
  )
  const lossOf = (file: string) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { loss: number }).loss)
  const step = eventsOf(first).flatMap(e => (e.kind === 'ended' ? [e.bestStep] : []))[0]
  expect(lossOf(out)).toEqual(lossOf(join(first, 'evaluations', `test-${step}.jsonl`)))

  const second = writeTinyRun(join(root, 'second'), { ...base, method, schedule: { rate: 1e-6, steps: 4 } }, counts)
  const recipe = JSON.parse(readFileSync(join(second, 'recipe.json'), 'utf8'))
  writeFileSync(join(second, 'recipe.json'), JSON.stringify({ ...recipe, adapter }))
  expect(await train(second, io)).toBe('finished')
  const [was, is] = [scoresOf(eventsOf(first), 'best'), scoresOf(eventsOf(second), 'best')]
  expect(is?.['loss']).toBeCloseTo(was?.['loss'] as number, 4)
})

test('every knob at once trains, scores the mean of the weights, saves it, and goes on with the same bits', async () => {
  const input = {
    ...base,
    method: { kind: 'full' },
    schedule: { kind: 'warmup-stable-decay', rate: 2e-3, steps: 12 },
    optimizer: { kind: 'sgd', nesterov: true },
    batch: { rows: 16, micro: 6, recompute: true },
    rates: { layerDecay: 0.9, embeddings: 0 },
    unfreeze: { steps: 2 },
    neftune: 5,
    ema: 0.9,
    classWeights: 'balanced',
    focal: 2,
  } as const
  const folder = writeTinyRun(join(root, 'knobs'), input, counts)
  expect(await train(folder, io)).toBe('finished')
  const last = listCheckpoints(folder).at(-1)
  const names = [...readHeader(join(last?.path as string, 'optimizer.safetensors')).tensors.keys()]
  for (const kind of ['m.', 'e.', 'p.']) expect(names.some(name => name.startsWith(kind))).toBe(true)
  expect(names.some(name => name.startsWith('v.'))).toBe(false)
  expect(names.some(name => name.includes('word_embeddings'))).toBe(false)

  const broken = writeTinyRun(join(root, 'knobs-broken'), input, counts)
  const taken = () =>
    existsSync(join(broken, 'events.jsonl')) ? eventsOf(broken).filter(e => e.kind === 'step').length : 0
  expect(await train(broken, { ...io, ending: () => taken() >= 5 })).toBe('stopped')
  const stopped = listCheckpoints(broken).at(-1)?.step as number
  expect(stopped).toBeGreaterThan(0)
  expect(stopped).toBeLessThan(12)
  expect(await train(broken, io)).toBe('finished')
  const bytes = (run: string) => readFileSync(join(run, 'model', 'model.safetensors')).toString('base64')
  expect(bytes(broken)).toBe(bytes(folder))
})

test('a loss that is no number stops the run, names the rows, and keeps the last good checkpoint', async () => {
  const input = { ...base, method: { kind: 'full' }, schedule: { kind: 'constant', rate: 1e-3, steps: 40 } } as const
  const folder = writeTinyRun(join(root, 'nan'), { ...input, optimizer: { clip: 0 } }, counts)
  // From the fifth step on the gradients are no numbers.
  const broken = {
    ...io,
    open: async () => {
      const choice = await open()
      const load: typeof choice.runtime.load = async (model, options) => {
        const session = await choice.runtime.load(model, options)
        if (!session.inputs.includes('step')) return session
        return Object.assign(Object.create(session) as typeof session, {
          run: async (...given: Parameters<typeof session.run>) => {
            const [feeds, , into = {}] = given
            const outputs = await session.run(...given)
            if (Number(feeds['step']?.data[0]) >= 5)
              for (const { data } of Object.values(into)) (data as Float32Array).fill(Number.NaN)
            return outputs
          },
        })
      }
      return { ...choice, runtime: { ...choice.runtime, load } }
    },
  }
  expect(await train(folder, broken)).toBe('failed')
  const events = eventsOf(folder)
  const warned = events.find(e => e.kind === 'warned' && e.code === 'not-a-number')
  expect(warned).toMatchObject({ message: expect.stringMatching(/training rows \d+(, \d+)* were in its batch/) })
  expect(events.at(-1)).toMatchObject({
    kind: 'ended',
    outcome: 'failed',
    reason: expect.stringContaining('no number'),
  })
  const kept = listCheckpoints(folder)
  expect(kept.length).toBeGreaterThan(0)
  const named = (warned as { step: number }).step
  expect(kept.at(-1)?.step).toBeLessThan(named)
})

test('a search for a rate suggests one, scores nothing and leaves no model', async () => {
  const folder = writeTinyRun(join(root, 'rate'), { ...base, method: { kind: 'full' } }, counts)
  const recipe = JSON.parse(readFileSync(join(folder, 'recipe.json'), 'utf8'))
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify({ ...recipe, schedule: rangeSchedule() }))
  expect(await train(folder, io)).toBe('finished')
  const events = eventsOf(folder)
  const [, rate = '0'] =
    /a rate of ([\d.e-]+) is suggested/.exec((events.at(-1) as { reason?: string }).reason ?? '') ?? []
  expect(Number(rate)).toBeGreaterThan(1e-5)
  expect(Number(rate)).toBeLessThan(0.1)
  expect(events.some(e => e.kind === 'evaluated')).toBe(false)
  expect(existsSync(join(folder, 'model'))).toBe(false)
})
