import { modelBytes } from '../graph/onnx.ts'
import type { Batch } from './batch.ts'
import { makeDirectLearner } from './directLearner.ts'
import {
  type Learner,
  type LearnerOptions,
  type LearnerState,
  type NamedTensor,
  type StepResult,
  specOf,
} from './learner.ts'
import { packLearner, unpackLearner } from './learnerState.ts'
import { makeMicroLearner } from './microLearner.ts'
import type { Fed, Feed, SampleLosses, Task } from './models/task.ts'
import { float32, int64, type Runtime, type Session, type Tensor } from './runtime.ts'
import { nextName, nextState, type StateShape, slots } from './state.ts'
import { buildLoop, buildStep, type TrainingSpec } from './step.ts'
import { stateShape, stepScalars } from './update.ts'

/**
 * Builds the training graph and loads it. In the mode `loop`, how many steps share a run changes no bit of the results on
 * the CPU. The two modes give results that differ by rounding: their states lie differently, and so do the sums.
 */
export async function makeLearner(runtime: Runtime, options: LearnerOptions): Promise<Learner> {
  const { task, mode, micro, lanes = 1, initial, folder, arena } = options
  const spec = specOf(runtime, options)
  const at = { ...(folder === undefined ? {} : { folder }), ...(arena === undefined ? {} : { arena }) }
  const pieces = { task, initial, lanes, ...at }
  if (micro !== undefined) return makeMicroLearner(runtime, spec, { ...pieces, rows: micro })
  if (mode === 'steps' && lanes > 1 && runtime.lanes) return makeMicroLearner(runtime, spec, pieces)
  const direct = mode === 'direct' ? await makeDirectLearner(runtime, spec, pieces) : undefined
  if (direct) return direct
  const shape = stateShape(spec)
  const graph = mode === 'steps' ? buildStep(spec) : buildLoop(spec)
  const session = await runtime.load(modelBytes(graph), {
    ...at,
    keep: slots(shape).map(slot => nextName(slot.name)),
  })
  return new GraphLearner(session, { task, spec, shape, mode: mode === 'steps' ? 'steps' : 'loop' }, initial)
}

interface Parts {
  readonly task: Task
  readonly spec: TrainingSpec
  readonly shape: StateShape
  readonly mode: 'steps' | 'loop'
}

class GraphLearner implements Learner {
  private readonly session: Session
  private readonly parts: Parts
  private tensors: Record<string, Tensor>

  constructor(session: Session, parts: Parts, initial: readonly NamedTensor[]) {
    this.session = session
    this.parts = parts
    this.tensors = packLearner(parts.shape, { parameters: initial, first: [], second: [] })
  }

  async step(batches: readonly Batch[], first: number, rates: readonly number[]): Promise<StepResult[]> {
    const { task, spec, shape, mode } = this.parts
    if (mode === 'steps' && batches.length > 1) {
      const results: StepResult[] = []
      for (const [i, batch] of batches.entries())
        results.push(...(await this.step([batch], first + i, [rates[i] as number])))
      return results
    }
    const fed = batches.map((batch, i) => task.feeds(batch, first + i))
    const alike = sameShapes(fed)
    if (alike < batches.length) {
      // Batches of one shape may still hold different numbers of targets: those that differ have a run of their own.
      const results = await this.step(batches.slice(0, alike), first, rates.slice(0, alike))
      return [...results, ...(await this.step(batches.slice(alike), first + alike, rates.slice(alike)))]
    }
    const scalars = rates.flatMap((rate, i) => stepScalars(spec, first + i, rate))
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
    this.tensors = nextState(shape, outputs)
    const floats = async (name: string): Promise<Float32Array> => {
      const tensor = outputs[name]
      return tensor ? ((await this.session.read(tensor)).data as Float32Array) : new Float32Array(0)
    }
    const [loss, norm, rows] = [await floats('loss'), await floats('norm'), await floats('rows')]
    const each = rows.length / batches.length
    return fed.map(({ tokens }, i) => {
      const batch = batches[i] as Batch
      const own = rows.slice(i * each, (i + 1) * each)
      const told: SampleLosses = task.samples?.(batch, first + i, own) ?? { samples: batch.rows, losses: own }
      const { samples, losses, ...rivals } = told
      return { loss: loss[i] as number, norm: norm[i] as number, samples, rows: losses, ...rivals, tokens }
    })
  }

  state(): Promise<LearnerState> {
    return unpackLearner(this.parts.shape, this.tensors, this.session)
  }

  load(state: LearnerState): void {
    this.tensors = packLearner(this.parts.shape, state)
  }

  release(): Promise<void> {
    return this.session.release()
  }
}

/** How many batches from the first on feed tensors of the same dimensions. */
function sameShapes(fed: readonly Fed[]): number {
  const shape = ({ feeds }: Fed) => JSON.stringify(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))
  const [head] = fed
  if (!head) return 0
  const other = fed.findIndex(one => shape(one) !== shape(head))
  return other < 0 ? fed.length : other
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
