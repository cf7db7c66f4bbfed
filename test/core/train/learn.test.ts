import { beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { type Batch, planEpoch, rowLength, tokenRows } from '../../../src/core/train/batch.ts'
import type { RunEvent } from '../../../src/core/train/event.ts'
import type { Learner } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { applyHead, featureScale, foldScale, headOf, standardized } from '../../../src/core/train/methods/baseline.ts'
import { lowRankParameters } from '../../../src/core/train/methods/lowRank.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import { type Method, methodOf } from '../../../src/core/train/methods.ts'
import type { Head } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf, type Weights } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { pretrain } from '../../../src/core/train/pretrain.ts'
import { Scanner } from '../../../src/core/train/scan.ts'
import type { Parameter } from '../../../src/core/train/state.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { none } from '../../../src/core/train/tasks/language.ts'
import { hiddenTokens } from '../../../src/core/train/tasks/masked.ts'
import { featureTask, rowFeatures } from '../../../src/core/train/tasks/sequence.ts'
import type { RowTarget, TaskModel } from '../../../src/core/train/tasks/task.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { tinyConfig } from '../../node/train/tinyModel.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const backbone = openBackbone(tinyConfig, 'config.json')
const { hidden } = backbone.sizes
const base: TaskModel & { readonly head: Head } = { backbone, head: backbone.sequence(2, 'mean'), classes: 2 }
const tunable = tunableOf(base)

/** Does the first marker come before the second? Nothing but the order tells, so the encoder has to learn. */
function markers(count: number, seed: number, pair: readonly [number, number] = [5, 6]): EncodedRows {
  const draw = random(seed)
  const labels = new Int32Array(count)
  const rows = Array.from({ length: count }, (_, i) => {
    const length = 6 + draw.int(6)
    const row = Array.from({ length }, () => 10 + draw.int(30))
    const a = draw.int(length)
    let b = draw.int(length)
    while (b === a) b = draw.int(length)
    row[a] = pair[0]
    row[b] = pair[1]
    labels[i] = a < b ? 1 : 0
    return [2, ...row, 3]
  })
  const tokens = tokenRows(rows)
  return { tokens, lengths: labels.map((_, i) => rowLength(tokens, i)), targets: labels, pad: 0, cut: 0 }
}

interface Setup {
  readonly model: TaskModel
  readonly weights: Weights
  readonly parameters: readonly Parameter[]
  readonly make: (mode: 'steps' | 'loop', dropout?: number) => Promise<Learner>
}

const fresh = memoryWeights(initialTensors(tunable.stored, 3, 0.1))

function setUp(method: Method, rows: EncodedRows, weights = fresh): Setup {
  const { divide, adapt } = methodOf(method.kind)
  const wrapped = adapt?.(tunable, method)
  const wrap: TaskModel['wrap'] = (lookup, dropout) => {
    const own = wrapped?.(lookup, dropout)
    return own ? { adapt: own } : {}
  }
  const model: TaskModel = { ...base, wrap }
  const division = divide(tunable, method)
  const parameters = parametersOf(division, weights)
  const initial = startTensors(division, weights, { seed: 4, std: 0.02 })
  const make = (mode: 'steps' | 'loop', dropout = 0) =>
    makeLearner(runtime, {
      task: classification.task(model, rows, { smoothing: 0, seed: 1 }),
      parameters,
      initial,
      optimizer: adamWDefaults,
      dropout,
      mode,
    })
  return { model, weights, parameters, make }
}

/** Trains for some epochs, up to `together` batches of one shape a run, and gives the loss of every step. */
async function run(
  learner: Learner,
  rows: EncodedRows,
  options: { readonly epochs: number; readonly rate: number; readonly together?: number },
): Promise<number[]> {
  const losses: number[] = []
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const plan = planEpoch({ lengths: rows.lengths, rows: 16, limit: 32, seed: 1, epoch, together: 8 })
    for (let at = 0; at < plan.length; ) {
      const first = plan[at] as Batch
      let end = at + 1
      const fits = (b: Batch | undefined) => b?.length === first.length && b.rows.length === first.rows.length
      while (end - at < (options.together ?? 1) && fits(plan[end])) end++
      const batches = plan.slice(at, end)
      const rates = batches.map(() => options.rate)
      losses.push(...(await learner.step(batches, losses.length + 1, rates)).map(r => r.loss))
      at = end
    }
  }
  return losses
}

