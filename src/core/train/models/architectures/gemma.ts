import { count, real } from '../config.ts'
import { llamaLike, refuseBidirectional } from '../llamaLike.ts'

/** Gemma (Mesnard et al. 2024): Llama with GELU, scaled embeddings, and norms whose weight is added to 1. */
export const gemma = llamaLike('gemma', 'Gemma', json => {
  refuseBidirectional(json)
  // Old configs say `hidden_act: gelu` and mean the tanh approximation that `hidden_activation` names.
  const key = json['hidden_activation'] == null ? 'hidden_act' : 'hidden_activation'
  return {
    tied: true,
    activationKey: key,
    usualActivation: 'gelu_pytorch_tanh',
    model: {
      embeddingScale: Math.sqrt(count(json, 'hidden_size')),
      norm: { kind: 'rms-plus-one', epsilon: real(json, 'rms_norm_eps', 1e-6) },
    },
  }
})
