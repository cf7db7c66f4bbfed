import * as v from 'valibot'
import { above0, from0, maybe, say, whole } from './fields.ts'

/** Which part of the model learns how fast, as people write it. */
export const ratesEntries = {
  rates: maybe(
    v.pipe(
      v.strictObject({
        layerDecay: maybe(
          v.pipe(
            v.number(),
            v.gtValue(0),
            v.maxValue(1),
            say(
              'Factor of the rate from a layer to the one below; what is above the layers learns at the full rate, the top layer at this share of it.',
            ),
          ),
        ),
        embeddings: maybe(from0('Factor of the rate of embeddings; 0 leaves them as they are.')),
        backbone: maybe(from0('Factor of the rate of the layers and adapters on them; 0 leaves them as they are.')),
        head: maybe(above0('Factor of the rate of the task’s own head.')),
      }),
      say('Factors of the learning rate by the place of a tensor in the model.'),
    ),
  ),
  unfreeze: maybe(
    v.pipe(
      v.strictObject({
        epochs: maybe(above0('Epochs from one layer to the next.')),
        steps: maybe(whole(1, 'Steps from one layer to the next, in place of epochs.')),
      }),
      say(
        'Gradual unfreezing (Howard and Ruder 2018): the head learns first, and from the top one layer more after every so many epochs.',
      ),
    ),
  ),
}

/** Which part of the model learns how fast, with defaults. */
export interface RecipeRates {
  readonly rates: {
    readonly layerDecay: number
    readonly embeddings: number
    readonly backbone: number
    readonly head: number
  }
  /** Absent where everything learns from the first step on. */
  readonly unfreeze?: { readonly epochs: number } | { readonly steps: number }
}

type Entries = typeof ratesEntries

/** Writes out the defaults. */
export function resolveRates(input: {
  readonly rates?: v.InferOutput<Entries['rates']['wrapped']>
  readonly unfreeze?: v.InferOutput<Entries['unfreeze']['wrapped']>
}): RecipeRates {
  const { unfreeze } = input
  return {
    rates: { layerDecay: 1, embeddings: 1, backbone: 1, head: 1, ...input.rates },
    ...(unfreeze === undefined
      ? {}
      : { unfreeze: unfreeze.steps === undefined ? { epochs: unfreeze.epochs ?? 1 } : { steps: unfreeze.steps } }),
  }
}
