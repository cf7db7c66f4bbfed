import type { FormColumns } from './formColumns.ts'
import { countFrom, levelSample, levelsOf } from './levelCounts.ts'
import { LevelPrefixes } from './levelPrefixes.ts'
import type { Work } from './progress.ts'
import { prefixLength, type Threshold } from './threshold.ts'

/** (shingle, slot) pairs, as a rule sorted by shingle: which slots have this rare shingle in their prefix. */
export interface SlotPairs {
  readonly shingles: Uint32Array
  readonly slots: Uint32Array
  readonly length: number
}

/** Sorted pairs, and the same by slot. */
export interface Postings extends SlotPairs {
  /** `prefix[prefixStart[s] .. prefixStart[s + 1])`, ascending. */
  readonly prefix: Uint32Array
  readonly prefixStart: Uint32Array
}

/** Chooses keys of a slot so that two similar slots share at least one (bands: most likely share one). */
export interface Keys {
  /** Writes the keys of a slot, ascending and distinct, to `out` from `at`; returns the new end. */
  prefix(forms: FormColumns, slot: number, t: Threshold, out: Uint32Array, at: number): number
  /** How many keys a slot has at most. */
  size(forms: FormColumns, slot: number, t: Threshold): number
  /** The same keys for who asks for many slots in turn and then no more. */
  inTurn?(): Keys
}

/** The level of a shingle is `table[shingle >>> shift]`. */
export interface LevelTable {
  /** Where other threads see it. */
  readonly table: Uint8Array
  readonly shift: number
}

/**
 * Frequency levels of shingle buckets. Any fixed order makes the prefix filter correct; rare first makes it fast, so
 * counting a sample and letting shingles share a bucket costs speed only. Counters are 32 bits wide: saturating ones
 * make all the boilerplate of a template tie, and with it one huge group.
 */
export class Levels implements Keys, LevelTable {
  readonly table: Uint8Array
  readonly shift: number

  constructor({ table, shift }: LevelTable) {
    this.table = table
    this.shift = shift
  }

  static *count(forms: FormColumns, alive: (slot: number) => boolean): Work<Levels> {
    return new Levels(yield* Levels.table(forms, alive))
  }

  /** The levels as plain data. */
  static *table(forms: FormColumns, alive: (slot: number) => boolean): Work<LevelTable> {
    const total = forms.start[forms.count]!
    const { bits, step } = levelSample(total)
    const shift = 32 - bits
    const counts = new Uint32Array(1 << bits)
    for (let slot = 0; slot < forms.count; ) {
      slot = countFrom(forms, slot, { counts, shift, step, alive })
      yield { phase: 'count', done: Math.min(slot, forms.count), total: forms.count }
    }
    return { table: levelsOf(counts), shift }
  }

  size(forms: FormColumns, slot: number, t: Threshold): number {
    return prefixLength(t, forms.size(slot))
  }

  inTurn(): Keys {
    const prefixes = LevelPrefixes.of(this)
    if (!prefixes) return this
    return {
      size: (forms, slot, t) => this.size(forms, slot, t),
      prefix: (forms, slot, t, out, at) => {
        const end = prefixes.prefix(forms, slot, t, out, at)
        return end < 0 ? this.prefix(forms, slot, t, out, at) : end
      },
    }
  }

  /** Writes the prefix of a slot's set (rarest first by level, then by hash) to `out` from `at`; returns the new end. */
  prefix(forms: FormColumns, slot: number, t: Threshold, out: Uint32Array, at: number): number {
    const from = forms.start[slot]!
    const n = forms.start[slot + 1]! - from
    return this.rarest(forms.pool, from, n, { take: prefixLength(t, n), out, at })
  }

  /** Writes the `take` rarest of `n` ascending shingles from `from` on to `out` from `at`, ascending; returns the new end. */
  rarest(
    pool: Uint32Array,
    from: number,
    n: number,
    { take, out, at }: { readonly take: number; readonly out: Uint32Array; readonly at: number },
  ): number {
    const { table, shift } = this
    if (n > levelOf.length) levelOf = new Uint8Array(n * 2)
    let highest = 0
    for (let i = 0; i < n; i++) {
      const own = table[pool[from + i]! >>> shift]!
      levelOf[i] = own
      histogram[own]!++
      if (own > highest) highest = own
    }
    let level = 0
    let below = 0
    while (below + histogram[level]! < take) below += histogram[level++]!
    let rest = take - below
    let end = at
    for (let i = 0; i < n; i++) {
      const own = levelOf[i]!
      if (own > level || (own === level && rest === 0)) continue
      if (own === level) rest--
      out[end++] = pool[from + i]!
    }
    histogram.fill(0, 0, highest + 1)
    return end
  }
}

