import { type Banding, Bands } from './bands.ts'
import { type FormArrays, FormColumns } from './formColumns.ts'
import { joinSets, joinWithin, walkCost } from './join.ts'
import { Matcher } from './matcher.ts'
import {
  dropSingles,
  type Keys,
  Levels,
  type LevelTable,
  type Postings,
  type SlotPairs,
  sortPairs,
  startsOf,
} from './postings.ts'
import { finishWork, type Work } from './progress.ts'
import { Sets } from './sets.ts'
import type { Threshold } from './threshold.ts'

/** How keys are chosen, as plain data. */
export type KeysOf =
  | { readonly kind: 'levels'; readonly table: LevelTable }
  | { readonly kind: 'bands'; readonly banding: Banding }

/** The keys of the slots [from, to), those that `alive` marks. */
export interface PrefixJob {
  readonly kind: 'prefix'
  readonly forms: FormArrays
  readonly alive: Uint8Array
  readonly t: Threshold
  readonly keys: KeysOf
  readonly from: number
  readonly to: number
  /** How many parts the keys are dealt to. */
  readonly parts: number
}

/** The keys of slot s, ascending: `keys[start[s - from] .. start[s - from + 1])`. */
export interface Prefixes {
  readonly kind: 'prefix'
  readonly from: number
  readonly to: number
  readonly keys: Uint32Array
  readonly start: Uint32Array
  /** The same by part, and in a part by slot: `dealt.keys[dealt.start[p] .. dealt.start[p + 1])`, with the slot of each. */
  readonly dealt: { readonly keys: Uint32Array; readonly slots: Uint32Array; readonly start: Uint32Array }
}

/** Joins the slots that share a key of this part: a key belongs to `part` of `parts` by its mixed bits. */
export interface JoinJob {
  readonly kind: 'join'
  readonly forms: FormArrays
  readonly t: Threshold
  /** The keys of ranges of slots, which follow each other. */
  readonly prefixes: readonly Prefixes[]
  readonly part: number
  readonly parts: number
  /** Keys of one slot only are kept for later questions. */
  readonly singles: boolean
  /** Nothing is compared where it would cost more pairs than this. */
  readonly budget: number
}

export interface Joined {
  readonly kind: 'join'
  /** Pairs that had to be looked at; the least that is known where that is more than the budget. */
  readonly cost: number
  /** The set of each slot, as `Sets` has it; undefined where it cost too much. */
  readonly parent: Uint32Array | undefined
  /** The sorted postings of this part, where keys of one slot only are kept. */
  readonly sorted: SlotPairs | undefined
}

/** Which of so many parts a key belongs to. */
export function partOf(key: number, parts: number): number {
  return ((Math.imul(key, 0x9e3779b1) >>> 16) * parts) >>> 16
}

export function keysFor(keys: KeysOf): Keys {
  return keys.kind === 'levels' ? new Levels(keys.table) : new Bands(keys.banding)
}

export function runPrefixJob({ forms: arrays, alive, t, keys: of, from, to, parts }: PrefixJob): Prefixes {
  const forms = new FormColumns(arrays)
  const asked = keysFor(of)
  const keys = asked.inTurn?.() ?? asked
  let capacity = 0
  for (let slot = from; slot < to; slot++) if (alive[slot] === 1) capacity += keys.size(forms, slot, t)
  const out = new Uint32Array(new SharedArrayBuffer(capacity * 4))
  const start = new Uint32Array(new SharedArrayBuffer((to - from + 1) * 4))
  let end = 0
  for (let slot = from; slot < to; slot++) {
    if (alive[slot] === 1) end = keys.prefix(forms, slot, t, out, end)
    start[slot - from + 1] = end
  }
  return { kind: 'prefix', from, to, keys: out, start, dealt: deal(out, start, { from, parts }) }
}

/** Deals keys that are there by slot to parts. */
function deal(
  keys: Uint32Array,
  start: Uint32Array,
  { from, parts }: { readonly from: number; readonly parts: number },
): Prefixes['dealt'] {
  const length = start.at(-1)!
  const ends = new Uint32Array(new SharedArrayBuffer((parts + 1) * 4))
  for (let i = 0; i < length; i++) ends[partOf(keys[i]!, parts) + 1]!++
  for (let part = 0; part < parts; part++) ends[part + 1]! += ends[part]!
  const at = ends.slice()
  const dealt = {
    keys: new Uint32Array(new SharedArrayBuffer(length * 4)),
    slots: new Uint32Array(new SharedArrayBuffer(length * 4)),
    start: ends,
  }
  for (let i = 0; i + 1 < start.length; i++)
    for (let j = start[i]!; j < start[i + 1]!; j++) {
      const key = keys[j]!
      const place = at[partOf(key, parts)]!++
      dealt.keys[place] = key
      dealt.slots[place] = from + i
    }
  return dealt
}

/** The pairs of one part of all of so many, in the order of their slots. */
function pairsOfPart(prefixes: readonly Prefixes[], part: number, parts: number): SlotPairs {
  // Where the keys are dealt to parts, and all are wanted together, they are taken by slot.
  const whole = parts === 1
  const lengths = prefixes.map(({ start, dealt }) =>
    whole ? start.at(-1)! : dealt.start[part + 1]! - dealt.start[part]!,
  )
  const length = lengths.reduce((sum, own) => sum + own, 0)
  const shingles = new Uint32Array(length)
  const slots = new Uint32Array(length)
  let at = 0
  for (const [i, { from, to, keys, start, dealt }] of prefixes.entries()) {
    const own = lengths[i]!
    if (whole) {
      shingles.set(keys.subarray(0, own), at)
      for (let slot = from; slot < to; slot++) slots.fill(slot, at + start[slot - from]!, at + start[slot - from + 1]!)
    } else {
      const first = dealt.start[part]!
      shingles.set(dealt.keys.subarray(first, first + own), at)
      slots.set(dealt.slots.subarray(first, first + own), at)
    }
    at += own
  }
  return { shingles, slots, length }
}

export function runJoinJob({ forms: arrays, t, prefixes, part, parts, singles, budget }: JoinJob): Joined {
  const forms = new FormColumns(arrays)
  const matcher = new Matcher(forms, t).pack()
  const { shingles, slots, length: all } = pairsOfPart(prefixes, part, parts)
  const length = singles ? all : finishWork(dropSingles(shingles, slots, all))
  // Two slots that share keys of several parts are compared in each of them.
  const prefix = shingles.slice(0, length)
  const prefixStart = startsOf(slots, length, forms.count)
  const sorted = finishWork(sortPairs({ shingles, slots, length }))
  const postings = { ...sorted, prefix, prefixStart }
  const own = singles ? sorted : undefined
  const sets = new Sets(forms.count)
  // Only of all keys together is it known what the small groups join.
  const { cost, within } = finishWork(
    parts === 1 ? joinWithin(postings, { matcher, sets, budget }) : joinCheap(postings, { matcher, sets, budget }),
  )
  return { kind: 'join', cost, parent: within ? sets.parent : undefined, sorted: own }
}

function* joinCheap(
  postings: Postings,
  { matcher, sets, budget }: { readonly matcher: Matcher; readonly sets: Sets; readonly budget: number },
): Work<{ readonly cost: number; readonly within: boolean }> {
  const cost = yield* walkCost(postings, matcher)
  if (cost > budget) return { cost, within: false }
  yield* joinSets(postings, matcher, sets)
  return { cost, within: true }
}
