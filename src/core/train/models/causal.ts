/* The language model on top of hidden states: scores, loss and answers at the tokens that count, and nowhere else. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { LossValues } from '../../graph/ops/loss.ts'
import type { LanguageHead, Lookup } from './architecture.ts'

/** Tokens that are to be said. M counts all rows of a batch together; unused places weigh 0. */
export interface Supervised {
  /** Where the hidden state lies that says the token: row · S + position of the token before it, int64 [M]. */
  readonly places: Value
  /** The token to be said, int64 [M]; any valid id where the weight is 0. */
  readonly targets: Value
  /** Its share of the loss, float [M]. */
  readonly weights: Value
}

/** Scores over the vocabulary [M,V] at chosen places of hidden states [B,S,H]. Shifting is the caller's. */
export function scoresAt(
  g: Builder,
  lookup: Lookup,
  { head, hidden, places }: { readonly head: LanguageHead; readonly hidden: Value; readonly places: Value },
): Value {
  return head.scores(g, lookup, g.gather(g.flat2d(hidden), places))
}

export interface LanguageLossOptions extends Supervised {
  readonly head: LanguageHead
  /** [B,S,H]. */
  readonly hidden: Value
  readonly smoothing?: number
}

/**
 * Cross entropy of the supervised tokens: `loss` is Σ weight·nll / Σ weight, `rows` the negative log-likelihood of each of
 * the M places, in nats.
 */
export function languageLoss(g: Builder, lookup: Lookup, options: LanguageLossOptions): LossValues {
  const { targets, weights, smoothing = 0 } = options
  return g.crossEntropy(scoresAt(g, lookup, options), targets, weights, { smoothing })
}

/** What a language model says at the supervised places. */
export interface LanguageAnswers {
  /** Negative log-likelihood of each target, nats, float [M]. */
  readonly losses: Value
  /** The most probable token, int64 [M]. */
  readonly said: Value
  /** 1 where that is the target, float [M]. */
  readonly right: Value
}

/** Losses and the most probable tokens, for evaluation. */
export function languageAnswers(
  g: Builder,
  lookup: Lookup,
  options: Omit<LanguageLossOptions, 'smoothing'>,
): LanguageAnswers {
  const scores = scoresAt(g, lookup, options)
  const said = g.argmax(scores)
  return {
    losses: g.crossEntropy(scores, options.targets, options.weights).rows,
    said,
    right: g.cast(g.equal(said, options.targets), g.dtype),
  }
}

/** The sum of values [M] for each row of the batch, [B]; `owners` int64 [M] is the row of each place. */
export function sumByRow(
  g: Builder,
  values: Value,
  { owners, rows }: { readonly owners: Value; readonly rows: Value['dims'][number] },
): Value {
  const zeros = g.expand(g.scalar(0, values.dtype), [rows])
  return g.scatterAdd(zeros, g.unsqueeze(owners, [1]), values)
}
