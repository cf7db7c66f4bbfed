/* What a training step tells of rows that carry one class each, beside their losses: how the class stood against the best other one. */
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { Batch } from '../batch.ts'
import type { SampleLosses } from '../models/task.ts'

/** Below every score. */
const least = -1e30
/** Numbers of a row: its loss, its margin, its rival. */
const width = 3

/**
 * Of scores [B, classes] and labels int64 [B] with their losses [B]: [B, 3], for each row the loss, the margin (the score of its
 * label less the greatest other one: what the area under the margin sums up, Pleiss et al. 2020) and the class of that other one.
 */
export function tellRivals(
  g: Builder,
  scores: Value,
  { labels, losses }: { readonly labels: Value; readonly losses: Value },
): Value {
  const [rows, classes] = scores.dims
  const numbers = Float32Array.from({ length: classes as number }, (_, k) => k)
  const own = g.equal(g.unsqueeze(g.cast(labels, scores.dtype), [1]), g.const(numbers, [1, numbers.length]))
  const others = g.where(own, least, scores)
  const mine = g.reduceMax(g.where(own, scores, least), [1])
  const margin = g.sub(mine, g.reduceMax(others, [1]))
  const rival = g.unsqueeze(g.cast(g.argmax(others), scores.dtype), [1])
  return g.reshape(g.concat([g.unsqueeze(losses, [1]), margin, rival], 1), [rows!, width])
}

/** Reads what `tellRivals` told of a batch. */
export function readRivals(batch: Batch, told: Float32Array): SampleLosses {
  const column = (at: number) => Float32Array.from(batch.rows, (_, i) => told[i * width + at] as number)
  const others = Int32Array.from(batch.rows, (_, i) => told[i * width + 2] as number)
  return { samples: batch.rows, losses: column(0), rivals: { margins: column(1), others } }
}
