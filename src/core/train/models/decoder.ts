/*
 * The pre-norm decoder. An architecture describes its model as data (`DecoderModel`); the graph below is the same for all of
 * them.
 */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { RotaryTables } from '../../graph/ops/linear.ts'
import type { Dim } from '../../graph/shape.ts'
import type { Architecture, Backbone, BackboneInputs, BackboneOptions, Lookup } from './architecture.ts'
import { attend, causalBias, turned } from './attention.ts'
import { activate, type Blocks, blocks, joinHeads, required, splitHeads, tableParameter } from './blocks.ts'
import {
  type DecoderAttention,
  type DecoderFeedForward,
  type DecoderLinear,
  type DecoderModel,
  decoderLinears,
  decoderParameters,
  type Normalization,
} from './decoderModel.ts'
import { describeHead } from './heads.ts'
import { type Rotary, rotaryTables } from './rotary.ts'

/** Keys and values [B,keyValueHeads,T,headSize] of a block. */
export interface KeyValue {
  readonly key: Value
  readonly value: Value
}

/** What generation adds: the keys and values of tokens that were read before. */
export interface Past {
  /** Of every block, float [B,keyValueHeads,P,headSize]. */
  readonly blocks: readonly KeyValue[]
  /** 1 for every token that may be seen, past ones first: float [B,P+S]. */
  readonly seen: Value
}

/** The last hidden states [B,S,H], and the keys and values of all tokens of every block. */
export function decode(
  g: Builder,
  lookup: Lookup,
  inputs: BackboneInputs,
  { model, past, ...options }: BackboneOptions & { readonly model: DecoderModel; readonly past?: Past },
): { readonly hidden: Value; readonly present: readonly KeyValue[] } {
  const { ids, positions, segments } = inputs
  const length = ids.dims[1] as Dim
  const layers = blocks(g, lookup, options)
  const { get, drop } = layers
  const norm = (x: Value, name: string) => normalized(layers, x, { name, ...model.norm })
  const dropBranch = (x: Value) => (model.drops === 'everywhere' ? drop(x) : x)
  const linear = (x: Value, layer: DecoderLinear) => layers.linear(x, layer.name, model.stored)

  const before = past ? g.shapeAt((past.blocks[0] as KeyValue).key, 2) : undefined
  const keys = past ? (past.seen.dims[1] as Dim) : length
  const biases = new Map<number | undefined, Value>()
  const biasOf = (window: number | undefined) => {
    const known = biases.get(window)
    if (known) return known
    const bias = causalBias(g, {
      queries: length,
      keys,
      ...(before ? { before } : {}),
      ...(past ? { seen: past.seen } : {}),
      ...(segments ? { segments } : {}),
      ...(window === undefined ? {} : { window }),
    })
    biases.set(window, bias)
    return bias
  }
  const tables = new Map<string, RotaryTables>()
  const tablesOf = (rotary: Rotary) => {
    const key = JSON.stringify(rotary)
    const known = tables.get(key) ?? rotaryTables(g, rotary, { positions, length, longest: model.sizes.positions })
    tables.set(key, known)
    return known
  }

  const attention = (x: Value, part: DecoderAttention, earlier: KeyValue | undefined) => {
    const { heads, keyValueHeads, headSize, rotary, scale, cap } = part
    const sizes = [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize]
    const [q, k, v] = pieces(g, part.inputs, sizes, layer => linear(x, layer)) as [Value, Value, Value]
    const prepare = (y: Value, count: number, name: string | undefined) => {
      const split = splitHeads(g, y, count)
      const even = name === undefined ? split : norm(split, name)
      return rotary ? turned(g, even, tablesOf(rotary), rotary.size) : even
    }
    const query = prepare(q, heads, part.queryNorm)
    const own: KeyValue = { key: prepare(k, keyValueHeads, part.keyNorm), value: splitHeads(g, v, keyValueHeads) }
    const all = earlier
      ? { key: g.concat([earlier.key, own.key], 2), value: g.concat([earlier.value, own.value], 2) }
      : own
    const bias = biasOf(part.window)
    const settings = { heads, keyValueHeads, headSize, bias, scale, drop, ...(cap === undefined ? {} : { cap }) }
    const context = attend(g, query, all.key, all.value, settings)
    return { y: linear(joinHeads(g, context), part.output), present: all }
  }
  const feedForward = (x: Value, part: DecoderFeedForward) => {
    const width = part.down.in
    if (part.kind === 'plain')
      return linear(activate(g, linear(x, part.inputs[0] as DecoderLinear), part.activation), part.down)
    const [gate, inner] = pieces(g, part.inputs, [width, width], layer => linear(x, layer)) as [Value, Value]
    return linear(g.mul(activate(g, gate, part.activation), inner), part.down)
  }

  let x = g.gather(get(`${model.word}.weight`), ids)
  if (model.embeddingScale !== undefined) x = g.mul(x, model.embeddingScale)
  if (model.position !== undefined)
    x = g.add(x, g.gather(get(`${model.position}.weight`), positions ?? g.range(length)))
  x = options.noise?.(g, x, inputs.mask) ?? x
  x = dropBranch(x)
  const present: KeyValue[] = []
  model.blocks.forEach((block, i) => {
    const { norms } = block
    const seen = attention(norm(x, norms.attention), block.attention, past?.blocks[i])
    present.push(seen.present)
    const after = norms.afterAttention === undefined ? seen.y : norm(seen.y, norms.afterAttention)
    x = g.add(x, dropBranch(after))
    const y = feedForward(norm(x, norms.feedForward), block.feedForward)
    x = g.add(x, dropBranch(norms.afterFeedForward === undefined ? y : norm(y, norms.afterFeedForward)))
  })
  return { hidden: norm(x, model.finalNorm), present }
}

