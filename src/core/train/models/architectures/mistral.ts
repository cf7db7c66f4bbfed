import { llamaLike, windowOf } from '../llamaLike.ts'

/** Mistral (Jiang et al. 2023): Llama whose tokens may see a window only. */
export const mistral = llamaLike('mistral', 'Mistral', json => ({
  block: block => ({ ...block, attention: { ...block.attention, ...windowOf(json, true) } }),
}))
