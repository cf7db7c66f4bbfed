/*
 * A step for whole models on the CPU: a graph gives the loss and the gradients, and the weights are updated where they lie,
 * by compiled code instead of a graph. A graph reads its state and writes the next one beside it, pass by pass; this reads and
 * writes each number once, and there is one state instead of three.
 */
import { builder } from '../graph/builder.ts'
import type { Graph } from '../graph/graph.ts'
import { prune } from '../graph/prune.ts'
import { sparse } from './optimizer.ts'
import { slots, type Trained } from './state.ts'
import {
  declare,
  frozenLookup,
  gradientsOf,
  graphOptions,
  parameterViews,
  type StateInput,
  type TrainingSpec,
} from './step.ts'
import { stateShape } from './update.ts'

/** The gradient of a parameter among the outputs of `buildGradients`. */
export interface GradientOutput {
  readonly parameter: Trained
  /** Of the gradient, or of the rows of a table that are not zero. */
  readonly name: string
  /** Of the places of those rows, int64 [U,1], ascending. */
  readonly at?: string
}

/**
 * Inputs: a batch or a piece of one, the parameters, `step` int64 [] and `share` [] (the weight of the piece over that of the
 * batch). Outputs: `loss` [] of the piece, `rows` where there are, and its share of the gradients.
 */
export function buildGradients(spec: TrainingSpec): {
  readonly graph: Graph
  readonly gradients: readonly GradientOutput[]
} {
  const g = builder(graphOptions('gradients', spec))
  const inputs = declare(g, spec.inputs)
  const state = slots(stateShape(spec))
    .filter(slot => slot.kind === 'p')
    .map((slot): StateInput => ({ slot, value: g.input(slot.name, g.dtype, slot.dims) }))
  const step = g.input('step', 'int64', [])
  const share = g.input('share', g.dtype, [])
  const views = parameterViews(g, state)
  const frozen = frozenLookup(g, spec.parameters)
  const { loss, rows } = spec.loss(g, { lookup: name => views.get(name) ?? frozen(name), inputs, step })
  const part = g.mul(loss, share)
  const gradients = gradientsOf(g, spec, { loss: part, views, recompute: [...Object.values(inputs), step, share] })
  g.output(loss, 'loss')
  if (rows) g.output(rows, 'rows')
  const outputs = gradients.map((whole, i): GradientOutput => {
    const { parameters } = (state[i] as StateInput).slot
    const parameter = parameters[0] as Trained
    const [name, at] = [`g.${parameter.name}`, `at.${parameter.name}`]
    const gradient = sparse(g, whole)
    g.output('rows' in gradient ? gradient.rows : gradient, name)
    if (!('rows' in gradient)) return { parameter, name }
    g.output(gradient.indices, at)
    return { parameter, name, at }
  })
  prune(g)
  return { graph: g, gradients: outputs }
}
