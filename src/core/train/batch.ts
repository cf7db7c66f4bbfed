import { random } from '../base/random.ts'

/** Token ids of many rows, end to end: row i is `ids[starts[i] .. starts[i + 1])`. */
export interface TokenRows {
  readonly ids: Int32Array
  readonly starts: Int32Array
}

/** The rows of one step and the length they are padded to. */
export interface Batch {
  /** Indices into the rows given to `planEpoch`. */
  readonly rows: Int32Array
  /** Padded length in tokens. */
  readonly length: number
}

/** Lengths that rows are padded to. Few of them, because a GPU compiles for each, and `Loop` needs equal shapes. */
const bucketLengths: readonly number[] = [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]

/** The smallest bucket that holds `length` tokens, at most `limit`. */
export function bucketLength(length: number, limit: number): number {
  for (const bucket of bucketLengths) if (bucket >= length) return Math.min(bucket, limit)
  return limit
}

/** End to end storage of encoded rows. */
export function tokenRows(rows: readonly (readonly number[])[]): TokenRows {
  const starts = new Int32Array(rows.length + 1)
  rows.forEach((row, i) => {
    starts[i + 1] = (starts[i] as number) + row.length
  })
  const ids = new Int32Array(starts[rows.length] as number)
  rows.forEach((row, i) => {
    ids.set(row, starts[i] as number)
  })
  return { ids, starts }
}

/** Tokens of row `i`. */
export const rowLength = (rows: TokenRows, i: number): number =>
  (rows.starts[i + 1] as number) - (rows.starts[i] as number)

export interface EpochOptions {
  /** Tokens of each row, special tokens included. */
  readonly lengths: ArrayLike<number>
  /** Rows in a batch. */
  readonly rows: number
  /** Longest padded length. */
  readonly limit: number
  readonly seed: number | string
  /** 0-based. */
  readonly epoch: number
  /** So many batches of equal shape stay together, so that one run of the graph can take them all. */
  readonly together: number
}

/**
 * The batches of one epoch: a function of its arguments only, so a run resumes in the middle of an epoch by counting
 * batches. Rows are shuffled, dealt into buckets of similar length and cut into batches; what is left over in a bucket
 * moves up to the next, so that only the last batch of the epoch may be smaller. Groups of `together` batches are
 * shuffled, so that short rows do not all come first.
 */
export function planEpoch(options: EpochOptions): Batch[] {
  const { lengths, rows, limit, together } = options
  const draw = random(options.seed).split(`epoch-${options.epoch}`)
  const order = draw.shuffle(Int32Array.from({ length: lengths.length }, (_, i) => i))
  const buckets = new Map<number, number[]>()
  for (const row of order) {
    const length = bucketLength(lengths[row] as number, limit)
    const list = buckets.get(length)
    if (list) list.push(row)
    else buckets.set(length, [row])
  }
  const groups: Batch[][] = []
  let carried: number[] = []
  let last: Batch[] = []
  const ascending = [...buckets.keys()].sort((a, b) => a - b)
  for (const length of ascending) {
    // Carried rows come last, so that they are as likely as others to be carried again.
    const list = [...(buckets.get(length) as number[]), ...carried]
    const whole = Math.floor(list.length / rows) * rows
    const batches: Batch[] = []
    for (let at = 0; at < whole; at += rows) batches.push({ rows: Int32Array.from(list.slice(at, at + rows)), length })
    carried = list.slice(whole)
    for (let at = 0; at < batches.length; at += together) groups.push(batches.slice(at, at + together))
  }
  if (carried.length > 0) last = [{ rows: Int32Array.from(carried), length: ascending.at(-1) as number }]
  draw.shuffle(groups)
  return [...groups.flat(), ...last]
}

/** Steps of one epoch of so many rows. */
export const stepsOf = (rowCount: number, rows: number): number => Math.ceil(rowCount / rows)

/** All rows once for scoring, short ones first; a batch has at most `tokens` tokens with its padding. */
export function planScan(lengths: ArrayLike<number>, tokens: number, limit: number): Batch[] {
  const bucket = (row: number) => bucketLength(lengths[row] as number, limit)
  const order = Array.from({ length: lengths.length }, (_, i) => i)
  order.sort((a, b) => bucket(a) - bucket(b) || a - b)
  const batches: Batch[] = []
  for (let at = 0; at < order.length; ) {
    const length = bucket(order[at] as number)
    const rows = Math.max(1, Math.floor(tokens / length))
    let end = at
    while (end < order.length && end - at < rows && bucket(order[end] as number) === length) end++
    batches.push({ rows: Int32Array.from(order.slice(at, end)), length })
    at = end
  }
  return batches
}

/** Ids int64 [B,S] padded with `pad`, and the mask float [B,S] that is 1 for tokens. */
export function padded(
  rows: TokenRows,
  batch: Batch,
  pad: number,
): { ids: BigInt64Array; mask: Float32Array; tokens: number } {
  const { length } = batch
  const ids = new BigInt64Array(batch.rows.length * length).fill(BigInt(pad))
  const mask = new Float32Array(batch.rows.length * length)
  let tokens = 0
  batch.rows.forEach((row, b) => {
    const from = rows.starts[row] as number
    const count = Math.min(rowLength(rows, row), length)
    for (let s = 0; s < count; s++) {
      ids[b * length + s] = BigInt(rows.ids[from + s] as number)
      mask[b * length + s] = 1
    }
    tokens += count
  })
  return { ids, mask, tokens }
}
