/* Causal attention with shared keys and values (Ainslie et al. 2023): its masks, and the products between. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { RotaryTables } from '../../graph/ops/linear.ts'
import { type Dim, product } from '../../graph/shape.ts'
import type { Heads } from './decoderConfig.ts'

/** Added to the score of what must not be seen: vanishes in the softmax, and leaves no NaN where nothing may be seen. */
const hidden = -1e9

export interface CausalMask {
  /** Tokens that ask. */
  readonly queries: Dim
  /** Tokens that may be seen: those before the first query, then the queries themselves. */
  readonly keys: Dim
  /** How many tokens come before the first query, int64 [1]; none where left out. */
  readonly before?: Value
  /** 1 for what may be seen at all, float [B,keys]; needed only where padding lies on the left. */
  readonly seen?: Value
  /** The packed document of each token, int64 [B,S]; tokens see their own only. */
  readonly segments?: Value
  /** A token sees itself and `window − 1` tokens before it. */
  readonly window?: number
}

/** 0 where a query may see a key and −1e9 where not: [queries,keys], or [B,1,queries,keys] where rows differ. */
export function causalBias(g: Builder, mask: CausalMask): Value {
  const own = g.range(mask.queries)
  const row = g.unsqueeze(g.cast(mask.before ? g.add(own, mask.before) : own, g.dtype), [1])
  const column = g.unsqueeze(g.cast(g.range(mask.keys), g.dtype), [0])
  let bias = g.where(g.greater(column, row), hidden, 0)
  if (mask.window !== undefined) bias = g.where(g.lessOrEqual(column, g.sub(row, mask.window)), hidden, bias)
  if (mask.segments) {
    // Compared as floats, which WebGPU can: no batch has 2^24 documents.
    const of = g.cast(mask.segments, g.dtype)
    bias = g.where(g.equal(g.unsqueeze(of, [1, 3]), g.unsqueeze(of, [1, 2])), bias, hidden)
  }
  if (mask.seen) bias = g.add(bias, g.mul(g.sub(g.unsqueeze(mask.seen, [1, 2]), 1), -hidden))
  return bias
}

/** Turns the first `size` elements of each head by the tables and passes the rest. x [B,heads,S,headSize]. */
export function turned(g: Builder, x: Value, tables: RotaryTables, size: number): Value {
  const width = x.dims[3] as number
  if (size === width) return g.rotary(x, tables)
  const [turning, still] = g.split(x, [size, width - size], 3) as [Value, Value]
  return g.concat([g.rotary(turning, tables), still], 3)
}

export interface AttentionOptions extends Heads {
  /** From `causalBias`. */
  readonly bias: Value
  /** Times query·key: 1/√size unless a model says otherwise. */
  readonly scale: number
  /** Scores are squeezed into ±cap by tanh (Gemma 2). */
  readonly cap?: number
  readonly drop: (x: Value) => Value
}

/**
 * softmax(scale·QKᵀ + bias)·V for query [B,heads,S,size] and key, value [B,keyValueHeads,T,size]; the result is shaped as
 * the query. The queries that share a key are rows of one product, so keys and values are never repeated.
 */
export function attend(g: Builder, query: Value, key: Value, value: Value, options: AttentionOptions): Value {
  const { heads, keyValueHeads, headSize, scale, cap, bias } = options
  const [batch, , length] = query.dims as [Dim, number, Dim]
  const keys = key.dims[2] as Dim
  const rows = product([heads / keyValueHeads, length])
  const shared = (x: Value, width: Dim) => g.reshape(x, [batch, keyValueHeads, rows, width])
  const scores = g.matmul(shared(query, headSize), key, { transB: true, alpha: scale })
  const capped = cap === undefined ? scores : g.mul(g.tanh(g.mul(scores, 1 / cap)), cap)
  const probabilities = g.softmax(g.add(g.reshape(capped, [batch, heads, length, keys]), bias))
  const context = g.matmul(shared(options.drop(probabilities), keys), value)
  return g.reshape(context, [batch, heads, length, headSize])
}
