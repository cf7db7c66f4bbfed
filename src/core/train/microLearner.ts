import { modelBytes } from '../graph/onnx.ts'
import { sizeOf } from '../graph/shape.ts'
import type { Batch } from './batch.ts'
import type { Learner, LearnerOptions, LearnerState, StepResult } from './learner.ts'
import { packLearner, unpackLearner } from './learnerState.ts'
import { buildGradient, buildUpdate, sumSlots } from './micro.ts'
import type { Feed, SampleLosses, Task } from './models/task.ts'
import { float32, int64, type Runtime, type Session, type Tensor } from './runtime.ts'
import { nextName, nextState, type StateShape, slots } from './state.ts'
import type { TrainingSpec } from './step.ts'
import { stateShape, stepScalars } from './update.ts'

/** Dropout of the pieces of one step must differ: each piece counts as a step of its own, far from the others. */
const apart = 2 ** 24

/**
 * Learns a batch in pieces of at most `rows` rows, whose gradients add up, each weighed by what its mean loss divides by
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
  }: Pick<LearnerOptions, 'task' | 'initial' | 'folder' | 'arena'> & { readonly rows: number },
): Promise<Learner> {
  const at = { ...(folder === undefined ? {} : { folder }), ...(arena === undefined ? {} : { arena }) }
  const shape = stateShape(spec)
  const gradient = await runtime.load(modelBytes(buildGradient(spec)), {
    ...at,
    keep: sumSlots(spec).map(sum => nextName(sum.name)),
  })
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
  readonly gradient: Session
  readonly update: Session
  readonly rows: number
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
    const pieces = piecesOf(batch, this.parts.rows)
    const fed = pieces.map(piece => task.feeds(piece, step))
    const total = fed.reduce((sum, { weight }) => sum + weight, 0)
    const own = Object.fromEntries(
      gradient.inputs.filter(n => n in this.tensors).map(n => [n, this.tensors[n] as Tensor]),
    )
    let sums = this.zeros
    let loss = 0
    const told: SampleLosses[] = []
    for (const [i, piece] of pieces.entries()) {
      const { feeds, weight } = fed[i] as (typeof fed)[number]
      const share = total > 0 ? weight / total : 0
      const inputs: Record<string, Tensor> = { ...own, ...sums, share: float32([share], []) }
      for (const [name, { dtype }] of Object.entries(task.inputs)) {
        const { data, dims } = feeds[name] as Feed
        inputs[name] = { dtype: dtype as 'float32' | 'int64', dims, data }
      }
      inputs['step'] = int64([step + i * apart], [])
      const outputs = await gradient.run(inputs)
      if (sums !== this.zeros) gradient.free(Object.values(sums))
      sums = Object.fromEntries(Object.keys(sums).map(name => [name, outputs[nextName(name)] as Tensor]))
      loss += share * ((await read(gradient, outputs, 'loss'))[0] as number)
      const rows = await read(gradient, outputs, 'rows')
      told.push(task.samples?.(piece, step, rows) ?? { samples: piece.rows, losses: rows })
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

/** What was told of the samples of all pieces. */
function joined(told: readonly SampleLosses[]): Pick<StepResult, 'samples' | 'rows' | 'rivals'> {
  const floats = (part: (one: SampleLosses) => Float32Array) => Float32Array.from(told.flatMap(one => [...part(one)]))
  const whole = (part: (one: SampleLosses) => Int32Array) => Int32Array.from(told.flatMap(one => [...part(one)]))
  const apart = { samples: whole(one => one.samples), rows: floats(one => one.losses) }
  if (!told.every(one => one.rivals)) return apart
  return {
    ...apart,
    rivals: { margins: floats(one => one.rivals!.margins), others: whole(one => one.rivals!.others) },
  }
}

/** A batch in pieces of at most so many rows. */
function piecesOf(batch: Batch, rows: number): Batch[] {
  const pieces: Batch[] = []
  for (let at = 0; at < batch.rows.length; at += rows)
    pieces.push({ ...batch, rows: batch.rows.subarray(at, at + rows) })
  return pieces
}

async function read(session: Session, outputs: Readonly<Record<string, Tensor>>, name: string): Promise<Float32Array> {
  const tensor = outputs[name]
  return tensor ? ((await session.read(tensor)).data as Float32Array) : new Float32Array(0)
}
