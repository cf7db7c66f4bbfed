/*
 * The post-norm Transformer encoder (Devlin et al. 2019). An architecture describes what it calls its tensors and where it
 * differs; the graph below is the same for all of them.
 */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type {
  Architecture,
  Backbone,
  BackboneInputs,
  BackboneOptions,
  LinearPart,
  LinearSpec,
  Lookup,
  ParameterSpec,
  Pooling,
  Sizes,
} from './architecture.ts'
import {
  type Activation,
  activate,
  type Blocks,
  blocks,
  joinHeads,
  linearParameters,
  maskBias,
  normParameters,
  splitHeads,
  tableParameter,
} from './blocks.ts'
import { type DenseLayer, describeHead, describeMaskedHead, type MaskedHeadOptions } from './heads.ts'

type Part = Exclude<LinearPart, 'gate'>
const parts: readonly Part[] = ['query', 'key', 'value', 'output', 'intermediate', 'down']

/** The tensor names of an encoder, without `.weight` and `.bias`. */
export interface EncoderNames {
  readonly word: string
  readonly position?: string
  readonly type?: string
  readonly embeddingNorm: string
  /** Before the number of a layer: `bert.encoder.layer.`. */
  readonly layers: string
  /** The parts of a layer, after its number: `attention.self.query`. */
  readonly parts: { readonly [P in Part | 'attentionNorm' | 'outputNorm']: string }
}

/** A linear layer from the width of the tables to the hidden size. */
export interface Projection {
  readonly name: string
  readonly bias: boolean
  /** Whether the normalization of the embeddings comes before it (ELECTRA) or after it (DeBERTa). */
  readonly norm: 'before' | 'after'
}

/** Attention scores that depend on how far apart two tokens are. */
export interface RelativeAttention {
  /** How many kinds of scores are added up: they are divided by √(kinds · head width). */
  readonly kinds: number
  /** What it has below the layers, and which of them are tables. */
  readonly parameters: readonly ParameterSpec[]
  readonly tables: readonly string[]
  /** Called once a graph, with the token ids; what it returns is called for each layer with queries and keys [B,h,S,d]. */
  prepare(layers: Blocks, ids: Value): (layer: RelativeLayer) => Value
}

/** One layer as relative attention sees it. */
export interface RelativeLayer {
  /** The layer's linear layers by part. */
  readonly name: (part: Part) => string
  readonly query: Value
  readonly key: Value
  /** What the scores are multiplied by. */
  readonly alpha: number
}

/** One encoder. */
export interface EncoderDescription {
  readonly architecture: Architecture
  readonly sizes: Sizes
  /** Width of the embedding tables: the hidden size unless there is a projection. */
  readonly width: number
  readonly projection?: Projection
  readonly epsilon: number
  readonly activation: Activation
  readonly names: EncoderNames
  /** The row of the position table for position 0, and how many rows it has. */
  readonly position: { readonly first: number; readonly rows: number }
  readonly relative?: RelativeAttention
  readonly poolings: readonly Pooling[]
  /** The head of sequence classification: its dense layer, and the layer of the scores. */
  readonly sequence: { readonly dense?: DenseLayer; readonly out: string }
  readonly masked: Pick<MaskedHeadOptions, 'dense' | 'norm' | 'bias' | 'own'>
}

/** The model of a description. */
export function postNormEncoder(description: EncoderDescription): Backbone {
  const { architecture, sizes, names, relative, width, masked } = description
  const { hidden, layers, vocab } = sizes
  return {
    architecture,
    sizes,
    parameters: () => [...embeddingParameters(description), ...layerParameters(description)],
    linears: () => layerLinears(description),
    embeddings: [...tablesOf(description), ...(relative?.tables ?? [])].map(name => `${name}.weight`),
    depth: depthBy({ prefix: names.layers, layers, below: embeddingParameters(description) }),
    hidden: (g, lookup, inputs, options = {}) => encode(g, lookup, inputs, { ...options, description }),
    poolings: description.poolings,
    sequence: (classes, pooling, has) =>
      describeHead({ ...description.sequence, hidden, layers, classes, pooling, has }),
    tokens: classes => describeHead({ hidden, layers, classes, out: 'classifier' }),
    language: describeMaskedHead({ ...masked, hidden, width, vocab, word: names.word }),
  }
}

/** `Backbone.depth`: by the number after the prefix of the layers' tensors, and 0 for those below them. */
export function depthBy({
  prefix,
  layers,
  below,
}: {
  readonly prefix: string
  readonly layers: number
  readonly below: readonly ParameterSpec[]
}): (name: string) => number {
  const names = new Set(below.map(spec => spec.name))
  return name => {
    if (name.startsWith(prefix)) return Number.parseInt(name.slice(prefix.length), 10) + 1
    return names.has(name) ? 0 : layers + 1
  }
}

