import type { FormArrays } from './formColumns.ts'
import { fillTable, type HitTable, type TablePart, tablePart } from './hitTable.ts'
import { type Chosen, type Found, HolderSearch, type Search } from './holderSearch.ts'
import { Levels, type LevelTable, type PrefixRange, type SlotPairs } from './postings.ts'
import { finishWork } from './progress.ts'
import { countersFor, Recurrence } from './recurrence.ts'
import type { SlotRange } from './slotRanges.ts'
import { prefixLength, type Threshold } from './threshold.ts'

interface Slots extends SlotRange {
  readonly forms: FormArrays
}

/** Counts which shingles of some slots recur. */
export interface RecurJob extends Slots {
  readonly kind: 'recur'
}

export interface Recurs {
  readonly kind: 'recur'
  readonly counters: Int32Array
}

/** Chooses those of some slots that others may hold, and of each the shingles of which a holder must have one. */
export interface HeldJob extends Slots {
  readonly kind: 'held'
  readonly share: Threshold
  readonly least: number
  readonly counters: Int32Array
  readonly levels: LevelTable
  /** The rarest shingles of these slots and others, where another join chose them by the same levels; a slot may have fewer or none there. */
  readonly prefixes?: PrefixRange | undefined
}

/** Where other threads see them if they see the forms. */
export interface Held extends Chosen {
  readonly kind: 'held'
}

/** Looks for the marked shingles in some slots. */
export interface HitsJob extends Slots {
  readonly kind: 'hits'
  readonly least: number
  readonly marks: Int32Array
  /** How many parts of a table they are for; only of one part they are where other threads do not see them. */
  readonly parts: number
}

/** Pairs of shingle and slot, of each part of the table by slot. */
export interface Hits {
  readonly kind: 'hits'
  readonly parts: readonly SlotPairs[]
}

/** Sorts what was hit of a part of the table, for looking up. */
export interface TableJob extends TablePart {
  readonly kind: 'table'
  readonly table: HitTable
  readonly hits: readonly SlotPairs[]
  readonly forms: FormArrays
}

export interface Tabled {
  readonly kind: 'table'
}

/** Compares the forms [from, to) of `held` with those that have one of their shingles. */
export interface HoldersJob extends Search, SlotRange {
  readonly kind: 'holders'
}

export interface Holding extends Found {
  readonly kind: 'holders'
}

export function runRecurJob({ forms, from, to }: RecurJob): Recurs {
  const recurs = new Recurrence(countersFor(forms.start[forms.count]!))
  recurs.add(forms.pool, forms.start[from]!, forms.start[to]!)
  return { kind: 'recur', counters: recurs.counters }
}

export function runHeldJob({ forms, from, to, share, least, counters, levels: table, prefixes }: HeldJob): Held {
  const { start } = forms
  const recurs = new Recurrence(counters)
  const levels = new Levels(table)
  const slots = new Uint32Array(to - from)
  const ends = new Uint32Array(to - from)
  let shingles = new Uint32Array((to - from) * 4 + 64)
  let rest = new Uint32Array(1 << 12)
  let count = 0
  let end = 0
  for (let slot = from; slot < to; slot++) {
    const n = start[slot + 1]! - start[slot]!
    if (n < least) continue
    const most = prefixLength(share, n)
    // The rarest of a form hold as good as all that no other one has: then the others need not be asked.
    const place = prefixes ? slot - prefixes.from : 0
    const known = prefixes !== undefined && prefixes.start[place + 1]! - prefixes.start[place]! >= most
    const pool = known ? prefixes.shingles : forms.pool
    const first = known ? prefixes.start[place]! : start[slot]!
    const last = known ? prefixes.start[place + 1]! : start[slot + 1]!
    if (last - first > rest.length) rest = new Uint32Array((last - first) * 2)
    const left = recurs.filter(pool, first, last, rest)
    const take = most - (last - first - left)
    if (take <= 0) continue
    if (end + take > shingles.length) shingles = larger(shingles, end + take)
    end = levels.rarest(rest, 0, left, { take, out: shingles, at: end })
    slots[count] = slot
    ends[count++] = end
  }
  const part = (list: Uint32Array, length: number) => copied(list, length, forms.pool)
  return { kind: 'held', slots: part(slots, count), ends: part(ends, count), shingles: part(shingles, end) }
}

