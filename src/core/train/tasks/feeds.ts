import type { Value } from '../../graph/graph.ts'
import { type Batch, padded, rowLength } from '../batch.ts'
import type { BackboneInputs } from '../models/architecture.ts'
import type { Feed, Task } from '../models/task.ts'
import type { EncodedRows } from './encoded.ts'

type Inputs = Task['inputs']

/** The token inputs of a graph over these rows: `ids` and `mask`, and what more the rows have. */
export function tokenInputs(rows: Pick<EncodedRows, 'types' | 'positions' | 'segments'>): Inputs {
  const whole = { dtype: 'int64', dims: ['B', 'S'] } as const
  return {
    ids: whole,
    mask: { dtype: 'float32', dims: ['B', 'S'] },
    ...(rows.types ? { types: whole } : {}),
    ...(rows.positions ? { positions: whole } : {}),
    ...(rows.segments ? { segments: whole } : {}),
  }
}

/** The inputs of a graph as a backbone takes them. */
export function backboneInputs(inputs: Readonly<Record<string, Value>>): BackboneInputs {
  const { ids, mask, types, positions, segments } = inputs as Record<string, Value> & { ids: Value; mask: Value }
  return {
    ids,
    mask,
    ...(types ? { types } : {}),
    ...(positions ? { positions } : {}),
    ...(segments ? { segments } : {}),
  }
}

/** The values of `tokenInputs` for a batch, and its tokens without padding. */
export function tokenFeeds(rows: EncodedRows, batch: Batch): { feeds: Record<string, Feed>; tokens: number } {
  const { ids, mask, tokens } = padded(rows.tokens, batch, rows.pad)
  const dims = [batch.rows.length, batch.length]
  const whole = (values: ArrayLike<number>): Feed => ({ data: paddedWhole(rows, batch, { values, fill: 0 }), dims })
  const feeds = {
    ids: { data: ids, dims },
    mask: { data: mask, dims },
    ...(rows.types ? { types: whole(rows.types) } : {}),
    ...(rows.positions ? { positions: whole(rows.positions) } : {}),
    ...(rows.segments ? { segments: whole(rows.segments) } : {}),
  }
  return { feeds, tokens }
}

/** Whole numbers that lie end to end like the rows' tokens, as int64 [B,S]. */
export function paddedWhole(
  rows: Pick<EncodedRows, 'tokens'>,
  batch: Batch,
  { values, fill }: { readonly values: ArrayLike<number>; readonly fill: number },
): BigInt64Array {
  const out = new BigInt64Array(batch.rows.length * batch.length).fill(BigInt(fill))
  eachToken(rows, batch, (at, token) => {
    out[at] = BigInt(values[token] as number)
  })
  return out
}

/** Visits the tokens of a batch: their place in the flattened [B,S], and in `tokens.ids`. */
export function eachToken(
  rows: Pick<EncodedRows, 'tokens'>,
  batch: Batch,
  visit: (at: number, token: number, b: number) => void,
): void {
  batch.rows.forEach((row, b) => {
    const from = rows.tokens.starts[row] as number
    const count = Math.min(rowLength(rows.tokens, row), batch.length)
    for (let s = 0; s < count; s++) visit(b * batch.length + s, from + s, b)
  })
}
