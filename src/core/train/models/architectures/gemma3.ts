import type { ConfigJson } from '../architecture.ts'
import { count, real } from '../config.ts'
import { optionalReal, rotaryOf, windowsOf } from '../decoderConfig.ts'
import { llamaLike, refuseBidirectional, windowOf } from '../llamaLike.ts'

/**
 * The text model of Gemma 3 (Kamath et al. 2025): Gemma 2 with normalised queries and keys in place of capped scores; most
 * layers see a window, and turn faster than those that see all.
 */
export const gemma3 = llamaLike(
  'gemma3_text',
  {
    sequence: 'Gemma3TextForSequenceClassification',
    tokens: 'Gemma3ForTokenClassification',
    language: 'Gemma3ForCausalLM',
  },
  given => {
    const json: ConfigJson = { sliding_window: 4096, head_dim: 256, num_key_value_heads: 4, ...given }
    refuseBidirectional(json)
    const pattern = count(json, 'sliding_window_pattern', 6)
    const sliding = windowsOf(json, count(json, 'num_hidden_layers'), i =>
      (i + 1) % pattern === 0 ? 'full' : 'sliding',
    )
    const [cap, outputCap] = ['attn_logit_softcapping', 'final_logit_softcapping'].map(key => optionalReal(json, key))
    const local = {
      rope_parameters: json['rope_parameters'],
      rope_theta: real(json, 'rope_local_base_freq', 10_000),
      max_position_embeddings: json['max_position_embeddings'],
    }
    return {
      json,
      tied: true,
      activationKey: 'hidden_activation',
      usualActivation: 'gelu_pytorch_tanh',
      block: (block, { layer, heads: { headSize } }) => {
        const at = `model.layers.${layer}`
        const near = sliding[layer] as boolean
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
            ...windowOf(json, near),
            ...(cap === undefined ? {} : { cap }),
            queryNorm: `${at}.self_attn.q_norm`,
            keyNorm: `${at}.self_attn.k_norm`,
            rotary: near
              ? rotaryOf(local, { headSize, base: 10_000, layers: 'sliding_attention' })
              : rotaryOf(json, { headSize, base: 1_000_000, layers: 'full_attention' }),
            scale: real(json, 'query_pre_attn_scalar', 256) ** -0.5,
          },
        }
      },
      model: {
        embeddingScale: Math.sqrt(count(json, 'hidden_size')),
        norm: { kind: 'rms-plus-one', epsilon: real(json, 'rms_norm_eps', 1e-6) },
      },
      output: outputCap === undefined ? {} : { cap: outputCap },
    }
  },
)
