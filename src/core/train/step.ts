/*
 * One model function, three graphs: a training step, a loop of K steps in one run, and an evaluation. Step and loop
 * are the same nodes in the same order, so that their losses and states agree bit for bit.
 */
import { type Builder, builder } from '../graph/builder.ts'
import { grad } from '../graph/grad.ts'
import type { Dtype, Graph, GraphOptions, Lowering, Value } from '../graph/graph.ts'
import { prune } from '../graph/prune.ts'
import { type Dims, sizeOf } from '../graph/shape.ts'
import { type Layout, nextName, type Parameter, type Slot, slots, trainedOf } from './state.ts'
import { applyUpdate, scalarsOf, stateShape, type UpdateRules } from './update.ts'

/** A parameter by its name, or undefined where there is none. */
export type Lookup = (name: string) => Value | undefined

/** The inputs of a graph by name, with their types and dimensions. */
export type InputSpecs = Readonly<Record<string, { readonly dtype: Dtype; readonly dims: Dims }>>

export interface ModelContext {
  readonly lookup: Lookup
  readonly inputs: Readonly<Record<string, Value>>
  /** The training step from 1, int64 scalar, for `g.dropout`; absent in an evaluation. */
  readonly step?: Value
}

export interface GraphSpec {
  readonly parameters: readonly Parameter[]
  /** The inputs of one batch. Dimensions may be symbols, shared by name. */
  readonly inputs: InputSpecs
  readonly layout: Layout
  readonly lowering?: Lowering
  readonly dtype?: 'float32' | 'float64'
}

export interface TrainingSpec extends GraphSpec, UpdateRules {
  /** Compute the inside of each layer again for its gradient instead of keeping it. */
  readonly recompute?: boolean
  /** The loss of a batch (scalar), and the loss of each of its rows [B] where wanted. */
  loss(g: Builder, context: ModelContext): { readonly loss: Value; readonly rows?: Value }
}

export interface EvaluationSpec extends GraphSpec {
  /** Everything wanted of a batch, by output name. */
  outputs(g: Builder, context: ModelContext): Readonly<Record<string, Value>>
}

/**
 * Inputs: the batch, the state (`slots`), `scalars` (`stepScalars`) and `step` int64 []. Outputs: `loss` [],
 * `norm` [] (of all gradients before clipping), `rows` [B] where the model gives them, and `next.<state>`.
 */
export function buildStep(spec: TrainingSpec): Graph {
  const g = builder(graphOptions('step', spec))
  const inputs = declare(g, spec.inputs)
  const state = slots(stateShape(spec)).map(slot => ({
    slot,
    value: g.input(slot.name, g.dtype, slot.dims),
  }))
  const scalars = g.input('scalars', g.dtype, [scalarsOf(spec)])
  const step = g.input('step', 'int64', [])
  const result = trainingStep(g, spec, { inputs, state, scalars, step, frozen: frozenLookup(g, spec.parameters) })
  g.output(result.loss, 'loss')
  g.output(result.norm, 'norm')
  if (result.rows) g.output(result.rows, 'rows')
  result.next.forEach((value, i) => {
    g.output(value, nextName((state[i] as StateInput).slot.name))
  })
  prune(g)
  return g
}

/**
 * The same step, K times in one run (ONNX `Loop`). Inputs: every batch input stacked on a leading axis `K`, the
 * state, `scalars` [K, ·], `first` int64 [] (the step of the first iteration) and `trip` int64 [] (how many, at most
 * K). Outputs: `loss` [K], `norm` [K], `rows` [K,B], and `next.<state>` after the last iteration.
 */
export function buildLoop(spec: TrainingSpec): Graph {
  const g = builder(graphOptions('loop', spec))
  const stacks = declare(
    g,
    Object.fromEntries(Object.entries(spec.inputs).map(([k, s]) => [k, { ...s, dims: ['K', ...s.dims] }])),
  )
  const layout = slots(stateShape(spec))
  const carried = layout.map(slot => g.input(slot.name, g.dtype, slot.dims))
  const allScalars = g.input('scalars', g.dtype, ['K', scalarsOf(spec)])
  const first = g.input('first', 'int64', [])
  const trip = g.input('trip', 'int64', [])
  const frozen = frozenLookup(g, spec.parameters)

  const body = builder({ name: 'body', parent: g })
  const iteration = body.input('iteration', 'int64', [])
  const going = body.input('going', 'bool', [])
  const state = layout.map(slot => ({ slot, value: body.input(`body.${slot.name}`, body.dtype, slot.dims) }))
  const inputs = Object.fromEntries(
    Object.entries(stacks).map(([name, stack]) => [name, body.gather(stack, iteration)]),
  )
  const scalars = body.gather(allScalars, iteration)
  const step = body.add(first, iteration)
  const result = trainingStep(body, spec, { inputs, state, scalars, step, frozen })
  body.output(going, 'body.going')
  result.next.forEach((value, i) => {
    body.output(value, `body.next.${(layout[i] as Slot).name}`)
  })
  const scans: [name: string, value: Value][] = [
    ['loss', result.loss],
    ['norm', result.norm],
    ...(result.rows ? [['rows', result.rows] as [string, Value]] : []),
  ]
  for (const [name, value] of scans) body.output(value, `body.${name}`)

  const outputs = g.emit(
    'Loop',
    [trip, g.const([1], [], 'bool'), ...carried],
    { body: { kind: 'graph', value: body } },
    [...carried, ...scans.map(([, value]) => ({ dtype: value.dtype, dims: ['K', ...value.dims] }))],
  )
  layout.forEach((slot, i) => {
    g.output(outputs[i] as Value, nextName(slot.name))
  })
  scans.forEach(([name], i) => {
    g.output(outputs[layout.length + i] as Value, name)
  })
  prune(g)
  return g
}

