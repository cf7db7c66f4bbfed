import { count, flag } from '../config.ts'
import { windowsOf } from '../decoderConfig.ts'
import { llamaLike, windowOf } from '../llamaLike.ts'

/** Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on query, key and value, and a window in its upper layers. */
export const qwen2 = llamaLike('qwen2', 'Qwen2', json => {
  const layers = count(json, 'num_hidden_layers')
  const first = count(json, 'max_window_layers', 28)
  const windowed = flag(json, 'use_sliding_window', false)
  const sliding = windowsOf(json, layers, i => (windowed && i >= first ? 'sliding' : 'full'))
  return {
    inputBias: 'own',
    block: (block, { layer }) => ({
      ...block,
      attention: { ...block.attention, ...windowOf(json, windowed && (sliding[layer] as boolean)) },
    }),
  }
})
