/* What every model is built of: layers by the name of their tensors, with what training changes in them. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { BackboneOptions, DropoutPlan, LinearSpec, Lookup, ParameterSpec } from './architecture.ts'
import { quantizedProduct } from './quantized.ts'

/** The element-wise functions of feed-forward layers. */
export type Activation = 'gelu' | 'gelu-tanh' | 'relu' | 'silu' | 'tanh'

/** The layers of one graph. */
export interface Blocks {
  readonly g: Builder
  /** The parameter of the name; that it is missing is a bug. */
  get(name: string): Value
  /** x·Wᵀ + b with the tensors `name.weight` and, where there is one, `name.bias`, adapted as the options say. */
  linear(x: Value, name: string, stored?: LinearSpec['stored']): Value
  /** Layer normalization by `name.weight` and `name.bias`; without the latter where the graph has none. */
  norm(x: Value, name: string, epsilon: number): Value
  /** Dropout where the graph trains. */
  drop(x: Value): Value
}

/** The layers of a graph whose parameters `lookup` finds. */
export function blocks(g: Builder, lookup: Lookup, options: Omit<BackboneOptions, 'noise'> = {}): Blocks {
  const get = (name: string) => required(lookup, name)
  // Wherever a layer is stored quantized: no graph has to know of it.
  const quantized = quantizedProduct(lookup)
  return {
    g,
    get,
    linear(x, name, stored = 'out-in') {
      const bias = lookup(`${name}.bias`)
      const product = options.product?.(g, { name, x }) ?? quantized(g, { name, x })
      const y = product
        ? biased(g, product, bias)
        : stored === 'out-in'
          ? g.linear(x, get(`${name}.weight`), bias)
          : biased(g, g.matmul(x, get(`${name}.weight`)), bias)
      return options.adapt?.(g, { name, x, y }) ?? y
    },
    norm(x, name, epsilon) {
      const weight = get(`${name}.weight`)
      const bias = lookup(`${name}.bias`) ?? g.const(new Array<number>(Number(weight.dims[0])).fill(0), weight.dims)
      return g.layerNorm(x, weight, bias, epsilon)
    },
    drop: x => dropped(g, x, options.dropout),
  }
}

const biased = (g: Builder, y: Value, bias: Value | undefined): Value => (bias ? g.add(y, bias) : y)

/** The activation of the name, element by element. */
export function activate(g: Builder, x: Value, kind: Activation): Value {
  switch (kind) {
    case 'gelu':
      return g.gelu(x)
    case 'gelu-tanh':
      return g.geluTanh(x)
    case 'relu':
      return g.relu(x)
    case 'silu':
      return g.silu(x)
    case 'tanh':
      return g.tanh(x)
  }
}

/** Dropout where the graph trains, the value itself where it only predicts. */
export function dropped(g: Builder, x: Value, plan: DropoutPlan | undefined): Value {
  if (!plan || plan.rate === 0) return x
  plan.salt++
  return g.dropout(x, { rate: plan.rate, step: plan.step, salt: plan.salt })
}

/** The parameter of the name; that it is missing is a bug. */
export function required(lookup: Lookup, name: string): Value {
  const value = lookup(name)
  if (!value) throw new Error(`the graph has no parameter ${name}`)
  return value
}

/** Heads apart: [B,S,heads·width] to [B,heads,S,width]. */
export function splitHeads(g: Builder, x: Value, heads: number): Value {
  const [batch, length, hidden] = x.dims as [Value['dims'][number], Value['dims'][number], number]
  return g.transpose(g.reshape(x, [batch, length, heads, hidden / heads]), [0, 2, 1, 3])
}

/** Heads together again: [B,heads,S,width] to [B,S,heads·width]. */
export function joinHeads(g: Builder, x: Value): Value {
  const [batch, heads, length, width] = x.dims as [Value['dims'][number], number, Value['dims'][number], number]
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch, length, heads * width])
}

/**
 * What is added to attention scores so that tokens see no padding, and of packed documents their own only: 0 or -1e4, which is
 * large enough to vanish in the softmax and small enough for half precision. [B,1,1,S], or [B,1,S,S] with segments.
 */
export function maskBias(g: Builder, { mask, segments }: { readonly mask: Value; readonly segments?: Value }): Value {
  if (!segments) return g.mul(g.sub(g.unsqueeze(mask, [1, 2]), 1), 1e4)
  const one = g.cast(segments, g.dtype)
  return g.where(g.equal(g.unsqueeze(one, [1, 3]), g.unsqueeze(one, [1, 2])), g.scalar(0), g.scalar(-1e4))
}

/** Weight [out, inner], and bias [out] unless it has none, of a linear layer. */
export function linearParameters(name: string, out: number, inner: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [out, inner], init: 'normal' },
    { name: `${name}.bias`, shape: [out], init: 'zero' },
  ]
}

/** Weight and bias [width] of a layer normalization. */
export function normParameters(name: string, width: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], init: 'one' },
    { name: `${name}.bias`, shape: [width], init: 'zero' },
  ]
}

/** A table of vectors, a row for each index. */
export function tableParameter(name: string, rows: number, width: number): ParameterSpec {
  return { name: `${name}.weight`, shape: [rows, width], init: 'normal' }
}
