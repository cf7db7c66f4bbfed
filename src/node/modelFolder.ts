import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { Architecture, Backbone, ConfigJson, ParameterSpec } from '../core/train/models/architecture.ts'
import { openBackbone } from '../core/train/models/architectures.ts'
import { cachedModel, hubCache } from './hubCache.ts'
import { isPickle, pickleFailure, readHeader, type TensorPlace } from './safetensors.ts'

/** A model folder in Hugging Face layout. Weights are named and placed, not read. */
export interface ModelFolder {
  /** As it was asked for, absolute. */
  readonly path: string
  readonly name: string
  readonly config: ConfigJson
  /** Every tensor of the weight files by its own name; files are real paths. */
  readonly tensors: ReadonlyMap<string, TensorPlace>
  /** The weight files, real paths. */
  readonly files: readonly string[]
}

/** A model that can be trained: each tensor the graph asks for has its place. */
export interface BackboneFolder extends ModelFolder {
  readonly backbone: Backbone
  /**
   * Where tensors lie, by canonical name: all of the backbone, and those of its heads that pre-trained checkpoints have
   * (BERT's pooler, the language-model head) where the files have them in the right shape.
   */
  readonly places: ReadonlyMap<string, TensorPlace>
}

/**
 * The folder of a model named in a recipe: a path (relative to `from`), the name of a folder under one of `known` (the folders
 * of models that come with Winnow or were downloaded), or the name of a model in Hugging Face's own cache. Throws `Failure`
 * (`no-model`).
 */
export function findModel(model: string, from: string, known: readonly string[]): string {
  const direct = resolve(from, model)
  const plainName = !/[\\/]/.test(model) || /^[\w.-]+\/[\w.-]+$/.test(model)
  for (const folder of [direct, ...(plainName ? known.map(k => join(k, model)) : [])])
    if (existsSync(folder) && statSync(folder).isDirectory()) return cachedModel(folder, hubCache()) ?? folder
  const cached = plainName ? cachedModel(model, hubCache()) : undefined
  if (cached) return cached
  const names = known.flatMap(k => (existsSync(k) ? readdirSync(k) : []))
  throw new Failure(
    'no-model',
    `There is no model folder ${direct}`,
    names.length > 0
      ? `Models known by name: ${names.join(', ')}`
      : 'Name a folder with config.json and model.safetensors',
  )
}

/**
 * Opens a folder: `config.json`, and the headers of `model.safetensors` or of the shards that
 * `model.safetensors.index.json` names. Throws `Failure` (`no-model`, `bad-config`, `no-weights`, `pickled-weights`,
 * `bad-safetensors`).
 */
export function openModelFolder(path: string): ModelFolder {
  const folder = cachedModel(resolve(path), hubCache()) ?? resolve(path)
  if (!existsSync(folder)) throw new Failure('no-model', `There is no model folder ${folder}`)
  const config = readJson(join(folder, 'config.json'))
  const tensors = new Map<string, TensorPlace>()
  const files: string[] = []
  for (const name of weightFiles(folder)) {
    // The Hugging Face cache holds symbolic links; ONNX Runtime maps real paths only.
    const file = realpathSync(join(folder, name))
    files.push(file)
    for (const [key, place] of readHeader(file).tensors) tensors.set(key, place)
  }
  const weightMap = shardMap(folder)
  const missing = Object.keys(weightMap ?? {}).filter(name => !tensors.has(name))
  if (missing.length > 0)
    throw new Failure('bad-safetensors', `${folder}: the shards lack ${list(missing)}, which the index names`)
  return { path: folder, name: basename(folder), config, tensors, files }
}

/**
 * Opens a folder as a model of any known architecture and checks every tensor of its backbone: all missing and misshapen
 * ones are named in one `Failure` (`bad-weights`).
 */
export function openModel(path: string): BackboneFolder {
  const folder = openModelFolder(path)
  const backbone = openBackbone(folder.config, join(folder.path, 'config.json'))
  const find = finder(folder, backbone.architecture)
  const places = placeParameters(folder, backbone.parameters(), find)
  const heads = backbone.poolings.flatMap(pooling => backbone.sequence(1, pooling).stored)
  for (const spec of [...heads, ...backbone.language.parameters]) {
    const place = find(spec.name)
    if (place && fits(place, spec)) places.set(spec.name, place)
  }
  return { ...folder, backbone, places }
}

/** The places of a head's tensors, or one `Failure` (`bad-weights`) that names what the files lack. */
export function placeHead(folder: BackboneFolder, specs: readonly ParameterSpec[]): Map<string, TensorPlace> {
  return placeParameters(folder, specs, finder(folder, folder.backbone.architecture))
}

/** A tokenizer whose ids the embeddings have no rows for is a `Failure` (`bad-tokenizer`): it is another model's. */
export function checkTokenizer({ path, backbone }: Pick<BackboneFolder, 'path' | 'backbone'>, size: number): void {
  const { vocab } = backbone.sizes
  if (size > vocab)
    throw new Failure(
      'bad-tokenizer',
      `${path}: tokenizer.json has ids up to ${size - 1}, the embeddings ${vocab} rows`,
      'The tokenizer belongs to another model; download both again',
    )
}

