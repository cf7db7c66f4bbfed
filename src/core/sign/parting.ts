import { popcount64 } from './formColumns.ts'
import { GroupWalk } from './groupWalk.ts'
import type { Matcher } from './matcher.ts'
import type { Sets } from './sets.ts'

/**
 * The parts that a linked set falls into when forms leave it: `rest` is what stays, ascending and with its old sets forgotten, and
 * is joined in `sets` again; answers the parts, each ascending.
 *
 * Whatever was linked through a form that left was linked through forms similar to it. So only these have to be found linked
 * again: sets grow around them by similar forms, the smallest first, until one is left, and what no other has reached is of that
 * one. Of a large set that stays in one piece little is compared, where joining it anew compares nearly all with all.
 */
export function partsWithout(
  rest: readonly number[],
  gone: readonly number[],
  { matcher, sets }: { readonly matcher: Matcher; readonly sets: Sets },
): number[][] {
  const items = new SideBySide(rest, matcher)
  /** What is known of each growing set, by its root, and has not been asked for what is similar to it. */
  const growing = new Map<number, Growing>()
  /** Joins what is similar to a slot of the growing set `known` to it. */
  const grow = (known: number, slot: number) => {
    let root = known
    items.similar(
      slot,
      other => sets.find(other) === root,
      other => {
        const theirs = sets.find(other)
        const own = growing.get(root)!
        const joined = growing.get(theirs) ?? { waiting: [other], size: 1 }
        growing.delete(root)
        growing.delete(theirs)
        root = sets.union(root, theirs)
        growing.set(root, own)
        add(growing, root, joined)
      },
    )
  }
  const beside = new Set<number>()
  let first = -1
  for (const slot of gone)
    items.similar(
      slot,
      other => first >= 0 && sets.find(other) === sets.find(first),
      other => {
        beside.add(other)
        if (first >= 0) return
        // As a rule it is similar to most of the others, too.
        first = other
        growing.set(other, { waiting: [], size: 1 })
        grow(other, other)
      },
    )
  const walk = new GroupWalk(undefined, matcher, sets)
  const reached = growing.get(sets.find(first))
  growing.clear()
  walk.loadAll(Uint32Array.from(beside))
  while (walk.more()) walk.expand()
  if (reached) add(growing, sets.find(first), reached)
  for (const slot of beside) if (slot !== first) add(growing, sets.find(slot), { waiting: [slot], size: 1 })
  const whole = new Set<number>()
  while (growing.size > 1) {
    const [known, { waiting }] = smallest(growing)
    const slot = waiting.pop()
    if (slot === undefined) {
      growing.delete(known)
      whole.add(known)
      continue
    }
    grow(known, slot)
  }
  const [last] = growing.keys()
  if (last === undefined) throw new Error('a form left a linked set in which nothing was similar to it')
  const parts = new Map<number, number[]>()
  let root = last
  for (const slot of rest) {
    let own = sets.find(slot)
    if (!whole.has(own) && own !== root) root = own = sets.union(own, root)
  }
  for (const slot of rest) {
    const own = sets.find(slot)
    const list = parts.get(own)
    if (list) list.push(slot)
    else parts.set(own, [slot])
  }
  return [...parts.values()]
}

/** A set that grows: the members that have not been asked what is similar to them, and how many are known. */
interface Growing {
  readonly waiting: number[]
  readonly size: number
}

function add(growing: Map<number, Growing>, root: number, more: Growing): void {
  const known = growing.get(root)
  const [large, small] = !known || known.waiting.length < more.waiting.length ? [more, known] : [known, more]
  if (small) for (const slot of small.waiting) large.waiting.push(slot)
  growing.set(root, { waiting: large.waiting, size: large.size + (small?.size ?? 0) })
}

function smallest(growing: ReadonlyMap<number, Growing>): [number, Growing] {
  let best: [number, Growing] | undefined
  for (const entry of growing) if (!best || entry[1].size < best[1].size) best = entry
  return best!
}

/** Slots that are read many times, in order: what comparing asks first lies side by side. */
class SideBySide {
  private readonly slots: readonly number[]
  private readonly matcher: Matcher
  private readonly low: Int32Array
  private readonly high: Int32Array
  private readonly count: Int32Array

  constructor(slots: readonly number[], matcher: Matcher) {
    this.slots = slots
    this.matcher = matcher
    const { bitsLow, bitsHigh } = matcher.forms
    this.low = Int32Array.from(slots, slot => bitsLow[slot]!)
    this.high = Int32Array.from(slots, slot => bitsHigh[slot]!)
    this.count = Int32Array.from(slots, slot => matcher.forms.size(slot))
  }

  /** Calls `take` with each that is similar to a slot and not known. */
  similar(slot: number, isKnown: (other: number) => boolean, take: (other: number) => void): void {
    const { slots, matcher, low, high, count } = this
    const { forms, t } = matcher
    const sum = t.den + t.num
    const difference = t.den - t.num
    const size = forms.size(slot)
    const ownLow = forms.bitsLow[slot]!
    const ownHigh = forms.bitsHigh[slot]!
    for (let at = 0; at < slots.length; at++) {
      const allowed = (size + count[at]!) * difference
      if (popcount64(ownLow ^ low[at]!, ownHigh ^ high[at]!) * sum > allowed) continue
      const other = slots[at]!
      if (isKnown(other) || !matcher.wideAllows(slot, other, allowed)) continue
      if (matcher.shared(slot, other) > 0) take(other)
    }
  }
}
