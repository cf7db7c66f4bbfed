/* A pre-norm decoder as data: which tensors it has, what shape its parts are, and where it normalises. */
import type { LinearPart, LinearSpec, ParameterSpec, Sizes } from './architecture.ts'
import { type Activation, tableParameter } from './blocks.ts'
import type { Heads } from './decoderConfig.ts'
import type { Rotary } from './rotary.ts'

/** A linear layer of a block. */
export interface DecoderLinear {
  /** Tensor name without `.weight`. */
  readonly name: string
  /** What it computes: several parts one after the other where they are stored as one matrix. */
  readonly parts: readonly LinearPart[]
  readonly in: number
  readonly out: number
  readonly bias: 'none' | 'own'
}

/** Normalisation of the model: RMS with its scale as stored, or as what is added to 1 (Gemma), or mean and deviation. */
export interface Normalization {
  readonly kind: 'rms' | 'rms-plus-one' | 'layer'
  readonly epsilon: number
}

export interface DecoderAttention extends Heads {
  /** Query, key and value: three layers, or one that computes all of them. */
  readonly inputs: readonly DecoderLinear[]
  readonly output: DecoderLinear
  /** Normalisation of each head before it turns, [headSize]. */
  readonly queryNorm?: string
  readonly keyNorm?: string
  readonly rotary?: Rotary
  /** As in `AttentionOptions`. */
  readonly scale: number
  readonly cap?: number
  readonly window?: number
}

export interface DecoderFeedForward {
  readonly kind: 'gated' | 'plain'
  /** Gate and intermediate layer, or one that computes both; a plain part has the intermediate layer alone. */
  readonly inputs: readonly DecoderLinear[]
  readonly down: DecoderLinear
  readonly activation: Activation
}

/** One block: x + attention(norm(x)), then x + feedForward(norm(x)). */
export interface DecoderBlock {
  /** Names of the normalisations, without `.weight`; those after a part are Gemma's. */
  readonly norms: {
    readonly attention: string
    readonly afterAttention?: string
    readonly feedForward: string
    readonly afterFeedForward?: string
  }
  readonly attention: DecoderAttention
  readonly feedForward: DecoderFeedForward
}

/** A decoder, described. */
export interface DecoderModel {
  readonly sizes: Sizes
  /** The embedding tables, without `.weight`: of tokens, and of positions where they are learned. */
  readonly word: string
  readonly position?: string
  /** Times the embeddings. */
  readonly embeddingScale?: number
  readonly norm: Normalization
  readonly blocks: readonly DecoderBlock[]
  readonly finalNorm: string
  /** Before the number of a block in the names of its tensors: `model.layers.`. */
  readonly layers: string
  /** The orientation of the blocks' weights. */
  readonly stored: 'out-in' | 'in-out'
  /** Where training drops: attention weights alone, or embeddings and the results of both parts too. */
  readonly drops: 'attention' | 'everywhere'
  /** The language-model head: its matrix without `.weight` where it has one of its own, and the cap of its scores. */
  readonly output: { readonly name: string; readonly tied: boolean; readonly cap?: number }
  /** The linear layer of token classification. */
  readonly tokenHead: 'score' | 'classifier'
}

/** The linear layers of all blocks, in their order. */
export function decoderLinears({ blocks, stored }: DecoderModel): LinearSpec[] {
  return blocks.flatMap(({ attention, feedForward }, layer) =>
    [...attention.inputs, attention.output, ...feedForward.inputs, feedForward.down].map(
      ({ name, parts, in: inner, out }) => ({ name, parts, in: inner, out, layer, stored }),
    ),
  )
}

/** The tensors of a decoder, embeddings first, without the language-model head. */
export function decoderParameters(model: DecoderModel): ParameterSpec[] {
  const { sizes } = model
  const norm = (name: string, width: number): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [width], init: model.norm.kind === 'rms-plus-one' ? 'zero' : 'one' },
    ...(model.norm.kind === 'layer' ? [{ name: `${name}.bias`, shape: [width], init: 'zero' } as const] : []),
  ]
  const linear = (layer: DecoderLinear): ParameterSpec[] => [
    {
      name: `${layer.name}.weight`,
      shape: model.stored === 'out-in' ? [layer.out, layer.in] : [layer.in, layer.out],
      init: 'normal',
    },
    ...(layer.bias === 'own' ? [{ name: `${layer.name}.bias`, shape: [layer.out], init: 'zero' } as const] : []),
  ]
  const optional = (name: string | undefined, width: number) => (name === undefined ? [] : norm(name, width))
  return [
    tableParameter(model.word, sizes.vocab, sizes.hidden),
    ...(model.position === undefined ? [] : [tableParameter(model.position, sizes.positions, sizes.hidden)]),
    ...model.blocks.flatMap(({ norms, attention, feedForward }) => [
      ...norm(norms.attention, sizes.hidden),
      ...attention.inputs.flatMap(linear),
      ...optional(attention.queryNorm, attention.headSize),
      ...optional(attention.keyNorm, attention.headSize),
      ...linear(attention.output),
      ...optional(norms.afterAttention, sizes.hidden),
      ...norm(norms.feedForward, sizes.hidden),
      ...feedForward.inputs.flatMap(linear),
      ...linear(feedForward.down),
      ...optional(norms.afterFeedForward, sizes.hidden),
    ]),
    ...norm(model.finalNorm, sizes.hidden),
  ]
}
