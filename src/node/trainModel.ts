import type { SplitName } from '../core/data/dataset.ts'
import { planEpoch, stepsOf } from '../core/train/batch.ts'
import { classWeightsOf } from '../core/train/classWeights.ts'
import { type Learner, lanesFor, type NamedTensor, weightBytes } from '../core/train/learner.ts'
import { groupSize } from '../core/train/loop.ts'
import { makeLearner } from '../core/train/makeLearner.ts'
import {
  applyHead,
  centroidHead,
  featureScale,
  foldScale,
  headOf,
  standardized,
  withHead,
} from '../core/train/methods/baseline.ts'
import { beginsOf } from '../core/train/methods/plan.ts'
import { methodOf } from '../core/train/methods.ts'
import { startTensors } from '../core/train/models/start.ts'
import { type Division, parametersOf } from '../core/train/models/weights.ts'
import { suggested } from '../core/train/recipe.ts'
import type { Runtime } from '../core/train/runtime.ts'
import { Scanner } from '../core/train/scan.ts'
import { makeSchedule } from '../core/train/schedule.ts'
import { featureAnswers, featureTask, headOf as taskHead } from '../core/train/tasks/sequence.ts'
import type { Answers, BindOptions, RowTarget } from '../core/train/tasks/task.ts'
import type { Writer } from './answering.ts'
import type { FeatureCache } from './featureCache.ts'
import type { TrainSetup } from './trainSetup.ts'

/** A learner, and answers to a split under published parameters. */
export interface TrainModel {
  readonly learner: Learner
  /** The learner's parameters as the model has them. They differ where it learns in other coordinates. */
  readonly publish: (values: readonly NamedTensor[]) => readonly NamedTensor[]
  /** Batches of equal shape may share a run of the graph, so many at most. */
  readonly together: number
  answers(split: SplitName, parameters: readonly NamedTensor[]): Promise<Answers>
  release(): Promise<void>
}

/** Tokens of one run of an answering graph: scores over a vocabulary are large. */
export const scanTokens = ({ kind }: Pick<TrainSetup, 'kind'>): number => (kind.head === 'language' ? 1024 : 4096)

/** The model of a run: over cached features for a head alone, over the whole graph else. */
export async function makeModel(runtime: Runtime, setup: TrainSetup, features: FeatureCache): Promise<TrainModel> {
  const { recipe, kind, model, division, weights, parameters, encoded, limit } = setup
  const { dropout, labelSmoothing, optimizer, seed, batch, ema } = recipe
  const method = methodOf(recipe.method.kind)
  if (method.cached && kind.target) {
    await features.fill(['train', 'validation', 'test'])
    const { learner, publish } = await headLearner(runtime, setup, {
      features,
      target: kind.target,
      smoothing: labelSmoothing,
      dropout,
      weights: weighed(setup),
    })
    const scorer = await featureScorer(runtime, setup)
    return {
      learner,
      publish,
      together: 1,
      answers: (split, values) => scorer.answers(features.get(split), values),
      release: async () => {
        await scorer.release()
        await learner.release()
      },
    }
  }
  const decoder = model.backbone.architecture.kind === 'decoder'
  const common = {
    ...(weights.folder === undefined ? {} : { folder: weights.folder }),
    ...(decoder ? { arena: 'off' as const } : {}),
  }
  const whole = runtime.provider === 'cpu' ? 'direct' : runtime.provider === 'webgpu' ? 'steps' : 'loop'
  const mode = method.leaves === 'model' ? whole : 'steps'
  const learner = await makeLearner(runtime, {
    task: kind.task(model, encoded.train, { smoothing: labelSmoothing, seed, ...weighed(setup) }),
    parameters,
    initial: startTensors(division, weights, { seed, std: model.backbone.sizes.initial, adapter: setup.start }),
    optimizer,
    dropout,
    mode,
    begins: beginsOf(division, recipe, stepsOf(encoded.train.lengths.length, batch.rows)),
    ema,
    ...(batch.micro === undefined ? {} : { micro: batch.micro }),
    // Whoever has activations computed again is short of memory.
    lanes: batch.recompute
      ? 1
      : lanesFor({ threads: runtime.threads, rows: batch.rows, bytes: weightBytes(parameters) }),
    ...(batch.recompute === undefined ? {} : { recompute: batch.recompute }),
    ...common,
  })
  const graph = kind.answers(model, encoded.train)
  const scanner = await Scanner.load(runtime, { graph, parameters, tokens: scanTokens(setup), ...common })
  return {
    learner,
    publish: values => values,
    together: mode === 'loop' && batch.micro === undefined ? groupSize : 1,
    answers: (split, values) =>
      scanner.scan(kind.answers(model, encoded[split]), values, {
        lengths: encoded[split].lengths,
        limit,
        check: features.check,
      }),
    release: async () => {
      await scanner.release()
      await learner.release()
    },
  }
}

