import { llamaLike } from '../llamaLike.ts'

/** Llama 1 to 3 (Touvron et al. 2023; Dubey et al. 2024), SmolLM, TinyLlama and others of the same form. */
export const llama = llamaLike('llama', 'Llama')
