import { popcount64 } from './formColumns.ts'
import { levelsOf } from './levelCounts.ts'
import type { Matcher } from './matcher.ts'
import { Levels, lowerBound, type SlotPairs, sortPairs } from './postings.ts'
import type { Work } from './progress.ts'
import { neededOverlap } from './threshold.ts'

/** Rows that are each similar to one representative, not merely linked to it through others. */
export interface Star {
  readonly center: number
  readonly members: readonly number[]
}

/** Rows, the form of each, and which pairs of rows may be similar at all. */
export interface StarInput {
  readonly rows: readonly number[]
  readonly slots: Int32Array
  readonly matcher: Matcher
  readonly alike: (a: number, b: number) => boolean
}

/** Fewer rows are all looked at for each star. */
const fewRows = 1024

/**
 * Rows that are in no star yet. Of many rows those that can be similar to a center share one of its rarest shingles with it (the
 * prefix filter; see `Levels`): rare among these rows, and as few as the smallest of them allows. So of 100,000 rows of a template
 * a few thousand are looked at for each star.
 */
export class StarRest {
  /** Rows that are left. */
  length: number
  /** What the last `take` looked at. */
  looked = 0
  private readonly input: StarInput
  private readonly low: Int32Array
  private readonly high: Int32Array
  private readonly size: Int32Array
  private readonly taken: Uint8Array
  private readonly seen: Int32Array
  /** The keys of the row at place p: `keys[start[p] .. start[p + 1])`. */
  private keys = new Uint32Array(0)
  private start = new Uint32Array(0)
  /** Places by key; where a list begins `end` is where it ends now. */
  private sorted: SlotPairs = { shingles: this.keys, slots: this.keys, length: 0 }
  private end = new Uint32Array(0)
  private next = 0

  private constructor(input: StarInput) {
    const { rows, slots, matcher } = input
    const { forms } = matcher
    this.input = input
    this.length = rows.length
    this.low = Int32Array.from(rows, row => forms.bitsLow[slots[row]!]!)
    this.high = Int32Array.from(rows, row => forms.bitsHigh[slots[row]!]!)
    this.size = Int32Array.from(rows, row => forms.size(slots[row]!))
    this.taken = new Uint8Array(rows.length)
    this.seen = new Int32Array(rows.length).fill(-1)
  }

  static *of(input: StarInput): Work<StarRest> {
    const rest = new StarRest(input)
    yield* rest.index()
    return rest
  }

  /** The star of the first row that is left; undefined where none is. */
  take(): Star | undefined {
    const { taken, keys, start, sorted, end } = this
    const { rows } = this.input
    while (taken[this.next] === 1) this.next++
    if (this.next === rows.length) return undefined
    const own = this.next
    taken[own] = 1
    this.looked = 10
    const members: number[] = []
    for (let k = start[own]!; k < start[own + 1]!; k++) {
      const from = lowerBound(sorted.shingles, sorted.length, keys[k]!)
      end[from] = this.look(own, from, members)
    }
    this.length -= members.length + 1
    return { center: rows[own]!, members: members.sort((a, b) => a - b).map(at => rows[at]!) }
  }

  /** Moves what is similar to a row from a list to `members`, and leaves out what was taken before; where the list ends now. */
  private look(own: number, from: number, members: number[]): number {
    const { low, high, size, taken, seen } = this
    const { slots } = this.sorted
    const { num, den } = this.input.matcher.t
    const [ownLow, ownHigh, ownSize] = [low[own]!, high[own]!, size[own]!]
    let end = this.end[from]!
    this.looked += end - from
    for (let i = from; i < end; ) {
      const other = slots[i]!
      if (taken[other] === 1) {
        slots[i] = slots[--end]!
        continue
      }
      i++
      if (seen[other] === own) continue
      seen[other] = own
      const differ = popcount64(ownLow ^ low[other]!, ownHigh ^ high[other]!)
      if (differ * (num + den) > (ownSize + size[other]!) * (den - num) || !this.similar(own, other)) continue
      members.push(other)
      taken[other] = 1
    }
    return end
  }

  private similar(own: number, other: number): boolean {
    const { rows, slots, matcher, alike } = this.input
    const [a, b] = [rows[own]!, rows[other]!]
    return alike(a, b) && matcher.overlap(slots[a]!, slots[b]!) > 0
  }

  private *index(): Work<void> {
    const { size } = this
    const count = size.length
    let keys = new Uint32Array(count)
    this.start = Uint32Array.from({ length: count + 1 }, (_, place) => place)
    const { forms } = this.input.matcher
    // Sets that were put away are not read for this.
    if (count >= fewRows && forms.pool.length >= forms.start[forms.count]!) {
      const least = size.reduce((a, b) => Math.min(a, b))
      const levels = yield* this.levels()
      for (let place = 0; place < count; place++) this.start[place + 1] = this.start[place]! + this.most(place, least)
      keys = new Uint32Array(this.start[count]!)
      for (let place = 0, work = 0; place < count; place++) {
        this.write(place, levels, keys)
        work += size[place]! + 40
        if (work < 300_000) continue
        work = 0
        yield { phase: 'cluster', done: 0, total: count }
      }
    }
    this.keys = keys
    const slots = new Uint32Array(keys.length)
    for (let place = 0; place < count; place++) slots.fill(place, this.start[place]!, this.start[place + 1]!)
    this.sorted = yield* sortPairs({ shingles: keys.slice(), slots, length: keys.length })
    const { shingles, length } = this.sorted
    this.end = new Uint32Array(length)
    for (let from = 0; from < length; ) {
      let to = from + 1
      while (to < length && shingles[to] === shingles[from]) to++
      this.end[from] = to
      from = to
    }
  }

  /** So many of its shingles, in any fixed order, has a row to share one with every similar row; none has fewer than `least`. */
  private most(place: number, least: number): number {
    const { t } = this.input.matcher
    const n = this.size[place]!
    const smallest = Math.max(least, Math.ceil((t.num * n) / t.den))
    return Math.min(n, n - neededOverlap(t, n, smallest) + 1)
  }

  /** How frequent shingles are among these rows. */
  private *levels(): Work<Levels> {
    const { rows, slots, matcher } = this.input
    const { pool, start } = matcher.forms
    const bits = Math.min(20, Math.max(12, 31 - Math.clz32(this.size.reduce((a, b) => a + b))))
    const counts = new Uint32Array(1 << bits)
    const shift = 32 - bits
    let work = 0
    for (const row of rows) {
      const slot = slots[row]!
      for (let i = start[slot]!; i < start[slot + 1]!; i++) counts[pool[i]! >>> shift]!++
      work += start[slot + 1]! - start[slot]! + 10
      if (work < 800_000) continue
      work = 0
      yield { phase: 'cluster', done: 0, total: rows.length }
    }
    return new Levels({ table: levelsOf(counts), shift })
  }

  private write(place: number, levels: Levels, keys: Uint32Array): void {
    const { rows, slots, matcher } = this.input
    const { pool, start } = matcher.forms
    const slot = slots[rows[place]!]!
    const at = this.start[place]!
    const take = this.start[place + 1]! - at
    levels.rarest(pool, start[slot]!, start[slot + 1]! - start[slot]!, { take, out: keys, at })
  }
}
