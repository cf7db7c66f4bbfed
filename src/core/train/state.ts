/* What is trained and how it lies in memory: parameters and their two moments, as tensors that graphs take and give. */
import type { Dtype, External } from '../graph/graph.ts'
import { sizeOf } from '../graph/shape.ts'
import type { Tensor } from './runtime.ts'

/** A parameter that is trained: it enters a graph as state. */
export interface Trained {
  readonly kind: 'trained'
  readonly name: string
  readonly dims: readonly number[]
  /** Times the weight decay: 1, or 0 for biases and normalization. */
  readonly decay: number
  /** Times the learning rate. */
  readonly rate: number
  /** Which group it unfreezes with; 0 (from the first step on) where left out. */
  readonly group?: number
}

/** A parameter that stays as it is: stored in the graph, or read in place from a file. 16-bit floats are widened. */
export interface Frozen {
  readonly kind: 'frozen'
  readonly name: string
  readonly dims: readonly number[]
  readonly dtype: Dtype
  readonly data: ArrayBufferView | { readonly external: External }
}

/** A weight of the model. */
export type Parameter = Trained | Frozen

/**
 * `flat`: three vectors p, m, v of all trained parameters end to end; few inputs, for adapters and heads.
 * `per-tensor`: p, m, v for each parameter; faster and leaner where the whole model is trained.
 */
export type Layout = 'flat' | 'per-tensor'

/** p is a parameter, m and v the running means of its gradient and of the gradient's square, e the running mean of p. */
export type Moment = 'p' | 'm' | 'v' | 'e'

/** What a state consists of. */
export interface StateShape {
  readonly parameters: readonly Parameter[]
  readonly layout: Layout
  /** Which tensors each parameter has; those of AdamW where left out. */
  readonly kinds?: readonly Moment[]
}

const adamWKinds: readonly Moment[] = ['p', 'm', 'v']

/** Name of a state tensor as a graph's input. */
export const stateName = (kind: Moment, parameter: string): string => `${kind}.${parameter}`

/** Name of the graph output that holds the next value of a state input. */
export const nextName = (name: string): string => `next.${name}`

/** The trained among the parameters, in order. */
export function trainedOf(parameters: readonly Parameter[]): Trained[] {
  return parameters.filter(p => p.kind === 'trained')
}

/** One piece of the state: an input of the graph, and the parameters in it. */
export interface Slot {
  readonly name: string
  readonly kind: Moment
  readonly dims: readonly number[]
  readonly parameters: readonly Trained[]
}

/** The state inputs of a graph, in order. */
export function slots({ parameters, layout, kinds = adamWKinds }: StateShape): Slot[] {
  const trained = trainedOf(parameters)
  if (layout === 'flat') {
    const size = trained.reduce((n, p) => n + sizeOf(p.dims), 0)
    return kinds.map(kind => ({ name: kind, kind, dims: [size], parameters: trained }))
  }
  return trained.flatMap(p =>
    kinds.map(kind => ({ name: stateName(kind, p.name), kind, dims: p.dims, parameters: [p] })),
  )
}

/** The state tensors of a graph, filled by `read`; where it answers nothing (fresh moments) they are zeros. */
export function packState(
  shape: StateShape,
  read: (kind: Moment, parameter: Trained) => Float32Array | undefined,
): Record<string, Tensor> {
  const out: Record<string, Tensor> = {}
  for (const slot of slots(shape)) {
    const data = new Float32Array(sizeOf(slot.dims))
    let at = 0
    for (const parameter of slot.parameters) {
      const size = sizeOf(parameter.dims)
      const values = read(slot.kind, parameter)
      if (values && values.length !== size) {
        throw new Error(`${stateName(slot.kind, parameter.name)}: ${values.length} numbers instead of ${size}`)
      }
      if (values) data.set(values, at)
      at += size
    }
    out[slot.name] = { dtype: 'float32', dims: slot.dims, data }
  }
  return out
}

/** Visits every parameter's part of the state; the arrays are views of the tensors. */
export function unpackState(
  shape: StateShape,
  state: Readonly<Record<string, Tensor>>,
): { readonly kind: Moment; readonly parameter: Trained; readonly data: Float32Array }[] {
  return slots(shape).flatMap(slot => {
    const tensor = state[slot.name]
    if (!(tensor?.data instanceof Float32Array)) throw new Error(`the state has no float32 tensor ${slot.name}`)
    const { data } = tensor
    let at = 0
    return slot.parameters.map(parameter => {
      const size = sizeOf(parameter.dims)
      at += size
      return { kind: slot.kind, parameter, data: data.subarray(at - size, at) }
    })
  })
}

/** The state after a run, under the names the next run feeds. */
export function nextState(shape: StateShape, outputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const out: Record<string, Tensor> = {}
  for (const { name } of slots(shape)) {
    const tensor = outputs[nextName(name)]
    if (!tensor) throw new Error(`the graph gave no ${nextName(name)}`)
    out[name] = tensor
  }
  return out
}