/** What rows and classes count in the loss, for tasks with one label a row or word. */
function weighed({ recipe, kind, data, encoded }: TrainSetup): Pick<BindOptions, 'classWeights' | 'focal'> {
  const rows = kind.problem === 'single_label_classification'
  const focal = recipe.focal === 'off' || !rows ? {} : { focal: recipe.focal }
  if (recipe.classWeights === 'none' || !(rows || kind.head === 'tokens')) return focal
  const { labels } = data
  // Pieces of words that carry no tag are below 0.
  const targets = encoded.train.targets.filter(target => target >= 0)
  const classWeights = classWeightsOf(recipe.classWeights, { labels, targets })
  return classWeights ? { ...focal, classWeights } : focal
}

/** What the untuned model says. */
export interface BaseAnswers {
  /** What stands for it, where that is not the model itself: see the event `evaluated`. */
  readonly baseline?: 'feature-head' | 'centroid'
  answers(split: SplitName): Promise<Answers>
  /** What writes answers by itself, for language models. */
  readonly writer?: Writer
  release(): Promise<void>
}

/**
 * The model before tuning. A language model is itself; one that gives an answer a row needs a head: trained on its features
 * for a moment (`feature-head`), or, where that is the run itself, one Gaussian a class (`centroid`). Runs do not start
 * from it: its large weights let the model fit the rows without learning better features. Undefined where nothing fair can stand for it.
 */
export async function baseAnswers(
  runtime: Runtime,
  setup: TrainSetup,
  features: FeatureCache,
): Promise<BaseAnswers | undefined> {
  const { kind, model, encoded, recipe } = setup
  if (kind.head === 'language') return untunedLanguage(runtime, setup, features)
  if (!kind.target) return undefined
  const width = model.backbone.sizes.hidden
  await features.fill(['train'])
  if (methodOf(recipe.method.kind).cached) {
    if (kind.problem !== 'single_label_classification') return undefined
    const labels = encoded.train.targets as Int32Array
    const head = centroidHead(features.get('train'), width, { labels, classes: model.classes })
    return {
      baseline: 'centroid',
      async answers(split) {
        await features.fill([split])
        return { scores: applyHead(features.get(split), width, head) }
      },
      release: async () => {},
    }
  }
  const values = await trainedHead(runtime, setup, { features, target: kind.target })
  const scorer = await featureScorer(runtime, setup)
  return {
    baseline: 'feature-head',
    async answers(split) {
      await features.fill([split])
      return scorer.answers(features.get(split), values)
    },
    release: scorer.release,
  }
}

