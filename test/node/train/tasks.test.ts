import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import type { Prediction } from '../../../src/core/eval/evaluation.ts'
import { isTextRow } from '../../../src/core/eval/graded.ts'
import { makeLedger } from '../../../src/core/eval/ledger.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'
import type { RecipeInput } from '../../../src/core/train/recipe.ts'
import { evaluationFrom, readPredictions } from '../../../src/node/evaluations.ts'
import { evaluate } from '../../../src/node/evaluator.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { prepareRun } from '../../../src/node/prepare.ts'
import { readRowLosses } from '../../../src/node/rowLosses.ts'
import { readData, readRecipe } from '../../../src/node/runs.ts'
import { type TrainIo, train } from '../../../src/node/trainer.ts'
import { writeTinyDecoder } from './tinyDecoder.ts'
import { writeTinyModel } from './tinyModel.ts'
import { eventsOf, lossesOf } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-tasks-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeAll(() => {
  writeTinyModel(join(root, 'encoder'))
  writeTinyDecoder(join(root, 'decoder'))
})

const io: TrainIo = {
  open: openRuntime,
  models: [],
  now: () => 0,
  clock: () => performance.now(),
  ending: () => false,
}

const draw = random(3)
const word = () => `w${draw.int(40)}`
const sentence = () => Array.from({ length: 4 + draw.int(4) }, word)
const color = () => ['red', 'green', 'blue'][draw.int(3)] as string

/** Rows of each task that a tiny model can learn something of. */
const rows: Readonly<Record<string, () => Record<string, unknown>>> = {
  'multi-label': () => {
    const words = sentence()
    return { text: words.join(' '), labels: ['w1', 'w2', 'w3'].filter(w => words.some(x => x.startsWith(w))) }
  },
  pair: () => {
    const [a, b] = [word(), word()]
    const same = draw.int(2) === 0
    return { sentence1: `${a} ${word()}`, sentence2: same ? `${a} w9` : `${b} w8`, label: same ? 'same' : 'other' }
  },
  regression: () => {
    const n = draw.int(6)
    return { text: [...Array.from({ length: n }, () => 'w0'), ...sentence()].join(' '), label: n / 2 }
  },
  'token-classification': () => {
    const words = sentence()
    const tags = words.map((w, i) => (w.startsWith('w1') ? (words[i - 1]?.startsWith('w1') ? 'I-A' : 'B-A') : 'O'))
    return { tokens: words, ner_tags: tags }
  },
  masked: () => ({ text: Array.from({ length: 8 }, (_, i) => `w${(i * 3) % 40}`).join(' ') }),
  causal: () => ({ text: `one two ${color()} one two ${color()}` }),
  instruction: () => {
    const one = color()
    return {
      messages: [
        { role: 'user', content: `what comes after ${one}` },
        { role: 'assistant', content: one },
      ],
    }
  },
}

async function makeRun(task: string, folder: string, more: Partial<RecipeInput> = {}): Promise<string> {
  const base = join(root, folder)
  mkdirSync(join(base, 'data'), { recursive: true })
  const make = rows[task] as (typeof rows)[string]
  for (const [split, count] of [
    ['train', 64],
    ['test', 16],
  ] as const)
    writeFileSync(
      join(base, 'data', `${split}.jsonl`),
      Array.from({ length: count }, () => `${JSON.stringify(make())}\n`).join(''),
    )
  const input: RecipeInput = {
    model: join(root, ['causal', 'instruction'].includes(task) ? 'decoder' : 'encoder'),
    task: task as NonNullable<RecipeInput['task']>,
    data: { dataset: 'data', holdOut: 0, drop: [] },
    method: { kind: 'full' },
    schedule: { rate: 5e-3, epochs: 8, kind: 'constant', warmup: 0 },
    batch: { rows: 8, tokens: 32 },
    dropout: 0,
    evaluate: { every: 'epoch', patience: 0 },
    device: 'cpu',
    threads: 1,
    ...more,
  }
  const { recipe, data } = await prepareRun(input, { folder: base, root: base, cancel: new AbortController().signal })
  const run = join(base, 'run')
  mkdirSync(run)
  writeFileSync(join(run, 'recipe.json'), JSON.stringify(recipe))
  writeFileSync(join(run, 'data.json'), JSON.stringify(data))
  return run
}

type Scored = Extract<RunEvent, { kind: 'evaluated' }>
const scored = (run: string, of: string) =>
  eventsOf(run).find((e): e is Scored => e.kind === 'evaluated' && e.of === of && e.split === 'test')
