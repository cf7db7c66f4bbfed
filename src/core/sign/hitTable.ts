import type { FormArrays } from './formColumns.ts'
import { type SlotPairs, scatter } from './postings.ts'
import type { Work } from './progress.ts'

/** Larger groups of forms with one shingle are sorted by size. */
export const largeGroup = 64

/** Pairs of shingle and slot sorted by shingle, and where those begin whose upper bits are i: `first[i]`. */
export interface HitTable extends SlotPairs {
  readonly first: Uint32Array
}

/** What of a table is to be filled: the part of `parts` that begins at a place. */
export interface TablePart {
  readonly part: number
  readonly parts: number
  readonly at: number
}

/** Which of so many parts a shingle belongs to: all of one come before those of the next. */
export function tablePart(shingle: number, parts: number): number {
  return ((shingle >>> 16) * parts) >>> 16
}

/** The first shingle of a part. */
function firstOf(part: number, parts: number): number {
  return Math.ceil((part * 0x10000) / parts) * 0x10000
}

/** A table for so many pairs, to be filled part by part, by whichever threads. */
export function newHitTable(length: number): HitTable {
  const list = (words: number) => new Uint32Array(new SharedArrayBuffer(words * 4))
  const bits = Math.min(22, Math.max(4, 31 - Math.clz32(length)))
  return { shingles: list(length), slots: list(length), length, first: list((1 << bits) + 1) }
}

/** The table of hits that were found one after the other. */
export function* hitTable(hits: readonly SlotPairs[], forms: FormArrays): Work<HitTable> {
  const table = newHitTable(lengthOf(hits))
  yield* fillTable(table, { part: 0, parts: 1, at: 0 }, hits, forms)
  return table
}

/** How many pairs all of them have. */
export function lengthOf(hits: readonly SlotPairs[]): number {
  return hits.reduce((sum, { length }) => sum + length, 0)
}

/** Fills a part of a table from what was hit of it, in the order of slots; of a large group the largest forms come first. */
export function* fillTable(
  { shingles, slots, length, first }: HitTable,
  { part, parts, at }: TablePart,
  hits: readonly SlotPairs[],
  forms: FormArrays,
): Work<void> {
  const to = at + lengthOf(hits)
  yield* sortInto(hits, { shingles: shingles.subarray(at, to), slots: slots.subarray(at, to), length: to - at })
  const shift = Math.clz32(first.length - 1) + 1
  // A bucket of which two parts have some begins in the first of them.
  let bucket = part === 0 ? 0 : ((firstOf(part, parts) - 1) >>> shift) + 1
  let work = 0
  for (let from = at; from < to; ) {
    const shingle = shingles[from]!
    let end = from + 1
    while (end < to && shingles[end] === shingle) end++
    while (bucket <= shingle >>> shift) first[bucket++] = from
    if (end - from > largeGroup) {
      largestFirst(slots.subarray(from, end), forms.start)
      work += 10 * (end - from)
    }
    work += end - from
    if (work > 500_000) {
      work = 0
      yield { phase: 'containment', done: from, total: length }
    }
    from = end
  }
  const last = part === parts - 1 ? first.length - 1 : (firstOf(part + 1, parts) - 1) >>> shift
  while (bucket <= last) first[bucket++] = to
}

/** Sorts pairs by shingle, those of one shingle in the order they have: a radix sort of three passes. */
function* sortInto(hits: readonly SlotPairs[], into: SlotPairs): Work<void> {
  const { length } = into
  const at = Array.from({ length: 3 }, () => new Uint32Array(2048))
  for (const { shingles, length } of hits) {
    countDigits(shingles, length, at)
    yield { phase: 'sort', done: 0, total: 3 }
  }
  for (const digits of at) sumUp(digits)
  const list = () => ({ shingles: new Uint32Array(length), slots: new Uint32Array(length), length })
  const between = [list(), list()] as const
  const passes = [
    { from: hits, to: between[0] },
    { from: [between[0]], to: between[1] },
    { from: [between[1]], to: into },
  ]
  for (const [pass, { from, to }] of passes.entries())
    for (const { shingles, slots, length } of from)
      for (let first = 0; first < length; first += piece) {
        scatter(shingles, slots, to.shingles, to.slots, {
          from: first,
          to: Math.min(length, first + piece),
          shift: pass * 11,
          at: at[pass]!,
        })
        yield { phase: 'sort', done: pass, total: 3 }
      }
}

/** So many pairs are moved between two breaths. */
const piece = 1_000_000

function countDigits(shingles: Uint32Array, length: number, [low, middle, high]: readonly Uint32Array[]): void {
  for (let i = 0; i < length; i++) {
    const shingle = shingles[i]!
    low![shingle & 2047]!++
    middle![(shingle >>> 11) & 2047]!++
    high![shingle >>> 22]!++
  }
}

/** Of each digit how many are less. */
function sumUp(digits: Uint32Array): void {
  let sum = 0
  for (let digit = 0; digit < digits.length; digit++) {
    const own = digits[digit]!
    digits[digit] = sum
    sum += own
  }
}

function largestFirst(slots: Uint32Array, start: Uint32Array): void {
  // One number a slot sorts in no time; a size times 2³² and a slot are exact together up to sizes of 2²¹.
  const keys = new Float64Array(slots.length)
  let largest = 0
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!
    const size = start[slot + 1]! - start[slot]!
    largest = Math.max(largest, size)
    keys[i] = slot - size * 0x100000000
  }
  if (largest >= exactSize) {
    const size = (slot: number) => start[slot + 1]! - start[slot]!
    slots.sort((a, b) => size(b) - size(a) || a - b)
    return
  }
  keys.sort()
  for (let i = 0; i < slots.length; i++) slots[i] = keys[i]! - Math.floor(keys[i]! / 0x100000000) * 0x100000000
}

const exactSize = 2 ** 21
