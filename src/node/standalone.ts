/* What a run, an adapter or a model folder is when it stands alone: the adapter worked in, the head in place. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import type { LowRank } from '../core/train/methods/lowRank.ts'
import { mergedWeights } from '../core/train/methods/merge.ts'
import { planTraining } from '../core/train/methods/plan.ts'
import { tunableOf } from '../core/train/methods/tunable.ts'
import { methodOf } from '../core/train/methods.ts'
import type { ConfigJson, Pooling } from '../core/train/models/architecture.ts'
import { type Division, memoryWeights, type Weights } from '../core/train/models/weights.ts'
import { resolveRates } from '../core/train/recipe/rates.ts'
import type { Recipe } from '../core/train/recipe.ts'
import type { TaskKind, TaskModel, TaskName } from '../core/train/tasks/task.ts'
import { taskOf } from '../core/train/tasks.ts'
import { adapterBase, adapterTensors, isAdapter, openAdapter } from './adapterFolder.ts'
import { type BackboneFolder, findModel, openModel, placeHead } from './modelFolder.ts'
import { quantizedFolder, quantizedModel } from './quantize.ts'
import { readData, readRecipe } from './runs.ts'
import { readFloats } from './safetensors.ts'
import { choosePooling } from './trainSetup.ts'
import { folderWeights } from './weights.ts'

/** A model that answers by itself, and the same as it was trained, to be compared. */
export interface Standalone {
  readonly kind: TaskKind
  readonly base: BackboneFolder
  readonly pooling: Pooling
  readonly labels: readonly string[]
  /** The model without what a method wraps around its layers, and all its weights. */
  readonly model: TaskModel
  readonly weights: Weights
  /** The model as it was trained: adapters beside the layers they change. */
  readonly trained: {
    readonly model: TaskModel
    readonly division: Division
    readonly weights: Weights
    readonly values: readonly NamedTensor[]
  }
  /** The folder that names, labels and tokenizer are from. */
  readonly folder: string
  readonly recipe?: Recipe
}

/**
 * Opens what a run left (its best weights), an adapter folder or a model folder with a head. `models`: folders of models
 * known by name. Throws `Failure` (`not-exported` where a run has left nothing yet, and what opening says).
 */
export async function openStandalone(path: string, models: readonly string[]): Promise<Standalone> {
  const isRun = existsSync(join(path, 'recipe.json'))
  const recipe = isRun ? await readRecipe(path) : undefined
  const data = isRun ? await readData(path) : undefined
  const folder = isRun ? join(path, existsSync(join(path, 'adapter')) ? 'adapter' : 'model') : path
  if (!existsSync(folder))
    throw new Failure('not-exported', `The run ${path} has left no weights`, 'Let it go on to its end, or stop it')
  const adapted = isAdapter(folder)
  const basePath = adapted ? findModel(recipe?.model ?? adapterBase(folder), folder, models) : folder
  const opened = openModel(basePath)
  const config = existsSync(join(folder, 'config.json')) ? readJson(join(folder, 'config.json')) : opened.config
  const base: BackboneFolder = { ...opened, config: { ...opened.config, ...config } }
  const kind = data ? taskOf(data.task ?? 'classification') : kindOf(base, adapted ? folder : undefined)
  const labels = data?.labels ?? labelsOf(base.config)
  const { backbone } = base
  const pooling = choosePooling(recipe?.pooling ?? 'auto', base)
  const classes = kind.head === 'language' ? backbone.sizes.vocab : Math.max(1, labels.length)
  const has = (name: string) => base.places.has(name)
  const head =
    kind.head === 'sequence'
      ? backbone.sequence(classes, pooling, has)
      : kind.head === 'tokens'
        ? backbone.tokens(classes, has)
        : undefined
  const model: TaskModel = { backbone, classes, ...(head ? { head } : {}) }
  const whole = tunableOf(model, has)
  const common = { kind, base, pooling, labels, model, folder, ...(recipe ? { recipe } : {}) }
  if (!adapted) {
    const places = placeHead(base, whole.fresh)
    const own = whole.fresh.map(({ name, shape }) => ({ name, shape, data: readFloats(places.get(name) as never) }))
    const weights = joined(
      folderWeights(base),
      own,
      [...whole.stored, ...whole.fresh].map(spec => spec.name),
    )
    const division = { trained: [], frozen: weights.names }
    return { ...common, weights, trained: { model, division, weights, values: [] } }
  }
  const adapter = openAdapter(folder, backbone.architecture.prefix)
  const method = (recipe?.method ?? adapter.method) as LowRank & Recipe['method']
  const blocks = methodOf(method.kind).quantized?.(method)
  const stored = blocks ? await quantizedModel(base, quantizedFolder(data?.root ?? path), blocks) : folderWeights(base)
  const values = adapterTensors({ ...adapter, method }, whole)
  const { division, wrap } = planTraining(whole, { method, ...resolveRates({}), neftune: 0 })
  const missing = division.trained.filter(spec => !values.some(t => t.name === spec.name))
  if (missing.length > 0)
    throw new Failure(
      'bad-adapter',
      `${folder} has no ${missing.map(spec => spec.name).join(', ')}`,
      'Save the head with the adapter: modules_to_save',
    )
  const names = [...whole.stored, ...whole.fresh].map(spec => spec.name)
  const merged = mergedWeights(stored, whole, { method, tensors: values })
  return {
    ...common,
    weights: plain(merged, names),
    trained: { model: wrap ? { ...model, wrap } : model, division, weights: stored, values },
  }
}

