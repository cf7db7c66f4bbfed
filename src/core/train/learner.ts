/* What learns: its state, what a step tells, and what it is made of. `makeLearner.ts` makes one. */
import type { Lowering } from '../graph/graph.ts'
import type { Batch } from './batch.ts'
import type { Rivals, Task } from './models/task.ts'
import type { Optimizer } from './optimizer.ts'
import type { Provider, Runtime } from './runtime.ts'
import type { Parameter } from './state.ts'
import type { TrainingSpec } from './step.ts'

/** A parameter, or a moment of one: contiguous, last axis fastest. */
export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Everything an optimizer step reads and writes: parameters, and the first and second moments of their gradients. */
export interface LearnerState {
  readonly parameters: readonly NamedTensor[]
  /** Empty where the optimizer keeps none. */
  readonly first: readonly NamedTensor[]
  readonly second: readonly NamedTensor[]
  /** The running mean of the parameters, where one is kept: what is scored and exported. */
  readonly average?: readonly NamedTensor[]
}

/** What one optimizer step tells. */
export interface StepResult {
  /** Mean loss of the batch before the update. */
  readonly loss: number
  /** L2 norm of all gradients before clipping. */
  readonly norm: number
  /** The samples of the batch by their index, and the loss of each; no losses where the task gives none. */
  readonly samples: Int32Array
  readonly rows: Float32Array
  /** Beside the losses, where each sample carries one class. */
  readonly rivals?: Rivals
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
  /** The present state. The arrays must not be changed. */
  state(): Promise<LearnerState>
  load(state: LearnerState): void
  release(): Promise<void>
}

/** What a learner is made of. */
export interface LearnerOptions {
  readonly task: Task
  readonly parameters: readonly Parameter[]
  /** The trained parameters' first values. */
  readonly initial: readonly NamedTensor[]
  readonly optimizer: Optimizer
  readonly dropout: number
  /** Where external weights lie. */
  readonly folder?: string
  /** `off` for decoders: half the memory of a step at the same speed. On where left out, which suits encoders. */
  readonly arena?: 'on' | 'off'
  /**
   * `steps`: one step a run, the state flat: for adapters and heads. `loop`: several steps a run, a tensor for each
   * parameter: for whole models, whose state is copied once a run. `direct`: for whole models on the CPU, whose state is
   * updated where it lies; a loop where that cannot be.
   */
  readonly mode: 'steps' | 'loop' | 'direct'
  /** At most so many rows go through the model at once; a whole batch where left out. */
  readonly micro?: number
  /**
   * So many parts of a batch go through the model at the same time, each on threads of its own: faster than operators that
   * are shared out. Where the provider can, and not in a loop.
   */
  readonly lanes?: number
  /** Compute the inside of each layer again for its gradient instead of keeping it. */
  readonly recompute?: boolean
  /** When groups of parameters begin to learn, and the decay of the running mean: see `UpdateRules`. */
  readonly begins?: readonly number[]
  readonly ema?: number
}

/**
 * How many lanes suit batches of so many rows: one for each thread, as long as two rows are left for each. Every lane has the
 * weights again, and `bytes` of them should stay within half a gigabyte in all.
 */
export function lanesFor({
  threads,
  rows,
  bytes,
}: {
  readonly threads: number
  readonly rows: number
  readonly bytes: number
}) {
  return Math.max(1, Math.min(threads, Math.floor(rows / 2), Math.floor(5e8 / Math.max(1, bytes))))
}

/** Bytes of all weights, trained or not. */
export const weightBytes = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, p) => sum + bytesOf(p), 0)

function bytesOf(p: Parameter): number {
  if (p.kind === 'trained') return 4 * p.dims.reduce((n, dim) => n * dim, 1)
  return 'external' in p.data ? p.data.external.length : p.data.byteLength
}

/** Contributed operators where the provider has kernels for them. */
export const loweringFor = (provider: Provider): Lowering =>
  provider === 'cpu' || provider === 'cuda' ? 'fused' : 'portable'

/** What the training graph is made of. */
export function specOf(
  runtime: Pick<Runtime, 'provider'>,
  { task, parameters, optimizer, mode, dropout, ...rest }: Omit<LearnerOptions, 'initial' | 'folder'>,
): TrainingSpec {
  const { begins = [0], ema = 0, recompute = false } = rest
  return {
    parameters,
    inputs: task.inputs,
    layout: mode !== 'steps' || begins.length > 1 ? 'per-tensor' : 'flat',
    optimizer,
    begins,
    ema,
    recompute,
    lowering: loweringFor(runtime.provider),
    loss(g, { lookup, inputs, step }) {
      if (!step) throw new Error('a training graph has a step')
      return task.loss(g, lookup, inputs, { rate: dropout, step, salt: 0 })
    },
  }
}