const predictions = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Prediction)

test('after instruction tuning the model has answered by itself, before and after', async () => {
  const run = await makeRun('instruction', 'written', {
    evaluate: { every: 'epoch', patience: 0, answers: { rows: 6, tokens: 12 } },
  })
  expect(await train(run, io)).toBe('finished')
  const [base, best] = [scored(run, 'base') as Scored, scored(run, 'best') as Scored]
  expect(best.scores).toMatchObject({ written: 6 })
  expect(best.scores['tokenF1']).toBeGreaterThan(base.scores['tokenF1'] as number)
  const [before, after] = [base, best].map(one => predictions(join(run, one.path as string))) as [
    Prediction[],
    Prediction[],
  ]
  const answered = (list: Prediction[]) => list.flatMap((p, i) => (p.written ? [i] : []))
  expect(answered(after)).toHaveLength(6)
  expect(answered(after)).toEqual(answered(before))
  // Where nothing was written nothing is shown: what was read off beside the right answer would look better than it is.
  expect(after.filter(p => !p.written).every(p => p.label === '')).toBe(true)
  const about = { split: 'test', labels: [] }
  const ledger = makeLedger(
    evaluationFrom(before, { ...about, model: 'base' }),
    evaluationFrom(after, { ...about, model: 'tuned' }),
  )
  expect(ledger.rows.filter(row => isTextRow(row)).length).toBeGreaterThan(0)
  expect(ledger.rows.map(row => row.row)).toEqual(answered(after).map(i => after[i]?.row))
  expect(ledger).toMatchObject({ all: { rows: 6 }, unmatched: { a: 0, b: 0 } })
}, 120_000)

/** The score each task is chosen by; all but the loss rise. */
const wanted: [task: string, score: string, better: (base: number, best: number) => boolean][] = [
  ['multi-label', 'microF1', (_, best) => best > 0.6],
  ['pair', 'accuracy', (_, best) => best > 0.7],
  ['regression', 'pearson', (_, best) => best > 0.6],
  ['token-classification', 'entityF1', (_, best) => best > 0.5],
  ['masked', 'loss', (base, best) => best < base - 1],
  ['causal', 'perplexity', (base, best) => best < base / 4],
  ['instruction', 'perplexity', (base, best) => best < base / 4],
]

describe.each(wanted)('%s', (task, score, better) => {
  let run: string
  beforeAll(async () => {
    run = await makeRun(task, task)
    expect(await train(run, io), JSON.stringify(eventsOf(run).at(-1))).toBe('finished')
  }, 120_000)

  test('learns, and says what it answered row by row', () => {
    const best = scored(run, 'best') as Scored
    const base = scored(run, 'base')
    expect(better(base?.scores[score] ?? 0, best.scores[score] as number), JSON.stringify(best.scores)).toBe(true)
    const said = predictions(join(run, best.path as string))
    expect(said).toHaveLength(16)
    expect(said.every(p => typeof p.gold === 'string' && typeof p.label === 'string' && Number.isFinite(p.loss))).toBe(
      true,
    )
  })

  test('resumes with the same bits', async () => {
    const whole = lossesOf(eventsOf(run))
    const half = join(root, `${task}-half`)
    cpSync(run, half, { recursive: true })
    for (const name of readdirSync(half))
      if (!['recipe.json', 'data.json'].includes(name)) rmSync(join(half, name), { recursive: true })
    const steps = () => eventsOf(half).filter(e => e.kind === 'step').length
    const stopping: TrainIo = { ...io, ending: () => existsSync(join(half, 'events.jsonl')) && steps() >= 5 }
    expect(await train(half, stopping)).toBe('stopped')
    expect(await train(half, io)).toBe('finished')
    const resumed = new Map(eventsOf(half).flatMap(e => (e.kind === 'step' ? [[e.step, e.loss] as const] : [])))
    expect([...resumed.values()]).toEqual(whole)
  }, 120_000)

  test('an evaluation of the run says the same, and two evaluations can be compared', async () => {
    const best = scored(run, 'best') as Scored
    const out = join(run, 'again.jsonl')
    const data = await readData(run)
    const { answers } = (await readRecipe(run)).evaluate
    const request = {
      version: 1,
      data,
      split: 'test',
      device: 'cpu',
      threads: 1,
      out,
      ...(answers ? { answers } : {}),
    } as const
    const batch = { rows: 8, tokens: 32 }
    await evaluate(
      { ...request, batch, of: { kind: 'run', folder: run, which: 'best' } },
      { ...io, progress: () => {} },
    )
    const own = await readPredictions(join(run, best.path as string))
    const again = await readPredictions(out)
    again.forEach((p, i) => {
      expect(p.loss).toBeCloseTo(own[i]!.loss, 4)
      expect(p.label).toBe(own[i]!.label)
      expect(p.written).toBe(own[i]!.written)
    })
    const about = { model: 'm', split: 'test', labels: data.labels }
    const ledger = makeLedger(evaluationFrom(own, about), evaluationFrom(again, about))
    expect(ledger.all).toMatchObject({ rows: 16, fixed: 0, broken: 0 })
    if (task !== 'pair') expect(Math.abs(ledger.graded?.difference ?? 1)).toBeLessThan(1e-4)
  }, 60_000)
})

