/* Clipping, AdamW and gradient descent as graph nodes, with every scalar folded before it meets a tensor. */
import type { Builder } from '../graph/builder.ts'
import type { RowSum, Value } from '../graph/graph.ts'
import type { Moment } from './state.ts'

/** AdamW (Loshchilov and Hutter 2019) after clipping by the global norm (Pascanu et al. 2013). */
export interface AdamW {
  readonly kind?: 'adamw'
  /** Decay of the first moment. */
  readonly beta1: number
  /** Decay of the second moment. */
  readonly beta2: number
  readonly epsilon: number
  /** Weight decay, per unit of learning rate. */
  readonly decay: number
  /** Largest L2 norm of all gradients together; 0 turns clipping off. */
  readonly clip: number
}

/** Gradient descent with momentum, as PyTorch has it: the decay is a part of the gradient. */
export interface Sgd {
  readonly kind: 'sgd'
  /** Decay of the running sum of gradients; 0 keeps none. */
  readonly momentum: number
  /** Look ahead along the momentum (Sutskever et al. 2013). */
  readonly nesterov: boolean
  readonly decay: number
  readonly clip: number
}

/** How gradients become updates. */
export type Optimizer = AdamW | Sgd

/** What an optimizer remembers of each parameter's gradients. */
export function momentsOf(optimizer: Optimizer): readonly Exclude<Moment, 'p' | 'e'>[] {
  if (optimizer.kind !== 'sgd') return ['m', 'v']
  return optimizer.momentum > 0 ? ['m'] : []
}

/** The betas of PyTorch, and clipping at norm 1. */
export const adamWDefaults: AdamW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01, clip: 1 }

/** How many numbers `updateScalars` makes for one step. */
export const scalarCount = 3

/**
 * What changes from step to step, for step `t` (from 1) at learning rate `rate`. AdamW: [rate·decay, rate·R/(1 − β1^t), ε·R]
 * with R = √(1 − β2^t), computed in doubles, because 1 − β2^t loses its digits in float32 while t is small. Gradient
 * descent: [decay, rate, 0].
 */
export function updateScalars(t: number, rate: number, options: Optimizer): [number, number, number] {
  if (options.kind === 'sgd') return [options.decay, rate, 0]
  const root = Math.sqrt(1 - options.beta2 ** t)
  return [rate * options.decay, (rate * root) / (1 - options.beta1 ** t), options.epsilon * root]
}

/** The numbers of `updateScalars` in a graph. */
export interface Scalars {
  readonly shrink: Value
  readonly size: Value
  readonly epsilon: Value
}

/** The numbers of `updateScalars`, fed as a vector from `start` on. */
export function readScalars(g: Builder, vector: Value, start = 0): Scalars {
  const at = (i: number) => g.gather(vector, g.scalar(start + i, 'int64'))
  return { shrink: at(0), size: at(1), epsilon: at(2) }
}

/** A gradient: a whole tensor, or the few rows of a table that are not zero, each once. */
export type Gradient = Value | RowSum

/** From so many rows on, the rows of a table that a batch does not touch are left out of the arithmetic on its gradient. */
const largeTable = 2048

/** The gradient of a large embedding table as its rows, where the CPU computes; anything else as it is. */
export function sparse(g: Builder, gradient: Value): Gradient {
  const rows = g.lowering === 'fused' && Number(gradient.dims[0]) >= largeTable ? g.rowsOf(gradient) : undefined
  return rows ? g.uniqueRows(rows) : gradient
}

/** The sum of the squares of a gradient, a scalar. */
export const squared = (g: Builder, d: Gradient): Value => g.sumSquare('rows' in d ? d.rows : d)

/** The L2 norm of all gradients together, a scalar. */
export function globalNorm(g: Builder, gradients: readonly Gradient[]): Value {
  const squares = gradients.map(d => squared(g, d))
  return g.sqrt(squares.reduce((a, b) => g.add(a, b)))
}

/** min(1, clip/(norm + 1e-6)), as in PyTorch; undefined where clipping is off. */
export function clipFactor(g: Builder, norm: Value, clip: number): Value | undefined {
  return clip > 0 ? g.min(g.div(clip, g.add(norm, 1e-6)), 1) : undefined
}

/** One parameter, its moments and its gradient, all of one shape. */
export interface UpdateState {
  readonly p: Value
  readonly m: Value
  readonly v: Value
  readonly gradient: Gradient
}

/** Factors of one parameter, or vectors [N] over a flat state. */
export interface UpdateFactors {
  readonly decay: number | Value
  readonly rate: number | Value
}

/** The next p, m and v:
 * m' = β1·m + (1−β1)·c·g, v' = β2·v + (1−β2)·c²·g², p' = p·(1 − shrink) − size·m'/(√v' + ε·R), c the clip factor. */
export function adamW(
  g: Builder,
  state: UpdateState,
  factors: UpdateFactors,
  options: AdamW & { readonly scalars: Scalars; readonly clipped: Value | undefined },
): [p: Value, m: Value, v: Value] {
  const { beta1, beta2, decay, scalars, clipped } = options
  const { p, m, v, gradient } = state
  const first = clipped ? g.mul(clipped, 1 - beta1) : 1 - beta1
  const second = clipped ? g.mul(g.mul(clipped, clipped), 1 - beta2) : 1 - beta2
  const added = (sum: Value, of: (d: Value) => Value) =>
    'rows' in gradient ? g.scatterAdd(sum, gradient.indices, of(gradient.rows)) : g.add(sum, of(gradient))
  const nextM = added(g.mul(m, beta1), d => g.mul(d, first))
  const nextV = added(g.mul(v, beta2), d => g.mul(g.mul(d, d), second))
  const direction = g.div(nextM, g.add(g.sqrt(nextV), scalars.epsilon))
  const change = g.mul(direction, times(g, scalars.size, factors.rate))
  if (decay === 0 || factors.decay === 0) return [g.sub(p, change), nextM, nextV]
  const shrink = times(g, times(g, scalars.shrink, factors.rate), factors.decay)
  return [g.sub(g.mul(p, g.sub(1, shrink)), change), nextM, nextV]
}

function times(g: Builder, a: Value, factor: number | Value): Value {
  return factor === 1 ? a : g.mul(a, factor)
}

/**
 * The next p and, where there is momentum, m: d = c·g + decay·p, m' = μ·m + d, p' = p − rate·m', or with Nesterov
 * p' = p − rate·(d + μ·m').
 */
export function sgd(
  g: Builder,
  state: { readonly p: Value; readonly m?: Value; readonly gradient: Value },
  factors: UpdateFactors,
  options: Sgd & { readonly scalars: Scalars; readonly clipped: Value | undefined },
): Value[] {
  const { momentum, nesterov, scalars, clipped } = options
  const { p, m, gradient } = state
  const own = clipped ? g.mul(gradient, clipped) : gradient
  const decays = options.decay !== 0 && factors.decay !== 0
  const d = decays ? g.add(own, g.mul(p, times(g, scalars.shrink, factors.decay))) : own
  const size = times(g, scalars.size, factors.rate)
  if (!m) return [g.sub(p, g.mul(d, size))]
  const next = g.add(g.mul(m, momentum), d)
  return [g.sub(p, g.mul(nesterov ? g.add(d, g.mul(next, momentum)) : next, size)), next]
}
