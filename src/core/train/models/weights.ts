import type { NamedTensor } from '../learner.ts'
import type { Frozen, Parameter, Trained } from '../state.ts'
import type { ParameterSpec } from './architecture.ts'

/** A model's stored tensors by canonical name. */
export interface Weights {
  /** The folder that external data is relative to; absent where nothing is external. */
  readonly folder?: string
  readonly names: readonly string[]
  /** How a graph gets the tensor where it is not trained: a range of a file where it can be mapped, else its values. */
  frozen(name: string): Frozen
  /** The tensors that stand for these in a graph, where some are kept as several: see `quantized.ts`. */
  stored?(names: readonly string[]): readonly string[]
  /** The values themselves, as floats, where it is. */
  read(name: string): NamedTensor
}

/** Weights that are all in memory. */
export function memoryWeights(tensors: readonly NamedTensor[]): Weights {
  const byName = new Map(tensors.map(t => [t.name, t]))
  const read = (name: string): NamedTensor => {
    const tensor = byName.get(name)
    if (!tensor) throw new Error(`no weight ${name}`)
    return tensor
  }
  return {
    names: [...byName.keys()],
    read,
    frozen: name => {
      const { shape, data } = read(name)
      return { kind: 'frozen', name, dims: shape, dtype: 'float32', data }
    },
  }
}

/** A tensor that a method trains. */
export interface InitialSpec extends ParameterSpec {
  /** Which factor of an adapter it is, where it is one. */
  readonly factor?: 'a' | 'b'
  /** Its first values, where they follow from the model's own. */
  start?(weights: Weights): Float32Array
  /** Times the learning rate; 1 where left out. */
  readonly rate?: number
  /** Which group it unfreezes with; see `UpdateRules`. */
  readonly group?: number
}

/** What is trained of a model and what is not. */
export interface Division {
  readonly trained: readonly InitialSpec[]
  readonly frozen: readonly string[]
}

/** The parameters of a graph. Biases, and the scale and shift of normalisation, are not decayed. */
export function parametersOf(division: Division, weights: Weights): Parameter[] {
  return [
    ...division.trained.map(
      (spec): Trained => ({
        kind: 'trained',
        name: spec.name,
        dims: spec.shape,
        decay: spec.shape.length > 1 ? 1 : 0,
        rate: spec.rate ?? 1,
        ...(spec.group === undefined ? {} : { group: spec.group }),
      }),
    ),
    ...(weights.stored?.(division.frozen) ?? division.frozen).map(name => weights.frozen(name)),
  ]
}