/** What different jobs chose, in their order. */
export function joinHeld(parts: readonly Chosen[]): Chosen {
  const sum = (of: (part: Chosen) => number) => parts.reduce((all, part) => all + of(part), 0)
  const slots = new Uint32Array(sum(part => part.slots.length))
  const ends = new Uint32Array(slots.length)
  const shingles = new Uint32Array(sum(part => part.shingles.length))
  let at = 0
  let end = 0
  for (const part of parts) {
    slots.set(part.slots, at)
    for (let i = 0; i < part.ends.length; i++) ends[at + i] = end + part.ends[i]!
    shingles.set(part.shingles, end)
    at += part.slots.length
    end += part.shingles.length
  }
  return { slots, ends, shingles }
}

/**
 * Marks for so many shingles: two bits each in one word of a small bitmap, where other threads see it. What is not marked was not
 * among them; nearly all lookups end here, in what a processor's cache holds.
 */
export function newMarks(shingles: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 << Math.min(19, Math.max(4, 32 - Math.clz32(shingles)))))
}

/** Marks shingles. */
export function mark(marks: Int32Array, shingles: Uint32Array): void {
  const shift = Math.clz32(marks.length) + 1
  for (let i = 0; i < shingles.length; i++) {
    const hash = Math.imul(shingles[i]!, odd)
    marks[hash >>> shift]! |= (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31))
  }
}

export function runHitsJob({ forms, from, to, least, marks, parts }: HitsJob): Hits {
  const { pool, start } = forms
  const shift = Math.clz32(marks.length) + 1
  let shingles = new Uint32Array((to - from) * 2 + 256)
  let slots = new Uint32Array(shingles.length)
  let length = 0
  for (let slot = from; slot < to; slot++) {
    const first = start[slot]!
    const end = start[slot + 1]!
    if (end - first < least) continue
    if (length + end - first > shingles.length) {
      shingles = larger(shingles, length + end - first)
      slots = larger(slots, length + end - first)
    }
    for (let i = first; i < end; i++) {
      const shingle = pool[i]!
      const hash = Math.imul(shingle, odd)
      const both = (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31))
      if ((marks[hash >>> shift]! & both) !== both) continue
      shingles[length] = shingle
      slots[length++] = slot
    }
  }
  if (parts > 1) return { kind: 'hits', parts: deal({ shingles, slots, length }, parts) }
  return { kind: 'hits', parts: [{ shingles: shingles.slice(0, length), slots: slots.slice(0, length), length }] }
}

/** The pairs of each part of a table, where other threads see them. */
function deal({ shingles, slots, length }: SlotPairs, parts: number): SlotPairs[] {
  const ends = new Uint32Array(parts + 1)
  for (let i = 0; i < length; i++) ends[tablePart(shingles[i]!, parts) + 1]!++
  for (let part = 0; part < parts; part++) ends[part + 1]! += ends[part]!
  const at = ends.slice()
  const dealt = { shingles: shared(length), slots: shared(length) }
  for (let i = 0; i < length; i++) {
    const place = at[tablePart(shingles[i]!, parts)]!++
    dealt.shingles[place] = shingles[i]!
    dealt.slots[place] = slots[i]!
  }
  return Array.from({ length: parts }, (_, part) => ({
    shingles: dealt.shingles.subarray(ends[part]!, ends[part + 1]!),
    slots: dealt.slots.subarray(ends[part]!, ends[part + 1]!),
    length: ends[part + 1]! - ends[part]!,
  }))
}

export function runTableJob({ table, hits, forms, ...part }: TableJob): Tabled {
  finishWork(fillTable(table, part, hits, forms))
  return { kind: 'table' }
}

export function runHoldersJob(job: HoldersJob): Holding {
  const search = new HolderSearch(job)
  for (let i = job.from; i < job.to; ) i = search.look(i, job.to, Number.POSITIVE_INFINITY)
  return { kind: 'holders', ...search.done() }
}

function larger(list: Uint32Array, least: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.ceil(least * 1.6))
  more.set(list)
  return more
}

function shared(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4))
}

/** The first of a list, where other threads see them if they see `like`. */
function copied(list: Uint32Array, length: number, like: Uint32Array): Uint32Array {
  if (!(like.buffer instanceof SharedArrayBuffer)) return list.slice(0, length)
  const copy = shared(length)
  copy.set(list.subarray(0, length))
  return copy
}

/** Odd, so that no two shingles are mixed to one hash. */
const odd = 0x9e3779b1
