import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import type { Prediction } from '../../../src/core/eval/evaluation.ts'
import { makeLedger } from '../../../src/core/eval/ledger.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'
import type { RecipeInput } from '../../../src/core/train/recipe.ts'
import { evaluationFrom, readPredictions } from '../../../src/node/evaluations.ts'
import { evaluate } from '../../../src/node/evaluator.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { prepareRun } from '../../../src/node/prepare.ts'
import { readData } from '../../../src/node/runs.ts'
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
    const request = { version: 1, data, split: 'test', device: 'cpu', threads: 1, out } as const
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
    })
    const about = { model: 'm', split: 'test', labels: data.labels }
    const ledger = makeLedger(evaluationFrom(own, about), evaluationFrom(again, about))
    expect(ledger.all).toMatchObject({ rows: 16, fixed: 0, broken: 0 })
    if (task !== 'pair') expect(Math.abs(ledger.graded?.difference ?? 1)).toBeLessThan(1e-4)
  }, 60_000)
})
