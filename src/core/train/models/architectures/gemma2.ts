import { count, real } from '../config.ts'
import { optionalReal, windowsOf } from '../decoderConfig.ts'
import { llamaLike, refuseBidirectional, windowOf } from '../llamaLike.ts'

/** Gemma 2 (Riviere et al. 2024): Gemma with norms on both sides of each part, capped scores, and a window in every other layer. */
export const gemma2 = llamaLike('gemma2', 'Gemma2', json => {
  refuseBidirectional(json)
  const sliding = windowsOf(json, count(json, 'num_hidden_layers'), i => (i % 2 === 0 ? 'sliding' : 'full'))
  const cap = capOf(json['attn_logit_softcapping'] === undefined ? 50 : optionalReal(json, 'attn_logit_softcapping'))
  const outputCap = capOf(
    json['final_logit_softcapping'] === undefined ? 30 : optionalReal(json, 'final_logit_softcapping'),
  )
  return {
    json: { sliding_window: 4096, head_dim: 256, ...json },
    tied: true,
    activationKey: 'hidden_activation',
    usualActivation: 'gelu_pytorch_tanh',
    block: (block, { layer }) => {
      const at = `model.layers.${layer}`
      return {
        ...block,
        norms: {
          attention: `${at}.input_layernorm`,
          afterAttention: `${at}.post_attention_layernorm`,
          feedForward: `${at}.pre_feedforward_layernorm`,
          afterFeedForward: `${at}.post_feedforward_layernorm`,
        },
        attention: {
          ...block.attention,
          ...windowOf({ sliding_window: 4096, ...json }, sliding[layer] as boolean),
          ...cap,
          scale: real(json, 'query_pre_attn_scalar', 256) ** -0.5,
        },
      }
    },
    model: {
      embeddingScale: Math.sqrt(count(json, 'hidden_size')),
      norm: { kind: 'rms-plus-one', epsilon: real(json, 'rms_norm_eps', 1e-6) },
    },
    output: outputCap,
  }
})

const capOf = (cap: number | undefined): { readonly cap?: number } => (cap === undefined ? {} : { cap })
