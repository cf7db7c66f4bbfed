import * as v from 'valibot'
import { fraction, from0, maybe, say } from './fields.ts'

/** What keeps a model from learning the rows by heart, as people write it. */
export const regularizationEntries = {
  focal: maybe(
    v.pipe(
      v.union([v.literal('off'), v.pipe(v.number(), v.minValue(1))]),
      say(
        'γ of the focal loss (Lin et al. 2017): rows that are learnt fade by (1 − p)^γ; 2 is usual. For single labels.',
      ),
    ),
  ),
  classWeights: maybe(
    v.pipe(
      v.union([v.picklist(['none', 'balanced']), v.record(v.string(), v.pipe(v.number(), v.gtValue(0)))]),
      say(
        'Factor of each label in the loss: "balanced" makes rare labels count as much as frequent ones (rows / (labels · rows of the label)), or numbers by label, 1 for those left out. For single labels.',
      ),
    ),
  ),
  dropout: maybe(fraction('Dropout while training, in the encoder and before the head.')),
  neftune: maybe(
    from0(
      'Noise on the embeddings while training (NEFTune, Jain et al. 2023): uniform in ±α/√(tokens · width); 5 is usual, 0 is none.',
    ),
  ),
  pull: maybe(
    from0(
      'α of L2-SP (Li et al. 2018): α/2 times the squared distance of the trained weights from those that the model came with is added to the loss, so that less is forgotten; 0.01 to 0.1 are usual, 0 is none. For methods that train the model’s own weights.',
    ),
  ),
  ema: maybe(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.ltValue(1),
      say(
        'Decay of a running average of the trained weights, which is then what is scored and exported: 0.99, 0.999; 0 keeps none.',
      ),
    ),
  ),
}

/** What keeps a model from learning the rows by heart, with defaults. */
export interface RecipeRegularization {
  readonly focal: 'off' | number
  readonly classWeights: 'none' | 'balanced' | { readonly [label: string]: number }
  readonly dropout: number
  readonly neftune: number
  /** Absent in recipes of runs before there was one. */
  readonly pull?: number
  readonly ema: number
}

/** Writes out the defaults. */
export function resolveRegularization(
  input: {
    readonly [K in keyof RecipeRegularization]?: RecipeRegularization[K]
  },
): RecipeRegularization {
  return {
    focal: input.focal ?? 'off',
    classWeights: input.classWeights ?? 'none',
    dropout: input.dropout ?? 0.1,
    neftune: input.neftune ?? 0,
    ...(input.pull ? { pull: input.pull } : {}),
    ema: input.ema ?? 0,
  }
}
