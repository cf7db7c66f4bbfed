import type { FormArrays } from './formColumns.ts'
import { type SlotPairs, scatter } from './postings.ts'
import type { Work } from './progress.ts'

/** Pairs of shingle and slot sorted by shingle, those of one by size, the largest first, and where those begin whose upper bits are i: `first[i]`. */
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

/** Fills a part of a table from what was hit of it, in the order of slots. */
export function* fillTable(
  { shingles, slots, length, first }: HitTable,
  { part, parts, at }: TablePart,
  hits: readonly SlotPairs[],
  forms: FormArrays,
): Work<void> {
  const to = at + lengthOf(hits)
  const into = { shingles: shingles.subarray(at, to), slots: slots.subarray(at, to), length: to - at }
  const sorted = yield* sortInto(hits, into, forms.start)
  const shift = Math.clz32(first.length - 1) + 1
  // A bucket of which two parts have some begins in the first of them.
  const begin = part === 0 ? 0 : ((firstOf(part, parts) - 1) >>> shift) + 1
  const end = part === parts - 1 ? first.length : ((firstOf(part + 1, parts) - 1) >>> shift) + 1
  let next = { from: at, bucket: begin }
  while (next.from < to) {
    next = enter({ shingles, slots, length, first }, { ...next, to, shift }, sorted === 'all' ? undefined : forms.start)
    yield { phase: 'containment', done: next.from, total: length }
  }
  first.fill(to, next.bucket, end)
}

/** Enters where buckets begin, of the pairs [from, to) as many as take no time, and puts large forms in order if it is told where all start; what is left. */
function enter(
  { shingles, slots, first }: HitTable,
  left: { readonly from: number; readonly to: number; readonly bucket: number; readonly shift: number },
  start: Uint32Array | undefined,
): { readonly from: number; readonly bucket: number } {
  const { to, shift } = left
  let { from, bucket } = left
  for (let work = 0; from < to && work < 500_000; ) {
    const shingle = shingles[from]!
    let end = from + 1
    while (end < to && shingles[end] === shingle) end++
    while (bucket <= shingle >>> shift) first[bucket++] = from
    const slot = slots[from]!
    if (start && end > from + 1 && start[slot + 1]! - start[slot]! >= largest) {
      largestFirst(slots.subarray(from, end), start)
      work += 10 * (end - from)
    }
    work += end - from
    from = end
  }
  return { from, bucket }
}

/** Forms of so many shingles and more are put in order by themselves: as a rule there are none. */
const largest = 2047

/**
 * Sorts pairs by shingle, those of one by size up to `largest`, and then in the order they have: a radix sort of four passes. Tells
 * whether all sizes were below that.
 */
function* sortInto(hits: readonly SlotPairs[], into: SlotPairs, start: Uint32Array): Work<'all' | 'some'> {
  const { length } = into
  const at = Array.from({ length: 4 }, () => new Uint32Array(2048))
  for (const own of hits) {
    countDigits(own, start, at)
    yield { phase: 'sort', done: 0, total: 4 }
  }
  const sorted = at[3]![0] === 0 ? 'all' : 'some'
  for (const digits of at) sumUp(digits)
  const list = () => ({ shingles: new Uint32Array(length), slots: new Uint32Array(length), length })
  const between = [list(), list()] as const
  for (const own of hits)
    for (let from = 0; from < own.length; from += piece) {
      scatterBySize(own, between[0], { from, to: Math.min(own.length, from + piece), start, at: at[3]! })
      yield { phase: 'sort', done: 0, total: 4 }
    }
  const passes = [...between, between[0], into]
  for (let pass = 0; pass < 3; pass++)
    for (let from = 0; from < length; from += piece) {
      const { shingles, slots } = passes[pass]!
      const { shingles: toShingles, slots: toSlots } = passes[pass + 1]!
      const to = Math.min(length, from + piece)
      scatter(shingles, slots, toShingles, toSlots, { from, to, shift: pass * 11, at: at[pass]! })
      yield { phase: 'sort', done: pass + 1, total: 4 }
    }
  return sorted
}

/** So many pairs are moved between two breaths. */
const piece = 1_000_000

function countDigits(
  { shingles, slots, length }: SlotPairs,
  start: Uint32Array,
  [low, middle, high, bySize]: readonly Uint32Array[],
): void {
  for (let i = 0; i < length; i++) {
    const shingle = shingles[i]!
    low![shingle & 2047]!++
    middle![(shingle >>> 11) & 2047]!++
    high![shingle >>> 22]!++
    bySize![sizeDigit(start, slots[i]!)]!++
  }
}

/** The larger, the less. */
function sizeDigit(start: Uint32Array, slot: number): number {
  return largest - Math.min(largest, start[slot + 1]! - start[slot]!)
}

/** As `scatter`, by the sizes of slots, which are ascending. */
function scatterBySize(
  { shingles, slots }: SlotPairs,
  into: SlotPairs,
  {
    from,
    to,
    start,
    at,
  }: { readonly from: number; readonly to: number; readonly start: Uint32Array; readonly at: Uint32Array },
): void {
  for (let i = from; i < to; i++) {
    const slot = slots[i]!
    const place = at[sizeDigit(start, slot)]!++
    into.shingles[place] = shingles[i]!
    into.slots[place] = slot
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
