import { differAtMost } from './holderSearch.ts'
import type { LeanForms } from './leanForms.ts'
import { sortPairs } from './postings.ts'
import type { Work } from './progress.ts'

/** Sets read together, so many shingles at most; those between them that nobody asked for may be so many. */
const windowLength = 1 << 18
const mostBetween = 1 << 12

/**
 * Sets of forms, asked for in ascending order: those that stand near each other are read together. Millions of short sets read by
 * themselves take longer than all of them.
 */
class Ascending {
  private readonly forms: LeanForms
  private readonly slots: Uint32Array
  private next = 0
  /** The shingles from `base` on of the slots before `end`. */
  pool: Uint32Array = new Uint32Array(0)
  base = 0
  private end = 0

  /** `slots` are those that will be asked for, ascending. */
  constructor(forms: LeanForms, slots: Uint32Array) {
    this.forms = forms
    this.slots = slots
  }

  /** Reads a slot's set, if it is not at hand; the shingle s of it is then `pool[start[slot] + s - base]`. */
  reach(slot: number): void {
    if (slot < this.end) return
    const { forms, slots } = this
    const { start } = forms
    while (slots[this.next]! < slot) this.next++
    let to = start[slot + 1]!
    for (; this.next < slots.length; this.next++) {
      const other = slots[this.next]!
      if (start[other]! - to > mostBetween || start[other + 1]! - start[slot]! > windowLength) break
      to = Math.max(to, start[other + 1]!)
      this.end = other + 1
    }
    this.end = Math.max(this.end, slot + 1)
    this.base = start[slot]!
    this.pool = forms.range(this.base, to)
  }
}

/**
 * Pairs of a form and another that may hold it, as far as their bitmaps tell. They wait until they are many, and then are compared in
 * the order of the holders, so that all sets are read in their order instead of two for each pair.
 */
export class WaitingPairs {
  /** Pairs are compared when so many wait, or when the sets of the smaller ones together have so many shingles. */
  private readonly most: number
  private readonly forms: LeanForms
  private slots: Uint32Array
  private holders: Uint32Array
  private needs: Uint32Array
  private count = 0
  private held = 0
  private last = -1

  constructor(forms: LeanForms, most: number) {
    this.forms = forms
    this.most = Math.max(1024, most)
    this.slots = new Uint32Array(1024)
    this.holders = new Uint32Array(1024)
    this.needs = new Uint32Array(1024)
  }

  get isFull(): boolean {
    return this.count >= this.most || this.held >= this.most * 4
  }

  /** Takes a pair, unless the bitmaps refuse it; forms come in ascending order. `need` is how many of its shingles the holder must have. */
  add(slot: number, holder: number, need: number): void {
    const { forms } = this
    const n = forms.size(slot)
    if (!differAtMost(forms, slot, holder, n + forms.size(holder) - 2 * need)) return
    if (this.count === this.slots.length) {
      this.slots = longer(this.slots)
      this.holders = longer(this.holders)
      this.needs = longer(this.needs)
    }
    this.slots[this.count] = slot
    this.holders[this.count] = holder
    this.needs[this.count++] = need
    if (slot !== this.last) this.held += n
    this.last = slot
  }

  /** Compares all that wait, and hands over those that hold. */
  *compare(take: (slot: number, holder: number) => void): Work<void> {
    const { forms, slots, needs, count } = this
    const { start } = forms
    const own = yield* this.heldSets(slots.subarray(0, count))
    const order = new Uint32Array(count)
    for (let i = 0; i < count; i++) order[i] = i
    const sorted = yield* sortPairs({ shingles: this.holders.slice(0, count), slots: order, length: count })
    const holders = sorted.shingles.subarray(0, count)
    const reader = new Ascending(forms, holders)
    let work = 0
    for (let i = 0; i < count; i++) {
      const holder = holders[i]!
      const pair = sorted.slots[i]!
      const slot = slots[pair]!
      reader.reach(holder)
      const a = { pool: own.pool, from: own.at.get(slot)!, to: own.at.get(slot)! + forms.size(slot) }
      const b = { pool: reader.pool, from: start[holder]! - reader.base, to: start[holder + 1]! - reader.base }
      if (hasAllBut(b, a, forms.size(slot) - needs[pair]!)) take(slot, holder)
      work += 40 + a.to - a.from + b.to - b.from
      if (work > 1_000_000) {
        work = 0
        yield { phase: 'containment', done: i, total: count }
      }
    }
    this.count = 0
    this.held = 0
    this.last = -1
  }

  /** The sets of some forms, which are ascending and may repeat, side by side, and where each begins. */
  private *heldSets(slots: Uint32Array): Work<{ readonly pool: Uint32Array; readonly at: Map<number, number> }> {
    const { forms } = this
    const pool = new Uint32Array(this.held)
    const at = new Map<number, number>()
    const reader = new Ascending(forms, slots)
    let end = 0
    let told = 0
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      if (i > 0 && slots[i - 1] === slot) continue
      reader.reach(slot)
      const from = forms.start[slot]! - reader.base
      pool.set(reader.pool.subarray(from, from + forms.size(slot)), end)
      at.set(slot, end)
      end += forms.size(slot)
      if (end - told < 500_000) continue
      told = end
      yield { phase: 'containment', done: 0, total: this.count }
    }
    return { pool, at }
  }
}

interface Range {
  readonly pool: Uint32Array
  readonly from: number
  readonly to: number
}

/** Does a set have all shingles of another one but for so many? */
function hasAllBut(holder: Range, set: Range, misses: number): boolean {
  const { pool: a, to } = set
  const { pool: b, to: end } = holder
  let left = misses
  let j = holder.from
  for (let i = set.from; i < to; i++) {
    const shingle = a[i]!
    while (j < end && b[j]! < shingle) j++
    if (j === end || b[j] !== shingle) {
      if (--left < 0) return false
    } else j++
  }
  return true
}

function longer(list: Uint32Array): Uint32Array {
  const more = new Uint32Array(list.length * 2)
  more.set(list)
  return more
}
