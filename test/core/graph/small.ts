import { random } from '../../../src/core/base/random.ts'
import type { Builder } from '../../../src/core/graph/builder.ts'
import type { Value } from '../../../src/core/graph/graph.ts'
import { sizeOf } from '../../../src/core/graph/shape.ts'
import { adamWDefaults, updateScalars } from '../../../src/core/train/optimizer.ts'
import { float32, int64, type Session, type Tensor } from '../../../src/core/train/runtime.ts'
import { nextState, type Parameter, packState } from '../../../src/core/train/state.ts'
import type { ModelContext, TrainingSpec } from '../../../src/core/train/step.ts'

/** One attention layer with a classifier: every kind of operator that an encoder has, at toy size. */
export const sizes = { rows: 4, length: 6, vocab: 20, hidden: 16, heads: 2, classes: 3 }

const { hidden, vocab, length, classes } = sizes

const shapes: readonly (readonly [name: string, ...dims: number[]])[] = [
  ['word', vocab, hidden],
  ['position', length, hidden],
  ['query', hidden, hidden],
  ['key', hidden, hidden],
  ['value', hidden, hidden],
  ['norm.weight', hidden],
  ['norm.bias', hidden],
  ['up', 2 * hidden, hidden],
  ['down', hidden, 2 * hidden],
  ['head.weight', classes, hidden],
  ['head.bias', classes],
]

export function initial(name: string, dims: readonly number[]): Float32Array {
  if (name === 'norm.weight') return new Float32Array(sizeOf(dims)).fill(1)
  if (dims.length === 1) return new Float32Array(sizeOf(dims))
  const rng = random(name)
  return Float32Array.from({ length: sizeOf(dims) }, () => rng.normal() * 0.3)
}

/** Parameters of the small model: those named are trained, the others stored in the graph. */
export function smallParameters(trained: readonly string[] | 'all'): Parameter[] {
  return shapes.map(([name, ...dims]) => {
    if (trained === 'all' || trained.includes(name)) {
      const rate = name.startsWith('head') ? 2 : 1
      return { kind: 'trained', name, dims, decay: dims.length > 1 ? 1 : 0, rate }
    }
    return { kind: 'frozen', name, dims, dtype: 'float32', data: initial(name, dims) }
  })
}

export function smallModel(g: Builder, context: ModelContext): { logits: Value; loss: Value; rows: Value } {
  const get = (name: string): Value => {
    const value = context.lookup(name)
    if (!value) throw new Error(`no parameter ${name}`)
    return value
  }
  const { ids, labels, weights } = context.inputs as Record<'ids' | 'labels' | 'weights', Value>
  const [b, s] = ids.dims as [number | string, number | string]
  const head = hidden / sizes.heads
  const split = (x: Value) => g.transpose(g.reshape(x, [b, s, sizes.heads, head]), [0, 2, 1, 3])
  const drop = (x: Value, salt: number) => (context.step ? g.dropout(x, { rate: 0.1, step: context.step, salt }) : x)
  const x = g.add(g.gather(get('word'), ids), g.gather(get('position'), g.range(s)))
  const [q, k, v] = ['query', 'key', 'value'].map(name => split(g.linear(x, get(name)))) as [Value, Value, Value]
  const scores = g.softmax(g.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(head) }))
  const mixed = g.reshape(g.transpose(g.matmul(drop(scores, 1), v), [0, 2, 1, 3]), [b, s, hidden])
  const y = g.layerNorm(g.add(x, mixed), get('norm.weight'), get('norm.bias'))
  const z = g.add(y, g.linear(g.silu(g.gelu(g.linear(y, get('up')))), get('down')))
  const pooled = g.tanh(g.gather(z, g.scalar(0, 'int64'), 1))
  const logits = g.linear(drop(pooled, 2), get('head.weight'), get('head.bias'))
  return { logits, ...g.crossEntropy(logits, labels, weights, { smoothing: 0.05 }) }
}

const symbolic = ['B', 'S'] as const

export interface SmallOptions extends Pick<TrainingSpec, 'layout' | 'lowering'> {
  readonly trained: readonly string[] | 'all'
  readonly dropout?: 'off'
}