const tablesOf = ({ names, sizes }: EncoderDescription): string[] =>
  [names.word, names.position, sizes.types > 0 ? names.type : undefined].filter(name => name !== undefined)

function embeddingParameters({ sizes, names, width, projection, ...rest }: EncoderDescription): ParameterSpec[] {
  const norm = normParameters(names.embeddingNorm, projection?.norm === 'before' ? width : sizes.hidden)
  return [
    tableParameter(names.word, sizes.vocab, width),
    ...(names.position ? [tableParameter(names.position, rest.position.rows, width)] : []),
    ...(names.type && sizes.types > 0 ? [tableParameter(names.type, sizes.types, width)] : []),
    ...norm,
    ...(projection ? linearParameters(projection.name, sizes.hidden, width).slice(0, projection.bias ? 2 : 1) : []),
    ...(rest.relative?.parameters ?? []),
  ]
}

function layerParameters({ sizes, names }: EncoderDescription): ParameterSpec[] {
  const specs: ParameterSpec[] = []
  for (let i = 0; i < sizes.layers; i++)
    for (const part of parts) {
      const { inner, out } = partSize(sizes, part)
      specs.push(...linearParameters(`${names.layers}${i}.${names.parts[part]}`, out, inner))
      const norm = part === 'output' ? names.parts.attentionNorm : part === 'down' ? names.parts.outputNorm : undefined
      if (norm) specs.push(...normParameters(`${names.layers}${i}.${norm}`, sizes.hidden))
    }
  return specs
}

function layerLinears({ sizes, names }: EncoderDescription): LinearSpec[] {
  return Array.from({ length: sizes.layers }, (_, layer) =>
    parts.map((part): LinearSpec => {
      const { inner, out } = partSize(sizes, part)
      return {
        name: `${names.layers}${layer}.${names.parts[part]}`,
        parts: [part],
        layer,
        in: inner,
        out,
        stored: 'out-in',
      }
    }),
  ).flat()
}

function partSize({ hidden, feedForward }: Sizes, part: Part): { readonly inner: number; readonly out: number } {
  return { inner: part === 'down' ? feedForward : hidden, out: part === 'intermediate' ? feedForward : hidden }
}

type EncodeOptions = BackboneOptions & { readonly description: EncoderDescription }

function encode(
  g: Builder,
  lookup: Lookup,
  inputs: BackboneInputs,
  { description: d, ...options }: EncodeOptions,
): Value {
  const layers = blocks(g, lookup, options)
  const { linear, norm, drop } = layers
  const { heads, hidden } = d.sizes
  const alpha = 1 / Math.sqrt((hidden / heads) * (d.relative?.kinds ?? 1))
  const relative = d.relative?.prepare(layers, inputs.ids)
  const bias = maskBias(g, inputs)
  let x = drop(embed(layers, inputs, { ...options, description: d }))
  for (let i = 0; i < d.sizes.layers; i++) {
    const name = (part: keyof EncoderNames['parts']) => `${d.names.layers}${i}.${d.names.parts[part]}`
    const query = splitHeads(g, linear(x, name('query')), heads)
    const key = splitHeads(g, linear(x, name('key')), heads)
    const value = splitHeads(g, linear(x, name('value')), heads)
    const content = g.matmul(query, key, { transB: true, alpha })
    const scores = relative ? g.add(content, relative({ name, query, key, alpha })) : content
    const context = joinHeads(g, g.matmul(drop(g.softmax(g.add(scores, bias))), value))
    x = norm(g.add(x, drop(linear(context, name('output')))), name('attentionNorm'), d.epsilon)
    const inner = activate(g, linear(x, name('intermediate')), d.activation)
    x = norm(g.add(x, drop(linear(inner, name('down')))), name('outputNorm'), d.epsilon)
  }
  return x
}

function embed(layers: Blocks, inputs: BackboneInputs, { description, noise }: EncodeOptions): Value {
  const { g, get, linear, norm } = layers
  const { names, sizes, projection, epsilon, position } = description
  const words = g.gather(get(`${names.word}.weight`), inputs.ids)
  let x = noise?.(g, words, inputs.mask) ?? words
  if (names.position) {
    const at = inputs.positions ?? g.range(inputs.ids.dims[1] as Value['dims'][number])
    x = g.add(x, g.gather(get(`${names.position}.weight`), position.first > 0 ? g.add(at, position.first) : at))
  }
  if (names.type && sizes.types > 0) {
    // With one row there is nothing to tell apart, whatever a tokenizer says (RoBERTa).
    const types = sizes.types > 1 ? inputs.types : undefined
    x = g.add(x, g.gather(get(`${names.type}.weight`), types ?? g.ints([0])))
  }
  if (projection?.norm === 'after') x = linear(x, projection.name)
  x = norm(x, names.embeddingNorm, epsilon)
  return projection?.norm === 'before' ? linear(x, projection.name) : x
}
