import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { SplitName } from '../core/data/dataset.ts'
import type { RunData } from '../core/train/data.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import { planTraining } from '../core/train/methods/plan.ts'
import { pulled } from '../core/train/methods/pull.ts'
import { tunableOf } from '../core/train/methods/tunable.ts'
import { methodOf } from '../core/train/methods.ts'
import type { Pooling } from '../core/train/models/architecture.ts'
import { type Division, parametersOf, type Weights } from '../core/train/models/weights.ts'
import type { Recipe } from '../core/train/recipe.ts'
import type { Parameter } from '../core/train/state.ts'
import { causal } from '../core/train/tasks/causal.ts'
import type { EncodedRows } from '../core/train/tasks/encoded.ts'
import { joinRows } from '../core/train/tasks/join.ts'
import { packRows } from '../core/train/tasks/pack.ts'
import type { Sample } from '../core/train/tasks/sample.ts'
import type { EncodeOptions, TaskKind, TaskModel } from '../core/train/tasks/task.ts'
import { taskOf } from '../core/train/tasks.ts'
import { adapterTensors, openAdapter } from './adapterFolder.ts'
import { openChatTemplate } from './chatTemplate.ts'
import { type BackboneFolder, checkTokenizer, findModel, openModel } from './modelFolder.ts'
import { quantizedFolder, quantizedModel } from './quantize.ts'
import { openTokenizer } from './tokenizer.ts'
import { type RunRows, readReplay, readRunRows } from './trainRows.ts'
import { folderWeights } from './weights.ts'

/** Everything a run is made of before a graph is built. */
export interface TrainSetup {
  /** The run's folder. */
  readonly folder: string
  readonly recipe: Recipe
  readonly data: RunData
  readonly kind: TaskKind
  readonly base: BackboneFolder
  readonly weights: Weights
  readonly model: TaskModel
  /** How a row's vector is made, where the task has one vector a row. */
  readonly pooling: Pooling
  readonly division: Division
  /** Values of the adapter that the run goes on from. */
  readonly start: readonly NamedTensor[]
  readonly parameters: readonly Parameter[]
  readonly rows: RunRows
  readonly encoding: EncodeOptions
  readonly encoded: { readonly [S in SplitName]: EncodedRows }
  /** Longest row in tokens: the recipe's, or the model's where that is less. */
  readonly limit: number
}

/** Reads model and data of a run. Throws `Failure` for what cannot be used. */
export async function setUp(
  folder: string,
  options: {
    readonly recipe: Recipe
    readonly data: RunData
    /** Folders of models known by name. */
    readonly models: readonly string[]
    /** The splits that are read; the others stay empty. */
    readonly splits: readonly SplitName[]
  },
): Promise<TrainSetup> {
  const { recipe, data, models, splits } = options
  const kind = taskOf(data.task ?? 'classification')
  const base = openModel(findModel(recipe.model, data.root, [...models, join(data.root, '.winnow', 'models')]))
  const { backbone } = base
  checkKind(kind, base)
  const pooling = choosePooling(recipe.pooling, base)
  const classes = kind.head === 'language' ? backbone.sizes.vocab : Math.max(1, data.labels.length)
  const has = (name: string) => base.places.has(name)
  const head =
    kind.head === 'sequence'
      ? backbone.sequence(classes, pooling, has)
      : kind.head === 'tokens'
        ? backbone.tokens(classes, has)
        : undefined
  const bare: TaskModel = { backbone, classes, ...(head ? { head } : {}) }
  const weights = await weightsOf(base, recipe, data.root)
  const whole = tunableOf(bare, has)
  const plan = planTraining(whole, recipe)
  const { adapter } = recipe
  const start = adapter === undefined ? [] : adapterTensors(openAdapter(adapter, backbone.architecture.prefix), whole)
  const model = plan.wrap ? { ...bare, wrap: plan.wrap } : bare
  const encoder = openTokenizer(base.path)
  checkTokenizer(base, encoder.size)
  const limit = Math.min(recipe.batch.tokens, backbone.sizes.positions)
  const hasToken = (token: string) => encoder.content(token).length === 1
  const encoding: EncodeOptions = {
    encoder,
    limit,
    labels: data.labels,
    answers: recipe.chat.learn,
    packing: recipe.packing ? 'packed' : 'apart',
    ...(kind.name === 'instruction'
      ? { chat: openChatTemplate({ folder: base.path, has: hasToken, ...templateFile(recipe) }) }
      : {}),
  }
  const rows = await readRunRows(data, splits)
  if (splits.includes('train')) checkTrainable(rows.train.samples.length, data, kind)
  const encoded = {
    train: encodeTraining(kind, rows.train.samples, { encoding, replay: await readReplay(data) }),
    validation: kind.encode(rows.validation.samples, encoding),
    test: kind.encode(rows.test.samples, encoding),
  }
  if (splits.includes('train')) kind.check?.(encoded.train, encoding)
  const { division } = plan
  const pull = recipe.pull ? pulled(kind, { alpha: recipe.pull, division, weights }) : undefined
  const parameters = [...parametersOf(division, weights), ...(pull?.parameters ?? [])]
  return {
    folder,
    recipe,
    data,
    kind: pull?.kind ?? kind,
    base,
    weights,
    model,
    pooling,
    division,
    start,
    parameters,
    rows,
    encoding,
    encoded,
    limit,
  }
}

