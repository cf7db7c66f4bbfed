import { type FormColumns, popcount } from './formColumns.ts'
import { meetFirstAt, type Postings, type SlotPairs } from './postings.ts'
import type { Work } from './progress.ts'
import { neededOverlap, type Threshold } from './threshold.ts'

/** Disjoint sets of slots, path halving; the root of a set is its smallest slot. */
export class Sets {
  parent: Uint32Array
  count: number

  constructor(count: number) {
    this.parent = new Uint32Array(count)
    this.count = count
    for (let i = 0; i < count; i++) this.parent[i] = i
  }

  /** Forgets all sets. */
  clear(): void {
    this.parent = new Uint32Array(0)
    this.count = 0
  }

  /** Joins what is joined in the sets that other `Sets` of as many slots had as their `parent`. */
  join(other: Uint32Array): void {
    for (let slot = 0; slot < this.count; slot++) {
      if (other[slot] === slot) continue
      const a = this.find(slot)
      const b = this.find(other[slot]!)
      if (a !== b) this.union(a, b)
    }
  }

  /** Makes room for slots that came later, each a set of its own. */
  grow(count: number): void {
    if (count > this.parent.length) {
      const more = new Uint32Array(Math.ceil(count * 1.1) + 1024)
      more.set(this.parent)
      this.parent = more
    }
    for (; this.count < count; this.count++) this.parent[this.count] = this.count
  }

  find(slot: number): number {
    const parent = this.parent
    let at = slot
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!
      at = parent[at]!
    }
    return at
  }

  /** Joins two sets given by their roots; returns the root of both. */
  union(rootA: number, rootB: number): number {
    const [root, child] = rootA < rootB ? [rootA, rootB] : [rootB, rootA]
    this.parent[child] = root
    return root
  }
}

/** Pairs of the groups of equal shingles: what a join will look at, known before it starts. */
export function joinCost(postings: SlotPairs): number {
  const { shingles, length } = postings
  let cost = 0
  for (let from = 0; from < length; ) {
    let to = from + 1
    while (to < length && shingles[to] === shingles[from]) to++
    cost += ((to - from) * (to - from - 1)) / 2
    from = to
  }
  return cost
}

/** Up to so many pairs a row are looked at before estimating is better, and so many in all cost nothing. */
const budget = { perRow: 300, free: 20_000_000 } as const

/** Is looking at so many pairs too much for so many rows? */
export function exceedsBudget(cost: number, rows: number): boolean {
  return cost > mostPairs(rows)
}

/** So many pairs of so many rows are looked at before estimating is better. */
export function mostPairs(rows: number): number {
  return Math.max(budget.free, budget.perRow * rows)
}

/**
 * What `joinSets` will look at, which is less than all pairs: its walk leaves behind what is similar. A share p of similar
 * slots in a group of g makes it about g/p, and p is measured on pairs spread over the group.
 */
export function* walkCost(postings: SlotPairs, matcher: Matcher): Work<number> {
  const { shingles, slots, length } = postings
  let cost = 0
  let work = 0
  for (let from = 0; from < length; ) {
    let to = from + 1
    while (to < length && shingles[to] === shingles[from]) to++
    const size = to - from
    let pairs = (size * (size - 1)) / 2
    if (size >= 256) {
      let alike = 0
      for (let i = 0; i < 64; i++) {
        const a = from + Math.floor((i * size) / 128)
        if (matcher.allows(slots[a]!, slots[a + (size >> 1)]!)) alike++
      }
      if (alike > 0) pairs = Math.min(pairs, Math.ceil((size * 64) / alike))
      work += 64
    }
    cost += pairs
    if (++work > 50_000) {
      work = 0
      yield { phase: 'estimate', done: from, total: length }
    }
    from = to
  }
  return cost
}

/** Compares slots at one threshold: bitmaps first, sets where they allow it. */
export class Matcher {
  readonly forms: FormColumns
  readonly t: Threshold
  private readonly sum: number
  private readonly difference: number

  constructor(forms: FormColumns, t: Threshold) {
    this.forms = forms
    this.t = t
    this.sum = t.den + t.num
    this.difference = t.den - t.num
  }

  /** |A∩B| of two similar slots, 0 where they are not. */
  overlap(x: number, y: number): number {
    const { forms } = this
    if (!this.allows(x, y)) return 0
    return forms.overlapAtLeast(x, y, neededOverlap(this.t, forms.size(x), forms.size(y)))
  }

  /** May two slots be similar, as far as their bitmaps tell? Similar sets differ in at most (n+m)(1−t)/(1+t) shingles. */
  allows(x: number, y: number): boolean {
    const { bitsLow, bitsHigh, start } = this.forms
    const allowed = (start[x + 1]! - start[x]! + start[y + 1]! - start[y]!) * this.difference
    const bits = popcount(bitsLow[x]! ^ bitsLow[y]!) + popcount(bitsHigh[x]! ^ bitsHigh[y]!)
    return bits * this.sum <= allowed && this.wideAllows(x, y, allowed)
  }

  /** The second look, after the 64 bits let a pair pass. */
  wideAllows(x: number, y: number, allowed: number): boolean {
    const wide = this.forms.wide
    const a = x * 8
    const b = y * 8
    let bits = 0
    for (let i = 0; i < 8; i++) bits += popcount(wide[a + i]! ^ wide[b + i]!)
    return bits * this.sum <= allowed
  }
}

