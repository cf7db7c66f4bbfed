import * as v from 'valibot'
import { above0, fraction, from0, maybe, say } from './fields.ts'

const shared = {
  decay: maybe(from0('Weight decay; biases and normalisation are spared.')),
  clip: maybe(from0('Largest L2 norm of the gradient; 0 turns clipping off.')),
}

const adamw = v.strictObject({
  kind: maybe(v.pipe(v.literal('adamw'), say('AdamW (Loshchilov and Hutter 2019).'))),
  beta1: maybe(fraction('Decay of the first moment.')),
  beta2: maybe(fraction('Decay of the second moment.')),
  epsilon: maybe(above0('Added to the root of the second moment.')),
  ...shared,
})

const sgd = v.strictObject({
  kind: v.pipe(v.literal('sgd'), say('Gradient descent with momentum; half the state of AdamW.')),
  momentum: maybe(fraction('Decay of the running sum of gradients; 0 keeps none.')),
  nesterov: maybe(v.pipe(v.boolean(), say('Look ahead along the momentum (Sutskever et al. 2013).'))),
  ...shared,
})

/** How gradients become updates, as people write it. */
export const optimizerEntries = {
  optimizer: maybe(v.pipe(v.variant('kind', [adamw, sgd]), say('How gradients become updates.'))),
}

interface Shared {
  readonly decay: number
  readonly clip: number
}

/** How gradients become updates, with defaults. */
export type RecipeOptimizer =
  | (Shared & {
      readonly kind: 'adamw'
      readonly beta1: number
      readonly beta2: number
      readonly epsilon: number
    })
  | (Shared & { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov: boolean })

/** Writes out the defaults: the betas and epsilon of PyTorch, clipping at norm 1. */
export function resolveOptimizer(
  input: v.InferOutput<(typeof optimizerEntries)['optimizer']['wrapped']> | undefined,
): RecipeOptimizer {
  if (input?.kind === 'sgd') return { momentum: 0.9, nesterov: false, decay: 0, clip: 1, ...input }
  return { decay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 1, ...input, kind: 'adamw' }
}