const fits = (place: TensorPlace, { shape }: ParameterSpec): boolean =>
  place.shape.length === shape.length && place.shape.every((n, i) => n === shape[i]) && floats.has(place.dtype)

/** The types of tensors that weights may have. */
const floats: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16', 'F64'])

/** The place of every wanted tensor, or one `Failure` (`bad-weights`) that names what is missing or misshapen. */
export function placeParameters(
  folder: ModelFolder,
  specs: readonly ParameterSpec[],
  find: (name: string) => TensorPlace | undefined,
): Map<string, TensorPlace> {
  const places = new Map<string, TensorPlace>()
  const missing: string[] = []
  const wrong: string[] = []
  for (const { name, shape } of specs) {
    const place = find(name)
    if (!place) missing.push(name)
    else if (place.shape.length !== shape.length || place.shape.some((n, i) => n !== shape[i]))
      wrong.push(`${place.name} is [${place.shape.join(', ')}] and should be [${shape.join(', ')}]`)
    else if (!floats.has(place.dtype)) wrong.push(`${place.name} holds ${place.dtype}`)
    else places.set(name, place)
  }
  const problems = [
    ...(missing.length > 0 ? [`${missing.length === 1 ? 'tensor' : 'tensors'} ${list(missing)} missing`] : []),
    ...(wrong.length > 0 ? [list(wrong)] : []),
  ]
  if (problems.length > 0)
    throw new Failure(
      'bad-weights',
      `${folder.path}: ${problems.join('; ')}`,
      'The weights do not fit config.json; download the model again or correct it',
    )
  return places
}

/** Looks a canonical name up under the names that checkpoints use for it. */
export function finder(
  folder: ModelFolder,
  family: Pick<Architecture, 'aliases' | 'prefix'>,
): (name: string) => TensorPlace | undefined {
  return name => {
    for (const alias of family.aliases(name).flatMap(one => [one, converted(one)])) {
      const bare = alias.startsWith(family.prefix) ? alias.slice(family.prefix.length) : alias
      const place = folder.tensors.get(alias) ?? folder.tensors.get(bare)
      if (place) return place
    }
    return undefined
  }
}

/** Checkpoints converted from TensorFlow call the scale and shift of normalization gamma and beta. */
const converted = (name: string): string =>
  name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta')

/**
 * The folder that ONNX Runtime reads external data from, and each file's path inside it: all weight files must lie
 * under one folder, so it is their common parent.
 */
export function externalData(files: readonly string[]): { folder: string; location(file: string): string } {
  let folder = dirname(files[0] ?? sep)
  for (const file of files)
    while (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) folder = dirname(folder)
  return {
    folder,
    location: file =>
      file
        .slice(folder.length)
        .split(sep)
        .filter(part => part !== '')
        .join('/'),
  }
}

function weightFiles(folder: string): string[] {
  const shards = shardMap(folder)
  if (shards) {
    const names = [...new Set(Object.values(shards))].sort()
    for (const name of names) {
      if (name.includes('/') || name.includes('\\') || name.includes('..'))
        throw new Failure('bad-safetensors', `${folder}: the index names a file outside the folder: ${name}`)
      if (isPickle(name)) throw pickleFailure(join(folder, name))
      if (!existsSync(join(folder, name)))
        throw new Failure('no-weights', `${folder}: the index names ${name}, which is not there`, 'Download it again')
    }
    return names
  }
  if (existsSync(join(folder, 'model.safetensors'))) return ['model.safetensors']
  const others = readdirSync(folder)
  const pickle = others.find(isPickle)
  if (pickle) throw pickleFailure(join(folder, pickle))
  const hint = others.some(name => name.endsWith('.safetensors'))
    ? `It has ${others.filter(name => name.endsWith('.safetensors')).join(', ')}`
    : ''
  throw new Failure('no-weights', `${folder} has no model.safetensors`, hint)
}

function shardMap(folder: string): Record<string, string> | undefined {
  const path = join(folder, 'model.safetensors.index.json')
  if (!existsSync(path)) return undefined
  const map = readJson(path)['weight_map']
  if (typeof map !== 'object' || map === null || Object.values(map).some(name => typeof name !== 'string'))
    throw new Failure('bad-safetensors', `${path}: weight_map is not an object of file names`)
  return map as Record<string, string>
}

function readJson(path: string): ConfigJson {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Failure('bad-config', `${path} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Failure('bad-config', `${path} is not JSON: ${(cause as Error).message}`, '', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Failure('bad-config', `${path} is not a JSON object`)
  return value as ConfigJson
}

const list = (items: readonly string[]): string =>
  items.length <= 3 ? items.join(', ') : `${items.slice(0, 3).join(', ')} and ${items.length - 3} more`