/**
 * Joins similar slots into sets: exact, every pair at or above the threshold ends in one set and no set holds a slot
 * without such a partner in it. Inside a group of slots that share a rare shingle a breadth-first walk takes similar
 * slots out of the remainder, so a group of thousands of near-copies is walked once instead of compared pair by pair.
 */
export function* joinSets(postings: Postings, matcher: Matcher, sets: Sets): Work<void> {
  const { shingles, slots, length } = postings
  const walk = new GroupWalk(postings, matcher, sets)
  const { forms } = matcher
  let work = 0
  for (let from = 0; from < length; ) {
    let to = from + 1
    while (to < length && shingles[to] === shingles[from]) to++
    const size = to - from
    if (size === 2) {
      walk.pair(slots[from]!, slots[from + 1]!, shingles[from]!)
      work += 3 + forms.effort
      forms.effort = 0
    } else if (size > 2) {
      walk.load(from, to)
      while (walk.more()) {
        work += walk.expand() + forms.effort
        forms.effort = 0
        if (work > chunk) {
          work = 0
          yield { phase: 'compare', done: from, total: length }
        }
      }
    }
    if (work > chunk) {
      work = 0
      yield { phase: 'compare', done: from, total: length }
    }
    from = to
  }
}

const chunk = 500_000

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
  private size = 0
  private head = 0
  private tail = 0

  /** Without postings only `loadAll` can be walked. */
  constructor(postings: Postings | undefined, matcher: Matcher, sets: Sets) {
    this.postings = postings
    this.matcher = matcher
    this.sets = sets
  }

  pair(x: number, y: number, shingle: number): void {
    if (!this.matcher.allows(x, y) || !meetFirstAt(this.postings!, x, y, shingle)) return
    const a = this.sets.find(x)
    const b = this.sets.find(y)
    if (a !== b && this.matcher.overlap(x, y) > 0) this.sets.union(a, b)
  }

  /** Takes the group of postings [from, to). */
  load(from: number, to: number): void {
    const { slots, shingles } = this.postings!
    this.shingle = shingles[from]!
    this.take(slots, from, to)
  }

  /** Takes slots that no shared shingle brought together: every one is compared with every other, until it is joined. */
  loadAll(slots: Uint32Array): void {
    this.shingle = -1
    this.take(slots, 0, slots.length)
  }

  private take(slots: Uint32Array, from: number, to: number): void {
    const size = to - from
    if (size > this.slot.length) {
      this.slot = new Uint32Array(size * 2)
      this.low = new Int32Array(size * 2)
      this.high = new Int32Array(size * 2)
      this.count = new Int32Array(size * 2)
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
    const { slot, low, high, count, size, matcher, sets, postings, shingle } = this
    const { forms, t } = matcher
    const sum = t.den + t.num
    const difference = t.den - t.num
    if (this.head === this.tail) this.tail++
    const at = this.head++
    const mine = slot[at]!
    const mineLow = low[at]!
    const mineHigh = high[at]!
    const mineCount = count[at]!
    let root = sets.find(mine)
    let tail = this.tail
    const looked = size - tail
    for (let i = tail; i < size; i++) {
      const allowed = (mineCount + count[i]!) * difference
      if ((popcount(mineLow ^ low[i]!) + popcount(mineHigh ^ high[i]!)) * sum > allowed) continue
      const other = slot[i]!
      const otherRoot = sets.find(other)
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
      tail++
    }
    this.tail = tail
    return looked + 8
  }
}

function swap(list: Int32Array, i: number, j: number): void {
  const value = list[i]!
  list[i] = list[j]!
  list[j] = value
}

/** Every similar pair of slots once, a < b, with |A∩B|; sorted by (a, b). */
export interface Pairs {
  readonly a: Uint32Array
  readonly b: Uint32Array
  readonly inter: Uint32Array
  readonly length: number
}

/** Every pair at or above the threshold, none missed and none twice. Their number is quadratic where rows are alike. */
export function* joinPairs(postings: Postings, matcher: Matcher): Work<Pairs> {
  const { shingles, slots, length } = postings
  const count = matcher.forms.count
  let keys = new Float64Array(1024)
  let found = 0
  let work = 0
  for (let from = 0; from < length; ) {
    let to = from + 1
    while (to < length && shingles[to] === shingles[from]) to++
    for (let i = from + 1; i < to; i++) {
      const x = slots[i]!
      for (let j = from; j < i; j++) {
        const y = slots[j]!
        if (!matcher.allows(x, y) || !meetFirstAt(postings, x, y, shingles[from]!)) continue
        if (matcher.overlap(x, y) === 0) continue
        if (found === keys.length) {
          const more = new Float64Array(found * 2)
          more.set(keys)
          keys = more
        }
        keys[found++] = x < y ? x * count + y : y * count + x
      }
      work += i - from
      if (work > chunk / 8) {
        work = 0
        yield { phase: 'compare', done: from, total: length }
      }
    }
    work++
    from = to
  }
  const sorted = keys.subarray(0, found).sort()
  const a = new Uint32Array(found)
  const b = new Uint32Array(found)
  const inter = new Uint32Array(found)
  for (let i = 0; i < found; i++) {
    a[i] = Math.floor(sorted[i]! / count)
    b[i] = sorted[i]! % count
    inter[i] = matcher.overlap(a[i]!, b[i]!)
  }
  return { a, b, inter, length: found }
}