async function accuracy({ model, parameters }: Setup, learner: Learner, held: EncodedRows): Promise<number> {
  const graph = classification.answers(model, held)
  const scanner = await Scanner.load(runtime, { graph, parameters })
  const { scores } = await scanner.scan(graph, (await learner.state()).parameters, { lengths: held.lengths, limit: 32 })
  await scanner.release()
  return share(scores, held)
}

function share(logits: Float32Array, { targets }: EncodedRows): number {
  let right = 0
  targets.forEach((label, i) => {
    if (Number(logits[2 * i + 1]! > logits[2 * i]!) === label) right++
  })
  return right / targets.length
}

const train = markers(512, 1)
const held = markers(256, 2)

const few = markers(200, 1)

describe('an encoder learns the order of two words', () => {
  // Trained once from random weights; the other methods start from it.
  const whole = setUp({ kind: 'full', freezeEmbeddings: false }, train)
  let learner: Learner
  let tuned: Weights
  let losses: number[]

  beforeAll(async () => {
    learner = await whole.make('loop')
    losses = await run(learner, train, { epochs: 12, rate: 3e-3, together: 8 })
    const { parameters } = await learner.state()
    tuned = memoryWeights(parameters.filter(p => !p.name.startsWith('classifier')))
  }, 60_000)

  test('full: from random weights to held-out rows', async () => {
    expect(losses[0]).toBeGreaterThan(0.6)
    expect(losses.at(-1)).toBeLessThan(0.05)
    expect(await accuracy(whole, learner, held)).toBeGreaterThan(0.95)
  })

  test('head: a new head on the features of the tuned encoder', async () => {
    const frozen = parametersOf({ trained: [], frozen: tuned.names }, tuned)
    const features = async (rows: EncodedRows): Promise<Float32Array> => {
      const graph = rowFeatures(base, rows)
      const scanner = await Scanner.load(runtime, { graph, parameters: frozen })
      const { scores } = await scanner.scan(graph, [], { lengths: rows.lengths, limit: 32 })
      await scanner.release()
      return scores
    }
    const [known, unseen] = [await features(train), await features(held)]
    const scale = featureScale(known, hidden)
    const rows = { features: standardized(known, scale), width: hidden, targets: train.targets }
    const division = { trained: base.head.fresh, frozen: [] }
    const head = await makeLearner(runtime, {
      task: featureTask(classification.target as RowTarget, base, rows, { smoothing: 0, seed: 1 }),
      parameters: parametersOf(division, fresh),
      initial: startTensors(division, fresh, { seed: 4, std: 0.02 }),
      optimizer: adamWDefaults,
      dropout: 0,
      mode: 'steps',
    })
    const fell = await run(head, train, { epochs: 4, rate: 1e-2 })
    expect(fell.at(-1)).toBeLessThan(0.2 * fell[0]!)
    const { parameters } = await head.state()
    const folded = foldScale(headOf(parameters, 'classifier'), scale)
    expect(share(applyHead(unseen, hidden, folded), held)).toBeGreaterThan(0.95)
  })

  test('LoRA: words the encoder has never been told apart, with everything else frozen', async () => {
    const other = markers(768, 5, [7, 8])
    const otherHeld = markers(256, 6, [7, 8])
    const adapters: Method = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['query', 'value'] }
    const lora = setUp(adapters, other, tuned)
    const adapter = await lora.make('steps')
    const fell = await run(adapter, other, { epochs: 12, rate: 3e-3 })
    expect(fell[0]).toBeGreaterThan(0.6)
    expect(fell.at(-1)).toBeLessThan(0.1)
    expect(await accuracy(lora, adapter, otherHeld)).toBeGreaterThan(0.9)
    const { parameters } = await adapter.state()
    expect(parameters.every(p => /lora_[AB]|classifier/.test(p.name))).toBe(true)
  })
})

