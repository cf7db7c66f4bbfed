import { describe, expect, test } from 'vitest'
import { random } from '../../../src/core/base/random.ts'
import { planEpoch, rowLength, tokenRows } from '../../../src/core/train/batch.ts'
import { type Learner, makeLearner } from '../../../src/core/train/learner.ts'
import { backboneParameters, divide } from '../../../src/core/train/methods/divide.ts'
import { loraAdapter } from '../../../src/core/train/methods/lora.ts'
import { type Classifier, classification, type LabelledRows } from '../../../src/core/train/models/classifier.ts'
import { describeEncoder } from '../../../src/core/train/models/families.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { Predictor } from '../../../src/core/train/predict.ts'
import type { Method } from '../../../src/core/train/recipe.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { tinyConfig } from '../../node/train/tinyModel.ts'

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })
const { family, config } = describeEncoder(tinyConfig, 'config.json')
const base: Classifier = { family, config, pooling: 'mean', classes: 2 }

/** Does the first marker come before the second? Nothing but the order tells, so the encoder has to learn. */
function markers(count: number, seed: number, pair = [5, 6] as const): LabelledRows {
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
  return { tokens: tokenRows(rows), labels, pad: 0 }
}

const train = markers(512, 1)
const held = markers(256, 2)
const lengths = train.labels.map((_, i) => rowLength(train.tokens, i))

function setUp(method: Method, dropout = 0) {
  const model: Classifier = method.kind === 'lora' ? { ...base, adapt: loraAdapter(method) } : base
  const weights = memoryWeights(initialTensors(backboneParameters(model), 3, 0.1))
  const division = divide(model, method)
  const parameters = parametersOf(division, weights)
  const initial = startTensors(division, weights, { seed: 4, std: 0.02 })
  const make = (mode: 'steps' | 'loop') =>
    makeLearner(runtime, {
      task: classification(model, train, 0),
      parameters,
      initial,
      optimizer: adamWDefaults,
      dropout,
      mode,
    })
  return { model, parameters, initial, make }
}

async function run(learner: Learner, epochs: number, options: { rate: number; together?: number }): Promise<number[]> {
  const losses: number[] = []
  for (let epoch = 0; epoch < epochs; epoch++) {
    const plan = planEpoch({ lengths, rows: 16, limit: 32, seed: 1, epoch, together: 8 })
    for (let at = 0; at < plan.length; ) {
      let end = at + 1
      while (
        end - at < (options.together ?? 1) &&
        plan[end]?.length === plan[at]!.length &&
        plan[end]?.rows.length === 16
      )
        end++
      const batches = plan.slice(at, end)
      const results = await learner.step(
        batches,
        losses.length + 1,
        batches.map(() => options.rate),
      )
      losses.push(...results.map(r => r.loss))
      at = end
    }
  }
  return losses
}

async function accuracy({ model, parameters }: ReturnType<typeof setUp>, learner: Learner): Promise<number> {
  const predictor = await Predictor.load(runtime, { model, parameters, output: 'logits' })
  const logits = await predictor.scan(held, (await learner.state()).parameters, { limit: 32 })
  await predictor.release()
  let right = 0
  held.labels.forEach((label, i) => {
    if (Number(logits[2 * i + 1]! > logits[2 * i]!) === label) right++
  })
  return right / held.labels.length
}

describe('a random encoder learns an order of words', () => {
  test('full: loss falls to nothing, held-out rows are right', async () => {
    const setup = setUp({ kind: 'full', freezeEmbeddings: false })
    const learner = await setup.make('loop')
    const losses = await run(learner, 12, { rate: 3e-3, together: 8 })
    const score = await accuracy(setup, learner)
    console.log('full', losses[0], losses.at(-1), score)
    expect(losses.at(-1)).toBeLessThan(0.1)
    expect(score).toBeGreaterThan(0.95)
  })
})