/** Weights with tensors of their own beside those of a folder, of these names only. */
function joined(base: Weights, own: readonly NamedTensor[], names: readonly string[]): Weights {
  const memory = memoryWeights(own)
  const mine = new Set(memory.names)
  return {
    ...(base.folder === undefined ? {} : { folder: base.folder }),
    names,
    read: name => (mine.has(name) ? memory : base).read(name),
    frozen: name => (mine.has(name) ? memory : base).frozen(name),
  }
}

/** Every tensor as floats, none in blocks. */
function plain(weights: Weights, names: readonly string[]): Weights {
  return {
    names,
    read: name => weights.read(name),
    frozen: name => {
      const { shape, data } = weights.read(name)
      return { kind: 'frozen', name, dims: shape, dtype: 'float32', data }
    },
  }
}

/** The task that a config's `architectures` or an adapter's `task_type` means. Throws `Failure` (`no-head`). */
function kindOf({ backbone, config, path }: BackboneFolder, adapter?: string): TaskKind {
  const { architectures, kind } = backbone.architecture
  const named = Array.isArray(config['architectures']) ? String(config['architectures'][0]) : ''
  const type = adapter === undefined ? '' : String(readJson(join(adapter, 'adapter_config.json'))['task_type'])
  const language: TaskName = kind === 'decoder' ? 'causal' : 'masked'
  if (type === 'SEQ_CLS' || (type === '' && named === architectures.sequence)) {
    const problem = config['problem_type']
    if (problem === 'regression') return taskOf('regression')
    return taskOf(problem === 'multi_label_classification' ? 'multi-label' : 'classification')
  }
  if (type === 'TOKEN_CLS' || (type === '' && named === architectures.tokens)) return taskOf('token-classification')
  if (type === 'CAUSAL_LM' || type === 'FEATURE_EXTRACTION' || named === architectures.language) return taskOf(language)
  throw new Failure(
    'no-head',
    `${path} has no head that answers (architectures: ${named || 'none'})`,
    `Known are ${Object.values(architectures).join(', ')}`,
  )
}

/** The labels of a config in class order. */
function labelsOf(config: ConfigJson): string[] {
  const names = config['id2label']
  if (typeof names !== 'object' || names === null) return []
  return Object.entries(names)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, label]) => String(label))
}

function readJson(file: string): ConfigJson {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ConfigJson
  } catch (cause) {
    throw new Failure('bad-config', `${file} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
}
