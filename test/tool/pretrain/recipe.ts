/** How the embedded encoder is made; `--steps` and `--seed` may say otherwise. */
export const recipe = {
  seed: 1,
  /** Optimizer steps of `rows` sequences of `tokens` tokens. */
  steps: 8000,
  rows: 32,
  tokens: 64,
  /** Sequences that are scored and never learnt from. */
  held: 128,
  /** Share of the tokens to predict. */
  share: 0.2,
  schedule: { kind: 'cosine', rate: 1e-3, warmup: 200 },
  optimizer: { decay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 1 },
  dropout: 0,
  /** Steps between two looks at the held-out sequences; the model is written each time. */
  evaluate: 250,
  /** Word vectors before training; they then learn at `rate` times the rate, or a few steps of noise would undo them. */
  embedding: { window: 16, scale: 0.05, rate: 0.1 },
} as const

/** How the embedded decoder is made. */
export const decoderRecipe = {
  /** Optimizer steps of `rows` sequences of `tokens` tokens, documents packed. */
  steps: 2600,
  rows: 12,
  tokens: 192,
  /** Senses that are scored and never learnt from. */
  held: 500,
  schedule: { kind: 'cosine', rate: 2e-3, warmup: 100 },
  optimizer: { decay: 0.05, beta1: 0.9, beta2: 0.98, epsilon: 1e-8, clip: 1 },
  evaluate: 200,
} as const