/** The model's weights where they lie, or their quantized form from the workspace's cache where the method asks for it. */
function weightsOf(base: BackboneFolder, { method }: Recipe, root: string): Weights | Promise<Weights> {
  const blocks = methodOf(method.kind).quantized?.(method)
  return blocks ? quantizedModel(base, quantizedFolder(root), blocks) : folderWeights(base)
}

/** The training rows, with general texts among them where the recipe replays some. */
function encodeTraining(
  kind: TaskKind,
  samples: readonly Sample[],
  { encoding, replay }: { readonly encoding: EncodeOptions; readonly replay: readonly Sample[] },
): EncodedRows {
  if (replay.length === 0) return kind.encode(samples, encoding)
  const apart: EncodeOptions = { ...encoding, packing: 'apart' }
  const joined = joinRows(kind.encode(samples, apart), causal.encode(replay, apart), samples.length)
  return encoding.packing === 'packed' ? packRows(joined, encoding.limit) : joined
}

function templateFile({ chat }: Recipe): { readonly file?: string } {
  return chat.template === undefined ? {} : { file: chat.template }
}

function checkKind(kind: TaskKind, { backbone, name }: BackboneFolder): void {
  const { kind: own } = backbone.architecture
  if (kind.kinds.includes(own)) return
  throw new Failure(
    'wrong-model',
    `${name} is ${own === 'encoder' ? 'an encoder' : 'a decoder'}: it cannot do the task ${kind.name}`,
    `Name ${own === 'encoder' ? 'a decoder, such as tiny-decoder' : 'an encoder, such as tiny-encoder'}, or another task`,
  )
}

/**
 * What the head of a sequence sees. A recipe may say; else the config's `classifier_pooling` (a key that ModernBERT
 * introduced and we also write); else what Transformers computes with the same file, and the mean where that is a pooler
 * that the checkpoint lacks. Throws `Failure` (`bad-recipe`).
 */
export function choosePooling(wanted: Pooling | 'auto', { backbone, config, places, name }: BackboneFolder): Pooling {
  const { poolings } = backbone
  const fits = (pooling: unknown): pooling is Pooling => poolings.some(own => own === pooling)
  if (wanted !== 'auto') {
    if (fits(wanted)) return wanted
    throw new Failure('bad-recipe', `"pooling": ${name} has no ${wanted}`, `It has ${poolings.join(', ')}`)
  }
  if (fits(config['classifier_pooling'])) return config['classifier_pooling']
  const first = poolings[0] as Pooling
  const complete = first !== 'pooler' || backbone.sequence(1, first).stored.every(spec => places.has(spec.name))
  return complete ? first : 'mean'
}

function checkTrainable(rows: number, { labels }: RunData, kind: TaskKind): void {
  if (rows === 0) throw new Failure('no-rows', 'There is no training row left', 'Drop fewer rows')
  if (kind.head !== 'language' && kind.name !== 'regression' && labels.length < 2)
    throw new Failure('one-label', 'All training rows have the same label', 'A classifier needs two labels or more')
}

/** How many numbers the model has, and how many of them are trained. */
export function countParameters({ base, division, weights }: TrainSetup): {
  readonly all: number
  readonly trained: number
} {
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
  const trained = division.trained.reduce((n, spec) => n + size(spec.shape), 0)
  const frozen = division.frozen.map(name => base.places.get(name)?.shape ?? weights.frozen(name).dims)
  return { trained, all: trained + frozen.reduce((n, shape) => n + size(shape), 0) }
}
