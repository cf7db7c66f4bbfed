import * as v from 'valibot'
import { above0, fraction, from0, maybe, say } from './fields.ts'

/** How gradients become updates, as people write it. */
export const optimizerEntries = {
  optimizer: maybe(
    v.pipe(
      v.strictObject({
        kind: maybe(v.pipe(v.picklist(['adamw']), say('AdamW (Loshchilov and Hutter 2019).'))),
        decay: maybe(from0('Weight decay; biases and normalisation are spared.')),
        beta1: maybe(fraction('Decay of the first moment.')),
        beta2: maybe(fraction('Decay of the second moment.')),
        epsilon: maybe(above0('Added to the root of the second moment.')),
        clip: maybe(from0('Largest L2 norm of the gradient; 0 turns clipping off.')),
      }),
      say('How gradients become updates.'),
    ),
  ),
}

/** How gradients become updates, with defaults. */
export interface RecipeOptimizer {
  readonly kind: 'adamw'
  readonly decay: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly clip: number
}

/** Writes out the defaults: the betas and epsilon of PyTorch, clipping at norm 1. */
export function resolveOptimizer(
  input: v.InferOutput<(typeof optimizerEntries)['optimizer']['wrapped']> | undefined,
): RecipeOptimizer {
  return { kind: 'adamw', decay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 1, ...input }
}
