import { count } from '../config.ts'
import { llamaLike, windowOf } from '../llamaLike.ts'

/** Phi-3 (Abdin et al. 2024) and Phi-4-mini: Llama with one matrix for query, key and value, and one for gate and up. */
export const phi3 = llamaLike('phi3', 'Phi3', json => {
  const hidden = count(json, 'hidden_size')
  const feedForward = count(json, 'intermediate_size')
  // Its own configs say "yarn" and "su" for what is LongRoPE.
  const scaling = json['rope_scaling'] as { readonly type?: unknown } | undefined | null
  const renamed = scaling?.type === 'yarn' ? { rope_scaling: { ...scaling, type: 'longrope' } } : {}
  return {
    json: { original_max_position_embeddings: 4096, rms_norm_eps: 1e-5, ...json, ...renamed },
    block: (block, { layer, heads: { heads, keyValueHeads, headSize } }) => {
      const at = `model.layers.${layer}`
      const joined = { name: `${at}.self_attn.qkv_proj`, in: hidden, out: (heads + 2 * keyValueHeads) * headSize }
      const gateUp = { name: `${at}.mlp.gate_up_proj`, in: hidden, out: 2 * feedForward }
      return {
        ...block,
        attention: {
          ...block.attention,
          ...windowOf(json, true),
          inputs: [{ ...joined, parts: ['query', 'key', 'value'], bias: 'none' }],
        },
        feedForward: { ...block.feedForward, inputs: [{ ...gateUp, parts: ['gate', 'intermediate'], bias: 'none' }] },
      }
    },
  }
})
