import {
  type Held,
  type Hits,
  type HitTable,
  HolderSearch,
  type Holding,
  hitTable,
  holds,
  joinHeld,
  joinHits,
  marksOf,
  mostHolders,
  runHeldJob,
  runHitsJob,
} from './containJob.ts'
import type { FormColumns } from './formColumns.ts'
import { Levels, type LevelTable, type SlotPrefixes } from './postings.ts'
import type { Work } from './progress.ts'
import { RecurAhead, slotRanges } from './recurAhead.ts'
import { countersFor, Recurrence } from './recurrence.ts'
import type { Threads } from './threads.ts'
import type { Threshold } from './threshold.ts'

/** A text of fewer shingles is within others by chance. */
export const leastContained = 8
/** So many new forms are looked for by reading all sets once; for more a new join is quicker. */
const mostFresh = 64
/** With fewer forms, telling other threads takes longer than looking. */
const fewForms = 20_000
/** So many shingles are read between two breaths. */
const piece = 300_000

/** How a containment join is made. */
export interface ContainmentOptions {
  /** Forms of fewer shingles are not looked for in others. */
  readonly least?: number
  /** The frequencies of shingles that another join counted: without them they are counted again. */
  readonly levels?: LevelTable | undefined
  /** Take part in a full join; the arrays of the forms must be shared then. */
  readonly threads?: Threads | undefined
}

/** What makes a full join cheaper. */
export interface JoinHelp {
  /** The rarest shingles of all forms by the levels given, where they are known; a form may have fewer or none of them there. */
  readonly prefixes?: SlotPrefixes | undefined
  /** Which shingles recur, where other threads are counting it. */
  readonly ahead?: RecurAhead | undefined
  /** What this thread can do while others join; what is left of it stays undone. */
  readonly meanwhile?: Work<void> | undefined
}

/**
 * Which forms are within larger ones: |A∩B| / |A| at or above a share, |A| < |B|, |A| of at least so many shingles. At most
 * m = |A| − ⌈c·|A|⌉ shingles of A may be missing in B. A shingle that no other form has is missing in every B, so a form with
 * more than m of these is in none: most forms end here. Of the others, with u such shingles, one of the m − u + 1 rarest
 * of the rest must be in B (the prefix filter, asked from one side: Agrawal, Arasu and Kaushik, SIGMOD 2010); these are
 * looked for in every set, and who has one is compared. Exact, but for forms whose rarest shingles stand in more than 500 larger ones.
 */
export class Containment {
  readonly share: Threshold
  private readonly forms: FormColumns
  private readonly least: number
  private readonly levels: LevelTable | undefined
  private readonly threads: Threads | undefined
  private readonly holders = new Map<number, number[]>()
  private known = 0

  constructor(
    forms: FormColumns,
    share: Threshold,
    { least = leastContained, levels, threads }: ContainmentOptions = {},
  ) {
    this.forms = forms
    this.share = share
    this.least = Math.max(least, leastContained)
    this.levels = levels
    this.threads = threads
  }

  /** The forms that hold this one, ascending; those that no row has any more included. */
  holdersOf(slot: number): readonly number[] {
    return this.holders.get(slot) ?? none
  }

  /** All forms that others hold. */
  held(): Iterable<number> {
    return this.holders.keys()
  }

  /**
   * Brings it up to date with the forms there are: a few new ones by themselves, many by joining anew.
   */
  *update({ prefixes, ahead, meanwhile }: JoinHelp = {}): Work<void> {
    const { forms, threads } = this
    const fresh = forms.count - this.known
    if (fresh === 0) return ahead?.drop()
    if (this.known > 0 && fresh <= mostFresh) {
      ahead?.drop()
      yield* this.enter(this.known)
    } else {
      this.holders.clear()
      // What is counted ahead is counted for as many forms as threads are asked about.
      if (threads && forms.count >= fewForms) yield* this.joinElsewhere(threads, { prefixes, ahead, meanwhile })
      else yield* this.join(prefixes)
    }
    this.known = forms.count
  }

  private *join(prefixes: SlotPrefixes | undefined): Work<void> {
    const { forms, share, least } = this
    const total = forms.start[forms.count]!
    const recurs = new Recurrence(countersFor(total))
    for (let from = 0; from < total; from += piece) {
      recurs.add(forms.pool, from, Math.min(total, from + piece))
      yield { phase: 'containment', done: from, total: total * 3 }
    }
    const { counters } = recurs
    const levels = this.levels ?? (yield* Levels.table(forms, () => true))
    const held: Held[] = []
    for (const { from, to } of slotRanges(forms, piece)) {
      held.push(runHeldJob({ kind: 'held', forms, from, to, share, least, counters, levels, prefixes }))
      yield { phase: 'containment', done: forms.count + from, total: forms.count * 3 }
    }
    const all = joinHeld(held)
    const marks = marksOf(all.shingles)
    const hits: Hits[] = []
    for (const { from, to } of slotRanges(forms, piece)) {
      hits.push(runHitsJob({ kind: 'hits', forms, from, to, least, marks }))
      yield { phase: 'containment', done: forms.count * 2 + from, total: forms.count * 3 }
    }
    const table = yield* hitTable(joinHits(hits), forms)
    const search = new HolderSearch({ forms, share, held: all, hits: table })
    for (let i = 0; i < all.slots.length; ) {
      i = search.look(i, all.slots.length, piece)
      yield { phase: 'containment', done: i, total: all.slots.length }
    }
    this.take(search.done())
  }

