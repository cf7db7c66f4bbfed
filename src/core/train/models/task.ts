import type { Builder } from '../../graph/builder.ts'
import type { Dtype, Value } from '../../graph/graph.ts'
import type { LossValues } from '../../graph/ops/loss.ts'
import type { Dims } from '../../graph/shape.ts'
import type { Batch } from '../batch.ts'
import type { DropoutPlan, Lookup } from './architecture.ts'

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
  /** The values of the inputs for a batch at a step (counted from 1). */
  feeds(batch: Batch, step: number): Fed
  /**
   * Which samples a batch holds and the loss of each, from the graph's `rows`; absent where `rows` has one number for each
   * row of the batch, in its order, and row i is sample i.
   */
  samples?(batch: Batch, step: number, rows: Float32Array): SampleLosses
}

/** What a batch feeds to a graph. */
export interface Fed {
  readonly feeds: Readonly<Record<string, Feed>>
  /** Tokens, padding not counted. */
  readonly tokens: number
  /**
   * Sum of the weights that the mean loss divides by (rows, or supervised tokens): the mean over several batches weighs
   * each by it.
   */
  readonly weight: number
}

/** The mean loss of each sample of a batch. */
export interface SampleLosses {
  readonly samples: Int32Array
  readonly losses: Float32Array
  /** Where each sample carries one class. */
  readonly rivals?: Rivals
}

/** How the own class of each sample stood against the best other one. */
export interface Rivals {
  /** Its score less the greatest other one. */
  readonly margins: Float32Array
  /** The class of that other one. */
  readonly others: Int32Array
}