async function untunedLanguage(runtime: Runtime, setup: TrainSetup, features: FeatureCache): Promise<BaseAnswers> {
  const { kind, base, weights, encoded, limit, recipe } = setup
  const { wrap: _, ...model } = setup.model
  const specs = [...model.backbone.parameters(), ...model.backbone.language.parameters]
  const has = ({ name }: { readonly name: string }) => base.places.has(name)
  const division: Division = { trained: specs.filter(s => !has(s)), frozen: specs.filter(has).map(s => s.name) }
  const fresh = startTensors(division, weights, { seed: recipe.seed, std: model.backbone.sizes.initial })
  const scanner = await Scanner.load(runtime, {
    graph: kind.answers(model, encoded.train),
    parameters: parametersOf(division, weights),
    tokens: scanTokens(setup),
    ...(weights.folder === undefined ? {} : { folder: weights.folder }),
  })
  return {
    answers: split =>
      scanner.scan(kind.answers(model, encoded[split]), fresh, {
        lengths: encoded[split].lengths,
        limit,
        check: features.check,
      }),
    writer: { model, parameters: parametersOf(division, weights), values: fresh },
    release: () => scanner.release(),
  }
}

/** A head that learnt from the features for a moment. */
async function trainedHead(
  runtime: Runtime,
  setup: TrainSetup,
  { features, target }: { readonly features: FeatureCache; readonly target: RowTarget },
): Promise<readonly NamedTensor[]> {
  const { model, encoded, recipe, limit } = setup
  const { learner, publish } = await headLearner(runtime, setup, { features, target, smoothing: 0, dropout: 0 })
  try {
    const { lengths } = encoded.train
    const { rate, epochs, rows } = suggested('head', model.backbone.sizes.hidden)
    const schedule = makeSchedule({ kind: 'linear', rate, warmup: 0, epochs }, stepsOf(lengths.length, rows))
    for (let epoch = 0, step = 0; step < schedule.steps; epoch++)
      for (const batch of planEpoch({ lengths, rows, limit, seed: recipe.seed, epoch, together: 1 })) {
        if (step >= schedule.steps) break
        features.check()
        step++
        await learner.step([batch], step, [schedule.rate(step)])
      }
    return publish((await learner.state()).parameters)
  } finally {
    await learner.release()
  }
}

/** A head that learns from standardized features; `publish` gives the head of the features as they are. */
async function headLearner(
  runtime: Runtime,
  setup: TrainSetup,
  options: {
    readonly features: FeatureCache
    readonly target: RowTarget
    readonly smoothing: number
    readonly dropout: number
    readonly weights?: ReturnType<typeof weighed>
  },
): Promise<{ learner: Learner; publish: (values: readonly NamedTensor[]) => readonly NamedTensor[] }> {
  const { model, weights, recipe, encoded } = setup
  const { hidden: width, initial: std } = model.backbone.sizes
  const { first, fresh } = taskHead(model)
  const raw = options.features.get('train')
  const measured = featureScale(raw, width)
  // A layer without a bias cannot take the mean in.
  const biased = fresh.some(spec => spec.name === `${first}.bias`)
  const scale = biased ? measured : { ...measured, mean: new Float64Array(width) }
  const { dropout, smoothing } = options
  const rows = { features: standardized(raw, scale), width, targets: encoded.train.targets }
  const division = { trained: fresh, frozen: [] }
  const learner = await makeLearner(runtime, {
    task: featureTask(options.target, model, rows, { smoothing, seed: recipe.seed, ...options.weights }),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: recipe.seed, std }),
    optimizer: recipe.optimizer,
    dropout,
    ema: recipe.ema,
    mode: 'steps',
  })
  return { learner, publish: values => withHead(values, first, foldScale(headOf(values, first), scale)) }
}

/** Scores of features under a head. */
async function featureScorer(runtime: Runtime, { model, weights }: TrainSetup) {
  const width = model.backbone.sizes.hidden
  const graph = (features: Float32Array) => featureAnswers(model, { features, width })
  const parameters = parametersOf({ trained: taskHead(model).fresh, frozen: [] }, weights)
  const scanner = await Scanner.load(runtime, { graph: graph(new Float32Array(0)), parameters })
  return {
    answers: (features: Float32Array, values: readonly NamedTensor[]): Promise<Answers> =>
      scanner.scan(graph(features), values, { lengths: new Int32Array(features.length / width), limit: 1 }),
    release: () => scanner.release(),
  }
}
