import { GroupWalk } from './groupWalk.ts'
import type { Matcher } from './matcher.ts'
import { meetFirstAt, type Postings, type SlotPairs } from './postings.ts'
import type { Work } from './progress.ts'
import type { Sets } from './sets.ts'

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

/** What `joinSets` will look at, which is less than all pairs: its walk leaves behind what is similar. */
export function* walkCost(postings: SlotPairs, matcher: Matcher): Work<number> {
  const place = { from: 0, cost: 0 }
  while (place.from < postings.length) {
    addCost(postings, matcher, place)
    yield { phase: 'estimate', done: place.from, total: postings.length }
  }
  return place.cost
}

/** Adds up what the next groups cost, for some milliseconds. */
function addCost(postings: SlotPairs, matcher: Matcher, place: { from: number; cost: number }): void {
  const { shingles, length } = postings
  let { from, cost } = place
  for (let work = 0; from < length && work < 300_000; ) {
    const shingle = shingles[from]!
    let to = from + 1
    while (to < length && shingles[to] === shingle) to++
    if (to - from > 1) cost += groupCost(postings, { from, to }, matcher)
    work += to - from >= sampled ? 300 : 1
    from = to
  }
  place.from = from
  place.cost = cost
}

/** Of groups of so many slots pairs are sampled. */
const sampled = 256

/** The pairs of a group, or about g/p where a share p of its g slots is similar, by pairs spread over the group. */
function groupCost({ slots }: SlotPairs, { from, to }: Group, matcher: Matcher): number {
  const size = to - from
  const pairs = (size * (size - 1)) / 2
  if (size < sampled) return pairs
  let alike = 0
  for (let i = 0; i < 64; i++) {
    const a = from + Math.floor((i * size) / 128)
    if (matcher.allows(slots[a]!, slots[a + (size >> 1)]!)) alike++
  }
  return alike > 0 ? Math.min(pairs, Math.ceil((size * 64) / alike)) : pairs
}

/** Groups of more slots than this are joined after the others, the smaller ones first. */
const largeGroup = 32

/**
 * Joins similar slots into sets: exact, every pair at or above the threshold ends in one set and no set holds a slot
 * without such a partner in it. Inside a group of slots that share a rare shingle a breadth-first walk takes similar
 * slots out of the remainder, so a group of thousands of near-copies is walked once instead of compared pair by pair.
 * What small groups joined is not compared again in large ones: of the rows of a template these hold nothing new.
 */
export function* joinSets(postings: Postings, matcher: Matcher, sets: Sets): Work<void> {
  const walk = new GroupWalk(postings, matcher, sets)
  for (const group of yield* joinSmall(postings, walk)) yield* joinLarge(group, walk, matcher)
}

/**
 * As `joinSets`, as long as it looks at no more pairs than `budget`. Where the groups as such cost more, the smaller ones may
 * still join so much that little is left of the others. False, with some of it joined, where it would be too much.
 */
export function* joinWithin(
  postings: Postings,
  { matcher, sets, budget }: { readonly matcher: Matcher; readonly sets: Sets; readonly budget: number },
): Work<{ readonly cost: number; readonly within: boolean }> {
  const whole = yield* walkCost(postings, matcher)
  if (whole <= budget) {
    yield* joinSets(postings, matcher, sets)
    return { cost: whole, within: true }
  }
  const walk = new GroupWalk(postings, matcher, sets)
  let cost = 0
  let postponed: Group[] = []
  for (const group of yield* joinSmall(postings, walk)) {
    const own = groupCost(postings, group, matcher)
    // Later most of its pairs may be in one set.
    if (cost + own > budget / 2) postponed.push(group)
    else {
      cost += own
      yield* joinLarge(group, walk, matcher)
    }
  }
  for (let rest = postponed; rest.length > 0; rest = postponed) {
    postponed = []
    for (const group of rest) {
      const { from, to } = group
      const own = Math.min(groupCost(postings, group, matcher), walk.pairsBetweenSets(from, to))
      if (cost + own > budget) postponed.push(group)
      else {
        cost += own
        yield* joinLarge(group, walk, matcher)
      }
      yield { phase: 'compare', done: from, total: postings.length }
    }
    if (postponed.length === rest.length) return { cost: whole, within: false }
  }
  return { cost, within: true }
}

/** The postings [from, to) of one shingle. */
interface Group {
  readonly from: number
  readonly to: number
}

