/*
 * The post-norm Transformer encoder (Devlin et al. 2019). `Family` says how a checkpoint names and shapes its
 * tensors; the graph below is the same for every family, so that a further one (RoBERTa, DistilBERT) is one more
 * description in `families.ts`.
 */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'

/** The sizes and kinds of an encoder, as its `config.json` has them. */
export interface EncoderConfig {
  readonly vocab: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly feedForward: number
  /** Longest sequence in tokens. */
  readonly positions: number
  /** Rows of the token type table; 0 where the family has none. */
  readonly types: number
  readonly epsilon: number
  readonly activation: 'gelu' | 'gelu-tanh' | 'relu' | 'silu'
  /** Standard deviation of fresh weights. */
  readonly initial: number
}

/** One tensor of a model. Linear weights are [out, in], as Hugging Face stores them. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  /** Its initial value where the model is made from nothing. */
  readonly init: 'normal' | 'zero' | 'one'
}

/** The linear layers of one block, by the part they play. */
export const linearParts = ['query', 'key', 'value', 'output', 'intermediate', 'down'] as const
/** One of `linearParts`. */
export type LinearPart = (typeof linearParts)[number]

/** The tensor names of a family, without `.weight` and `.bias`. */
export interface EncoderNames {
  readonly word: string
  readonly position: string
  readonly type?: string
  readonly embeddingNorm: string
  layer(
    i: number,
  ): { readonly [P in LinearPart]: string } & { readonly attentionNorm: string; readonly outputNorm: string }
  readonly pooler?: string
}

/** A parameter by its full name, or undefined where this graph has none of that name. */
export type Lookup = (name: string) => Value | undefined

export interface EncoderInputs {
  /** Token ids, int64 [B,S]. */
  readonly ids: Value
  /** 1 for tokens, 0 for padding, float [B,S]. */
  readonly mask: Value
  /** Token types, int64 [B,S]; all 0 where left out. */
  readonly types?: Value
}

/** Dropout of one graph: what `g.dropout` needs, and a fresh salt for every place that drops. */
export interface DropoutPlan {
  readonly rate: number
  /** Training step, int64 scalar. */
  readonly step: Value
  salt: number
}

export interface EncoderOptions {
  readonly config: EncoderConfig
  readonly names: EncoderNames
  readonly lookup: Lookup
  readonly dropout?: DropoutPlan
  /** Changes the output of a linear layer: low-rank adapters. */
  readonly adapt?: (g: Builder, layer: { readonly name: string; readonly x: Value; readonly y: Value }) => Value
}

/** Every tensor of the encoder, embeddings first, in the order of the layers. */
export function encoderParameters(c: EncoderConfig, names: EncoderNames): ParameterSpec[] {
  const specs: ParameterSpec[] = []
  const table = (name: string, rows: number) => specs.push({ name, shape: [rows, c.hidden], init: 'normal' })
  const norm = (name: string) => specs.push(...normParameters(name, c.hidden))
  table(`${names.word}.weight`, c.vocab)
  table(`${names.position}.weight`, c.positions)
  if (names.type && c.types > 0) table(`${names.type}.weight`, c.types)
  norm(names.embeddingNorm)
  for (let i = 0; i < c.layers; i++) {
    const layer = names.layer(i)
    for (const part of ['query', 'key', 'value', 'output'] as const)
      specs.push(...linearParameters(layer[part], c.hidden, c.hidden))
    norm(layer.attentionNorm)
    specs.push(...linearParameters(layer.intermediate, c.feedForward, c.hidden))
    specs.push(...linearParameters(layer.down, c.hidden, c.feedForward))
    norm(layer.outputNorm)
  }
  return specs
}

/** Weight [out, inner] and bias [out] of a linear layer. */
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

/** The last hidden states [B,S,H]. */
export function encode(g: Builder, inputs: EncoderInputs, options: EncoderOptions): Value {
  const { config: c, names, lookup } = options
  const { ids, mask } = inputs
  const [batch, length] = ids.dims as [Value['dims'][number], Value['dims'][number]]
  const head = c.hidden / c.heads
  const get = (name: string) => required(lookup, name)
  const norm = (x: Value, name: string) => g.layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), c.epsilon)
  const drop = (x: Value) => dropped(g, x, options.dropout)
  const linear = (x: Value, name: string) => {
    const y = g.linear(x, get(`${name}.weight`), lookup(`${name}.bias`))
    return options.adapt?.(g, { name, x, y }) ?? y
  }
  const split = (x: Value) => g.transpose(g.reshape(x, [batch, length, c.heads, head]), [0, 2, 1, 3])

  let x = g.add(g.gather(get(`${names.word}.weight`), ids), g.gather(get(`${names.position}.weight`), g.range(length)))
  if (names.type && c.types > 0) {
    const table = get(`${names.type}.weight`)
    x = g.add(x, g.gather(table, inputs.types ?? g.ints([0])))
  }
  x = drop(norm(x, names.embeddingNorm))
  // 0 for tokens and -1e4 for padding: large enough to vanish in the softmax, small enough for half precision.
  const bias = g.mul(g.sub(g.unsqueeze(mask, [1, 2]), 1), 1e4)
  for (let i = 0; i < c.layers; i++) {
    const layer = names.layer(i)
    const query = split(linear(x, layer.query))
    const key = split(linear(x, layer.key))
    const value = split(linear(x, layer.value))
    const scores = g.matmul(query, key, { transB: true, alpha: 1 / Math.sqrt(head) })
    const context = g.matmul(drop(g.softmax(g.add(scores, bias))), value)
    const joined = g.reshape(g.transpose(context, [0, 2, 1, 3]), [batch, length, c.hidden])
    x = norm(g.add(x, drop(linear(joined, layer.output))), layer.attentionNorm)
    const inner = activate(g, linear(x, layer.intermediate), c.activation)
    x = norm(g.add(x, drop(linear(inner, layer.down))), layer.outputNorm)
  }
  return x
}

/** How one vector is made of the token vectors. */
export type Pooling = 'pooler' | 'cls' | 'mean'

/**
 * One vector for each row, [B,H]. `pooler` is what Transformers' sequence classification does with BERT:
 * tanh(W·x₀ + b); `cls` is x₀, the first token; `mean` the mean over all tokens but padding.
 */
export function pool(g: Builder, hidden: Value, mask: Value, options: EncoderOptions & { pooling: Pooling }): Value {
  const { names, lookup, pooling } = options
  if (pooling === 'mean') {
    const count = g.sum(mask, [1])
    return g.div(g.sum(g.mul(hidden, g.unsqueeze(mask, [2])), [1], false), count)
  }
  const first = g.gather(hidden, g.scalar(0, 'int64'), 1)
  if (pooling === 'cls') return first
  const name = names.pooler
  if (!name) throw new Error('this family has no pooler')
  const y = g.linear(first, required(lookup, `${name}.weight`), required(lookup, `${name}.bias`))
  return g.tanh(options.adapt?.(g, { name, x: first, y }) ?? y)
}

/** The activation of the name, element by element. */
export function activate(g: Builder, x: Value, kind: EncoderConfig['activation']): Value {
  switch (kind) {
    case 'gelu':
      return g.gelu(x)
    case 'gelu-tanh':
      return g.geluTanh(x)
    case 'relu':
      return g.relu(x)
    case 'silu':
      return g.silu(x)
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
