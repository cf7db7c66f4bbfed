import { count, flag } from '../config.ts'
import { windowsOf } from '../decoderConfig.ts'
import { llamaLike, windowOf } from '../llamaLike.ts'

/** Qwen3 (Yang et al. 2025): Llama whose queries and keys are normalised head by head. */
export const qwen3 = llamaLike('qwen3', 'Qwen3', json => {
  const layers = count(json, 'num_hidden_layers')
  const first = count(json, 'max_window_layers', 28)
  const windowed = flag(json, 'use_sliding_window', false)
  const sliding = windowsOf(json, layers, i => (windowed && i >= first ? 'sliding' : 'full'))
  return {
    block: (block, { layer }) => {
      const at = `model.layers.${layer}.self_attn`
      const norms = { queryNorm: `${at}.q_norm`, keyNorm: `${at}.k_norm` }
      return {
        ...block,
        attention: { ...block.attention, ...norms, ...windowOf(json, windowed && (sliding[layer] as boolean)) },
      }
    },
  }
})