/** Joins within the small groups; the large ones, smaller ones first. */
function* joinSmall(postings: Postings, walk: GroupWalk): Work<Group[]> {
  const { length } = postings
  const large: Group[] = []
  for (let from = 0; from < length; ) {
    from = joinNext(postings, walk, from, large)
    yield { phase: 'compare', done: from, total: length }
  }
  return large.sort((a, b) => a.to - a.from - (b.to - b.from) || a.from - b.from)
}

/** So many postings are made ready at a time: what is asked of their slots stays near until it is asked. */
const ready = 1024

/**
 * Joins within some small groups from one on, and adds those that are not small to `large`; where the next group begins. A loop over
 * millions that stands in a generator is compiled late.
 */
function joinNext({ shingles, slots, length }: Postings, walk: GroupWalk, first: number, large: Group[]): number {
  let from = first
  let warm = first
  for (let work = 0; from < length && work < chunk; ) {
    if (from >= warm) {
      warm = Math.min(length, from + ready)
      walk.ready(from, warm)
    }
    const shingle = shingles[from]!
    let to = from + 1
    while (to < length && shingles[to] === shingle) to++
    const size = to - from
    if (size === 2) work += walk.pair(slots[from]!, slots[from + 1]!, shingle)
    else if (size > largeGroup) large.push({ from, to })
    else if (size > 2) {
      walk.load(from, to)
      while (walk.more()) work += walk.expand()
    } else work++
    from = to
  }
  return from
}

function* joinLarge({ from, to }: Group, walk: GroupWalk, matcher: Matcher): Work<void> {
  walk.loadLarge(from, to)
  let work = to - from
  while (walk.more()) {
    work += walk.expand()
    if (work < chunk) continue
    work = 0
    yield { phase: 'compare', done: from, total: to }
  }
  matcher.forms.effort += work
  if (matcher.forms.effort < chunk) return
  matcher.forms.effort = 0
  yield { phase: 'compare', done: from, total: to }
}

const chunk = 500_000

/** Every similar pair of slots once, a < b, with |A∩B|; sorted by (a, b). */
export interface Pairs {
  readonly a: Uint32Array
  readonly b: Uint32Array
  readonly inter: Uint32Array
  readonly length: number
}

/** Every pair at or above the threshold, none missed and none twice. Their number is quadratic where rows are alike. */
export function* joinPairs(postings: Postings, matcher: Matcher): Work<Pairs> {
  const { length } = postings
  const count = matcher.forms.count
  const found = { keys: new Float64Array(1024), length: 0 }
  const place = { from: 0, to: 0, next: 0 }
  while (place.from < length) {
    lookAtPairs(postings, matcher, place, found)
    yield { phase: 'compare', done: place.from, total: length }
  }
  const sorted = found.keys.subarray(0, found.length).sort()
  const a = new Uint32Array(found.length)
  const b = new Uint32Array(found.length)
  const inter = new Uint32Array(found.length)
  for (let i = 0; i < found.length; i++) {
    a[i] = Math.floor(sorted[i]! / count)
    b[i] = sorted[i]! % count
    inter[i] = matcher.shared(a[i]!, b[i]!)
  }
  return { a, b, inter, length: found.length }
}

/**
 * Looks at some thousand pairs, from a place in the postings on: the group [from, to), of which the slots before `next` are done.
 * A loop over millions that stands in a generator is compiled late.
 */
function lookAtPairs(
  postings: Postings,
  matcher: Matcher,
  place: { from: number; to: number; next: number },
  found: { keys: Float64Array; length: number },
): void {
  const { shingles, slots, length } = postings
  const count = matcher.forms.count
  let { from, to, next } = place
  for (let work = 0; from < length && work < chunk / 8; work++) {
    if (next >= to) {
      from = to
      next = from + 1
      to = next
      while (to < length && shingles[to] === shingles[from]) to++
      continue
    }
    const x = slots[next]!
    for (let j = from; j < next; j++) {
      const y = slots[j]!
      if (!matcher.allows(x, y) || !meetFirstAt(postings, x, y, shingles[from]!)) continue
      if (matcher.shared(x, y) === 0) continue
      if (found.length === found.keys.length) {
        const more = new Float64Array(found.length * 2)
        more.set(found.keys)
        found.keys = more
      }
      found.keys[found.length++] = x < y ? x * count + y : y * count + x
    }
    work += next - from
    next++
  }
  place.from = from
  place.to = to
  place.next = next
}
