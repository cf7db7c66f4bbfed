import { ConfigError } from '../architecture.ts'
import { count, flag } from '../config.ts'
import { windowsOf } from '../decoderConfig.ts'
import { llamaLike, windowOf } from '../llamaLike.ts'

/** SmolLM3 (Bakouch et al. 2025): Llama whose every fourth layer does not turn its queries and keys. */
export const smollm3 = llamaLike('smollm3', 'SmolLM3', json => {
  const layers = count(json, 'num_hidden_layers')
  const interval = count(json, 'no_rope_layer_interval', 4)
  const turns = json['no_rope_layers'] ?? Array.from({ length: layers }, (_, i) => Number((i + 1) % interval !== 0))
  if (!Array.isArray(turns) || turns.length !== layers)
    throw new ConfigError(`no_rope_layers must have ${layers} numbers, 1 for layers that turn`)
  const windowed = flag(json, 'use_sliding_window', false)
  const sliding = windowsOf(json, layers, i => (windowed && !turns[i] ? 'sliding' : 'full'))
  return {
    tied: true,
    base: 2_000_000,
    block: (block, { layer }) => {
      const { rotary, ...attention } = block.attention
      const window = windowOf(json, windowed && (sliding[layer] as boolean))
      return { ...block, attention: { ...attention, ...window, ...(turns[layer] && rotary ? { rotary } : {}) } }
    },
  }
})
