import { planEpoch, rowLength, type TokenRows, tokenRows } from '../../../src/core/train/batch.ts'
import type { Learner } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { backboneParameters, divide } from '../../../src/core/train/methods/divide.ts'
import { loraAdapter } from '../../../src/core/train/methods/lora.ts'
import type { Method } from '../../../src/core/train/methods.ts'
import { type Classifier, classification, headOnly } from '../../../src/core/train/models/classifier.ts'
import { choosePooling } from '../../../src/core/train/models/families.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { type Division, memoryWeights, parametersOf, type Weights } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { applyHead, Predictor } from '../../../src/core/train/predict.ts'
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
  const { train, test } = encoded(model.folder, data)
  const setup = { classifier, weights, folder, division: divide(classifier, method) }
  const logits =
    method.kind === 'head'
      ? await headLogits(runtime, setup, { train, test }, options)
      : await modelLogits(runtime, setup, { train, test }, options)
  let right = 0
  for (let r = 0; r < test.labels.length; r++) {
    let best = 0
    for (let c = 1; c < data.classes; c++)
      if (logits[r * data.classes + c]! > logits[r * data.classes + best]!) best = c
    if (best === test.labels[r]) right++
  }
  return right / test.labels.length
}

/** Longest row in tokens; what is longer is cut. */
const limit = 64

interface Setup {
  readonly classifier: Classifier
  readonly weights: Weights
  readonly folder: { readonly folder?: string }
  readonly division: Division
}
type Options = Tuning & { readonly onEpoch?: (epoch: number, loss: number) => void }

/** Class scores of the test rows after training through the whole graph. */
async function modelLogits(
  runtime: Runtime,
  { classifier, weights, folder, division }: Setup,
  { train, test }: { readonly train: Encoded; readonly test: Encoded },
  options: Options,
): Promise<Float32Array> {
  const parameters = parametersOf(division, weights)
  const learner = await makeLearner(runtime, {
    task: classification(classifier, train, options.smoothing),
    parameters,
    initial: startTensors(division, weights, { seed: options.seed, std: classifier.config.initial }),
    optimizer: adamWDefaults,
    dropout: options.dropout,
    mode: options.method.kind === 'full' ? 'loop' : 'steps',
    ...folder,
  })
  await learn(learner, train, options)
  const predictor = await Predictor.load(runtime, { model: classifier, parameters, output: 'logits', ...folder })
  const logits = await predictor.scan(test, (await learner.state()).parameters, { limit })
  await learner.release()
  await predictor.release()
  return logits
}

/** The same for a head alone: the encoder's vectors are computed once. */
async function headLogits(
  runtime: Runtime,
  { classifier, weights, folder, division }: Setup,
  { train, test }: { readonly train: Encoded; readonly test: Encoded },
  options: Options,
): Promise<Float32Array> {
  const frozen = parametersOf({ trained: [], frozen: division.frozen }, weights)
  const predictor = await Predictor.load(runtime, {
    model: classifier,
    parameters: frozen,
    output: 'features',
    ...folder,
  })
  const [features, seen] = [await predictor.scan(train, [], { limit }), await predictor.scan(test, [], { limit })]
  await predictor.release()
  const width = classifier.config.hidden
  const head = { trained: division.trained, frozen: [] }
  const learner = await makeLearner(runtime, {
    task: headOnly(classifier, { features, width, labels: train.labels }, options.smoothing),
    parameters: parametersOf(head, weights),
    initial: startTensors(head, weights, { seed: options.seed, std: classifier.config.initial }),
    optimizer: adamWDefaults,
    dropout: options.dropout,
    mode: 'steps',
  })
  await learn(learner, train, options)
  const { parameters } = await learner.state()
  await learner.release()
  const values = (part: string) => parameters.find(p => p.name === `${classifier.family.classifier}.${part}`)!.data
  return applyHead(seen, width, { weight: values('weight'), bias: values('bias') })
}

async function learn(learner: Learner, train: Encoded, { rate, epochs, rows, seed, onEpoch }: Options): Promise<void> {
  const lengths = Array.from({ length: train.labels.length }, (_, i) => rowLength(train.tokens, i))
  const perEpoch = Math.ceil(lengths.length / rows)
  const schedule = makeSchedule({ kind: 'linear', rate, epochs, warmup: 0.06 }, perEpoch)
  let step = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    let sum = 0
    for (const batch of planEpoch({ lengths, rows, limit, seed, epoch, together: 1 })) {
      step++
      const [result] = await learner.step([batch], step, [schedule.rate(step)])
      sum += result!.loss
    }
    onEpoch?.(epoch, sum / perEpoch)
  }
}

interface Encoded {
  readonly tokens: TokenRows
  readonly labels: Int32Array
  readonly pad: number
}

function encoded(folder: string, data: TuningData): { train: Encoded; test: Encoded } {
  const tokenizer = openTokenizer(folder)
  const rows = ({ texts, labels }: Examples): Encoded => ({
    tokens: tokenRows(texts.map(text => tokenizer.encode(text, { limit }).ids)),
    labels: Int32Array.from(labels),
    pad: tokenizer.special.pad,
  })
  return { train: rows(data.train), test: rows(data.test) }
}
