import type { Builder } from '../../../graph/builder.ts'
import type { Value } from '../../../graph/graph.ts'
import type { Dim } from '../../../graph/shape.ts'
import type {
  Architecture,
  Backbone,
  BackboneInputs,
  BackboneOptions,
  ConfigJson,
  LinearSpec,
  Lookup,
  ParameterSpec,
  Pooling,
  Sizes,
} from '../architecture.ts'
import {
  type Activation,
  activate,
  blocks,
  joinHeads,
  linearParameters,
  maskBias,
  normParameters,
  splitHeads,
  tableParameter,
} from '../blocks.ts'
import { activation, count, flag, headWidth, real, refuse } from '../config.ts'
import { type DenseLayer, describeHead, describeMaskedHead } from '../heads.ts'
import { depthBy } from '../postNorm.ts'
import { type Rotary, rotaryTables } from '../rotary.ts'

/** ModernBERT (Warner et al. 2024): normalization first, gated layers, rotated positions, most layers with a window. */
export const modernbert: Architecture = {
  type: 'modernbert',
  kind: 'encoder',
  prefix: 'model.',
  aliases: name => (name === names.word ? [name, 'decoder.weight'] : [name]),
  architectures: {
    sequence: 'ModernBertForSequenceClassification',
    tokens: 'ModernBertForTokenClassification',
    language: 'ModernBertForMaskedLM',
  },
  open(json) {
    const shape = shapeOf(json)
    const { sizes, epsilon, bias } = shape
    const { hidden, layers, vocab } = sizes
    const act = activation(json, 'classifier_activation')
    const dense: DenseLayer = {
      name: 'head.dense',
      activation: act,
      kind: 'stored',
      bias: bias.classifier,
      norm: { name: 'head.norm', epsilon, bias: bias.norm },
    }
    const word = `${names.word.replace(/\.weight$/, '')}`
    return {
      architecture: modernbert,
      sizes,
      parameters: () => [...embeddingParameters(shape), ...layerParameters(shape)],
      linears: () => linears(shape),
      embeddings: [names.word],
      depth: depthBy({ prefix: names.layers, layers, below: embeddingParameters(shape) }),
      hidden: (g, lookup, inputs, options = {}) => encode(g, lookup, inputs, { ...options, shape }),
      poolings: (json['classifier_pooling'] === 'mean' ? ['mean', 'cls'] : ['cls', 'mean']) satisfies Pooling[],
      sequence: (classes, pooling, has) =>
        describeHead({ hidden, layers, classes, pooling, dense, has, out: 'classifier' }),
      tokens: (classes, has) => describeHead({ hidden, layers, classes, dense, has, out: 'classifier' }),
      language: describeMaskedHead({
        hidden,
        width: hidden,
        vocab,
        dense: { name: dense.name, activation: act, bias: bias.classifier },
        norm: { name: 'head.norm', epsilon, bias: bias.norm },
        word,
        ...(json['tie_word_embeddings'] === false ? { own: 'decoder.weight' } : {}),
        ...(flag(json, 'decoder_bias', true) ? { bias: 'decoder.bias' } : {}),
      }),
    } satisfies Backbone
  },
}

const names = {
  word: 'model.embeddings.tok_embeddings.weight',
  embeddingNorm: 'model.embeddings.norm',
  layers: 'model.layers.',
  finalNorm: 'model.final_norm',
}

interface Shape {
  readonly sizes: Sizes
  readonly epsilon: number
  readonly activation: Activation
  readonly bias: {
    readonly norm: boolean
    readonly attention: boolean
    readonly mlp: boolean
    readonly classifier: boolean
  }
  /** Of each layer: whether its tokens see their neighbours only. */
  readonly local: readonly boolean[]
  /** How far neighbours are. */
  readonly reach: number
  readonly rotary: { readonly local: Rotary; readonly global: Rotary }
}

function shapeOf(json: ConfigJson): Shape {
  const sizes = {
    vocab: count(json, 'vocab_size'),
    hidden: count(json, 'hidden_size'),
    layers: count(json, 'num_hidden_layers'),
    heads: count(json, 'num_attention_heads'),
    feedForward: count(json, 'intermediate_size'),
    positions: count(json, 'max_position_embeddings'),
    types: 0,
    initial: real(json, 'initializer_range', 0.02),
  }
  const size = headWidth(sizes)
  const every = count(json, 'global_attn_every_n_layers', 3)
  const types = json['layer_types']
  const local = Array.from({ length: sizes.layers }, (_, i) =>
    Array.isArray(types) ? types[i] === 'sliding_attention' : i % every !== 0,
  )
  return {
    sizes,
    epsilon: real(json, 'norm_eps', 1e-5),
    activation: activation(json, 'hidden_activation'),
    bias: {
      norm: flag(json, 'norm_bias', false),
      attention: flag(json, 'attention_bias', false),
      mlp: flag(json, 'mlp_bias', false),
      classifier: flag(json, 'classifier_bias', false),
    },
    local,
    reach: Math.floor(count(json, 'local_attention', 128) / 2),
    rotary: {
      local: { size, base: ropeBase(json, 'sliding_attention', real(json, 'local_rope_theta', 10_000)) },
      global: { size, base: ropeBase(json, 'full_attention', real(json, 'global_rope_theta', 160_000)) },
    },
  }
}

