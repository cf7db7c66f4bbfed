/* What most decoders have in common with Llama (Touvron et al. 2023): its tensor names, RMSNorm, rotation and gated layers. */
import { type Architecture, ConfigError, type ConfigJson, type Sizes } from './architecture.ts'
import { activation, count, flag, real } from './config.ts'
import { makeDecoder } from './decoder.ts'
import { type Heads, headsOf, rotaryOf } from './decoderConfig.ts'
import type { DecoderAttention, DecoderBlock, DecoderLinear, DecoderModel } from './decoderModel.ts'
import type { Rotary } from './rotary.ts'

/** Where an architecture differs from Llama. */
export interface Difference {
  /** The config to read instead. */
  readonly json?: ConfigJson
  /** Biases of query, key and value; those of the output follow `attention_bias`. */
  readonly inputBias?: DecoderLinear['bias']
  /** Changes one block. */
  readonly block?: (block: DecoderBlock, at: { readonly layer: number; readonly heads: Heads }) => DecoderBlock
  /** Changes what is not in the blocks. */
  readonly model?: Partial<Omit<DecoderModel, 'output'>>
  /** Changes the language-model head. */
  readonly output?: Partial<DecoderModel['output']>
  /** Values that the architecture has where the config leaves them out. */
  readonly base?: number
  readonly tied?: boolean
  readonly activationKey?: string
  readonly usualActivation?: string
}

/** A model with Llama's tensors. `name` is the prefix of Transformers' classes (`Qwen2`), or all of them. */
export function llamaLike(
  type: string,
  name: string | Architecture['architectures'],
  difference: (json: ConfigJson) => Difference = () => ({}),
): Architecture {
  const architecture: Architecture = {
    type,
    kind: 'decoder',
    prefix: 'model.',
    aliases: tensor => [tensor],
    open: json => {
      const own = difference(json)
      return makeDecoder(architecture, describeLlama(own.json ?? json, own))
    },
    architectures:
      typeof name !== 'string'
        ? name
        : {
            sequence: `${name}ForSequenceClassification`,
            tokens: `${name}ForTokenClassification`,
            language: `${name}ForCausalLM`,
          },
  }
  return architecture
}

function describeLlama(json: ConfigJson, difference: Difference): DecoderModel {
  const heads = headsOf(json)
  const bias = flag(json, 'attention_bias', false) ? 'own' : 'none'
  const inner = flag(json, 'mlp_bias', false) ? 'own' : 'none'
  const rotary = rotaryOf(json, { headSize: heads.headSize, base: difference.base ?? 10_000 })
  const sizes = sizesOf(json, rotary)
  const kind = activation(json, difference.activationKey ?? 'hidden_act', difference.usualActivation ?? 'silu')
  const { hidden, feedForward } = sizes
  const width = heads.heads * heads.headSize
  const shared = heads.keyValueHeads * heads.headSize
  const block = (layer: number): DecoderBlock => {
    const at = `model.layers.${layer}`
    const input = (name: string, part: 'query' | 'key' | 'value', out: number): DecoderLinear => ({
      name: `${at}.self_attn.${name}`,
      parts: [part],
      in: hidden,
      out,
      bias: difference.inputBias ?? bias,
    })
    const attention: DecoderAttention = {
      ...heads,
      inputs: [input('q_proj', 'query', width), input('k_proj', 'key', shared), input('v_proj', 'value', shared)],
      output: { name: `${at}.self_attn.o_proj`, parts: ['output'], in: width, out: hidden, bias },
      rotary,
      scale: 1 / Math.sqrt(heads.headSize),
    }
    return {
      norms: { attention: `${at}.input_layernorm`, feedForward: `${at}.post_attention_layernorm` },
      attention,
      feedForward: {
        kind: 'gated',
        inputs: [
          { name: `${at}.mlp.gate_proj`, parts: ['gate'], in: hidden, out: feedForward, bias: inner },
          { name: `${at}.mlp.up_proj`, parts: ['intermediate'], in: hidden, out: feedForward, bias: inner },
        ],
        down: { name: `${at}.mlp.down_proj`, parts: ['down'], in: feedForward, out: hidden, bias: inner },
        activation: kind,
      },
    }
  }
  return {
    sizes,
    word: 'model.embed_tokens',
    norm: { kind: 'rms', epsilon: real(json, 'rms_norm_eps', 1e-6) },
    blocks: Array.from({ length: sizes.layers }, (_, layer) => {
      const plain = block(layer)
      return difference.block?.(plain, { layer, heads }) ?? plain
    }),
    finalNorm: 'model.norm',
    layers: 'model.layers.',
    stored: 'out-in',
    drops: 'attention',
    output: {
      name: 'lm_head',
      tied: flag(json, 'tie_word_embeddings', difference.tied ?? false),
      ...difference.output,
    },
    tokenHead: 'score',
    ...difference.model,
  }
}

function sizesOf(json: ConfigJson, { scaling }: Rotary): Sizes {
  const longest = count(json, 'max_position_embeddings', 2048)
  return {
    vocab: count(json, 'vocab_size'),
    hidden: count(json, 'hidden_size'),
    layers: count(json, 'num_hidden_layers'),
    heads: count(json, 'num_attention_heads'),
    feedForward: count(json, 'intermediate_size'),
    positions: scaling?.kind === 'divided' ? Math.min(longest, scaling.original) : longest,
    types: 0,
    initial: real(json, 'initializer_range', 0.02),
  }
}

/** The window of a block that sees one; absent for others. */
export const windowOf = (json: ConfigJson, sliding: boolean): { readonly window?: number } =>
  sliding && json['sliding_window'] != null ? { window: count(json, 'sliding_window') } : {}

/** Throws `ConfigError` where the config asks for attention in both directions. */
export function refuseBidirectional(json: ConfigJson): void {
  if (json['use_bidirectional_attention'] === true)
    throw new ConfigError('use_bidirectional_attention is not supported')
}
