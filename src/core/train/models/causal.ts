/* The language model on top of hidden states: scores, loss and answers at the tokens that count, and nowhere else. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { LossValues } from '../../graph/ops/loss.ts'
import type { LanguageHead, Lookup } from './architecture.ts'
import { required } from './blocks.ts'

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
 * Vocabularies from here on are scored in pieces of the places: below, the scores of a batch are a few megabytes, and on
 * WebGPU a loop costs copies between the processors at every turn.
 */
const large = { fused: 8192, portable: 65536 } as const

/** The matrix of a causal head whose vocabulary is large; nothing where all scores are made at once. */
function inPieces(g: Builder, lookup: Lookup, head: LanguageHead): Value | undefined {
  if (head.kind !== 'causal') return undefined
  const weight = required(lookup, head.weight)
  return Number(weight.dims[0]) >= large[g.lowering] ? weight : undefined
}

/**
 * Cross entropy of the supervised tokens: `loss` is Σ weight·nll / Σ weight, `rows` the negative log-likelihood of each of
 * the M places, in nats.
 */
export function languageLoss(g: Builder, lookup: Lookup, options: LanguageLossOptions): LossValues {
  const { head, hidden, places, targets, weights, smoothing = 0 } = options
  const weight = inPieces(g, lookup, head)
  if (weight) {
    const x = g.gather(g.flat2d(hidden), places)
    return g.projectedCrossEntropy({ x, weight, labels: targets, weights }, { smoothing, ...capOf(head) })
  }
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
  const { head, hidden, places, targets, weights } = options
  const weight = inPieces(g, lookup, head)
  const answer = (losses: Value, said: Value) => ({ losses, said, right: g.cast(g.equal(said, targets), g.dtype) })
  if (weight) {
    const x = g.gather(g.flat2d(hidden), places)
    const { losses, said } = g.projectedAnswers({ x, weight, labels: targets }, capOf(head))
    return answer(losses, said)
  }
  const scores = scoresAt(g, lookup, options)
  return answer(g.crossEntropy(scores, targets, weights).rows, g.argmax(scores))
}

const capOf = ({ cap }: LanguageHead): { readonly cap?: number } => (cap === undefined ? {} : { cap })