export function smallSpec(options: SmallOptions) {
  const { trained, dropout, ...rest } = options
  const withoutStep = (g: Builder, { lookup, inputs }: ModelContext) => smallModel(g, { lookup, inputs })
  return {
    parameters: smallParameters(trained),
    inputs: {
      ids: { dtype: 'int64', dims: symbolic },
      labels: { dtype: 'int64', dims: ['B'] },
      weights: { dtype: 'float32', dims: ['B'] },
    },
    optimizer: adamWDefaults,
    loss: dropout === 'off' ? withoutStep : smallModel,
    ...rest,
  } satisfies TrainingSpec
}

/** Batches whose label is whether token 1 stands in the row before, after or without token 2. */
export function smallBatch(seed: number): { ids: number[]; labels: number[] } {
  const rng = random(seed)
  const ids: number[] = []
  const labels: number[] = []
  for (let row = 0; row < sizes.rows; row++) {
    const line = Array.from({ length }, () => 3 + rng.int(vocab - 3))
    const label = rng.int(classes)
    const [first, second] = [rng.int(3), 3 + rng.int(3)]
    if (label > 0) line[first] = label === 1 ? 1 : 2
    if (label > 0) line[second] = label === 1 ? 2 : 1
    ids.push(...line)
    labels.push(label)
  }
  return { ids, labels }
}

export function smallStart(spec: TrainingSpec): Record<string, Tensor> {
  return packState(spec, (kind, p) => (kind === 'p' ? initial(p.name, p.dims) : undefined))
}

/** An output as 32-bit floats. */
export function floats(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data
  if (!(data instanceof Float32Array)) throw new Error(`no float32 output ${name}`)
  return data
}

export interface Trace {
  readonly losses: number[]
  readonly norms: number[]
  readonly rows: number[]
  readonly state: Record<string, Tensor>
}

/** The numbers a step wants besides batch and state. */
export const scalarsOf = (t: number, rate: number) => updateScalars(t, rate, adamWDefaults)

/** `steps` steps, one run each. */
export async function runSteps(session: Session, spec: TrainingSpec, steps: number, rate: number): Promise<Trace> {
  const trace: Trace = { losses: [], norms: [], rows: [], state: smallStart(spec) }
  let { state } = trace
  for (let t = 1; t <= steps; t++) {
    const { ids, labels } = smallBatch(t)
    const out = await session.run({
      ...state,
      ids: int64(ids, [sizes.rows, length]),
      labels: int64(labels),
      weights: float32(new Array(sizes.rows).fill(1)),
      scalars: float32(scalarsOf(t, rate)),
      step: int64([t], []),
    })
    trace.losses.push(...floats(out, 'loss'))
    trace.norms.push(...floats(out, 'norm'))
    trace.rows.push(...floats(out, 'rows'))
    session.free(Object.values(state))
    state = nextState(spec, out)
  }
  return { ...trace, state }
}

/** The same steps, `k` in one run (the last run takes what is left). */
export async function runLoop(
  session: Session,
  spec: TrainingSpec,
  options: { steps: number; rate: number; k: number },
): Promise<Trace> {
  const { steps, rate } = options
  const trace: Trace = { losses: [], norms: [], rows: [], state: smallStart(spec) }
  let { state } = trace
  for (let t = 1; t <= steps; t += options.k) {
    const k = Math.min(options.k, steps - t + 1)
    const batches = Array.from({ length: k }, (_, i) => smallBatch(t + i))
    const out = await session.run({
      ...state,
      ids: int64(
        batches.flatMap(b => b.ids),
        [k, sizes.rows, length],
      ),
      labels: int64(
        batches.flatMap(b => b.labels),
        [k, sizes.rows],
      ),
      weights: float32(new Array(k * sizes.rows).fill(1), [k, sizes.rows]),
      scalars: float32(
        batches.flatMap((_, i) => scalarsOf(t + i, rate)),
        [k, 3],
      ),
      first: int64([t], []),
      trip: int64([k], []),
    })
    trace.losses.push(...floats(out, 'loss'))
    trace.norms.push(...floats(out, 'norm'))
    trace.rows.push(...floats(out, 'rows'))
    state = nextState(spec, out)
  }
  return { ...trace, state }
}
