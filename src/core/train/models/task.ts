import type { Builder } from '../../graph/builder.ts'
import type { Dtype, Value } from '../../graph/graph.ts'
import type { LossValues } from '../../graph/ops/loss.ts'
import type { Dims } from '../../graph/shape.ts'
import type { Batch } from '../batch.ts'
import type { DropoutPlan, Lookup } from './encoder.ts'

/** Little-endian values of one input, with the dimensions of this batch. */
export interface Feed {
  readonly data: Float32Array | BigInt64Array
  readonly dims: readonly number[]
}

/**
 * What is learnt: the inputs of a batch and the loss over them. Dimensions may be symbols (`'B'`, `'S'`), so that one graph
 * takes batches of every shape.
 */
export interface Task {
  readonly inputs: Readonly<Record<string, { readonly dtype: Dtype; readonly dims: Dims }>>
  /** The training loss; `dropout` is absent where none is wanted. */
  loss(g: Builder, lookup: Lookup, inputs: Readonly<Record<string, Value>>, dropout?: DropoutPlan): LossValues
  /** The values of the inputs for a batch at a step (counted from 1), and its tokens without padding. */
  feeds(batch: Batch, step: number): { readonly feeds: Readonly<Record<string, Feed>>; readonly tokens: number }
}
