import { Cancelled } from '../core/base/cancel.ts'
import type { SplitName } from '../core/data/dataset.ts'
import { planEpoch, stepsOf } from '../core/train/batch.ts'
import type { Learner, NamedTensor } from '../core/train/learner.ts'
import { groupSize } from '../core/train/loop.ts'
import { makeLearner } from '../core/train/makeLearner.ts'
import {
  centroidHead,
  featureScale,
  foldScale,
  headOf,
  type LinearHead,
  standardized,
  withHead,
} from '../core/train/methods/baseline.ts'
import { methodOf } from '../core/train/methods.ts'
import { classification, headOnly, headParameters } from '../core/train/models/classifier.ts'
import { startTensors } from '../core/train/models/start.ts'
import { parametersOf } from '../core/train/models/weights.ts'
import { applyHead, Predictor } from '../core/train/predict.ts'
import { suggested } from '../core/train/recipe.ts'
import type { Runtime } from '../core/train/runtime.ts'
import { makeSchedule } from '../core/train/schedule.ts'
import type { TrainSetup } from './trainSetup.ts'

/** A learner, and class scores of a split under published parameters. */
export interface TrainModel {
  readonly learner: Learner
  /** The learner's parameters as the model has them. They differ where it learns in other coordinates. */
  readonly publish: (values: readonly NamedTensor[]) => readonly NamedTensor[]
  /** Batches of equal shape may share a run of the graph, so many at most. */
  readonly together: number
  logits(split: SplitName, parameters: readonly NamedTensor[]): Promise<Float32Array>
  release(): Promise<void>
}

/** Vectors of the frozen encoder, computed once for each split. */
export class FeatureCache {
  private readonly setup: TrainSetup
  private readonly runtime: Runtime
  private readonly known = new Map<SplitName, Float32Array>()
  /** Asked between runs of the graph; leaves by `Cancelled` when the run should stop. */
  readonly check: () => void

  constructor(runtime: Runtime, setup: TrainSetup, stopped: () => boolean) {
    this.runtime = runtime
    this.setup = setup
    this.check = () => {
      if (stopped()) throw new Cancelled()
    }
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
        this.known.set(split, await predictor.scan(encoded[split], [], { limit, check: this.check }))
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
  const { classifier } = model.family
  if (recipe.method.kind === 'head') {
    await features.fill(['train', 'validation', 'test'])
    const { learner, publish } = await headLearner(runtime, setup, { features, smoothing: labelSmoothing, dropout })
    return {
      learner,
      publish,
      together: 1,
      logits: async (split, values) => applyHead(features.get(split), model.config.hidden, headOf(values, classifier)),
      release: () => learner.release(),
    }
  }
  const folder = weights.folder === undefined ? {} : { folder: weights.folder }
  const mode = methodOf(recipe.method.kind).leaves === 'model' && runtime.provider !== 'webgpu' ? 'loop' : 'steps'
  const learner = await makeLearner(runtime, {
    task: classification(model, encoded.train, labelSmoothing),
    parameters,
    initial: startTensors(division, weights, { seed, std: model.config.initial }),
    optimizer,
    dropout,
    mode,
    ...folder,
  })
  const predictor = await Predictor.load(runtime, { model, parameters, output: 'logits', ...folder })
  return {
    learner,
    publish: values => values,
    together: mode === 'loop' ? groupSize : 1,
    logits: (split, values) => predictor.scan(encoded[split], values, { limit, check: features.check }),
    release: async () => {
      await predictor.release()
      await learner.release()
    },
  }
}

/**
 * A head for the encoder as it is, which stands for the untuned model: trained on its features for a moment
 * (`feature-head`), or, where that is the run itself, one Gaussian a class (`centroid`). Runs do not start from it: its
 * large weights let the encoder fit the rows without learning better features.
 */
export async function baseHead(runtime: Runtime, setup: TrainSetup, features: FeatureCache): Promise<LinearHead> {
  await features.fill(['train'])
  const { model, encoded, recipe, limit } = setup
  const width = model.config.hidden
  if (recipe.method.kind === 'head')
    return centroidHead(features.get('train'), width, { labels: encoded.train.labels, classes: model.classes })
  const { learner, publish } = await headLearner(runtime, setup, { features, smoothing: 0, dropout: 0 })
  try {
    const { lengths } = encoded.train
    const { rate, epochs, rows } = suggested('head', width)
    const schedule = makeSchedule({ kind: 'linear', rate, warmup: 0, epochs }, stepsOf(lengths.length, rows))
    for (let epoch = 0, step = 0; step < schedule.steps; epoch++)
      for (const batch of planEpoch({ lengths, rows, limit, seed: recipe.seed, epoch, together: 1 })) {
        if (step >= schedule.steps) break
        features.check()
        step++
        await learner.step([batch], step, [schedule.rate(step)])
      }
    return headOf(publish((await learner.state()).parameters), model.family.classifier)
  } finally {
    await learner.release()
  }
}

/** A head that learns from standardized features; `publish` gives the head of the features as they are. */
async function headLearner(
  runtime: Runtime,
  { model, weights, recipe, encoded }: TrainSetup,
  options: { readonly features: FeatureCache; readonly smoothing: number; readonly dropout: number },
): Promise<{ learner: Learner; publish: (values: readonly NamedTensor[]) => readonly NamedTensor[] }> {
  const width = model.config.hidden
  const { classifier } = model.family
  const raw = options.features.get('train')
  const scale = featureScale(raw, width)
  const rows = { features: standardized(raw, scale), width, labels: encoded.train.labels }
  const division = { trained: headParameters(model), frozen: [] }
  const learner = await makeLearner(runtime, {
    task: headOnly(model, rows, options.smoothing),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: recipe.seed, std: model.config.initial }),
    optimizer: recipe.optimizer,
    dropout: options.dropout,
    mode: 'steps',
  })
  return { learner, publish: values => withHead(values, classifier, foldScale(headOf(values, classifier), scale)) }
}