/** Inputs: the batch and the parameters of the state (no moments). Outputs: what the model function names. */
export function buildEvaluation(spec: EvaluationSpec): Graph {
  const g = builder(graphOptions('evaluation', spec))
  const inputs = declare(g, spec.inputs)
  const state = slots(spec)
    .filter(slot => slot.kind === 'p')
    .map(slot => ({ slot, value: g.input(slot.name, g.dtype, slot.dims) }))
  const views = parameterViews(g, state)
  const frozen = frozenLookup(g, spec.parameters)
  const outputs = spec.outputs(g, { inputs, lookup: name => views.get(name) ?? frozen(name) })
  for (const [name, value] of Object.entries(outputs)) g.output(value, name)
  return g
}

export interface StateInput {
  readonly slot: Slot
  readonly value: Value
}

interface StepInputs {
  readonly inputs: Readonly<Record<string, Value>>
  readonly state: readonly StateInput[]
  readonly scalars: Value
  readonly step: Value
  readonly frozen: Lookup
}

/** Forward, backward, clipping and update; `next` in the order of the state inputs. */
function trainingStep(g: Builder, spec: TrainingSpec, given: StepInputs) {
  const views = parameterViews(g, given.state)
  const lookup: Lookup = name => views.get(name) ?? given.frozen(name)
  const { loss, rows } = spec.loss(g, { lookup, inputs: given.inputs, step: given.step })
  const gradients = gradientsOf(g, spec, { loss, views, recompute: [...Object.values(given.inputs), given.step] })
  const state = given.state.map(s => s.value)
  return { loss, rows, ...applyUpdate(g, spec, { state, gradients, scalars: given.scalars }) }
}

/** The gradients of the trained parameters in their order, or end to end as one vector where the state is flat. */
export function gradientsOf(
  g: Builder,
  { parameters, layout, recompute }: Pick<TrainingSpec, 'parameters' | 'layout' | 'recompute'>,
  given: {
    readonly loss: Value
    readonly views: ReadonlyMap<string, Value>
    /** What differs from step to step: all that follows from it is computed again where the spec says so. */
    readonly recompute: readonly Value[]
  },
): Value[] {
  const wanted = trainedOf(parameters).map(p => given.views.get(p.name) as Value)
  const gradients = grad(g, given.loss, wanted, recompute ? { recompute: given.recompute } : {})
  if (layout !== 'flat') return gradients
  const pieces = gradients.map(d => g.reshape(d, [sizeOf(d.dims)]))
  return [g.concat(pieces, 0)]
}

/** The parameters inside the state: the inputs themselves, or pieces of the flat vector. */
export function parameterViews(g: Builder, state: readonly StateInput[]): Map<string, Value> {
  const views = new Map<string, Value>()
  for (const { slot, value } of state) {
    if (slot.kind !== 'p') continue
    const sizes = slot.parameters.map(p => sizeOf(p.dims))
    const pieces = pieceVector(g, value, sizes)
    slot.parameters.forEach((p, i) => {
      views.set(p.name, g.reshape(pieces[i] as Value, p.dims))
    })
  }
  return views
}

function pieceVector(g: Builder, vector: Value, sizes: readonly number[]): Value[] {
  if (sizes.length === 1) return [vector]
  if (g.lowering === 'fused') return g.split(vector, sizes)
  // WebGPU refuses a Split of more than eleven outputs: too many buffers for one shader.
  let start = 0
  return sizes.map(length => {
    const piece = g.slice(vector, { axis: 0, start, length })
    start += length
    return piece
  })
}

/** Frozen parameters enter the graph when the model first asks for them, so a graph stores only what it uses. */
export function frozenLookup(g: Builder, parameters: readonly Parameter[]): Lookup {
  const byName = new Map(parameters.map(p => [p.name, p]))
  const known = new Map<string, Value>()
  return name => {
    const parameter = byName.get(name)
    if (parameter?.kind !== 'frozen') return undefined
    const value = known.get(name) ?? widened(g, g.init(name, parameter.data, parameter.dims, parameter.dtype))
    known.set(name, value)
    return value
  }
}

function widened(g: Builder, value: Value): Value {
  const floats: readonly Dtype[] = ['float16', 'bfloat16', 'float32', 'float64']
  return floats.includes(value.dtype) ? g.cast(value, g.dtype) : value
}

export function declare(g: Builder, specs: InputSpecs): Record<string, Value> {
  return Object.fromEntries(Object.entries(specs).map(([name, s]) => [name, g.input(name, s.dtype, s.dims)]))
}

export function graphOptions(name: string, spec: GraphSpec): GraphOptions {
  const purpose = name === 'evaluation' ? 'predict' : 'train'
  return { name, dtype: spec.dtype ?? 'float32', lowering: spec.lowering ?? 'fused', purpose }
}
