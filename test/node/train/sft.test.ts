import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { planEpoch } from '../../../src/core/train/batch.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { languageParameters } from '../../../src/core/train/pretrain.ts'
import { Scanner } from '../../../src/core/train/scan.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { instruction } from '../../../src/core/train/tasks/instruction.ts'
import { none } from '../../../src/core/train/tasks/language.ts'
import type { Sample } from '../../../src/core/train/tasks/sample.ts'
import type { EncodeOptions } from '../../../src/core/train/tasks/task.ts'
import { openChatTemplate } from '../../../src/node/chatTemplate.ts'
import { openModel } from '../../../src/node/modelFolder.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { openTokenizer } from '../../../src/node/tokenizer.ts'
import { folderWeights } from '../../../src/node/weights.ts'
import { writeTinyDecoder } from './tinyDecoder.ts'

const dump = process.env['DUMP']
const root = dump ?? mkdtempSync(join(tmpdir(), 'winnow-sft-'))
mkdirSync(root, { recursive: true })
afterAll(() => {
  if (!dump) rmSync(root, { recursive: true, force: true })
})
const folder = writeTinyDecoder(join(root, 'decoder'))
const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const encoder = openTokenizer(folder)
const base = openModel(folder)
const { backbone } = base
const weights = folderWeights(base)
const model = { backbone, classes: backbone.sizes.vocab }
const options: EncodeOptions = {
  encoder,
  limit: 64,
  labels: [],
  chat: openChatTemplate({ folder, has: token => encoder.content(token).length === 1 }),
}

const draw = random(5)
const words = ['red', 'green', 'blue', 'one', 'two', 'after', 'answer', 'what', 'comes']
const some = (n: number) => Array.from({ length: 1 + draw.int(n) }, () => words[draw.int(words.length)]).join(' ')
const samples = Array.from({ length: 90 }, (): Sample => {
  const turns = [
    { role: 'user', content: some(4) },
    { role: 'assistant', content: some(5) },
    ...(draw.int(4) === 0
      ? [
          { role: 'user', content: some(2) },
          { role: 'assistant', content: some(2) },
        ]
      : []),
  ]
  return { text: '', gold: '', turns }
})
const packed = instruction.encode(samples, { ...options, packing: 'packed' })
const apart = instruction.encode(samples, { ...options, packing: 'apart' })

const specs = languageParameters(model)
const initial = specs.map(spec => weights.read(spec.name))
const trained = parametersOf({ trained: specs, frozen: [] }, memoryWeights([]))

/** The loss of each token, by its sample. */
async function losses(rows: EncodedRows): Promise<Map<number, number[]>> {
  const graph = instruction.answers(model, rows)
  const scanner = await Scanner.load(runtime, { graph, parameters: trained })
  const answers = await scanner.scan(graph, initial, { lengths: rows.lengths, limit: 64 })
  await scanner.release()
  const of = new Map<number, number[]>()
  answers.scores.forEach((said, token) => {
    if (said < 0) return
    const sample = (rows.owners as Int32Array)[token] as number
    of.set(sample, [...(of.get(sample) ?? []), answers.losses?.[token] as number])
  })
  return of
}

test('a packed document is learnt as it is alone', async () => {
  expect(packed.lengths.length).toBeLessThan(apart.lengths.length / 2)
  expect(packed.tokens.ids.length).toBe(apart.tokens.ids.length)
  const [one, other] = [await losses(packed), await losses(apart)]
  expect(one.size).toBe(samples.length)
  for (const [sample, own] of one) {
    const alone = other.get(sample) as number[]
    expect(own).toHaveLength(alone.length)
    for (const [i, loss] of own.entries()) expect(Math.abs(loss - (alone[i] as number))).toBeLessThan(2e-5)
  }
})

