import { modelBytes } from '../graph/onnx.ts'
import { sizeOf } from '../graph/shape.ts'
import type { Batch } from './batch.ts'
import type { Learner, LearnerOptions, LearnerState, StepResult } from './learner.ts'
import { packLearner, unpackLearner } from './learnerState.ts'
import { buildGradient, buildUpdate, sumSlots } from './micro.ts'
import type { Feed, SampleLosses, Task } from './models/task.ts'
import { alone, apart, joined, piecesOf } from './pieces.ts'
import { float32, int64, type Lanes, type Runtime, type Session, type Tensor } from './runtime.ts'
import { nextName, nextState, type StateShape, slots } from './state.ts'
import type { TrainingSpec } from './step.ts'
import { stateShape, stepScalars } from './update.ts'

/**
 * Learns a batch in pieces of at most `rows` rows, or in as many as there are lanes, whose gradients add up, each weighed by what its mean loss divides by
 * (rows, or supervised tokens): the update is that of the whole batch, up to rounding.
 */
export async function makeMicroLearner(
  runtime: Runtime,
  spec: TrainingSpec,
  {
    task,
    initial,
    folder,
    arena,
    rows,
    lanes = 1,
  }: Pick<LearnerOptions, 'task' | 'initial' | 'folder' | 'arena' | 'lanes'> & { readonly rows?: number },
): Promise<Learner> {
  const at = { ...(folder === undefined ? {} : { folder }), ...(arena === undefined ? {} : { arena }) }
  const shape = stateShape(spec)
  const model = modelBytes(buildGradient(spec))
  const kept = { ...at, keep: sumSlots(spec).map(sum => nextName(sum.name)) }
  const beside = lanes > 1 ? await runtime.lanes?.(model, lanes, at) : undefined
  const gradient = beside ?? alone(await runtime.load(model, kept))
  const update = await runtime.load(modelBytes(buildUpdate(spec)), {
    ...at,
    keep: slots(shape).map(slot => nextName(slot.name)),
  })
  return new MicroLearner({ spec, task, shape, gradient, update, rows }, initial)
}

interface Parts {
  readonly spec: TrainingSpec
  readonly task: Task
  readonly shape: StateShape
  readonly gradient: Lanes
  readonly update: Session
  /** At most so many in a piece; a lane's share of the batch where left out. */
  readonly rows: number | undefined
}

class MicroLearner implements Learner {
  private readonly parts: Parts
  private readonly zeros: Record<string, Tensor>
  private tensors: Record<string, Tensor>

  constructor(parts: Parts, initial: LearnerState['parameters']) {
    this.parts = parts
    this.zeros = Object.fromEntries(
      sumSlots(parts.spec).map(({ name, dims }) => [name, float32(new Float32Array(sizeOf(dims)), dims)]),
    )
    this.tensors = packLearner(parts.shape, { parameters: initial, first: [], second: [] })
  }

  async step(batches: readonly Batch[], first: number, rates: readonly number[]): Promise<StepResult[]> {
    const results: StepResult[] = []
    for (const [i, batch] of batches.entries())
      results.push(await this.one(batch, { step: first + i, rate: rates[i] as number }))
    return results
  }

  private async one(
    batch: Batch,
    { step, rate }: { readonly step: number; readonly rate: number },
  ): Promise<StepResult> {
    const { spec, task, shape, gradient, update } = this.parts
    const pieces = piecesOf(batch, this.parts.rows ?? Math.ceil(batch.rows.length / gradient.count))
    const fed = pieces.map(piece => task.feeds(piece, step))
    const total = fed.reduce((sum, { weight }) => sum + weight, 0)
    const own = Object.fromEntries(
      gradient.inputs.filter(n => n in this.tensors).map(n => [n, this.tensors[n] as Tensor]),
    )
    let sums = this.zeros
    let loss = 0
    const told: SampleLosses[] = []
    const inputsOf = (i: number, before: Record<string, Tensor>): Record<string, Tensor> => {
      const { feeds, weight } = fed[i] as (typeof fed)[number]
      const share = total > 0 ? weight / total : 0
      const inputs: Record<string, Tensor> = { ...own, ...before, share: float32([share], []) }
      for (const [name, { dtype }] of Object.entries(task.inputs)) {
        const { data, dims } = feeds[name] as Feed
        inputs[name] = { dtype: dtype as 'float32' | 'int64', dims, data }
      }
      inputs['step'] = int64([step + i * apart], [])
      return inputs
    }
    for (let at = 0; at < pieces.length; at += gradient.count) {
      const wave = pieces.slice(at, at + gradient.count)
      const runs = await gradient.run(wave.map((_, k) => inputsOf(at + k, k === 0 ? sums : this.zeros)))
      if (sums !== this.zeros) gradient.free(Object.values(sums))
      sums = {}
      for (const name of Object.keys(this.zeros))
        sums[name] = summed(runs.map(outputs => outputs[nextName(name)] as Tensor))
      for (const [k, piece] of wave.entries()) {
        const outputs = runs[k] as Record<string, Tensor>
        const { weight } = fed[at + k] as (typeof fed)[number]
        loss += (total > 0 ? weight / total : 0) * ((await read(gradient, outputs, 'loss'))[0] as number)
        const rows = await read(gradient, outputs, 'rows')
        told.push(task.samples?.(piece, step, rows) ?? { samples: piece.rows, losses: rows })
      }
    }
    const scalars = float32(stepScalars(spec, step, rate))
    const outputs = await update.run({ ...this.tensors, ...sums, scalars })
    gradient.free(Object.values(sums))
    update.free(Object.values(this.tensors))
    this.tensors = nextState(shape, outputs)
    const tokens = fed.reduce((sum, piece) => sum + piece.tokens, 0)
    const norm = (await read(update, outputs, 'norm'))[0] as number
    return { loss, norm, tokens, ...joined(told) }
  }

  state(): Promise<LearnerState> {
    return unpackLearner(this.parts.shape, this.tensors, this.parts.update)
  }

  load(state: LearnerState): void {
    this.tensors = packLearner(this.parts.shape, state)
  }

  async release(): Promise<void> {
    await this.parts.gradient.release()
    await this.parts.update.release()
  }
}

/** The sum of tensors of one shape, in their order, in the first of them; a lone one may be on a device. */
function summed(tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors as [Tensor, ...Tensor[]]
  if (others.length === 0) return first
  const sum = first.data as Float32Array
  for (const { data } of others)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + ((data as Float32Array)[i] as number)
  return first
}

async function read(
  session: Pick<Session, 'read'>,
  outputs: Readonly<Record<string, Tensor>>,
  name: string,
): Promise<Float32Array> {
  const tensor = outputs[name]
  return tensor ? ((await session.read(tensor)).data as Float32Array) : new Float32Array(0)
}
