/* A run on every kind of encoder, from folder to exported model: heads with and without layers of their own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { Prediction } from '../../../src/core/eval/evaluation.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import type { RecipeInput } from '../../../src/core/train/recipe.ts'
import { evaluate } from '../../../src/node/evaluator.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { readData } from '../../../src/node/runs.ts'
import { readHeader } from '../../../src/node/safetensors.ts'
import { type TrainIo, train } from '../../../src/node/trainer.ts'
import { vocabulary, writeTinyModel } from './tinyModel.ts'
import { eventsOf, lossesOf, writeTinyRun } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-encoders-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const io: TrainIo = {
  open: openRuntime,
  models: [],
  now: () => 0,
  clock: () => performance.now(),
  ending: () => false,
}
const configs = fileURLToPath(new URL('../../golden/models/', import.meta.url))

test.each<[string, NonNullable<RecipeInput['method']>]>([
  ['modernbert', { kind: 'head' }],
  ['roberta', { kind: 'head' }],
  ['deberta-v3', { kind: 'full' }],
  ['electra', { kind: 'last', layers: 1 }],
  ['mpnet', { kind: 'full' }],
  ['distilbert', { kind: 'lora', targets: 'all-linear' }],
])('%s, %o: trains, and what it leaves scores like it', async (name, method) => {
  const { config } = JSON.parse(readFileSync(join(configs, `${name}.json`), 'utf8'))
  const own = { ...config, vocab_size: vocabulary.length, initializer_range: 0.1 }
  const counts = { train: 48, validation: 16, test: 16 }
  const folder = writeTinyRun(
    join(root, name),
    { device: 'cpu', threads: 1, method, schedule: { rate: 2e-3, epochs: 2 }, batch: { rows: 16 } },
    counts,
  )
  writeTinyModel(join(root, name, 'tiny'), own)
  expect(await train(folder, io)).toBe('finished')
  expect(lossesOf(eventsOf(folder)).every(Number.isFinite)).toBe(true)
  const data = await readData(folder)
  const backbone = openBackbone(own, name)
  const { fresh } = backbone.sequence(2, 'mean')
  const leaves = method.kind === 'lora' ? 'adapter/adapter_model' : 'model/model'
  const names = [...readHeader(join(folder, `${leaves}.safetensors`)).tensors.keys()]
  for (const spec of fresh) expect(names.some(tensor => tensor.endsWith(spec.name))).toBe(true)
  if (method.kind === 'lora') return
  expect(JSON.parse(readFileSync(join(folder, 'model', 'config.json'), 'utf8'))).toMatchObject({
    architectures: [backbone.architecture.architectures.sequence],
  })
  const common = {
    version: 1,
    data,
    split: 'test',
    device: 'cpu',
    threads: 1,
    batch: { rows: 16, tokens: 128 },
  } as const
  const said = async (of: Parameters<typeof evaluate>[0]['of'], out: string): Promise<Prediction[]> => {
    await evaluate({ ...common, of, out: join(folder, out) }, { ...io, progress: () => {} })
    const lines = readFileSync(join(folder, out), 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line) as Prediction)
  }
  const exported = await said({ kind: 'model', folder: join(folder, 'model') }, 'a.jsonl')
  const run = await said({ kind: 'run', folder, which: 'best' }, 'b.jsonl')
  expect(exported).toHaveLength(counts.test)
  exported.forEach((prediction, i) => {
    expect(prediction.loss).toBeCloseTo(run[i]?.loss ?? Number.NaN, 4)
  })
})
