import { popcount64 } from './formColumns.ts'
import type { Matcher } from './matcher.ts'
import { meetFirstAt, type Postings } from './postings.ts'
import type { Sets } from './sets.ts'
import { neededOverlap } from './threshold.ts'

/** The walk inside one group of slots: [0, head) is done, [head, tail) waits, [tail, size) is the remainder. */
export class GroupWalk {
  private readonly postings: Postings | undefined
  private readonly matcher: Matcher
  private readonly sets: Sets
  private shingle = 0
  private slot = new Uint32Array(64)
  private low = new Int32Array(64)
  private high = new Int32Array(64)
  private count = new Int32Array(64)
  /** The set that each was in when the group was taken, where it is large. */
  private root = new Int32Array(64)
  private size = 0
  /** Of no use but that it is read. */
  private read = 0
  private head = 0
  private tail = 0

  /** Without postings only `loadAll` can be walked. */
  constructor(postings: Postings | undefined, matcher: Matcher, sets: Sets) {
    this.postings = postings
    this.matcher = matcher
    this.sets = sets
  }

  /** Joins two slots that share a shingle, if they are similar; returns how much it looked at. */
  pair(x: number, y: number, shingle: number): number {
    const { matcher, sets } = this
    if (!matcher.allows(x, y) || !meetFirstAt(this.postings!, x, y, shingle)) return 3
    const a = sets.find(x)
    const b = sets.find(y)
    if (a !== b && matcher.overlap(x, y) > 0) sets.union(a, b)
    return 3 + this.effort()
  }

  /**
   * Reads what will be asked of the slots of the postings [from, to), which lie in no order in memory: many of them are fetched at
   * the same time, where one would wait for the other when each is asked for.
   */
  ready(from: number, to: number): void {
    const { slots, prefixStart } = this.postings!
    this.read ^= this.matcher.ready(slots, from, to)
    let read = 0
    for (let i = from; i < to; i++) read ^= prefixStart[slots[i]!]!
    this.read ^= read
  }

  /** Takes the group of postings [from, to). */
  load(from: number, to: number): void {
    const { slots, shingles } = this.postings!
    this.shingle = shingles[from]!
    this.take(slots, from, to)
    // Each in a set of its own, as far as the walk knows.
    for (let i = 0; i < to - from; i++) this.root[i] = ~i
  }

  /**
   * As `load`, of a group that comes after the small ones: what these joined is not compared. A pair that shares several
   * shingles is compared in each of their groups, since what a small group left to a large one may be the larger part.
   */
  loadLarge(from: number, to: number): void {
    const { slots } = this.postings!
    const first = this.sets.find(slots[from]!)
    let i = from + 1
    while (i < to && this.sets.find(slots[i]!) === first) i++
    this.shingle = -1
    // As a rule all of them are in one set.
    this.take(slots, from, i === to ? from : to)
    for (let j = 0; j < this.size; j++) this.root[j] = this.sets.find(this.slot[j]!)
  }

  /** The pairs of a group that are not in one set. */
  pairsBetweenSets(from: number, to: number): number {
    const { slots } = this.postings!
    const sizes = new Map<number, number>()
    for (let i = from; i < to; i++) {
      const root = this.sets.find(slots[i]!)
      sizes.set(root, (sizes.get(root) ?? 0) + 1)
    }
    let squares = 0
    for (const size of sizes.values()) squares += size * size
    return ((to - from) ** 2 - squares) / 2
  }

  /** Takes slots that no shared shingle brought together: every one is compared with every other, until it is joined. */
  loadAll(slots: Uint32Array): void {
    this.shingle = -1
    this.take(slots, 0, slots.length)
    for (let i = 0; i < slots.length; i++) this.root[i] = ~i
  }

  private take(slots: Uint32Array, from: number, to: number): void {
    const size = to - from
    if (size > this.slot.length) {
      this.slot = new Uint32Array(size * 2)
      this.low = new Int32Array(size * 2)
      this.high = new Int32Array(size * 2)
      this.count = new Int32Array(size * 2)
      this.root = new Int32Array(size * 2)
    }
    const { forms } = this.matcher
    // What the walk compares is copied side by side: the remainder is read many times, in order.
    for (let i = 0; i < size; i++) {
      const slot = slots[from + i]!
      this.slot[i] = slot
      this.low[i] = forms.bitsLow[slot]!
      this.high[i] = forms.bitsHigh[slot]!
      this.count[i] = forms.start[slot + 1]! - forms.start[slot]!
    }
    this.size = size
    this.head = 0
    this.tail = 0
  }

  more(): boolean {
    return this.tail < this.size
  }

  /** Takes the next slot and moves what is similar to it out of the remainder; returns how much it looked at. */
  expand(): number {
    const { slot, low, high, count, root: known, size, matcher, sets, postings, shingle } = this
    const { forms, t } = matcher
    const sum = t.den + t.num
    const difference = t.den - t.num
    if (this.head === this.tail) this.tail++
    const at = this.head++
    const mine = slot[at]!
    const mineLow = low[at]!
    const mineHigh = high[at]!
    const mineCount = count[at]!
    const mineKnown = known[at]!
    let root = sets.find(mine)
    let tail = this.tail
    const looked = size - tail
    for (let i = tail; i < size; i++) {
      const allowed = (mineCount + count[i]!) * difference
      const together = known[i] === mineKnown
      if (!together && popcount64(mineLow ^ low[i]!, mineHigh ^ high[i]!) * sum > allowed) continue
      const other = slot[i]!
      const otherRoot = together ? root : sets.find(other)
      if (otherRoot !== root) {
        if (!matcher.wideAllows(mine, other, allowed)) continue
        // Shared in an earlier group, too: there the two were compared, and they did not end in one set.
        if (shingle >= 0 && !meetFirstAt(postings!, mine, other, shingle)) continue
        if (forms.overlapAtLeast(mine, other, neededOverlap(t, mineCount, count[i]!)) === 0) continue
        root = sets.union(root, otherRoot)
      }
      // Similar, or known to be of the same set: either way nothing is lost by leaving the remainder.
      slot[i] = slot[tail]!
      slot[tail] = other
      swap(low, i, tail)
      swap(high, i, tail)
      swap(count, i, tail)
      swap(known, i, tail)
      tail++
    }
    this.tail = tail
    return looked + 8 + this.effort()
  }

  /** What comparing cost since it was last asked. */
  private effort(): number {
    const { forms } = this.matcher
    const { effort } = forms
    forms.effort = 0
    return effort
  }
}

function swap(list: Int32Array, i: number, j: number): void {
  const value = list[i]!
  list[i] = list[j]!
  list[j] = value
}
