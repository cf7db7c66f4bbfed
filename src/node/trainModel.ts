import { Cancelled } from '../core/base/cancel.ts'
import type { SplitName } from '../core/data/dataset.ts'
import { planEpoch } from '../core/train/batch.ts'
import { type Learner, makeLearner, type NamedTensor } from '../core/train/learner.ts'
import { centroidHead } from '../core/train/methods/baseline.ts'
import { classification, headOnly, headParameters } from '../core/train/models/classifier.ts'
import { startTensors } from '../core/train/models/start.ts'
import type { Task } from '../core/train/models/task.ts'
import { parametersOf } from '../core/train/models/weights.ts'
import { applyHead, Predictor } from '../core/train/predict.ts'
import { suggested } from '../core/train/recipe.ts'
import type { Runtime } from '../core/train/runtime.ts'
import { makeSchedule } from '../core/train/schedule.ts'
import type { TrainSetup } from './trainSetup.ts'

/** A learner, and class scores of a split under parameters. */
export interface TrainModel {
  readonly learner: Learner
  /** Rows of equal shape may share a run of the graph, so many at most. */
  readonly together: number
  logits(split: SplitName, parameters: readonly NamedTensor[]): Promise<Float32Array>
  release(): Promise<void>
}

/** Vectors of the frozen encoder, computed once for each split. */
export class FeatureCache {
  private readonly setup: TrainSetup
  private readonly runtime: Runtime
  private readonly known = new Map<SplitName, Float32Array>()
  private readonly stopped: () => boolean

  constructor(runtime: Runtime, setup: TrainSetup, stopped: () => boolean) {
    this.runtime = runtime
    this.setup = setup
    this.stopped = stopped
  }

  /** Features `[rows, hidden]` of the splits that are not known yet; leaves by `Cancelled` when asked to stop. */
  async fill(splits: readonly SplitName[]): Promise<void> {
    const missing = splits.filter(split => !this.known.has(split))
    if (missing.length === 0) return
    const { model, weights, encoded, limit } = this.setup
    const { adapt: _, ...plain } = model
    const names = weights.names
    const predictor = await Predictor.load(this.runtime, {
      model: plain,
      parameters: parametersOf({ trained: [], frozen: names }, weights),
      output: 'features',
      ...(weights.folder === undefined ? {} : { folder: weights.folder }),
    })
    try {
      for (const split of missing)
        this.known.set(split, await predictor.scan(encoded[split], [], { limit, check: checkStop(this.stopped) }))
    } finally {
      await predictor.release()
    }
  }

  get(split: SplitName): Float32Array {
    const features = this.known.get(split)
    if (!features) throw new Error(`no features of ${split}`)
    return features
  }
}

/** The model of a run: over cached features for a head alone, over the whole graph else. */
export async function makeModel(runtime: Runtime, setup: TrainSetup, features: FeatureCache): Promise<TrainModel> {
  const { recipe, model, division, weights, parameters, encoded, limit } = setup
  const { dropout, labelSmoothing, optimizer, seed } = recipe
  const folder = weights.folder === undefined ? {} : { folder: weights.folder }
  const initial = startTensors(division, weights, { seed, std: model.config.initial })
  if (recipe.method.kind === 'head') {
    await features.fill(['train', 'validation', 'test'])
    const learner = await headLearner(runtime, setup, { task: headTask(setup, features, labelSmoothing), dropout })
    return {
      learner,
      together: 1,
      logits: async (split, values) => applyHead(features.get(split), model.config.hidden, headOf(setup, values)),
      release: () => learner.release(),
    }
  }
  const mode = recipe.method.kind === 'full' && runtime.provider !== 'webgpu' ? 'loop' : 'steps'
  const learner = await makeLearner(runtime, {
    task: classification(model, encoded.train, labelSmoothing),
    parameters,
    initial,
    optimizer,
    dropout,
    mode,
    ...folder,
  })
  const predictor = await Predictor.load(runtime, { model, parameters, output: 'logits', ...folder })
  return {
    learner,
    together: mode === 'loop' ? 8 : 1,
    logits: (split, values) => predictor.scan(encoded[split], values, { limit }),
    release: async () => {
      await predictor.release()
      await learner.release()
    },
  }
}

/**
 * Class scores before any tuning, for the splits named. A fresh head on an encoder knows nothing, so the base is what its
 * features tell as they are: a head trained on them for a moment (`feature-head`), or, where that is the run itself,
 * one Gaussian a class (`centroid`).
 */
export async function baseLogits(
  runtime: Runtime,
  setup: TrainSetup,
  options: { readonly features: FeatureCache; readonly splits: readonly SplitName[]; readonly stopped: () => boolean },
): Promise<Map<SplitName, Float32Array>> {
  const { features, splits, stopped } = options
  await features.fill(['train', ...splits])
  const { model, encoded } = setup
  const width = model.config.hidden
  const head =
    setup.recipe.method.kind === 'head'
      ? centroidHead(features.get('train'), width, { labels: encoded.train.labels, classes: model.classes })
      : await trainedHead(runtime, setup, { features, stopped })
  return new Map(splits.map(split => [split, applyHead(features.get(split), width, head)]))
}

/** A head on frozen features with the suggested settings of the method `head`. */
async function trainedHead(
  runtime: Runtime,
  setup: TrainSetup,
  { features, stopped }: { readonly features: FeatureCache; readonly stopped: () => boolean },
) {
  const learner = await headLearner(runtime, setup, { task: headTask(setup, features, 0), dropout: 0 })
  try {
    const { lengths } = setup.encoded.train
    const { rate, epochs, rows } = suggested('head', setup.model.config.hidden)
    const check = checkStop(stopped)
    const schedule = makeSchedule({ kind: 'linear', rate, warmup: 0, epochs }, Math.ceil(lengths.length / rows))
    for (let epoch = 0, step = 0; step < schedule.steps; epoch++)
      for (const batch of planEpoch({
        lengths,
        rows,
        limit: setup.limit,
        seed: setup.recipe.seed,
        epoch,
        together: 1,
      })) {
        if (step >= schedule.steps) break
        check()
        step++
        await learner.step([batch], step, [schedule.rate(step)])
      }
    return headOf(setup, (await learner.state()).parameters)
  } finally {
    await learner.release()
  }
}

function headLearner(
  runtime: Runtime,
  { model, weights, recipe }: TrainSetup,
  { task, dropout }: { readonly task: Task; readonly dropout: number },
): Promise<Learner> {
  const division = { trained: headParameters(model), frozen: [] }
  return makeLearner(runtime, {
    task,
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: recipe.seed, std: model.config.initial }),
    optimizer: recipe.optimizer,
    dropout,
    mode: 'steps',
  })
}

const headTask = ({ model, encoded }: TrainSetup, features: FeatureCache, smoothing: number): Task =>
  headOnly(
    model,
    { features: features.get('train'), width: model.config.hidden, labels: encoded.train.labels },
    smoothing,
  )

function headOf({ model }: TrainSetup, values: readonly NamedTensor[]) {
  const find = (name: string): Float32Array => {
    const tensor = values.find(t => t.name === `${model.family.classifier}.${name}`)
    if (!tensor) throw new Error(`the head has no ${name}`)
    return tensor.data
  }
  return { weight: find('weight'), bias: find('bias') }
}

const checkStop = (stopped: () => boolean) => (): void => {
  if (stopped()) throw new Cancelled()
}
