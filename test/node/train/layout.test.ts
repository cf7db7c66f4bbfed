import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Prediction } from '../../../src/core/eval/evaluation.ts'
import { scoreTwice } from '../../../src/core/eval/score.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'
import { evaluate } from '../../../src/node/evaluator.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { readRowLosses, readRowRivals } from '../../../src/node/rowLosses.ts'
import { readData } from '../../../src/node/runs.ts'
import { readHeader } from '../../../src/node/safetensors.ts'
import { type TrainIo, train } from '../../../src/node/trainer.ts'
import { eventsOf, writeTinyRun } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-layout-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const io: TrainIo = {
  open: openRuntime,
  models: [],
  now: () => Date.now(),
  clock: () => performance.now(),
  ending: () => false,
}
const cpu = { device: 'cpu', threads: 1 } as const
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Prediction)
type Scored = Extract<RunEvent, { kind: 'evaluated' }>
const evaluations = (folder: string) => eventsOf(folder).filter((e): e is Scored => e.kind === 'evaluated')

const folders: Record<string, string> = {}
beforeAll(async () => {
  for (const kind of ['lora', 'full', 'head'] as const) {
    const folder = writeTinyRun(join(root, kind), { ...cpu, method: { kind }, schedule: { rate: 2e-3, epochs: 2 } })
    expect(await train(folder, io)).toBe('finished')
    folders[kind] = folder
  }
}, 60_000)

test('an adapter is laid out as PEFT does it', () => {
  const folder = join(folders['lora']!, 'adapter')
  const config = json(join(folder, 'adapter_config.json'))
  expect(config).toMatchObject({
    peft_type: 'LORA',
    task_type: 'SEQ_CLS',
    r: 8,
    lora_alpha: 16,
    lora_dropout: 0,
    target_modules: ['query', 'value'],
    modules_to_save: ['classifier'],
    bias: 'none',
    fan_in_fan_out: false,
    base_model_name_or_path: join(root, 'lora', 'tiny'),
  })
  expect(Object.keys(config)).toEqual(Object.keys(config).toSorted())
  const { tensors, metadata } = readHeader(join(folder, 'adapter_model.safetensors'))
  expect(metadata).toEqual({ format: 'pt' })
  const at = (layer: number, part: string) => `base_model.model.bert.encoder.layer.${layer}.attention.self.${part}`
  const expected = [0, 1].flatMap(i =>
    ['query', 'value'].flatMap(part => [
      [`${at(i, part)}.lora_A.weight`, [8, 32]],
      [`${at(i, part)}.lora_B.weight`, [32, 8]],
    ]),
  )
  expected.push(['base_model.model.classifier.weight', [2, 32]], ['base_model.model.classifier.bias', [2]])
  expect([...tensors.values()].map(t => [t.name, t.shape])).toEqual(expected)
  expect(json(join(folder, 'config.json'))).toMatchObject({ id2label: { 0: 'first', 1: 'second' } })
})

test('adapters on other layers name targets that no other layer matches', async () => {
  const targets = ['output', 'down'] as const
  const folder = writeTinyRun(join(root, 'targets'), {
    ...cpu,
    method: { kind: 'lora', targets: [...targets] },
    schedule: { steps: 1 },
  })
  await train(folder, io)
  const { target_modules } = json(join(folder, 'adapter/adapter_config.json')) as { target_modules: string[] }
  // PEFT's rule: a module is a target if its name is one or ends in a dot and one.
  const modules = [0, 1].flatMap(i =>
    ['attention.self.query', 'attention.output.dense', 'intermediate.dense', 'output.dense'].map(
      m => `bert.encoder.layer.${i}.${m}`,
    ),
  )
  const hit = modules.filter(m => target_modules.some(t => m === t || m.endsWith(`.${t}`)))
  expect(hit).toEqual(modules.filter(m => m.endsWith('output.dense')))
})

test.each(['full', 'head'] as const)('%s leaves a model folder that scores like the run', async kind => {
  const folder = folders[kind]!
  const model = join(folder, 'model')
  expect(json(join(model, 'config.json'))).toMatchObject({
    architectures: ['BertForSequenceClassification'],
    id2label: { 0: 'first', 1: 'second' },
    label2id: { first: 0, second: 1 },
    problem_type: 'single_label_classification',
    classifier_pooling: 'mean',
  })
  const names = [...readHeader(join(model, 'model.safetensors')).tensors.keys()]
  expect(names).toContain('bert.embeddings.word_embeddings.weight')
  expect(names).toContain('classifier.bias')
  const data = await readData(folder)
  const base = { version: 1, data, split: 'test', device: 'cpu', threads: 1, batch: { rows: 16, tokens: 128 } } as const
  const io2 = { ...io, progress: () => {} }
  await evaluate({ ...base, of: { kind: 'model', folder: model }, out: join(folder, 'a.jsonl') }, io2)
  await evaluate({ ...base, of: { kind: 'run', folder, which: 'best' }, out: join(folder, 'b.jsonl') }, io2)
  await evaluate({ ...base, of: { kind: 'run', folder, which: 'base' }, out: join(folder, 'c.jsonl') }, io2)
  const best = evaluations(folder).find(e => e.of === 'best' && e.split === 'test')!
  const own = lines(join(folder, best.path!))
  const near = (a: Prediction[], b: Prediction[]) =>
    a.forEach((p, i) => {
      expect(p.loss).toBeCloseTo(b[i]!.loss, 4)
      expect({ ...p, loss: 0, probabilities: [] }).toEqual({ ...b[i], loss: 0, probabilities: [] })
    })
  near(lines(join(folder, 'a.jsonl')), own)
  near(lines(join(folder, 'b.jsonl')), own)
  near(lines(join(folder, 'c.jsonl')), lines(join(folder, 'evaluations/test-base.jsonl')))
})