/** A decoder as tasks and methods see it. */
export interface Decoder extends Backbone {
  readonly model: DecoderModel
}

/** The model of a description. */
export function makeDecoder(architecture: Architecture, model: DecoderModel): Decoder {
  const { sizes, output } = model
  const { hidden, layers } = sizes
  const tables = [model.word, ...(model.position === undefined ? [] : [model.position])].map(name => `${name}.weight`)
  return {
    architecture,
    sizes,
    model,
    parameters: () => decoderParameters(model),
    linears: () => decoderLinears(model),
    embeddings: tables,
    depth: name => {
      if (tables.includes(name)) return 0
      return name.startsWith(model.layers) ? Number.parseInt(name.slice(model.layers.length), 10) + 1 : layers + 1
    },
    hidden: (g, lookup, inputs, options = {}) => decode(g, lookup, inputs, { ...options, model }).hidden,
    poolings: ['last', 'mean'],
    sequence: (classes, pooling) => describeHead({ hidden, layers, classes, pooling, out: 'score', bias: false }),
    tokens: classes => describeHead({ hidden, layers, classes, out: model.tokenHead }),
    language: {
      kind: 'causal',
      parameters: output.tied ? [] : [tableParameter(output.name, sizes.vocab, hidden)],
      weight: output.tied ? `${model.word}.weight` : `${output.name}.weight`,
      tied: output.tied,
      ...(output.cap === undefined ? {} : { cap: output.cap }),
      scores(g, lookup, chosen) {
        const y = g.linear(chosen, required(lookup, output.tied ? `${model.word}.weight` : `${output.name}.weight`))
        return output.cap === undefined ? y : g.mul(g.tanh(g.mul(y, 1 / output.cap)), output.cap)
      },
    },
  }
}

/** The results of the layers one after the other, cut where one layer computes several of them. */
function pieces(
  g: Builder,
  layers: readonly DecoderLinear[],
  sizes: readonly number[],
  run: (layer: DecoderLinear) => Value,
): Value[] {
  const [only] = layers
  return only && layers.length === 1 ? g.split(run(only), sizes, -1) : layers.map(run)
}

function normalized(
  layers: Blocks,
  x: Value,
  { kind, epsilon, name }: Normalization & { readonly name: string },
): Value {
  const { g, get } = layers
  switch (kind) {
    case 'rms':
      return g.rmsNorm(x, get(`${name}.weight`), epsilon)
    case 'rms-plus-one':
      return g.rmsNorm(x, g.add(get(`${name}.weight`), 1), epsilon)
    case 'layer':
      return layers.norm(x, name, epsilon)
  }
}
