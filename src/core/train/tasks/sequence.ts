/* What the tasks that give one answer a row have in common: a head on pooled vectors, and targets by row. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import { type Batch, rowLength, tokenRows } from '../batch.ts'
import type { DropoutPlan, Lookup } from '../models/architecture.ts'
import type { Feed, Task } from '../models/task.ts'
import type { EncodedRows } from './encoded.ts'
import { backboneInputs, tokenFeeds, tokenInputs } from './feeds.ts'
import type { Sample } from './sample.ts'
import type { AnswerGraph, BindOptions, EncodeOptions, RowTarget, TaskModel } from './task.ts'

/** The head of a task on rows or tokens; that there is none is a bug. */
export function headOf({ head }: TaskModel) {
  if (!head) throw new Error('the task has no head')
  return head
}

/** The vector that the head sees, [B,H], or of each token [B,S,H]. */
export function features(
  g: Builder,
  lookup: Lookup,
  inputs: Readonly<Record<string, Value>>,
  { model, dropout }: { readonly model: TaskModel; readonly dropout?: DropoutPlan },
): Value {
  const wrapped = model.wrap?.(lookup, dropout) ?? {}
  const fed = backboneInputs(inputs)
  const hidden = model.backbone.hidden(g, lookup, fed, { ...wrapped, ...(dropout ? { dropout } : {}) })
  return headOf(model).features(g, lookup, hidden, { mask: fed.mask, ...wrapped })
}

/** Learning the answers of rows with the whole model. */
export function rowTask(target: RowTarget, model: TaskModel, rows: EncodedRows, options: BindOptions): Task {
  return {
    inputs: { ...tokenInputs(rows), ...target.inputs(model.classes) },
    ...(target.samples ? { samples: target.samples } : {}),
    loss(g, lookup, inputs, dropout) {
      const x = features(g, lookup, inputs, { model, ...(dropout ? { dropout } : {}) })
      return target.loss(g, headOf(model).scores(g, lookup, x, dropout), inputs, options)
    },
    feeds(batch) {
      const { feeds, tokens } = tokenFeeds(rows, batch)
      const weight = weightOf(rows, batch, options)
      return { feeds: { ...feeds, ...target.feeds(rows, batch, model.classes) }, tokens, weight }
    },
  }
}

/** Features [rows, width] that were computed once, from a frozen backbone. */
export interface FeatureRows extends Pick<EncodedRows, 'targets'> {
  readonly features: Float32Array
  readonly width: number
}

/** Learning the answers of rows from their features: the head alone. Batches cost next to nothing. */
export function featureTask(target: RowTarget, model: TaskModel, rows: FeatureRows, options: BindOptions): Task {
  return {
    inputs: { features: { dtype: 'float32', dims: ['B', rows.width] }, ...target.inputs(model.classes) },
    ...(target.samples ? { samples: target.samples } : {}),
    loss(g, lookup, inputs, dropout) {
      const scores = headOf(model).scores(g, lookup, inputs['features'] as Value, dropout)
      return target.loss(g, scores, inputs, options)
    },
    feeds(batch) {
      const fed = featureFeeds(rows, batch)
      const weight = weightOf(rows, batch, options)
      return { ...fed, weight, feeds: { ...fed.feeds, ...target.feeds(rows, batch, model.classes) } }
    },
  }
}

/** What the mean loss of a batch divides by: rows, or the weights of their classes. */
function weightOf({ targets }: Pick<EncodedRows, 'targets'>, batch: Batch, { classWeights }: BindOptions): number {
  if (!classWeights) return batch.rows.length
  return batch.rows.reduce((sum, row) => sum + (classWeights[targets[row] as number] ?? 1), 0)
}

/** Scores [B, classes] of rows, as the output `y`. */
export function rowAnswers(model: TaskModel, rows: EncodedRows): AnswerGraph {
  return {
    ...rowScan(rows, model.classes),
    ...rowInputs(rows),
    outputs: (g, lookup, inputs) => ({
      y: headOf(model).scores(g, lookup, features(g, lookup, inputs, { model })),
    }),
  }
}

/** Features of rows as the output `y`, [B, hidden]. */
export function rowFeatures(model: TaskModel, rows: EncodedRows): AnswerGraph {
  return {
    ...rowScan(rows, model.backbone.sizes.hidden),
    ...rowInputs(rows),
    outputs: (g, lookup, inputs) => ({ y: features(g, lookup, inputs, { model }) }),
  }
}

const rowInputs = (rows: EncodedRows): Pick<AnswerGraph, 'inputs' | 'feeds'> => ({
  inputs: tokenInputs(rows),
  feeds: batch => ({ ...tokenFeeds(rows, batch), weight: batch.rows.length }),
})

/** Scores of features that were computed once, as the output `y`. */
export function featureAnswers(model: TaskModel, rows: Omit<FeatureRows, 'targets'>): AnswerGraph {
  const { features, width } = rows
  const count = features.length / width
  return {
    ...rowScan({ lengths: new Int32Array(count) }, model.classes),
    inputs: { features: { dtype: 'float32', dims: ['B', width] } },
    outputs: (g, lookup, inputs) => ({ y: headOf(model).scores(g, lookup, inputs['features'] as Value) }),
    feeds: batch => featureFeeds(rows, batch),
  }
}

function featureFeeds({ features, width }: Omit<FeatureRows, 'targets'>, batch: Batch) {
  const data = new Float32Array(batch.rows.length * width)
  batch.rows.forEach((row, b) => {
    data.set(features.subarray(row * width, (row + 1) * width), b * width)
  })
  return { feeds: { features: { data, dims: [batch.rows.length, width] } }, tokens: 0, weight: batch.rows.length }
}

/** So many numbers for each row, from the output `y`. */
function rowScan(rows: Pick<EncodedRows, 'lengths'>, width: number): Pick<AnswerGraph, 'start' | 'take'> {
  return {
    start: () => ({ scores: new Float32Array(rows.lengths.length * width) }),
    take(batch, { y }, { scores }) {
      const data = y as Float32Array
      batch.rows.forEach((row, b) => {
        scores.set(data.subarray(b * width, (b + 1) * width), row * width)
      })
    },
  }
}

/** Weights of rows, all 1. */
export const rowWeights = (batch: Batch): Feed => ({
  data: new Float32Array(batch.rows.length).fill(1),
  dims: [batch.rows.length],
})

/** Texts, or pairs of them, as tokens. */
export function encodeTexts(
  samples: readonly Sample[],
  { encoder, limit }: EncodeOptions,
  targets: EncodedRows['targets'],
): EncodedRows {
  let cut = 0
  const types: number[] = []
  const ids = samples.map(({ text, pair }) => {
    const encoding = encoder.encode(text, pair === undefined ? { limit } : { limit, pair })
    if (encoding.cut > 0) cut++
    if (pair !== undefined) for (const type of encoding.types) types.push(type)
    return encoding.ids
  })
  const tokens = tokenRows(ids)
  const lengths = Int32Array.from(ids, (_, i) => rowLength(tokens, i))
  const second = types.length > 0 ? { types: Uint8Array.from(types) } : {}
  return { tokens, lengths, pad: encoder.special.pad, targets, cut, ...second }
}