describe('what a run says', () => {
  test('base and best on validation and test, each on all rows and without the leaked ones', () => {
    for (const folder of Object.values(folders)) {
      const said = evaluations(folder).filter(e => e.of !== undefined)
      expect(said.map(e => `${e.of} ${e.split}`)).toEqual([
        'base validation',
        'base test',
        'best validation',
        'best test',
      ])
      for (const e of said) {
        const predictions = lines(join(folder, e.path!))
        const again = scoreTwice(predictions, ['first', 'second'])
        expect(e.scores['accuracy']).toBe(again.all['accuracy'])
        expect(e.leaked).toBe(e.split === 'test' ? 2 : undefined)
        if (e.split === 'test') expect(e.withoutLeaks).toMatchObject({ rows: 62 })
        for (const p of predictions) expect(p.probabilities.some(([label]) => label === p.gold)).toBe(true)
      }
    }
  })

  test('the state of a checkpoint has the keys of Hugging Face', () => {
    const folder = folders['full']!
    const saved = eventsOf(folder).filter(e => e.kind === 'saved')
    const last = saved.filter(e => e.path.startsWith('checkpoint')).at(-1)!
    const state = json(join(folder, last.path, 'trainer_state.json'))
    expect(state).toMatchObject({ global_step: 16, max_steps: 16, num_train_epochs: 2, train_batch_size: 16, epoch: 2 })
    const keys =
      'best_global_step best_metric best_model_checkpoint epoch eval_steps global_step is_hyper_param_search is_local_process_zero is_world_process_zero log_history logging_steps max_steps num_input_tokens_seen num_train_epochs save_steps stateful_callbacks total_flos train_batch_size trial_name trial_params winnow'
    expect(Object.keys(state)).toEqual(keys.split(' '))
    const log = state['log_history'] as Record<string, number>[]
    expect(log.map(entry => [entry['step'], 'eval_accuracy' in entry])).toEqual([
      [8, false],
      [8, true],
      [16, false],
      [16, true],
    ])
  })

  test('the loss of every row in every epoch is in rows.bin', () => {
    const folder = folders['full']!
    const losses = readRowLosses(join(folder, 'rows.bin'))
    expect(losses.map(l => l.length)).toEqual([128, 128])
    const steps = eventsOf(folder).filter(e => e.kind === 'step')
    for (const [i, e] of steps.entries()) {
      const mean = e.batch!.reduce((sum, row) => sum + losses[Math.floor(i / 8)]![row]!, 0) / e.batch!.length
      expect(mean).toBeCloseTo(e.loss, 4)
    }
  })

  test('the margin of every row and its rival class in every epoch are in rowRivals.bin', () => {
    for (const kind of ['full', 'lora', 'head'] as const) {
      const folder = folders[kind]!
      const epochs = readRowRivals(join(folder, 'rowRivals.bin'))
      const losses = readRowLosses(join(folder, 'rows.bin'))
      expect(epochs).toHaveLength(2)
      // Of two classes the margin is the log-odds of the own one: the loss is ln(1 + e^-margin).
      for (const [e, { margins, others }] of epochs.entries()) {
        losses[e]!.forEach((loss, row) => {
          expect(Math.log1p(Math.exp(-margins[row]!))).toBeCloseTo(loss, 4)
        })
        expect(new Set(others)).toEqual(new Set([0, 1]))
      }
    }
  })

  test('a loss that is no number ends the run, names the rows and keeps the last checkpoint', async () => {
    const schedule = { kind: 'constant', rate: 1e30, warmup: 0, epochs: 2 } as const
    const folder = writeTinyRun(join(root, 'nan'), {
      ...cpu,
      method: { kind: 'full' },
      schedule,
      optimizer: { clip: 0 },
    })
    expect(await train(folder, io)).toBe('failed')
    const events = eventsOf(folder)
    expect(events.at(-1)).toMatchObject({
      kind: 'ended',
      outcome: 'failed',
      reason: expect.stringContaining('is no number'),
    })
    const warning = events.find(e => e.kind === 'warned' && e.code === 'not-a-number')
    expect(warning).toMatchObject({ message: expect.stringMatching(/training rows \d+(, \d+)* were in its batch/) })
  })

  test('without validation and test rows the last weights are kept', async () => {
    const counts = { train: 64, validation: 0, test: 0 }
    const folder = writeTinyRun(
      join(root, 'alone'),
      { ...cpu, method: { kind: 'full' }, schedule: { epochs: 2 } },
      counts,
    )
    expect(await train(folder, io)).toBe('finished')
    const events = eventsOf(folder)
    expect(events.filter(e => e.kind === 'evaluated')).toEqual([])
    expect(events.filter(e => e.kind === 'saved').at(-1)).toMatchObject({ path: 'model', step: 8 })
  })

  test('a changed file and an absent model each end the run with one reason', async () => {
    const folder = writeTinyRun(join(root, 'changed'), { ...cpu, method: { kind: 'head' } })
    const data = join(root, 'changed', 'train.jsonl')
    const text = readFileSync(data, 'utf8')
    writeFileSync(data, `${text}{"text":"w1","label":"first"}\n`)
    expect(await train(folder, io)).toBe('failed')
    expect(eventsOf(folder).at(-1)).toMatchObject({
      reason: expect.stringMatching(/train.jsonl has changed since the run was made/),
    })
    writeFileSync(data, text)
    rmSync(join(root, 'changed', 'tiny'), { recursive: true })
    expect(await train(folder, io)).toBe('failed')
    expect(eventsOf(folder).at(-1)).toMatchObject({ reason: expect.stringMatching(/There is no model folder/) })
  })
})
