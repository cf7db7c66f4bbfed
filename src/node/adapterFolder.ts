import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import type { Tunable } from '../core/train/methods/method.ts'
import { type PeftAdapter, readPeftConfig } from '../core/train/methods/peft.ts'
import { methodOf } from '../core/train/methods.ts'
import { readFloats, readHeader, type TensorPlace } from './safetensors.ts'

const configFile = 'adapter_config.json'
const weightFile = 'adapter_model.safetensors'
const prefix = 'base_model.model.'

/** An adapter in PEFT's layout. Tensors are named and placed, not read. */
export interface AdapterFolder extends PeftAdapter {
  readonly path: string
  readonly places: ReadonlyMap<string, TensorPlace>
}

/** Does the folder hold an adapter? */
export const isAdapter = (folder: string): boolean => existsSync(join(folder, configFile))

/** The base model that an adapter names: a path or a name. Throws `Failure` (`bad-adapter`). */
export function adapterBase(folder: string): string {
  const base = readObject(join(folder, configFile))['base_model_name_or_path']
  if (typeof base === 'string' && base !== '') return base
  throw new Failure('bad-adapter', `${join(folder, configFile)} names no base model (base_model_name_or_path)`)
}

/** The pooling that the adapter was trained with, where it was saved here: PEFT has no word for it. */
export function adapterPooling(folder: string): { readonly pooling?: string } {
  const path = join(folder, 'config.json')
  const pooling = existsSync(path) ? readObject(path)['classifier_pooling'] : undefined
  return typeof pooling === 'string' ? { pooling } : {}
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw new Failure('bad-adapter', `${file} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
}

/** Opens an adapter for a base whose tensors begin with `own` (`bert.`). Throws `Failure` (`bad-adapter`, `bad-safetensors`). */
export function openAdapter(path: string, own: string): AdapterFolder {
  const file = join(path, configFile)
  const weights = join(path, weightFile)
  if (!existsSync(file)) throw new Failure('bad-adapter', `${path} has no ${configFile}`)
  if (!existsSync(weights)) throw new Failure('bad-adapter', `${path} has no ${weightFile}`, 'Save it as safetensors')
  const config = readObject(file)
  const places = new Map<string, TensorPlace>()
  for (const [name, place] of readHeader(weights).tensors) places.set(canonical(name, own), place)
  const layers = [...places.keys()].filter(name => name.endsWith('.lora_A.weight')).map(name => name.slice(0, -14))
  return { path, places, ...readPeftConfig(config, layers, file) }
}

/** An adapter on a bare backbone lacks the prefix that the tensors of task models have; a head has none in either. */
function canonical(name: string, own: string): string {
  const plain = name.startsWith(prefix) ? name.slice(prefix.length) : name
  const bare = /^(encoder|embeddings|layers|layer|h|transformer\.layer|pooler)\./.test(plain)
  return own !== '' && bare && !plain.startsWith(own) ? `${own}${plain}` : plain
}

/**
 * The values of an adapter for a model: every tensor that its method trains, but for fresh ones of a head, which an adapter
 * may lack. Throws `Failure` (`bad-adapter`) that names what is missing, misshapen or has no place in the model.
 */
export function adapterTensors(adapter: AdapterFolder, model: Tunable): NamedTensor[] {
  const { method, places, path } = adapter
  const fresh = new Set(model.fresh.map(spec => spec.name))
  const { trained } = methodOf(method.kind).divide(model, method)
  const wanted = new Map(trained.map(spec => [spec.name, spec]))
  const refuse = (what: string): never => {
    throw new Failure('bad-adapter', `${path}: ${what}`, 'Is it an adapter of this model and task?')
  }
  for (const name of places.keys()) if (!wanted.has(name)) refuse(`${name} has no place in the model`)
  return trained.flatMap(({ name, shape }) => {
    const place = places.get(name)
    if (!place) return fresh.has(name) ? [] : refuse(`${name} is missing`)
    if (place.shape.length !== shape.length || place.shape.some((n, i) => n !== shape[i]))
      refuse(`${name} is [${place.shape.join(', ')}] and should be [${shape.join(', ')}]`)
    return [{ name, shape, data: readFloats(place) }]
  })
}
