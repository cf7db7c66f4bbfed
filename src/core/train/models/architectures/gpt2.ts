import type { Architecture, ConfigJson } from '../architecture.ts'
import { activation, count, flag, headWidth, real, refuse } from '../config.ts'
import { makeDecoder } from '../decoder.ts'
import type { DecoderBlock, DecoderLinear, DecoderModel } from '../decoderModel.ts'

/** GPT-2 (Radford et al. 2019): learned positions, LayerNorm, one matrix for query, key and value, weights stored [in, out]. */
export const gpt2: Architecture = {
  type: 'gpt2',
  kind: 'decoder',
  prefix: 'transformer.',
  aliases: tensor => [tensor],
  open: json => makeDecoder(gpt2, describe(json)),
  architectures: {
    sequence: 'GPT2ForSequenceClassification',
    tokens: 'GPT2ForTokenClassification',
    language: 'GPT2LMHeadModel',
  },
}

function describe(json: ConfigJson): DecoderModel {
  const hidden = count(json, 'n_embd', 768)
  const heads = count(json, 'n_head', 12)
  const layers = count(json, 'n_layer', 12)
  const feedForward = count(json, 'n_inner', 4 * hidden)
  const headSize = headWidth({ hidden, heads })
  const kind = activation(json, 'activation_function', 'gelu_new')
  const scaled = flag(json, 'scale_attn_weights', true)
  refuse(flag(json, 'scale_attn_by_inverse_layer_idx', false), 'scale_attn_by_inverse_layer_idx is not supported')
  refuse(flag(json, 'add_cross_attention', false), 'add_cross_attention is not supported')
  const block = (layer: number): DecoderBlock => {
    const at = `transformer.h.${layer}`
    const linear = (
      name: string,
      parts: DecoderLinear['parts'],
      { from, to }: { readonly from: number; readonly to: number },
    ): DecoderLinear => ({ name: `${at}.${name}`, parts, in: from, out: to, bias: 'own' })
    return {
      norms: { attention: `${at}.ln_1`, feedForward: `${at}.ln_2` },
      attention: {
        heads,
        keyValueHeads: heads,
        headSize,
        inputs: [linear('attn.c_attn', ['query', 'key', 'value'], { from: hidden, to: 3 * hidden })],
        output: linear('attn.c_proj', ['output'], { from: hidden, to: hidden }),
        scale: scaled ? 1 / Math.sqrt(headSize) : 1,
      },
      feedForward: {
        kind: 'plain',
        inputs: [linear('mlp.c_fc', ['intermediate'], { from: hidden, to: feedForward })],
        down: linear('mlp.c_proj', ['down'], { from: feedForward, to: hidden }),
        activation: kind,
      },
    }
  }
  return {
    sizes: {
      vocab: count(json, 'vocab_size', 50257),
      hidden,
      layers,
      heads,
      feedForward,
      positions: count(json, 'n_positions', 1024),
      types: 0,
      initial: real(json, 'initializer_range', 0.02),
    },
    word: 'transformer.wte',
    position: 'transformer.wpe',
    norm: { kind: 'layer', epsilon: real(json, 'layer_norm_epsilon', 1e-5) },
    blocks: Array.from({ length: layers }, (_, layer) => block(layer)),
    finalNorm: 'transformer.ln_f',
    layers: 'transformer.h.',
    stored: 'in-out',
    drops: 'everywhere',
    output: { name: 'lm_head', tied: flag(json, 'tie_word_embeddings', true) },
    tokenHead: 'classifier',
  }
}
