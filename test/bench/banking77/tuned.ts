import { planEpoch, tokenRows } from '../../../src/core/train/batch.ts'
import type { Learner } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { planTraining } from '../../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import type { Method } from '../../../src/core/train/methods.ts'
import type { Head } from '../../../src/core/train/models/architecture.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import type { SampleLosses } from '../../../src/core/train/models/task.ts'
import { type Division, memoryWeights, parametersOf, type Weights } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { resolveRecipe } from '../../../src/core/train/recipe.ts'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import { Scanner } from '../../../src/core/train/scan.ts'
import { makeSchedule } from '../../../src/core/train/schedule.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { featureAnswers, featureTask, rowFeatures } from '../../../src/core/train/tasks/sequence.ts'
import type { RowTarget, TaskModel } from '../../../src/core/train/tasks/task.ts'
import { openModel } from '../../../src/node/modelFolder.ts'
import { openTokenizer } from '../../../src/node/tokenizer.ts'
import { choosePooling } from '../../../src/node/trainSetup.ts'
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
 * returns the class scores of the test rows in the end, [rows, classes]. No early stopping: nothing is chosen on the test rows.
 */
export async function tunedScores(
  runtime: Runtime,
  model: { readonly folder: string; readonly weights: 'stored' | 'random' },
  options: Options & { readonly data: TuningData },
): Promise<Float32Array> {
  const { data, method, seed } = options
  const base = openModel(model.folder)
  const { backbone } = base
  const head = backbone.sequence(data.classes, choosePooling('auto', base))
  const tunable = tunableOf({ backbone, head })
  const recipe = resolveRecipe({ model: model.folder, data: {} }, { hidden: backbone.sizes.hidden })
  const { division, wrap } = planTraining(tunable, { ...recipe, method })
  const bare = { backbone, head, classes: data.classes }
  const weights =
    model.weights === 'stored'
      ? folderWeights(base)
      : memoryWeights(initialTensors(tunable.stored, `random ${seed}`, backbone.sizes.initial))
  const folder = weights.folder === undefined ? {} : { folder: weights.folder }
  const { train, test } = encoded(model.folder, data)
  const setup = { model: wrap ? { ...bare, wrap } : bare, weights, folder, division }
  return method.kind === 'head'
    ? await headLogits(runtime, setup, { train, test }, options)
    : await modelLogits(runtime, setup, { train, test }, options)
}

/** The share of test rows that `tunedScores` gets right. */
export async function tunedAccuracy(...given: Parameters<typeof tunedScores>): Promise<number> {
  const { test, classes } = given[2].data
  return accuracyOf(await tunedScores(...given), test.labels, classes)
}

/** The share of rows whose highest score is that of their label; scores of further rows are not looked at. */
export function accuracyOf(scores: Float32Array, labels: readonly number[], classes: number): number {
  let right = 0
  labels.forEach((label, r) => {
    let best = 0
    for (let c = 1; c < classes; c++) if (scores[r * classes + c]! > scores[r * classes + best]!) best = c
    if (best === label) right++
  })
  return right / labels.length
}

/** Longest row in tokens; what is longer is cut. */
const limit = 64

interface Setup {
  readonly model: TaskModel & { readonly head: Head }
  readonly weights: Weights
  readonly folder: { readonly folder?: string }
  readonly division: Division
}
type Options = Tuning & {
  readonly onEpoch?: (epoch: number, loss: number) => void
  /** The losses of rows as they were trained on. */
  readonly onRows?: (epoch: number, told: SampleLosses) => void
}

/** Class scores of the test rows after training through the whole graph. */
async function modelLogits(
  runtime: Runtime,
  { model, weights, folder, division }: Setup,
  { train, test }: { readonly train: EncodedRows; readonly test: EncodedRows },
  options: Options,
): Promise<Float32Array> {
  const parameters = parametersOf(division, weights)
  const learner = await makeLearner(runtime, {
    task: classification.task(model, train, { smoothing: options.smoothing, seed: options.seed }),
    parameters,
    initial: startTensors(division, weights, { seed: options.seed, std: model.backbone.sizes.initial }),
    optimizer: adamWDefaults,
    dropout: options.dropout,
    mode: options.method.kind === 'full' ? 'loop' : 'steps',
    ...folder,
  })
  await learn(learner, train, options)
  const graph = classification.answers(model, test)
  const scanner = await Scanner.load(runtime, { graph, parameters, ...folder })
  const { scores } = await scanner.scan(graph, (await learner.state()).parameters, { lengths: test.lengths, limit })
  await learner.release()
  await scanner.release()
  return scores
}

/** The same for a head alone: the encoder's vectors are computed once. */
async function headLogits(
  runtime: Runtime,
  { model, weights, folder, division }: Setup,
  { train, test }: { readonly train: EncodedRows; readonly test: EncodedRows },
  options: Options,
): Promise<Float32Array> {
  const frozen = parametersOf({ trained: [], frozen: division.frozen }, weights)
  const scanner = await Scanner.load(runtime, { graph: rowFeatures(model, train), parameters: frozen, ...folder })
  const featuresOf = async (rows: EncodedRows) =>
    (await scanner.scan(rowFeatures(model, rows), [], { lengths: rows.lengths, limit })).scores
  const [features, seen] = [await featuresOf(train), await featuresOf(test)]
  await scanner.release()
  const width = model.backbone.sizes.hidden
  const head = { trained: division.trained, frozen: [] }
  const learner = await makeLearner(runtime, {
    task: featureTask(
      classification.target as RowTarget,
      model,
      { features, width, targets: train.targets },
      { smoothing: options.smoothing, seed: options.seed },
    ),
    parameters: parametersOf(head, weights),
    initial: startTensors(head, weights, { seed: options.seed, std: model.backbone.sizes.initial }),
    optimizer: adamWDefaults,
    dropout: options.dropout,
    mode: 'steps',
  })
  await learn(learner, train, options)
  const { parameters } = await learner.state()
  await learner.release()
  const graph = featureAnswers(model, { features: seen, width })
  const scorer = await Scanner.load(runtime, { graph, parameters: parametersOf(head, weights) })
  const { scores } = await scorer.scan(graph, parameters, { lengths: new Int32Array(test.lengths.length), limit: 1 })
  await scorer.release()
  return scores
}

async function learn(
  learner: Learner,
  { lengths }: EncodedRows,
  { rate, epochs, rows, seed, onEpoch, onRows }: Options,
): Promise<void> {
  const perEpoch = Math.ceil(lengths.length / rows)
  const schedule = makeSchedule({ kind: 'linear', rate, epochs, warmup: 0.06 }, perEpoch)
  let step = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    let sum = 0
    for (const batch of planEpoch({ lengths, rows, limit, seed, epoch, together: 1 })) {
      step++
      const [result] = await learner.step([batch], step, [schedule.rate(step)])
      sum += result!.loss
      const { samples, rows: losses, rivals } = result!
      onRows?.(epoch, { samples, losses, ...(rivals ? { rivals } : {}) })
    }
    onEpoch?.(epoch, sum / perEpoch)
  }
}

function encoded(folder: string, data: TuningData): { train: EncodedRows; test: EncodedRows } {
  const tokenizer = openTokenizer(folder)
  const rows = ({ texts, labels }: Examples): EncodedRows => {
    const ids = texts.map(text => tokenizer.encode(text, { limit }).ids)
    return {
      tokens: tokenRows(ids),
      lengths: Int32Array.from(ids, row => row.length),
      pad: tokenizer.special.pad,
      targets: Int32Array.from(labels),
      cut: 0,
    }
  }
  return { train: rows(data.train), test: rows(data.test) }
}
