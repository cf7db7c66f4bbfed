/*
 * A step in two graphs, for batches that go through the model in pieces: one adds the gradients of a piece up, the other
 * turns the sum into an update. Pieces may have different shapes; so the norm and the clipping are those of the whole batch.
 */
import { builder } from '../graph/builder.ts'
import type { Graph, Value } from '../graph/graph.ts'
import { nextName, type Slot, slots } from './state.ts'
import {
  declare,
  frozenLookup,
  gradientsOf,
  graphOptions,
  parameterViews,
  type StateInput,
  type TrainingSpec,
} from './step.ts'
import { applyUpdate, scalarsOf, stateShape } from './update.ts'

/** Name of the sum of gradients that belongs to a slot of parameters: `g`, or `g.<name>`. */
const sumName = (slot: Slot): string => slot.name.replace(/^p/, 'g')

/** The sums of gradients: a tensor beside each parameter of the state, or a flat one. */
export function sumSlots(spec: TrainingSpec): { readonly name: string; readonly dims: readonly number[] }[] {
  return parameterSlots(spec).map(slot => ({ name: sumName(slot), dims: slot.dims }))
}

const parameterSlots = (spec: TrainingSpec): Slot[] => slots(stateShape(spec)).filter(slot => slot.kind === 'p')

/**
 * Inputs: a piece of a batch, the parameters of the state, the sums so far (`sumSlots`), `share` [] (the weight of the piece
 * over that of the batch) and `step` int64 [] (for dropout). Outputs: `loss` [] of the piece, `rows` where the model gives
 * them, and `next.<sum>` = sum + share · gradient.
 */
export function buildGradient(spec: TrainingSpec): Graph {
  const g = builder(graphOptions('gradient', spec))
  const inputs = declare(g, spec.inputs)
  const state = parameterSlots(spec).map(
    (slot): StateInput => ({ slot, value: g.input(slot.name, g.dtype, slot.dims) }),
  )
  const sums = sumSlots(spec).map(sum => g.input(sum.name, g.dtype, sum.dims))
  const share = g.input('share', g.dtype, [])
  const step = g.input('step', 'int64', [])
  const views = parameterViews(g, state)
  const frozen = frozenLookup(g, spec.parameters)
  const { loss, rows } = spec.loss(g, { lookup: name => views.get(name) ?? frozen(name), inputs, step })
  const gradients = gradientsOf(g, spec, { loss, views, recompute: [...Object.values(inputs), step] })
  g.output(loss, 'loss')
  if (rows) g.output(rows, 'rows')
  sums.forEach((sum, i) => {
    g.output(g.add(sum, g.mul(gradients[i] as Value, share)), nextName(sum.name))
  })
  return g
}

/** Inputs: the state, the sums of gradients and `scalars` (`stepScalars`). Outputs: `norm` [] and `next.<state>`. */
export function buildUpdate(spec: TrainingSpec): Graph {
  const g = builder(graphOptions('update', spec))
  const state = slots(stateShape(spec)).map(slot => ({ slot, value: g.input(slot.name, g.dtype, slot.dims) }))
  const gradients = sumSlots(spec).map(sum => g.input(sum.name, g.dtype, sum.dims))
  const scalars = g.input('scalars', g.dtype, [scalarsOf(spec)])
  const { norm, next } = applyUpdate(g, spec, { state: state.map(s => s.value), gradients, scalars })
  g.output(norm, 'norm')
  next.forEach((value, i) => {
    g.output(value, nextName((state[i] as StateInput).slot.name))
  })
  return g
}
