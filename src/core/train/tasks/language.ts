/* What language models have in common: targets are tokens, and scores are computed where there is a target alone. */
import type { Value } from '../../graph/graph.ts'
import type { Batch } from '../batch.ts'
import { languageAnswers, languageLoss, type Supervised } from '../models/causal.ts'
import type { Task } from '../models/task.ts'
import type { EncodedRows } from './encoded.ts'
import { backboneInputs, eachToken, tokenFeeds, tokenInputs } from './feeds.ts'
import type { AnswerGraph, Answers, BindOptions, TaskModel } from './task.ts'

/** No target. */
export const none = -100

/** The positions of a batch whose scores carry loss. */
export interface Chosen {
  /** Rows of the flattened hidden states [B·S,H]. */
  readonly places: readonly number[]
  /** The token that is right there. */
  readonly targets: readonly number[]
  /** Where the target stands in `tokens.ids`. */
  readonly tokens: readonly number[]
  /** The tokens that the model sees in place of the rows' own, by place; for masked models. */
  readonly replaced?: ReadonlyMap<number, number>
}

/** Which positions of a batch are chosen at a step. */
export type Choose = (batch: Batch, step: number) => Chosen

/** What a causal model learns: at each token the one that follows in the same document, where that is a target. */
export function followers(rows: EncodedRows): Choose {
  return batch => {
    const places: number[] = []
    const targets: number[] = []
    const tokens: number[] = []
    let row = -1
    eachToken(rows, batch, (at, token, b) => {
      const first = b !== row || (rows.segments && rows.segments[token] !== rows.segments[token - 1])
      row = b
      if (first || rows.targets[token] === none) return
      places.push(at - 1)
      targets.push(rows.targets[token] as number)
      tokens.push(token)
    })
    return { places, targets, tokens }
  }
}

/** Learning tokens. */
export function learnTokens(model: TaskModel, rows: EncodedRows, options: BindOptions & { choose: Choose }): Task {
  const { choose, smoothing } = options
  return {
    inputs: chosenInputs(rows),
    loss(g, lookup, inputs, dropout) {
      const wrapped = { ...model.wrap?.(lookup, dropout), ...(dropout ? { dropout } : {}) }
      const hidden = model.backbone.hidden(g, lookup, backboneInputs(inputs), wrapped)
      return languageLoss(g, lookup, { head: model.backbone.language, hidden, ...supervised(inputs), smoothing })
    },
    feeds: (batch, step) => chosenFeeds(rows, batch, choose(batch, step)),
    samples: (batch, step, losses) => sampleLosses(rows, choose(batch, step), losses),
  }
}

/** The loss of each target, and the token that the model would have said there. */
export function answerTokens(model: TaskModel, rows: EncodedRows, choose: Choose): AnswerGraph {
  return {
    inputs: chosenInputs(rows),
    outputs(g, lookup, inputs) {
      const hidden = model.backbone.hidden(g, lookup, backboneInputs(inputs), model.wrap?.(lookup) ?? {})
      const head = model.backbone.language
      const { losses, said } = languageAnswers(g, lookup, { head, hidden, ...supervised(inputs) })
      return { losses, said }
    },
    feeds: batch => chosenFeeds(rows, batch, choose(batch, 0)),
    start: () => tokenAnswers(rows),
    take(batch, { losses, said }, into) {
      choose(batch, 0).tokens.forEach((token, i) => {
        into.scores[token] = Number(said?.[i])
        ;(into.losses as Float32Array)[token] = Number(losses?.[i])
      })
    },
  }
}

/** Answers for each token, still empty: a class of -1, a loss of 0. */
export const tokenAnswers = ({ tokens }: EncodedRows): Answers => ({
  scores: new Float32Array(tokens.ids.length).fill(-1),
  losses: new Float32Array(tokens.ids.length),
})

/** The mean of the chosen losses of each sample, in order of appearance. */
export function sampleLosses(rows: EncodedRows, { tokens }: Pick<Chosen, 'tokens'>, losses: Float32Array) {
  const sums = new Map<number, [sum: number, count: number]>()
  const owner = ownerOf(rows)
  tokens.forEach((token, i) => {
    const sample = owner(token)
    const found = sums.get(sample)
    if (found) {
      found[0] += losses[i] as number
      found[1]++
    } else sums.set(sample, [losses[i] as number, 1])
  })
  return {
    samples: Int32Array.from(sums.keys()),
    losses: Float32Array.from(sums.values(), ([sum, count]) => sum / count),
  }
}

/** The sample of a token, by its place in `tokens.ids`. */
export function ownerOf({ owners, tokens }: Pick<EncodedRows, 'owners' | 'tokens'>): (token: number) => number {
  if (owners) return token => owners[token] as number
  const { starts } = tokens
  return token => {
    let low = 0
    let high = starts.length - 1
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] as number) <= token) low = middle
      else high = middle
    }
    return low
  }
}

const supervised = (inputs: Readonly<Record<string, Value>>): Supervised => ({
  places: inputs['places'] as Value,
  targets: inputs['targets'] as Value,
  weights: inputs['weights'] as Value,
})

function chosenInputs(rows: EncodedRows): Task['inputs'] {
  return {
    ...tokenInputs(rows),
    places: { dtype: 'int64', dims: ['M'] },
    targets: { dtype: 'int64', dims: ['M'] },
    weights: { dtype: 'float32', dims: ['M'] },
  }
}

function chosenFeeds(rows: EncodedRows, batch: Batch, chosen: Chosen) {
  const { feeds, tokens } = tokenFeeds(rows, batch)
  const count = chosen.places.length
  const size = roomFor(count)
  const places = new BigInt64Array(size)
  const targets = new BigInt64Array(size)
  const weights = new Float32Array(size)
  for (let i = 0; i < count; i++) {
    places[i] = BigInt(chosen.places[i] as number)
    targets[i] = BigInt(chosen.targets[i] as number)
    weights[i] = 1
  }
  const ids = feeds['ids']!.data as BigInt64Array
  for (const [at, id] of chosen.replaced ?? []) ids[at] = BigInt(id)
  return {
    feeds: {
      ...feeds,
      places: { data: places, dims: [size] },
      targets: { data: targets, dims: [size] },
      weights: { data: weights, dims: [size] },
    },
    tokens,
    weight: count,
  }
}

/** Few sizes, so that batches can share a run of the graph and a GPU compiles seldom: at most an eighth too large. */
export function roomFor(count: number): number {
  const unit = Math.max(8, 2 ** (Math.floor(Math.log2(Math.max(1, count))) - 3))
  return Math.max(unit, Math.ceil(count / unit) * unit)
}
