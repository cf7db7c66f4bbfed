import type { FormArrays } from './formColumns.ts'
import { lowerBound } from './postings.ts'

/** Some slots, `to` not included. */
export interface SlotRange {
  readonly from: number
  readonly to: number
}

/** Ranges of slots of about so many shingles. */
export function* slotRanges({ start, count }: FormArrays, shingles: number): Generator<SlotRange> {
  for (let from = 0; from < count; ) {
    let to = from + 1
    while (to < count && start[to + 1]! - start[from]! <= shingles) to++
    yield { from, to }
    from = to
  }
}

/** So many ranges of about as many shingles each, that make up a range. */
export function slotParts({ start }: FormArrays, { from, to }: SlotRange, parts: number): SlotRange[] {
  const first = start[from]!
  const all = start[to]! - first
  const ends = Array.from({ length: parts - 1 }, (_, i) =>
    Math.max(from, Math.min(to, lowerBound(start, to + 1, first + Math.round((all * (i + 1)) / parts)))),
  )
  return [...ends, to].map((end, i) => ({ from: i === 0 ? from : ends[i - 1]!, to: end }))
}
