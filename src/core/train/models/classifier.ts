import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import { type Batch, padded, type TokenRows } from '../batch.ts'
import {
  type DropoutPlan,
  dropped,
  type EncoderConfig,
  type EncoderOptions,
  encode,
  type Lookup,
  linearParameters,
  type ParameterSpec,
  type Pooling,
  pool,
  required,
} from './encoder.ts'
import type { Family } from './families.ts'
import type { Feed, Task } from './task.ts'

/** An encoder with a classification head. */
export interface Classifier {
  readonly family: Family
  readonly config: EncoderConfig
  readonly pooling: Pooling
  readonly classes: number
  readonly adapt?: (lookup: Lookup, dropout?: DropoutPlan) => EncoderOptions['adapt']
}

/** Rows to learn from. */
export interface LabelledRows {
  readonly tokens: TokenRows
  /** Class index of each row. */
  readonly labels: Int32Array
  /** The id that fills short rows up. */
  readonly pad: number
}

/** The head's tensors: `classifier.weight` [classes, hidden] and `classifier.bias`. */
export function headParameters(model: Pick<Classifier, 'family' | 'config' | 'classes'>): ParameterSpec[] {
  return linearParameters(model.family.classifier, model.classes, model.config.hidden)
}

/** The vector that the head sees, [B,H]. */
export function features(
  g: Builder,
  lookup: Lookup,
  inputs: { readonly ids: Value; readonly mask: Value },
  options: { readonly model: Classifier; readonly dropout?: DropoutPlan },
): Value {
  const { model, dropout } = options
  const adapt = model.adapt?.(lookup, dropout)
  const encoder: EncoderOptions = {
    config: model.config,
    names: model.family.names,
    lookup,
    ...(dropout ? { dropout } : {}),
    ...(adapt ? { adapt } : {}),
  }
  return pool(g, encode(g, inputs, encoder), inputs.mask, { ...encoder, pooling: model.pooling })
}

/** Class scores before the softmax, [B, classes]. */
export function head(g: Builder, lookup: Lookup, x: Value, model: Pick<Classifier, 'family'>): Value {
  const name = model.family.classifier
  return g.linear(x, required(lookup, `${name}.weight`), required(lookup, `${name}.bias`))
}

/** The inputs of an encoder graph that only predicts. */
export const tokenInputs = {
  ids: { dtype: 'int64', dims: ['B', 'S'] },
  mask: { dtype: 'float32', dims: ['B', 'S'] },
} as const

/** The values of `tokenInputs` for a batch. */
export function tokenFeeds(
  rows: Pick<LabelledRows, 'tokens' | 'pad'>,
  batch: Batch,
): { feeds: Record<'ids' | 'mask', Feed>; tokens: number } {
  const { ids, mask, tokens } = padded(rows.tokens, batch, rows.pad)
  const dims = [batch.rows.length, batch.length]
  return { feeds: { ids: { data: ids, dims }, mask: { data: mask, dims } }, tokens }
}

/** Learning the labels of rows with the whole model. */
export function classification(model: Classifier, rows: LabelledRows, smoothing: number): Task {
  return {
    inputs: {
      ...tokenInputs,
      labels: { dtype: 'int64', dims: ['B'] },
      weights: { dtype: 'float32', dims: ['B'] },
    },
    loss(g, lookup, inputs, dropout) {
      const { ids, mask, labels, weights } = inputs as Record<string, Value> & { ids: Value; mask: Value }
      const x = features(g, lookup, { ids, mask }, { model, ...(dropout ? { dropout } : {}) })
      const logits = head(g, lookup, dropped(g, x, dropout), model)
      return g.crossEntropy(logits, labels as Value, weights as Value, { smoothing })
    },
    feeds(batch) {
      const { feeds, tokens } = tokenFeeds(rows, batch)
      return { feeds: { ...feeds, ...labelFeeds(rows.labels, batch) }, tokens, weight: batch.rows.length }
    },
  }
}

/** Features [rows, width] that were computed once, from a frozen encoder. */
export interface FeatureRows {
  readonly features: Float32Array
  readonly width: number
  readonly labels: Int32Array
}

/** Learning the labels of rows from their features: the head alone. Batches cost next to nothing. */
export function headOnly(model: Pick<Classifier, 'family'>, rows: FeatureRows, smoothing: number): Task {
  const { features, width } = rows
  return {
    inputs: {
      features: { dtype: 'float32', dims: ['B', width] },
      labels: { dtype: 'int64', dims: ['B'] },
      weights: { dtype: 'float32', dims: ['B'] },
    },
    loss(g, lookup, inputs, dropout) {
      const x = dropped(g, inputs['features'] as Value, dropout)
      const logits = head(g, lookup, x, model)
      return g.crossEntropy(logits, inputs['labels'] as Value, inputs['weights'] as Value, { smoothing })
    },
    feeds(batch) {
      const data = new Float32Array(batch.rows.length * width)
      batch.rows.forEach((row, b) => {
        data.set(features.subarray(row * width, (row + 1) * width), b * width)
      })
      const feeds = { features: { data, dims: [batch.rows.length, width] }, ...labelFeeds(rows.labels, batch) }
      return { feeds, tokens: 0, weight: batch.rows.length }
    },
  }
}

function labelFeeds(labels: Int32Array, batch: Batch): Record<'labels' | 'weights', Feed> {
  const dims = [batch.rows.length]
  return {
    labels: { data: BigInt64Array.from(batch.rows, row => BigInt(labels[row] as number)), dims },
    weights: { data: new Float32Array(batch.rows.length).fill(1), dims },
  }
}
