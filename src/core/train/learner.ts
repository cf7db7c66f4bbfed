import type { Batch } from './batch.ts'

/** A parameter, or a moment of one: contiguous, last axis fastest. */
export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Everything an optimizer step reads and writes: parameters, and the first and second moments of their gradients. */
export interface LearnerState {
  readonly parameters: readonly NamedTensor[]
  readonly first: readonly NamedTensor[]
  readonly second: readonly NamedTensor[]
}

/** What one optimizer step tells. */
export interface StepResult {
  /** Mean loss of the batch before the update. */
  readonly loss: number
  /** L2 norm of all gradients before clipping. */
  readonly norm: number
  /** Loss of each row of the batch. */
  readonly rows: Float32Array
  /** Tokens in the batch, padding not counted. */
  readonly tokens: number
}

/** Something that learns from batches of rows by their index. */
export interface Learner {
  /**
   * One optimizer step for each batch, in one run of the graph where it can. The batches have one shape; `first` is
   * the number of the first step, counted from 1; `rates[i]` the learning rate of step `first + i`.
   */
  step(batches: readonly Batch[], first: number, rates: readonly number[]): Promise<StepResult[]>
  /** The present state. The arrays are the learner's own until the next step. */
  state(): LearnerState
  load(state: LearnerState): void
}