const quick = { schedule: { rate: 5e-3, epochs: 8, kind: 'constant', warmup: 0 } } as const

describe('other ways to the same', () => {
  test.each([
    ['regression', 'head', {}],
    ['multi-label', 'head', {}],
    ['pair', 'lora', {}],
    ['instruction', 'lora', { packing: false }],
    ['pair', 'full', { model: 'decoder', classWeights: 'balanced' }],
    ['token-classification', 'full', { model: 'decoder', classWeights: 'balanced' }],
  ] as const)(
    '%s with the method %s %o',
    async (task, kind, more) => {
      const own = 'model' in more ? { ...more, model: join(root, more.model) } : more
      const name = `${task}-${kind}-${Object.keys(more).join('-')}`
      const run = await makeRun(task, name, { ...quick, ...own, method: { kind } })
      expect(await train(run, io), JSON.stringify(eventsOf(run).at(-1))).toBe('finished')
      const losses = lossesOf(eventsOf(run))
      const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length
      expect(mean(losses.slice(-8))).toBeLessThan(mean(losses.slice(0, 8)))
      expect(Number.isFinite(scored(run, 'best')?.scores['loss'])).toBe(true)
    },
    60_000,
  )

  test('general texts are mixed in, and told apart from the rows', async () => {
    const texts = Array.from({ length: 40 }, () => `${JSON.stringify({ text: `one two ${color()} one` })}\n`)
    writeFileSync(join(root, 'general.jsonl'), texts.join(''))
    const data = { dataset: 'data', holdOut: 0, drop: [], replay: { file: '../general.jsonl', share: 0.2 } }
    const run = await makeRun('instruction', 'replay', { data, packing: false, batch: { rows: 8, tokens: 64 } })
    const { replay } = await readData(run)
    expect(replay?.rows).toHaveLength(16)
    expect(await train(run, io)).toBe('finished')
    const steps = eventsOf(run).filter(e => e.kind === 'step')
    const first = new Set(steps.slice(0, 10).flatMap(e => e.batch ?? []))
    expect([...first].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, i) => i))
    expect(readRowLosses(join(run, 'rows.bin'))[0]).toHaveLength(64)
    writeFileSync(join(root, 'general.jsonl'), texts.slice(1).join(''))
    rmSync(join(run, 'events.jsonl'))
    expect(await train(run, io)).toBe('failed')
    expect(eventsOf(run).at(-1)).toMatchObject({
      reason: expect.stringContaining('has changed since the run was made'),
    })
  }, 60_000)

  test('the task follows from the columns and the model', async () => {
    const usual = async (made: string, model: string) => {
      const folder = join(root, made, 'data')
      const input = { model: join(root, model), data: { dataset: 'data' } }
      const options = { folder: join(folder, '..'), root: join(folder, '..'), cancel: new AbortController().signal }
      return (await prepareRun(input, options)).recipe.task
    }
    expect(await usual('instruction', 'decoder')).toBe('instruction')
    expect(await usual('causal', 'decoder')).toBe('causal')
    expect(await usual('pair', 'encoder')).toBe('classification')
  })

  test('a task that the model cannot do, and a score that the task has not, are said before anything starts', async () => {
    const run = await makeRun('causal', 'wrong', { model: join(root, 'encoder') })
    expect(await train(run, io)).toBe('failed')
    expect(eventsOf(run).at(-1)).toMatchObject({
      reason: expect.stringMatching(/encoder: it cannot do the task causal/),
    })
    await expect(makeRun('causal', 'metric', { evaluate: { metric: 'macroF1' } })).rejects.toThrow(
      /the task causal has no macroF1/,
    )
  })
})