  /** As `join`, in other threads. */
  private *joinElsewhere(threads: Threads, { prefixes, ahead, meanwhile }: JoinHelp): Work<void> {
    const { share, least } = this
    const forms = this.forms.arrays()
    const levels = this.levels ?? (yield* Levels.table(this.forms, () => true))
    const ranges = [...slotRanges(forms, Math.ceil(forms.start[forms.count]! / (threads.count * 2)))]
    const counters = yield* (ahead ?? new RecurAhead(threads, forms)).finish(meanwhile)
    const held: Held[] = []
    yield* threads.run(
      ranges.map(range => ({ kind: 'held' as const, forms, share, least, counters, levels, prefixes, ...range })),
      done => void held.push(done),
      meanwhile,
    )
    const all = joinHeld(held)
    const marks = marksOf(all.shingles)
    const hits: Hits[] = []
    yield* threads.run(
      ranges.map(range => ({ kind: 'hits' as const, forms, least, marks, ...range })),
      done => void hits.push(done),
      meanwhile,
    )
    let table: HitTable | undefined
    yield* threads.run(
      [{ kind: 'table' as const, pairs: joinHits(hits), forms }],
      done => void (table = done.table),
      meanwhile,
    )
    const step = Math.max(1, Math.ceil(all.slots.length / (threads.count * 4)))
    const parts = Array.from({ length: Math.ceil(all.slots.length / step) }, (_, i) => ({
      from: i * step,
      to: Math.min(all.slots.length, (i + 1) * step),
    }))
    yield* threads.run(
      parts.map(range => ({ kind: 'holders' as const, forms, share, held: all, hits: table!, ...range })),
      done => this.take(done),
      meanwhile,
    )
  }

  private take({ slots, ends, holders }: Holding): void {
    for (const [i, slot] of slots.entries())
      this.holders.set(slot, holders.slice(i === 0 ? 0 : ends[i - 1]!, ends[i]!) as number[])
  }

  /** Takes up the forms from `first` on, which came later: what each of them holds and what holds it, by reading all sets once. */
  private *enter(first: number): Work<void> {
    const { forms, share, least } = this
    const { pool, start } = forms
    const marks = new Int32Array(1 << 15)
    let shortest = Number.POSITIVE_INFINITY
    for (let slot = first; slot < forms.count; slot++) {
      for (let i = start[slot]!; i < start[slot + 1]!; i++) marks[pool[i]! >>> 17]! |= 1 << (pool[i]! & 31)
      if (forms.size(slot) >= least) shortest = Math.min(shortest, forms.size(slot))
    }
    // What one of them holds, or what holds one, has at least so many shingles of them.
    const held = (n: number) => (n < least ? n + 1 : Math.floor((share.num * n + share.den - 1) / share.den))
    let work = 0
    for (let slot = 0; slot < forms.count; slot++) {
      const n = forms.size(slot)
      work += n
      if (work > 800_000) {
        work = 0
        yield { phase: 'containment', done: slot, total: forms.count }
      }
      const need = Math.min(held(n), shortest === Number.POSITIVE_INFINITY ? n + 1 : held(shortest))
      let shared = 0
      for (let i = start[slot]!; i < start[slot + 1]!; i++) shared += (marks[pool[i]! >>> 17]! >>> (pool[i]! & 31)) & 1
      if (shared < need) continue
      for (let fresh = first; fresh < forms.count; fresh++) {
        if (fresh === slot) continue
        if (forms.size(fresh) >= least) work += this.compare(fresh, slot, slot < first ? 'old' : 'new')
        if (slot < first && n >= least) work += this.compare(slot, fresh, 'new')
      }
    }
  }

  /**
   * Enters a holder of a form if it is one; returns how much it had to compare. A new holder is never left out: it may be the
   * only one that stands in another split than the rest.
   */
  private compare(slot: number, holder: number, age: 'old' | 'new'): number {
    const { forms, share } = this
    const n = forms.size(slot)
    if (n >= forms.size(holder)) return 1
    const own = this.holders.get(slot)
    if (own && own.length >= mostHolders && age === 'old') return 1
    const need = Math.floor((share.num * n + share.den - 1) / share.den)
    if (!holds(forms, { slot, holder, need })) return 10
    // Who gave up may have entered it before.
    if (own?.includes(holder)) return n + 10
    if (own) own.push(holder)
    else this.holders.set(slot, [holder])
    return n + 10
  }
}

const none: readonly number[] = []