/** The base of rotation of one kind of layer: newer files have `rope_parameters`, older ones a key for each. */
function ropeBase(json: ConfigJson, kind: string, otherwise: number): number {
  const all = json['rope_parameters'] as Record<string, ConfigJson | undefined> | undefined
  const own = all?.[kind]
  refuse((own?.['rope_type'] ?? 'default') !== 'default', `rope_type ${own?.['rope_type']} is not supported`)
  return own ? real(own, 'rope_theta', otherwise) : otherwise
}

const normOf = ({ sizes, bias }: Shape, name: string): ParameterSpec[] =>
  normParameters(name, sizes.hidden).slice(0, bias.norm ? 2 : 1)

function embeddingParameters(shape: Shape): ParameterSpec[] {
  const word = tableParameter(names.word.replace(/\.weight$/, ''), shape.sizes.vocab, shape.sizes.hidden)
  return [word, ...normOf(shape, names.embeddingNorm)]
}

function layerParameters(shape: Shape): ParameterSpec[] {
  const specs: ParameterSpec[] = []
  const all = linears(shape)
  for (let i = 0; i < shape.sizes.layers; i++) {
    // The first layer reads embeddings that are normalized already.
    if (i > 0) specs.push(...normOf(shape, `${names.layers}${i}.attn_norm`))
    for (const { name, in: inner, out } of all.slice(4 * i, 4 * i + 4)) {
      if (name.endsWith('mlp.Wi')) specs.push(...normOf(shape, `${names.layers}${i}.mlp_norm`))
      const biased = name.includes('.mlp.') ? shape.bias.mlp : shape.bias.attention
      specs.push(...linearParameters(name, out, inner).slice(0, biased ? 2 : 1))
    }
  }
  return [...specs, ...normOf(shape, names.finalNorm)]
}

function linears({ sizes: { hidden, feedForward, layers } }: Shape): LinearSpec[] {
  return Array.from({ length: layers }, (_, layer) => {
    const common = { layer, stored: 'out-in' as const }
    const at = `${names.layers}${layer}`
    return [
      { name: `${at}.attn.Wqkv`, parts: ['query', 'key', 'value'], in: hidden, out: 3 * hidden, ...common },
      { name: `${at}.attn.Wo`, parts: ['output'], in: hidden, out: hidden, ...common },
      { name: `${at}.mlp.Wi`, parts: ['gate', 'intermediate'], in: hidden, out: 2 * feedForward, ...common },
      { name: `${at}.mlp.Wo`, parts: ['down'], in: feedForward, out: hidden, ...common },
    ] satisfies LinearSpec[]
  }).flat()
}

function encode(
  g: Builder,
  lookup: Lookup,
  inputs: BackboneInputs,
  { shape, ...options }: BackboneOptions & { readonly shape: Shape },
): Value {
  const { linear, norm, drop, get } = blocks(g, lookup, options)
  const { sizes, epsilon } = shape
  const { hidden, heads, feedForward } = sizes
  const length = inputs.ids.dims[1] as Dim
  const at = { positions: inputs.positions, length, longest: sizes.positions }
  const kinds = {
    global: { tables: rotaryTables(g, shape.rotary.global, at), bias: maskBias(g, inputs) },
    local: {
      tables: rotaryTables(g, shape.rotary.local, at),
      bias: g.add(maskBias(g, inputs), window(g, length, shape.reach)),
    },
  }
  const words = g.gather(get(names.word), inputs.ids)
  let x = drop(norm(options.noise?.(g, words, inputs.mask) ?? words, names.embeddingNorm, epsilon))
  for (let i = 0; i < sizes.layers; i++) {
    const layer = `${names.layers}${i}`
    const { tables, bias } = shape.local[i] ? kinds.local : kinds.global
    const normal = i > 0 ? norm(x, `${layer}.attn_norm`, epsilon) : x
    const [q, k, v] = g.split(linear(normal, `${layer}.attn.Wqkv`), [hidden, hidden, hidden], 2) as [
      Value,
      Value,
      Value,
    ]
    const query = g.rotary(splitHeads(g, q, heads), tables)
    const key = g.rotary(splitHeads(g, k, heads), tables)
    const scores = g.matmul(query, key, { transB: true, alpha: 1 / Math.sqrt(hidden / heads) })
    const context = joinHeads(g, g.matmul(drop(g.softmax(g.add(scores, bias))), splitHeads(g, v, heads)))
    x = g.add(x, drop(linear(context, `${layer}.attn.Wo`)))
    const wide = linear(norm(x, `${layer}.mlp_norm`, epsilon), `${layer}.mlp.Wi`)
    const [inner, gate] = g.split(wide, [feedForward, feedForward], 2) as [Value, Value]
    x = g.add(x, linear(drop(g.mul(activate(g, inner, shape.activation), gate)), `${layer}.mlp.Wo`))
  }
  return norm(x, names.finalNorm, epsilon)
}

/** 0 for pairs at most `reach` apart, -1e4 for others, [S,S]. */
function window(g: Builder, length: Dim, reach: number): Value {
  const at = g.cast(g.range(length), g.dtype)
  const apart = g.sub(g.unsqueeze(at, [1]), g.unsqueeze(at, [0]))
  return g.where(g.lessOrEqual(g.max(apart, g.neg(apart)), reach), g.scalar(0), g.scalar(-1e4))
}