/** All zero between two calls of `prefix`. */
const histogram = new Uint32Array(256)
let levelOf = new Uint8Array(1024)

/**
 * The sorted postings of all living slots. Shingles in one prefix only are dropped unless `singles`: a join has no use
 * for them, an index that will be asked about new texts has.
 */
export function* buildPostings(
  forms: FormColumns,
  t: Threshold,
  how: { readonly alive: (slot: number) => boolean; readonly singles: boolean },
): Work<Postings> {
  const keys = yield* Levels.count(forms, how.alive)
  return yield* sortedPostings(forms, t, { ...how, keys })
}

/** The keys of each slot s, ascending: `shingles[start[s] .. start[s + 1])`. */
export interface SlotPrefixes {
  readonly shingles: Uint32Array
  readonly start: Uint32Array
}

/** The keys of the slots [from, to): those of slot s are `shingles[start[s - from] .. start[s - from + 1])`. */
export interface PrefixRange extends SlotPrefixes {
  readonly from: number
  readonly to: number
}

/** The sorted postings of all living slots by keys of any kind; see `buildPostings`. `see` is told the keys before any are dropped. */
export function* sortedPostings(
  forms: FormColumns,
  t: Threshold,
  how: {
    readonly alive: (slot: number) => boolean
    readonly singles: boolean
    readonly keys: Keys
    readonly see?: (prefixes: SlotPrefixes) => void
  },
): Work<Postings> {
  const shingles = new Uint32Array(prefixCapacity(forms, t, how))
  const slots = new Uint32Array(shingles.length)
  const keys = how.keys.inTurn?.() ?? how.keys
  let length = 0
  for (let slot = 0; slot < forms.count; ) {
    ;({ slot, length } = takePrefixes(forms, slot, { ...how, keys, t, shingles, slots, length }))
    yield { phase: 'prefix', done: slot, total: forms.count }
  }
  let prefix = shingles.slice(0, length)
  let prefixStart = startsOf(slots, length, forms.count)
  how.see?.({ shingles: prefix, start: prefixStart })
  if (!how.singles) {
    yield { phase: 'prefix', done: forms.count, total: forms.count }
    length = yield* dropSingles(shingles, slots, length)
    prefix = shingles.slice(0, length)
    prefixStart = startsOf(slots, length, forms.count)
  }
  const sorted = yield* sortPairs({ shingles, slots, length })
  return { ...sorted, prefix, prefixStart }
}

function prefixCapacity(
  forms: FormColumns,
  t: Threshold,
  { alive, keys }: { readonly alive: (slot: number) => boolean; readonly keys: Keys },
): number {
  let capacity = 0
  for (let slot = 0; slot < forms.count; slot++) if (alive(slot)) capacity += keys.size(forms, slot, t)
  return capacity
}

/** Appends the prefixes of some living slots from one on; the first slot that is left. */
function takePrefixes(
  forms: FormColumns,
  first: number,
  how: SlotPairs & { readonly alive: (slot: number) => boolean; readonly keys: Keys; readonly t: Threshold },
): { slot: number; length: number } {
  const { alive, keys, t, shingles, slots } = how
  let { length } = how
  let slot = first
  for (let work = 0; slot < forms.count && work < 300_000; slot++) {
    if (!alive(slot)) continue
    const end = keys.prefix(forms, slot, t, shingles, length)
    while (length < end) slots[length++] = slot
    work += forms.size(slot) + 40
  }
  return { slot, length }
}

/** Where the pairs of each slot begin, in pairs that are in the order of their slots. */
export function startsOf(slots: Uint32Array, length: number, count: number): Uint32Array {
  const start = new Uint32Array(count + 1)
  for (let i = 0; i < length; i++) start[slots[i]! + 1]!++
  for (let slot = 0; slot < count; slot++) start[slot + 1]! += start[slot]!
  return start
}

/**
 * The pairs sorted by shingle, pairs of one shingle in the order they had: a radix sort of three passes. What is given is used
 * up; what comes back is seen by other threads if that was.
 */
