import { modelBytes } from '../graph/onnx.ts'
import type { Batch } from './batch.ts'
import { buildGradients, type GradientOutput } from './direct.ts'
import { HeldState, type Rows } from './heldState.ts'
import type { Learner, LearnerOptions, LearnerState, StepResult } from './learner.ts'
import type { Feed, SampleLosses, Task } from './models/task.ts'
import type { AdamW } from './optimizer.ts'
import { int64, type Runtime, type Session, type Tensor } from './runtime.ts'
import type { TrainingSpec } from './step.ts'
import { stateShape } from './update.ts'

/**
 * Learns with a state that is updated where it lies: see `direct.ts`. Undefined where that cannot be: elsewhere than on the
 * CPU, with another optimizer than AdamW, or where the state is more than the memory of a kernel.
 */
export async function makeDirectLearner(
  runtime: Runtime,
  spec: TrainingSpec,
  { task, initial, folder, arena }: Pick<LearnerOptions, 'task' | 'initial' | 'folder' | 'arena'>,
): Promise<Learner | undefined> {
  const { optimizer } = spec
  if (runtime.provider !== 'cpu' || optimizer.kind === 'sgd') return undefined
  const { graph, gradients } = buildGradients(spec)
  const held = HeldState.of(stateShape(spec), gradients, { parameters: initial, first: [], second: [] })
  if (!held) return undefined
  const session = await runtime.load(modelBytes(graph), {
    ...(folder === undefined ? {} : { folder }),
    ...(arena === undefined ? {} : { arena }),
  })
  return new DirectLearner({ task, spec: { ...spec, optimizer }, held, session, gradients })
}

interface Parts {
  readonly task: Task
  readonly spec: TrainingSpec & { readonly optimizer: AdamW }
  readonly held: HeldState
  readonly session: Session
  readonly gradients: readonly GradientOutput[]
}

class DirectLearner implements Learner {
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  async step(batches: readonly Batch[], first: number, rates: readonly number[]): Promise<StepResult[]> {
    const results: StepResult[] = []
    for (const [i, batch] of batches.entries()) results.push(await this.one(batch, first + i, rates[i] as number))
    return results
  }

  private async one(batch: Batch, step: number, rate: number): Promise<StepResult> {
    const { task, spec, held, session, gradients } = this.parts
    const { feeds, tokens } = task.feeds(batch, step)
    const inputs: Record<string, Tensor> = { ...held.inputs, step: int64([step], []) }
    for (const [name, { dtype }] of Object.entries(task.inputs)) {
      const { data, dims } = feeds[name] as Feed
      inputs[name] = { dtype: dtype as 'float32' | 'int64', dims, data }
    }
    const outputs = await session.run(inputs, undefined, held.gradients)
    const floats = (name: string) => (outputs[name]?.data ?? new Float32Array(0)) as Float32Array
    const tables = new Map<string, Rows>()
    for (const { parameter, name, at } of gradients)
      if (at !== undefined) tables.set(parameter.name, { rows: floats(name), at: outputs[at]?.data as BigInt64Array })
    const norm = held.update(spec, step, rate, tables)
    const own = floats('rows')
    const told: SampleLosses = task.samples?.(batch, step, own) ?? { samples: batch.rows, losses: own }
    const { samples, losses, ...rivals } = told
    return { loss: floats('loss')[0] as number, norm, samples, rows: losses, ...rivals, tokens }
  }

  async state(): Promise<LearnerState> {
    return this.parts.held.state()
  }

  load(state: LearnerState): void {
    this.parts.held.load(state)
  }

  release(): Promise<void> {
    return this.parts.session.release()
  }
}
