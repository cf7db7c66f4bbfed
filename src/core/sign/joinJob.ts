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
}

/** The keys of slot s, ascending: `keys[start[s - from] .. start[s - from + 1])`. */
export interface Prefixes {
  readonly kind: 'prefix'
  readonly from: number
  readonly to: number
  readonly keys: Uint32Array
  readonly start: Uint32Array
}

/** Joins the slots that share a key of this part: a key belongs to `part` of `parts` by its mixed bits. */
export interface JoinJob {
  readonly kind: 'join'
  readonly forms: FormArrays
  readonly t: Threshold
  /** The keys by slot. */
  readonly prefix: Uint32Array
  readonly prefixStart: Uint32Array
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
  return parts === 1 ? 0 : (Math.imul(key, 0x9e3779b1) >>> 16) % parts
}

export function keysFor(keys: KeysOf): Keys {
  return keys.kind === 'levels' ? new Levels(keys.table) : new Bands(keys.banding)
}

export function runPrefixJob({ forms: arrays, alive, t, keys: of, from, to }: PrefixJob): Prefixes {
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
  return { kind: 'prefix', from, to, keys: out, start }
}

/** One list of keys by slot from those of ranges of slots, which follow each other. */
export function joinPrefixes(prefixes: readonly Prefixes[]): Pick<Postings, 'prefix' | 'prefixStart'> {
  const count = prefixes.at(-1)?.to ?? 0
  const length = prefixes.reduce((sum, { start }) => sum + start.at(-1)!, 0)
  const prefix = new Uint32Array(new SharedArrayBuffer(length * 4))
  const prefixStart = new Uint32Array(new SharedArrayBuffer((count + 1) * 4))
  let at = 0
  for (const { from, to, keys, start } of prefixes) {
    const own = start[to - from]!
    prefix.set(keys.subarray(0, own), at)
    for (let slot = from; slot < to; slot++) prefixStart[slot + 1] = at + start[slot - from + 1]!
    at += own
  }
  return { prefix, prefixStart }
}

export function runJoinJob({ forms: arrays, t, prefix, prefixStart, part, parts, singles, budget }: JoinJob): Joined {
  const forms = new FormColumns(arrays)
  const matcher = new Matcher(forms, t)
  let capacity = 0
  for (let i = 0; i < prefix.length; i++) if (partOf(prefix[i]!, parts) === part) capacity++
  const shingles = new Uint32Array(capacity)
  const slots = new Uint32Array(capacity)
  let length = 0
  for (let slot = 0; slot + 1 < prefixStart.length; slot++)
    for (let i = prefixStart[slot]!; i < prefixStart[slot + 1]!; i++) {
      if (partOf(prefix[i]!, parts) !== part) continue
      shingles[length] = prefix[i]!
      slots[length++] = slot
    }
  if (!singles) length = finishWork(dropSingles(shingles, slots, length))
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
