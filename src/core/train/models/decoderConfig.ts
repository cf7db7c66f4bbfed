/* Reading a decoder's `config.json`, in the forms that versions 4 and 5 of Transformers write. */
import { ConfigError, type ConfigJson } from './architecture.ts'
import { count, flag, real } from './config.ts'
import type { Rotary, RotaryScaling } from './rotary.ts'

/** A number above 0, or undefined where the key is absent or null. Throws `ConfigError`. */
export const optionalReal = (json: ConfigJson, key: string): number | undefined =>
  json[key] == null ? undefined : real(json, key, 1)

/** Heads of one kind of decoder: queries, the keys and values they share, and the size of each. */
export interface Heads {
  readonly heads: number
  readonly keyValueHeads: number
  readonly headSize: number
}

/** `num_attention_heads`, `num_key_value_heads` and `head_dim`. Throws `ConfigError` where they do not fit together. */
export function headsOf(json: ConfigJson): Heads {
  const heads = count(json, 'num_attention_heads')
  const keyValueHeads = count(json, 'num_key_value_heads', heads)
  const hidden = count(json, 'hidden_size')
  if (heads % keyValueHeads !== 0)
    throw new ConfigError(`num_attention_heads ${heads} is no multiple of num_key_value_heads ${keyValueHeads}`)
  if (json['head_dim'] == null && hidden % heads !== 0)
    throw new ConfigError(`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`)
  const headSize = count(json, 'head_dim', hidden / heads)
  return { heads, keyValueHeads, headSize }
}

/**
 * Which layers see a window of tokens only, from `layer_types`, or from `first` where the config has none: the kind that
 * this architecture gives a layer by itself.
 */
export function windowsOf(json: ConfigJson, layers: number, first: (layer: number) => 'full' | 'sliding'): boolean[] {
  const types = json['layer_types']
  if (types == null) return Array.from({ length: layers }, (_, i) => first(i) === 'sliding')
  if (!Array.isArray(types) || types.length !== layers) throw new ConfigError(`layer_types must name ${layers} layers`)
  return types.map(type => {
    if (type !== 'full_attention' && type !== 'sliding_attention')
      throw new ConfigError(`layer type ${JSON.stringify(type)} is not supported`)
    return type === 'sliding_attention'
  })
}

export interface RotaryDefaults {
  readonly headSize: number
  readonly base: number
  /** The entry of `rope_parameters` that is meant, where the model has one for each kind of layer. */
  readonly layers?: 'full_attention' | 'sliding_attention'
}

/**
 * The rotation: `rope_parameters` (version 5), or `rope_theta` and `rope_scaling` (version 4). Throws `ConfigError` for a
 * scaling that depends on the length of the text (`dynamic`) or is unknown.
 */
export function rotaryOf(json: ConfigJson, defaults: RotaryDefaults): Rotary {
  const own = recordOf(json['rope_parameters']) ?? {}
  const chosen = (defaults.layers && recordOf(own[defaults.layers])) ?? own
  const old = recordOf(json['rope_scaling'])
  const entry: ConfigJson = { ...(old ?? {}), ...chosen }
  const base = real({ ...json, ...entry }, 'rope_theta', defaults.base)
  const share = real({ ...json, ...entry }, 'partial_rotary_factor', 1)
  const size = Math.trunc(defaults.headSize * share)
  if (size % 2 !== 0) throw new ConfigError(`${size} elements of a head cannot turn in pairs`)
  const scaling = scalingOf(entry, json, size)
  return { size, base, ...(scaling ? { scaling } : {}) }
}

function scalingOf(entry: ConfigJson, json: ConfigJson, size: number): RotaryScaling | undefined {
  const kind = entry['rope_type'] ?? entry['type'] ?? 'default'
  const longest = count(json, 'max_position_embeddings', 2048)
  const original = () => count({ ...json, ...entry }, 'original_max_position_embeddings', longest)
  const factor = () => real(entry, 'factor', longest / original())
  switch (kind) {
    case 'default':
      return undefined
    case 'linear':
      return { kind: 'linear', factor: factor() }
    case 'llama3':
      return {
        kind: 'llama3',
        factor: factor(),
        low: real(entry, 'low_freq_factor', 1),
        high: real(entry, 'high_freq_factor', 4),
        original: original(),
      }
    case 'yarn':
      return {
        kind: 'yarn',
        factor: factor(),
        fast: real(entry, 'beta_fast', 32),
        slow: real(entry, 'beta_slow', 1),
        original: original(),
        temperature: optionalReal(entry, 'attention_factor') ?? yarnTemperature(entry, factor()),
        whole: flag(entry, 'truncate', true),
      }
    case 'longrope':
    case 'su': {
      const by = entry['short_factor']
      if (!Array.isArray(by) || by.length !== size / 2 || !by.every(x => typeof x === 'number'))
        throw new ConfigError(`short_factor must be ${size / 2} numbers`)
      const stretch = factor()
      const usual = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original()))
      return {
        kind: 'divided',
        by,
        original: original(),
        temperature: optionalReal(entry, 'attention_factor') ?? usual,
      }
    }
    default:
      throw new ConfigError(`rope type ${JSON.stringify(kind)} is not supported`)
  }
}

/** YaRN's factor on cos and sin: 0.1·ln(factor) + 1, or the quotient of two such where the config has both scales. */
function yarnTemperature(entry: ConfigJson, factor: number): number {
  const of = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1)
  const own = optionalReal(entry, 'mscale')
  const all = optionalReal(entry, 'mscale_all_dim')
  return own && all ? of(own) / of(all) : of(1)
}

const recordOf = (x: unknown): ConfigJson | undefined =>
  typeof x === 'object' && x !== null && !Array.isArray(x) ? (x as ConfigJson) : undefined
