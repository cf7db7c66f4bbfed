import type { Lowering } from '../graph/graph.ts'
import { modelBytes } from '../graph/onnx.ts'
import type { Batch } from './batch.ts'
import type { Feed, Task } from './models/task.ts'
import { type AdamW, updateScalars } from './optimizer.ts'
import { float32, int64, type Provider, type Runtime, type Session, type Tensor } from './runtime.ts'
import {
  type Layout,
  type Moment,
  nextName,
  nextState,
  type Parameter,
  packState,
  slots,
  trainedOf,
  unpackState,
} from './state.ts'
import { buildLoop, buildStep, type TrainingSpec } from './step.ts'

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
  /** Loss of each row of the batch; empty where the task gives none. */
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
  readonly optimizer: AdamW
  readonly dropout: number
  /** Where external weights lie. */
  readonly folder?: string
  /**
   * `steps`: one step a run, the state flat: for adapters and heads. `loop`: several steps a run, a tensor for each
   * parameter: for whole models, whose state is copied once a run.
   */
  readonly mode: 'steps' | 'loop'
}

/** Contributed operators where the provider has kernels for them. */
export const loweringFor = (provider: Provider): Lowering =>
  provider === 'cpu' || provider === 'cuda' ? 'fused' : 'portable'

/** What the training graph is made of. */
export function specOf(
  runtime: Pick<Runtime, 'provider'>,
  { task, parameters, optimizer, mode, dropout }: Omit<LearnerOptions, 'initial' | 'folder'>,
): TrainingSpec {
  return {
    parameters,
    inputs: task.inputs,
    layout: mode === 'loop' ? 'per-tensor' : 'flat',
    optimizer,
    lowering: loweringFor(runtime.provider),
    loss(g, { lookup, inputs, step }) {
      if (!step) throw new Error('a training graph has a step')
      return task.loss(g, lookup, inputs, { rate: dropout, step, salt: 0 })
    },
  }
}

/**
 * Builds the training graph and loads it. In the mode `loop`, how many steps share a run changes no bit of the results on
 * the CPU. The two modes give results that differ by rounding: their states lie differently, and so do the sums.
 */
export async function makeLearner(runtime: Runtime, options: LearnerOptions): Promise<Learner> {
  const { task, parameters, optimizer, mode } = options
  const spec = specOf(runtime, options)
  const { layout } = spec
  const graph = mode === 'loop' ? buildLoop(spec) : buildStep(spec)
  const session = await runtime.load(modelBytes(graph), {
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    keep: slots(parameters, layout).map(slot => nextName(slot.name)),
  })
  return new GraphLearner(session, { task, parameters, optimizer, layout, mode }, options.initial)
}

type Shape = Pick<LearnerOptions, 'task' | 'parameters' | 'optimizer' | 'mode'> & { readonly layout: Layout }

class GraphLearner implements Learner {
  private readonly session: Session
  private readonly shape: Shape
  private tensors: Record<string, Tensor>

  constructor(session: Session, shape: Shape, initial: readonly NamedTensor[]) {
    this.session = session
    this.shape = shape
    this.tensors = pack(shape, { parameters: initial, first: [], second: [] })
  }

  async step(batches: readonly Batch[], first: number, rates: readonly number[]): Promise<StepResult[]> {
    const { task, optimizer, mode } = this.shape
    if (mode === 'steps' && batches.length > 1) {
      const results: StepResult[] = []
      for (const [i, batch] of batches.entries())
        results.push(...(await this.step([batch], first + i, [rates[i] as number])))
      return results
    }
    const fed = batches.map((batch, i) => task.feeds(batch, first + i))
    const scalars = rates.flatMap((rate, i) => updateScalars(first + i, rate, optimizer))
    const inputs: Record<string, Tensor> = { ...this.tensors }
    for (const [name, { dtype }] of Object.entries(task.inputs)) {
      const feeds = fed.map(f => f.feeds[name] as Feed)
      const { data, dims } = mode === 'loop' ? stack(feeds) : (feeds[0] as Feed)
      inputs[name] = { dtype: dtype as 'float32' | 'int64', dims, data }
    }
    if (mode === 'loop') {
      inputs['scalars'] = float32(scalars, [batches.length, scalars.length / batches.length])
      inputs['first'] = int64([first], [])
      inputs['trip'] = int64([batches.length], [])
    } else {
      inputs['scalars'] = float32(scalars)
      inputs['step'] = int64([first], [])
    }
    const outputs = await this.session.run(inputs)
    this.session.free(Object.values(this.tensors))
    this.tensors = nextState(this.shape.parameters, this.shape.layout, outputs)
    const floats = async (name: string): Promise<Float32Array> => {
      const tensor = outputs[name]
      return tensor ? ((await this.session.read(tensor)).data as Float32Array) : new Float32Array(0)
    }
    const [loss, norm, rows] = [await floats('loss'), await floats('norm'), await floats('rows')]
    const each = rows.length / batches.length
    return fed.map(({ tokens }, i) => ({
      loss: loss[i] as number,
      norm: norm[i] as number,
      rows: rows.slice(i * each, (i + 1) * each),
      tokens,
    }))
  }

  async state(): Promise<LearnerState> {
    const here: Record<string, Tensor> = {}
    for (const [name, tensor] of Object.entries(this.tensors)) here[name] = await this.session.read(tensor)
    const parts = unpackState(this.shape.parameters, this.shape.layout, here)
    const of = (kind: Moment): NamedTensor[] =>
      parts
        .filter(part => part.kind === kind)
        .map(({ parameter, data }) => ({ name: parameter.name, shape: parameter.dims, data }))
    return { parameters: of('p'), first: of('m'), second: of('v') }
  }

  load(state: LearnerState): void {
    this.tensors = pack(this.shape, state)
  }

  release(): Promise<void> {
    return this.session.release()
  }
}

function pack({ parameters, layout }: Shape, state: LearnerState): Record<string, Tensor> {
  const kinds = { p: state.parameters, m: state.first, v: state.second }
  const byName = new Map(
    Object.entries(kinds).flatMap(([kind, list]) => list.map(t => [`${kind}.${t.name}`, t.data] as const)),
  )
  for (const { name } of trainedOf(parameters))
    if (!byName.has(`p.${name}`)) throw new Error(`the state has no parameter ${name}`)
  return packState(parameters, layout, (kind, parameter) => byName.get(`${kind}.${parameter.name}`))
}

/** Batches of equal shape on a new first axis. */
function stack(feeds: readonly Feed[]): Feed {
  const first = feeds[0] as Feed
  const size = first.data.length
  const dims = [feeds.length, ...first.dims]
  if (first.data instanceof BigInt64Array) {
    const data = new BigInt64Array(size * feeds.length)
    feeds.forEach((feed, i) => {
      data.set(feed.data as BigInt64Array, i * size)
    })
    return { data, dims }
  }
  const data = new Float32Array(size * feeds.length)
  feeds.forEach((feed, i) => {
    data.set(feed.data as Float32Array, i * size)
  })
  return { data, dims }
}
