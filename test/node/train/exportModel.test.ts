/* What a run left, for other programs: ONNX that plain onnxruntime opens, and merged weights in Hugging Face's layout. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { afterAll, describe, expect, test } from 'vitest'
import type { RecipeInput } from '../../../src/core/train/recipe.ts'
import { exportModel } from '../../../src/node/exportModel.ts'
import { openModel } from '../../../src/node/modelFolder.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { prepareRun } from '../../../src/node/prepare.ts'
import { openStandalone } from '../../../src/node/standalone.ts'
import { train } from '../../../src/node/trainer.ts'
import { writeTinyDecoder } from './tinyDecoder.ts'
import { writeTinyModel } from './tinyModel.ts'
import { writeTinyRun } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-export-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const open = () => openRuntime({ provider: 'cpu', threads: 1 })
const io = { open, models: [], now: () => 0, clock: () => performance.now(), ending: () => false }
const runtime = async () => (await open()).runtime
const short = { schedule: { rate: 1e-2, steps: 6 }, batch: { rows: 8, tokens: 16 }, device: 'cpu', threads: 1 } as const
const counts = { train: 48, validation: 0, test: 16 }

/** A run of the order of two words by a method, at its end. */
async function ordered(name: string, method: NonNullable<RecipeInput['method']>): Promise<string> {
  const folder = writeTinyRun(join(root, name), { ...short, method }, counts)
  expect(await train(folder, io)).toBe('finished')
  return folder
}

/** A run of another task. */
async function other(name: string, rows: readonly object[], more: Partial<RecipeInput>): Promise<string> {
  const base = join(root, name)
  mkdirSync(join(base, 'data'), { recursive: true })
  writeTinyModel(join(base, 'encoder'))
  writeTinyDecoder(join(base, 'decoder'))
  const lines = rows.map(row => `${JSON.stringify(row)}\n`).join('')
  for (const split of ['train', 'test']) writeFileSync(join(base, 'data', `${split}.jsonl`), lines)
  const input: RecipeInput = { model: 'encoder', data: { dataset: 'data', holdOut: 0, drop: [] }, ...short, ...more }
  const { recipe, data } = await prepareRun(input, { folder: base, root: base, cancel: { aborted: false } })
  const folder = join(base, 'run')
  mkdirSync(folder)
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(recipe))
  writeFileSync(join(folder, 'data.json'), JSON.stringify(data))
  expect(await train(folder, io)).toBe('finished')
  return folder
}

const tagged = Array.from({ length: 16 }, (_, i) => ({
  tokens: ['w1', `w${(i % 9) + 2}`, 'w3'],
  ner_tags: ['B-A', 'O', i % 2 === 0 ? 'I-A' : 'O'],
}))
const texts = Array.from({ length: 16 }, (_, i) => ({ text: `one two ${['red', 'green', 'blue'][i % 3]} one` }))

describe.each([
  ['a classifier by LoRA', () => ordered('lora', { kind: 'lora', rank: 4, targets: 'all-linear' }), [1]],
  ['a classifier by DoRA', () => ordered('dora', { kind: 'dora', rank: 4 }), [1]],
  ['a whole classifier', () => ordered('full', { kind: 'full' }), [1]],
  ['a classifier by QLoRA', () => ordered('qlora', { kind: 'qlora', rank: 4 }), [1]],
  ['tags of words', () => other('tags', tagged, { task: 'token-classification', method: { kind: 'full' } }), [1, 5]],
  [
    'a causal model by LoRA',
    () => other('causal', texts, { model: 'decoder', task: 'causal', method: { kind: 'lora', rank: 4 } }),
    [1, 5],
  ],
] as const)('%s', (name, make, dims) => {
  test('answers in plain onnxruntime as it was trained, in every type; merged it is the same', async () => {
    const run = await make()
    const place = join(root, 'out', name.replaceAll(' ', '-'))
    const tried = name.includes('LoRA') ? (['fp32', 'int8', 'int4'] as const) : (['fp32'] as const)
    const sizes: number[] = []
    for (const type of tried) {
      const out = join(place, type)
      const report = await exportModel({ version: 1, source: run, out, form: 'onnx', type }, { runtime, models: [] })
      expect(report.check?.relative).toBeLessThanOrEqual(report.check?.allowed as number)
      if (type === 'fp32') expect(report.check).toMatchObject({ otherBest: 0 })
      else expect(report.check?.relative).toBeGreaterThan(0)
      expect(report.files).toEqual(expect.arrayContaining(['README.md', 'config.json', 'model.onnx', 'tokenizer.json']))
      sizes.push(report.bytes)
      const session = await ort.InferenceSession.create(join(out, 'model.onnx'))
      const feeds = (ids: bigint[]) =>
        Object.fromEntries(
          session.inputNames.map(input => {
            const data = input === 'input_ids' ? ids : ids.map(() => (input === 'attention_mask' ? 1n : 0n))
            return [input, new ort.Tensor('int64', BigInt64Array.from(data), [1, ids.length])]
          }),
        )
      const { logits } = await session.run(feeds([2n, 7n, 8n, 9n, 3n]))
      const { dims: found, data } = logits as ort.Tensor
      expect(found.slice(0, -1)).toEqual(dims)
      expect([...(data as Float32Array)].every(Number.isFinite)).toBe(true)
      await session.release()
    }
    if (tried.length > 1) expect(sizes[2]).toBeLessThan(sizes[0] as number)

    const out = join(place, 'merged')
    await exportModel({ version: 1, source: run, out, form: 'merged', type: 'fp32' }, { runtime, models: [] })
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining(['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']),
    )
    openModel(out)
    const [own, again] = [await openStandalone(run, []), await openStandalone(out, [])]
    expect(again.labels).toEqual(own.labels)
    expect(again.pooling).toBe(own.pooling)
    for (const tensor of own.weights.names) expect(again.weights.read(tensor)).toEqual(own.weights.read(tensor))
    // It stands alone: exported once more it answers the same.
    const second = join(place, 'second')
    const report = await exportModel(
      { version: 1, source: out, out: second, form: 'onnx', type: 'fp32' },
      { runtime, models: [], embedBelow: 10_000 },
    )
    expect(report.files).toContain('model.onnx.data')
    expect(report.check).toMatchObject({ otherBest: 0 })
    const outside = await ort.InferenceSession.create(join(second, 'model.onnx'))
    await outside.release()
    await expect(
      exportModel({ version: 1, source: run, out, form: 'merged', type: 'fp32' }, { runtime, models: [] }),
    ).rejects.toMatchObject({ code: 'not-empty' })
  }, 60_000)
})

test('the card of a run says what it learnt from and how well, and knows no folders of this machine', () => {
  const card = readFileSync(join(root, 'lora', '.winnow', 'runs', 'run', 'adapter', 'README.md'), 'utf8')
  expect(card).toMatch(/^---\nlibrary_name: peft\npipeline_tag: text-classification\nbase_model: "tiny"\n/)
  expect(card).toMatch(/\| train.jsonl \| train \| 48 \| `[0-9a-f]{16,}` \|/)
  expect(card).toMatch(/\| test, all \| before tuning \|/)
  expect(card).toMatch(/\| test, without 2 that training holds too \| tuned \(step 6\) \|/)
  expect(card).toContain('PeftModel.from_pretrained')
  expect(card).toMatch(/Loss by step: \d\.\d+ \(1\)/)
  expect(card).toContain('license: unknown')
  expect(card).not.toContain(root)
})
