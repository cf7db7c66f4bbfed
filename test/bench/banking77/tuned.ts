import { planEpoch, rowLength, type TokenRows, tokenRows } from '../../../src/core/train/batch.ts'
import { makeLearner } from '../../../src/core/train/learner.ts'
import { backboneParameters, divide } from '../../../src/core/train/methods/divide.ts'
import { loraAdapter } from '../../../src/core/train/methods/lora.ts'
import { type Classifier, classification } from '../../../src/core/train/models/classifier.ts'
import { choosePooling } from '../../../src/core/train/models/families.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { Predictor } from '../../../src/core/train/predict.ts'
import type { Method } from '../../../src/core/train/recipe.ts'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import { makeSchedule } from '../../../src/core/train/schedule.ts'
import { openEncoder } from '../../../src/node/modelFolder.ts'
import { openTokenizer } from '../../../src/node/tokenizer.ts'
import { folderWeights } from '../../../src/node/weights.ts'
import type { Examples } from './data.ts'

export interface Tuning {
  readonly method: Method
  readonly rate: number
  readonly epochs: number
  /** Rows in a batch. */
  readonly rows: number
  readonly dropout: number
  readonly smoothing: number
  readonly seed: number
}

export interface TuningData {
  readonly train: Examples
  readonly test: Examples
  readonly classes: number
}

/**
 * Tunes the model of a folder, or with `random` fresh weights of its shape, with the parts that a run is made of, and
 * returns the share of test rows that it gets right in the end. No early stopping: nothing is chosen on the test rows.
 */
export async function tunedAccuracy(
  runtime: Runtime,
  model: { readonly folder: string; readonly weights: 'stored' | 'random' },
  options: Tuning & { readonly data: TuningData; readonly onEpoch?: (epoch: number, loss: number) => void },
): Promise<number> {
  const { data, method, seed } = options
  const base = openEncoder(model.folder)
  const classifier: Classifier = {
    family: base.family,
    config: base.encoder,
    pooling: choosePooling('auto', base.config, base.hasPooler),
    classes: data.classes,
    ...(method.kind === 'lora' ? { adapt: loraAdapter(method) } : {}),
  }
  const weights =
    model.weights === 'stored'
      ? folderWeights(base)
      : memoryWeights(initialTensors(backboneParameters(classifier), `random ${seed}`, base.encoder.initial))
  const folder = weights.folder === undefined ? {} : { folder: weights.folder }
  const division = divide(classifier, method)
  const parameters = parametersOf(division, weights)
  const limit = 64
  const { train, test } = encoded(model.folder, data, limit)
  const learner = await makeLearner(runtime, {
    task: classification(classifier, train, options.smoothing),
    parameters,
    initial: startTensors(division, weights, { seed, std: base.encoder.initial }),
    optimizer: adamWDefaults,
    dropout: options.dropout,
    mode: method.kind === 'full' ? 'loop' : 'steps',
    ...folder,
  })
  const lengths = Array.from({ length: train.labels.length }, (_, i) => rowLength(train.tokens, i))
  const perEpoch = Math.ceil(lengths.length / options.rows)
  const { rate, epochs } = options
  const schedule = makeSchedule({ kind: 'linear', rate, epochs, warmup: 0.06 }, perEpoch)
  let step = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    let sum = 0
    for (const batch of planEpoch({ lengths, rows: options.rows, limit, seed, epoch, together: 1 })) {
      step++
      const [result] = await learner.step([batch], step, [schedule.rate(step)])
      sum += result!.loss
    }
    options.onEpoch?.(epoch, sum / perEpoch)
  }
  const predictor = await Predictor.load(runtime, { model: classifier, parameters, output: 'logits', ...folder })
  const logits = await predictor.scan(test, (await learner.state()).parameters, { limit })
  await learner.release()
  await predictor.release()
  let right = 0
  for (let r = 0; r < test.labels.length; r++) {
    let best = 0
    for (let c = 1; c < data.classes; c++)
      if (logits[r * data.classes + c]! > logits[r * data.classes + best]!) best = c
    if (best === test.labels[r]) right++
  }
  return right / test.labels.length
}

interface Encoded {
  readonly tokens: TokenRows
  readonly labels: Int32Array
  readonly pad: number
}

function encoded(folder: string, data: TuningData, limit: number): { train: Encoded; test: Encoded } {
  const tokenizer = openTokenizer(folder)
  const rows = ({ texts, labels }: Examples): Encoded => ({
    tokens: tokenRows(texts.map(text => tokenizer.encode(text, { limit }).ids)),
    labels: Int32Array.from(labels),
    pad: tokenizer.special.pad,
  })
  return { train: rows(data.train), test: rows(data.test) }
}