export function* sortPairs(pairs: SlotPairs): Work<SlotPairs> {
  let { shingles, slots } = pairs
  const { length } = pairs
  yield { phase: 'sort', done: 0, total: 3 }
  let otherShingles = likeList(shingles, length)
  let otherSlots = likeList(slots, length)
  for (let pass = 0; pass < 3; pass++) {
    const shift = pass * 11
    const at = new Uint32Array(2048)
    for (let from = 0; from < length; from += piece)
      countDigits(shingles.subarray(from, Math.min(length, from + piece)), shift, at)
    let sum = 0
    for (let i = 0; i < 2048; i++) {
      const c = at[i]!
      at[i] = sum
      sum += c
    }
    for (let from = 0; from < length; from += piece) {
      yield { phase: 'sort', done: pass * length + from, total: 3 * length }
      const to = Math.min(length, from + piece)
      scatter(shingles, slots, otherShingles, otherSlots, { from, to, shift, at })
    }
    ;[shingles, otherShingles] = [otherShingles, shingles]
    ;[slots, otherSlots] = [otherSlots, slots]
  }
  return { shingles, slots, length }
}

function likeList(list: Uint32Array, length: number): Uint32Array {
  return list.buffer instanceof SharedArrayBuffer
    ? new Uint32Array(new SharedArrayBuffer(length * 4))
    : new Uint32Array(length)
}

/**
 * Is `shingle`, which both prefixes hold, the first one they share? A pair that shares several would otherwise be
 * verified in each of their groups.
 */
export function meetFirstAt(
  { prefix, prefixStart }: Pick<Postings, 'prefix' | 'prefixStart'>,
  x: number,
  y: number,
  shingle: number,
): boolean {
  let i = prefixStart[x]!
  let j = prefixStart[y]!
  for (;;) {
    const a = prefix[i]!
    const b = prefix[j]!
    if (a === b) return a === shingle
    if (a < b) i++
    else j++
  }
}

/** Drops shingles that occur once, by counters of two bits that collide only towards keeping too much. Returns the new length. */
export function* dropSingles(shingles: Uint32Array, slots: Uint32Array, length: number): Work<number> {
  const bits = Math.min(24, Math.max(10, 34 - Math.clz32(length)))
  const seen = new Uint8Array(1 << (bits - 2))
  const shift = 32 - bits
  for (let from = 0; from < length; from += piece) {
    countSeen(shingles.subarray(from, Math.min(length, from + piece)), seen, shift)
    yield { phase: 'prefix', done: from, total: length }
  }
  let kept = 0
  for (let from = 0; from < length; from += piece) {
    kept = keepSeen({ shingles, slots, length: Math.min(length, from + piece) }, from, kept, { seen, shift })
    yield { phase: 'prefix', done: from, total: length }
  }
  return kept
}

/** So many pairs are looked at between two breaths. */
const piece = 1_000_000

function countSeen(shingles: Uint32Array, seen: Uint8Array, shift: number): void {
  for (let i = 0; i < shingles.length; i++) {
    const at = Math.imul(shingles[i]!, 0x9e3779b1) >>> shift
    const four = seen[at >>> 2]!
    const place = (at & 3) * 2
    if (((four >>> place) & 2) === 0) seen[at >>> 2] = four + (1 << place)
  }
}

/** Moves the pairs from `from` on that were seen twice to the front, behind the `to` that are there; how many are there now. */
function keepSeen(
  { shingles, slots, length }: SlotPairs,
  from: number,
  to: number,
  { seen, shift }: { readonly seen: Uint8Array; readonly shift: number },
): number {
  let kept = to
  for (let i = from; i < length; i++) {
    const at = Math.imul(shingles[i]!, 0x9e3779b1) >>> shift
    if (((seen[at >>> 2]! >>> ((at & 3) * 2)) & 2) === 0) continue
    shingles[kept] = shingles[i]!
    slots[kept++] = slots[i]!
  }
  return kept
}

function countDigits(keys: Uint32Array, shift: number, counts: Uint32Array): void {
  for (let i = 0; i < keys.length; i++) counts[(keys[i]! >>> shift) & 2047]!++
}

/** A piece of a stable pass of a radix sort, 11 bits: `at` is where the next key of each digit goes. */
export function scatter(
  keys: Uint32Array,
  values: Uint32Array,
  toKeys: Uint32Array,
  toValues: Uint32Array,
  {
    from,
    to,
    shift,
    at,
  }: { readonly from: number; readonly to: number; readonly shift: number; readonly at: Uint32Array },
): void {
  for (let i = from; i < to; i++) {
    const key = keys[i]!
    const place = at[(key >>> shift) & 2047]!++
    toKeys[place] = key
    toValues[place] = values[i]!
  }
}

/** First index in `[0, length)` whose value is not below `value`. */
export function lowerBound(list: Uint32Array, length: number, value: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