test.each<[string, Method]>([
  ['full', { kind: 'full', freezeEmbeddings: false }],
  ['full, embeddings frozen', { kind: 'full', freezeEmbeddings: true }],
  ['LoRA', { kind: 'lora', rank: 4, alpha: 8, dropout: 0.1, targets: ['query', 'value'] }],
])('%s: how many steps share a run of the graph changes no bit, with dropout', async (_, method) => {
  const setup = setUp(method, few)
  const [one, three, eight] = [
    await setup.make('loop', 0.1),
    await setup.make('loop', 0.1),
    await setup.make('loop', 0.1),
  ]
  const expected = await run(one, few, { epochs: 1, rate: 1e-3 })
  expect(new Set(expected).size).toBe(expected.length)
  expect(await run(three, few, { epochs: 1, rate: 1e-3, together: 3 })).toEqual(expected)
  expect(await run(eight, few, { epochs: 1, rate: 1e-3, together: 8 })).toEqual(expected)
  expect(await three.state()).toEqual(await one.state())
  expect(await eight.state()).toEqual(await one.state())
  // The flat state sums in another order, so it agrees to rounding only.
  const flat = await run(await setup.make('steps', 0.1), few, { epochs: 1, rate: 1e-3 })
  flat.forEach((loss, i) => {
    expect(loss).toBeCloseTo(expected[i]!, 3)
  })
})

test('the first values of adapters are those of PEFT', () => {
  const method: Method = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['query'] }
  const tensors = initialTensors(lowRankParameters(tunable, method), 1, 0.02)
  const bound = 1 / Math.sqrt(hidden)
  for (const { name, data } of tensors) {
    if (name.endsWith('lora_B.weight')) expect(data.every(x => x === 0)).toBe(true)
    else {
      expect(data.every(x => Math.abs(x) <= bound)).toBe(true)
      expect(Math.max(...data)).toBeGreaterThan(0.9 * bound)
    }
  }
})

test('masked tokens: a language in which every word tells the next', async () => {
  const draw = random(9)
  const texts = Array.from({ length: 400 }, () => {
    let word = draw.int(40)
    return [2, ...Array.from({ length: 10 }, () => 5 + (word = (word * 7 + 3) % 40)), 3]
  })
  const model = { backbone, classes: backbone.sizes.vocab }
  const hidable = (list: readonly (readonly number[])[]): EncodedRows => {
    const tokens = tokenRows(list)
    const targets = tokens.ids.map(id => (id < 5 ? none : id))
    return { tokens, targets, lengths: Int32Array.from(list, row => row.length), pad: 0, mask: 4, cut: 0 }
  }
  const events: RunEvent[] = []
  const steps = pretrain({
    runtime,
    model,
    rows: hidable(texts.slice(0, 350)),
    held: hidable(texts.slice(350)),
    choose: (rows, use) => hiddenTokens(model, rows, { seed: use, share: 0.15 }),
    schedule: { kind: 'linear', rate: 5e-3, warmup: 0.1, epochs: 14 },
    optimizer: adamWDefaults,
    batch: { rows: 16, tokens: 32 },
    evaluate: 'epoch',
    dropout: 0,
    seed: 1,
    now: () => 0,
    clock: () => performance.now(),
    stopped: () => false,
  })
  let next = await steps.next()
  for (; !next.done; next = await steps.next()) events.push(next.value)
  const scores = events.flatMap(e => (e.kind === 'evaluated' ? [e.scores['loss'] as number] : []))
  expect(scores[0]).toBeGreaterThan(2)
  expect(scores.at(-1)).toBeLessThan(scores[0]! / 2)
  expect(next.value.map(p => p.name)).toContain('cls.predictions.bias')
})