describe('instruction tuning beside PyTorch', () => {
  const rate = 1e-3
  const plan = [0, 1, 2]
    .flatMap(epoch => planEpoch({ lengths: packed.lengths, rows: 4, limit: 64, seed: 1, epoch, together: 1 }))
    .slice(0, 20)

  test('the first 20 losses of packed rows are those of Transformers on the rows apart', async () => {
    if (dump)
      writeFileSync(join(root, 'batches.json'), JSON.stringify({ rate, batches: plan.map(b => documents(b.rows)) }))
    const path = new URL('../../golden/sft.json', import.meta.url).pathname
    const golden = JSON.parse(readFileSync(path, 'utf8')) as { losses: number[]; tokens: number[] }
    expect(plan.map(({ rows }) => documents(rows).flatMap(d => d.targets.filter(t => t !== none)).length)).toEqual(
      golden.tokens,
    )
    for (const mode of ['steps', 'loop'] as const) {
      const learner = await makeLearner(runtime, {
        task: instruction.task(model, packed, { smoothing: 0, seed: 1 }),
        parameters: trained,
        initial,
        optimizer: { ...adamWDefaults, decay: 0 },
        dropout: 0,
        mode,
      })
      const own: number[] = []
      for (const batch of plan) own.push(...(await learner.step([batch], own.length + 1, [rate])).map(r => r.loss))
      await learner.release()
      for (const [i, loss] of own.entries())
        expect(Math.abs(loss - golden.losses[i]!) / golden.losses[i]!, `step ${i + 1}`).toBeLessThan(1e-4)
    }
  }, 60_000)
})

test('batches of one shape with other numbers of targets share what runs they can, with the same bits', async () => {
  const lengths = apart.lengths.map(() => 40)
  const batches = planEpoch({ lengths, rows: 4, limit: 64, seed: 2, epoch: 0, together: 8 }).slice(0, 8)
  const task = instruction.task(model, apart, { smoothing: 0, seed: 1 })
  const sizes = new Set(batches.map(batch => task.feeds(batch, 1).feeds['places']?.dims[0]))
  expect(sizes.size).toBeGreaterThan(1)
  const make = () =>
    makeLearner(runtime, { task, parameters: trained, initial, optimizer: adamWDefaults, dropout: 0, mode: 'loop' })
  const [one, all] = [await make(), await make()]
  const alone: number[] = []
  for (const [i, batch] of batches.entries()) alone.push((await one.step([batch], i + 1, [1e-3]))[0]!.loss)
  const rates = batches.map(() => 1e-3)
  expect((await all.step(batches, 1, rates)).map(r => r.loss)).toEqual(alone)
  expect(await all.state()).toEqual(await one.state())
  await one.release()
  await all.release()
})

test('a batch in pieces is one batch: every supervised token weighs the same', async () => {
  const make = (micro?: number) =>
    makeLearner(runtime, {
      task: instruction.task(model, packed, { smoothing: 0, seed: 1 }),
      parameters: trained,
      initial,
      optimizer: adamWDefaults,
      dropout: 0,
      mode: 'steps',
      ...(micro === undefined ? {} : { micro }),
    })
  const [whole, pieces] = [await make(), await make(1)]
  const batches = planEpoch({ lengths: packed.lengths, rows: 4, limit: 64, seed: 3, epoch: 0, together: 1 }).slice(0, 4)
  for (const [i, batch] of batches.entries()) {
    const [one] = await whole.step([batch], i + 1, [1e-3])
    const [other] = await pieces.step([batch], i + 1, [1e-3])
    expect(Math.abs(other!.loss - one!.loss) / one!.loss).toBeLessThan(1e-5)
    expect(Math.abs(other!.norm - one!.norm) / one!.norm).toBeLessThan(1e-4)
    expect([...other!.samples].toSorted()).toEqual([...one!.samples].toSorted())
  }
  await whole.release()
  await pieces.release()
})

/** The documents of packed rows, each by itself. */
function documents(rows: Int32Array): { ids: number[]; targets: number[] }[] {
  const found: { ids: number[]; targets: number[] }[] = []
  for (const row of rows) {
    const [from, to] = [packed.tokens.starts[row] as number, packed.tokens.starts[row + 1] as number]
    for (let token = from; token < to; token++) {
      if (token === from || packed.segments?.[token] !== packed.segments?.[token - 1])
        found.push({ ids: [], targets: [] })
      found.at(-1)?.ids.push(packed.tokens.ids[token] as number)
      found.at(-1)?.targets.push(packed.targets[token] as number)
    }
  }
  return found
}
