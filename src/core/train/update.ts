/* What gradients do to the state: norm, clipping, groups that begin later, the optimizer, the running mean of the weights. */
import type { Builder } from '../graph/builder.ts'
import type { Value } from '../graph/graph.ts'
import { sizeOf } from '../graph/shape.ts'
import {
  adamW,
  clipFactor,
  type Gradient,
  globalNorm,
  momentsOf,
  type Optimizer,
  readScalars,
  scalarCount,
  sgd,
  sparse,
  squared,
  type UpdateFactors,
  updateScalars,
} from './optimizer.ts'
import { type Layout, type Moment, type Parameter, type StateShape, type Trained, trainedOf } from './state.ts'

/** How gradients become updates. */
export interface UpdateRules {
  readonly optimizer: Optimizer
  /**
   * Of each group of parameters: the finished steps after which it learns. Until then neither its values nor its moments
   * move, it has no part in the norm, and its own steps count from there. One group from the first step on where left out.
   */
  readonly begins?: readonly number[]
  /** Decay of the running mean of the weights; none is kept at 0 or where left out. */
  readonly ema?: number
}

/** The state that the rules need. */
export function stateShape(
  rules: UpdateRules & { readonly parameters: readonly Parameter[]; readonly layout: Layout },
): StateShape {
  return { parameters: rules.parameters, layout: rules.layout, kinds: kindsOf(rules) }
}

function kindsOf({ optimizer, ema = 0 }: UpdateRules): readonly Moment[] {
  return ['p', ...momentsOf(optimizer), ...(ema > 0 ? (['e'] as const) : [])]
}

/** Groups carry a number more: 1 where they learn, 0 before. */
const groupWidth = ({ begins = [] }: UpdateRules): number => (begins.length > 1 ? scalarCount + 1 : scalarCount)

/** How many numbers `stepScalars` makes. */
export function scalarsOf(rules: UpdateRules): number {
  const groups = rules.begins?.length ?? 1
  return groups * groupWidth(rules) + ((rules.ema ?? 0) > 0 ? 1 : 0)
}

/**
 * The numbers of one step (from 1) at a learning rate: those of the optimizer for each group, and how far the running mean
 * moves towards the weights: 1 − min(decay, (1 + t)/(10 + t)), so that it soon forgets where they began.
 */
export function stepScalars(rules: UpdateRules, step: number, rate: number): number[] {
  const { begins = [0], optimizer, ema = 0 } = rules
  const numbers = begins.flatMap(begin => {
    const own = step - begin
    const scalars = own > 0 ? updateScalars(own, rate, optimizer) : [0, 0, 1]
    return begins.length > 1 ? [...scalars, own > 0 ? 1 : 0] : scalars
  })
  return ema > 0 ? [...numbers, 1 - Math.min(ema, (1 + step) / (10 + step))] : numbers
}

/** A state and the gradients of its parameters: one for each, or, where the layout is flat, one vector. */
export interface UpdateInputs {
  /** In the order of `slots`. */
  readonly state: readonly Value[]
  readonly gradients: readonly Value[]
  /** The numbers of `stepScalars`. */
  readonly scalars: Value
}

/** The norm of all gradients before clipping, and the next state in the order of the present one. */
export function applyUpdate(
  g: Builder,
  spec: UpdateRules & { readonly parameters: readonly Parameter[]; readonly layout: Layout },
  { state, gradients: whole, scalars }: UpdateInputs,
): { readonly norm: Value; readonly next: readonly Value[] } {
  const { optimizer, begins = [0], ema = 0, layout } = spec
  const trained = trainedOf(spec.parameters)
  const grouped = begins.length > 1
  if (grouped && layout === 'flat') throw new Error('groups need a state of single tensors')
  const gradients = optimizer.kind === 'sgd' ? whole : whole.map(d => sparse(g, d))
  const width = groupWidth(spec)
  const at = (i: number) => g.gather(scalars, g.scalar(i, 'int64'))
  const groupOf = (i: number) => (grouped ? ((trained[i] as Trained).group ?? 0) : 0)
  const gates = grouped ? begins.map((_, group) => at(group * width + scalarCount)) : []
  const norm = grouped ? gatedNorm(g, gradients, i => gates[groupOf(i)] as Value) : globalNorm(g, gradients)
  const factor = clipFactor(g, norm, optimizer.clip)
  const clips = grouped ? gates.map(gate => (factor ? g.mul(gate, factor) : gate)) : [factor]
  const numbers = begins.map((_, group) => readScalars(g, scalars, group * width))
  const pull = ema > 0 ? at(begins.length * width) : undefined
  const kinds = kindsOf(spec)
  const next = gradients.flatMap((gradient, i) => {
    const own = state.slice(kinds.length * i, kinds.length * (i + 1))
    const of = (kind: Moment) => own[kinds.indexOf(kind)] as Value
    const factors: UpdateFactors = layout === 'flat' ? flatFactors(g, trained) : (trained[i] as Trained)
    const about = { scalars: numbers[groupOf(i)] as (typeof numbers)[number], clipped: clips[groupOf(i)] }
    const moved =
      optimizer.kind === 'sgd'
        ? sgd(
            g,
            { p: of('p'), ...(optimizer.momentum > 0 ? { m: of('m') } : {}), gradient: whole[i] as Value },
            factors,
            {
              ...optimizer,
              ...about,
            },
          )
        : adamW(g, { p: of('p'), m: of('m'), v: of('v'), gradient }, factors, { ...optimizer, ...about })
    return pull ? [...moved, g.add(of('e'), g.mul(g.sub(moved[0] as Value, of('e')), pull))] : moved
  })
  return { norm, next }
}

function gatedNorm(g: Builder, gradients: readonly Gradient[], gate: (i: number) => Value): Value {
  const squares = gradients.map((d, i) => g.mul(squared(g, d), gate(i)))
  return g.sqrt(squares.reduce((a, b) => g.add(a, b)))
}

/** Decay and rate factors over the flat vector: a number where all parameters agree. */
function flatFactors(g: Builder, trained: readonly Trained[]): UpdateFactors {
  const over = (name: string, of: (p: Trained) => number): number | Value => {
    const first = of(trained[0] as Trained)
    if (trained.every(p => of(p) === first)) return first
    const data = new (g.dtype === 'float64' ? Float64Array : Float32Array)(
      trained.reduce((n, p) => n + sizeOf(p.dims), 0),
    )
    let at = 0
    for (const p of trained) {
      const size = sizeOf(p.dims)
      data.fill(of(p), at, at + size)
      at += size
    }
    return g.init(`factors.${name}`, data, [data.length])
  }
  return { decay: over('decay', p => p.decay), rate: over('rate', p => p.rate) }
}
