import { modelBytes } from '../graph/onnx.ts'
import type { Batch } from './batch.ts'
import { buildGradients, type GradientOutput } from './direct.ts'
import { HeldState, mergedRows, type Rows } from './heldState.ts'
import type { Learner, LearnerOptions, LearnerState, StepResult } from './learner.ts'
import type { Feed, SampleLosses, Task } from './models/task.ts'
import type { AdamW } from './optimizer.ts'
import { alone, apart, joined, piecesOf } from './pieces.ts'
import { float32, int64, type Lanes, type Runtime, type Tensor, type Tensors } from './runtime.ts'
import type { TrainingSpec } from './step.ts'
import { stateShape } from './update.ts'

/**
 * Learns with a state that is updated where it lies: see `direct.ts`. Undefined where that cannot be: elsewhere than on the
 * CPU, with another optimizer than AdamW, or where the state is more than the memory of a kernel.
 */
export async function makeDirectLearner(
  runtime: Runtime,
  spec: TrainingSpec,
  { task, initial, folder, arena, lanes = 1 }: Pick<LearnerOptions, 'task' | 'initial' | 'folder' | 'arena' | 'lanes'>,
): Promise<Learner | undefined> {
  const { optimizer } = spec
  if (runtime.provider !== 'cpu' || optimizer.kind === 'sgd') return undefined
  const { graph, gradients } = buildGradients(spec)
  const held = HeldState.of(stateShape(spec), gradients, { parameters: initial, first: [], second: [] })
  if (!held) return undefined
  const model = modelBytes(graph)
  const at = { ...(folder === undefined ? {} : { folder }), ...(arena === undefined ? {} : { arena }) }
  const beside = lanes > 1 ? await runtime.lanes?.(model, lanes, at) : undefined
  const session = beside ?? alone(await runtime.load(model, at))
  return new DirectLearner({ task, spec: { ...spec, optimizer }, held, session, gradients })
}

interface Parts {
  readonly task: Task
  readonly spec: TrainingSpec & { readonly optimizer: AdamW }
  readonly held: HeldState
  readonly session: Lanes
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
    const pieces = piecesOf(batch, Math.ceil(batch.rows.length / session.count))
    const fed = pieces.map(piece => task.feeds(piece, step))
    const total = fed.reduce((sum, { weight }) => sum + weight, 0)
    const shares = fed.map(({ weight }) => (total > 0 ? weight / total : 0))
    const own = held.inputs
    const runs = await session.run(
      fed.map(({ feeds }, i) => {
        const count = int64([step + i * apart], [])
        const inputs: Record<string, Tensor> = { ...own, step: count, share: float32([shares[i] as number], []) }
        for (const [name, { dtype }] of Object.entries(task.inputs)) {
          const { data, dims } = feeds[name] as Feed
          inputs[name] = { dtype: dtype as 'float32' | 'int64', dims, data }
        }
        return inputs
      }),
      held.gradients,
    )
    const floats = (outputs: Tensors, name: string) => (outputs[name]?.data ?? new Float32Array(0)) as Float32Array
    const tables = new Map<string, Rows>()
    for (const { parameter, name, at } of gradients) {
      if (at === undefined) continue
      const rows = runs.map((one): Rows => ({ rows: floats(one, name), at: one[at]?.data as BigInt64Array }))
      tables.set(parameter.name, rows.reduce(mergedRows))
    }
    for (const one of runs.slice(1)) held.add(one)
    const norm = held.update(spec, step, rate, tables)
    const loss = runs.reduce((sum, one, i) => sum + (shares[i] as number) * (floats(one, 'loss')[0] as number), 0)
    const told = pieces.map((piece, i): SampleLosses => {
      const rows = floats(runs[i] as Tensors, 'rows')
      return task.samples?.(piece, step, rows) ?? { samples: piece.rows, losses: rows }
    })
    return { loss, norm, tokens: fed.reduce((sum, piece) => sum + piece.tokens, 0), ...joined(told) }
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
