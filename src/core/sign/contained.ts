import { type Held, mark, newMarks, runHeldJob, runHitsJob } from './containJob.ts'
import type { FormColumns } from './formColumns.ts'
import { hitTable, lengthOf, newHitTable } from './hitTable.ts'
import { type Found, HolderSearch, holds, mostHolders } from './holderSearch.ts'
import { Levels, type LevelTable, type PrefixRange, type SlotPairs } from './postings.ts'
import type { Work } from './progress.ts'
import { countersFor, Recurrence } from './recurrence.ts'
import { slotParts, slotRanges } from './slotRanges.ts'
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
  /** The rarest shingles of all forms by the levels given, where they are known, in ranges; a form may have fewer or none of them there. */
  readonly prefixes?: readonly PrefixRange[] | undefined
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
  /** What a join has found so far. */
  private readonly found: Uint32Array[] = []

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

  /** The same while a join goes on, as they are found: undefined where all that were found so far have been given. */
  *heldAsFound(): Generator<number | undefined> {
    for (let i = 0; ; ) {
      const slots = this.found[i]
      if (slots) {
        yield* slots
        i++
      } else if (this.known === this.forms.count) return
      else yield undefined
    }
  }

  /** Is there a join that others are at? */
  get isJoining(): boolean {
    return this.known !== this.forms.count
  }

  /** Would other threads be asked to join if it was brought up to date now? */
  get joinsElsewhere(): boolean {
    const { count } = this.forms
    return this.threads !== undefined && count >= fewForms && !this.isEntered(count - this.known)
  }

  /** Brings it up to date with the forms there are: a few new ones by themselves, many by joining anew. */
  *update({ prefixes, meanwhile }: JoinHelp = {}): Work<void> {
    const { forms, threads } = this
    const { count } = forms
    if (count === this.known) return
    if (this.isEntered(count - this.known)) yield* this.enter(this.known)
    else {
      this.holders.clear()
      this.found.length = 0
      this.known = 0
      if (threads && count >= fewForms) yield* this.joinElsewhere(threads, { prefixes, meanwhile })
      else yield* this.join(prefixes)
    }
    this.known = count
  }

  /** So many new forms: do they come beside those that are known? */
  private isEntered(fresh: number): boolean {
    return this.known > 0 && fresh <= mostFresh
  }

  private *join(prefixes: readonly PrefixRange[] | undefined): Work<void> {
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
    const known = prefixes?.length === 1 ? prefixes[0] : undefined
    for (const range of slotRanges(forms, piece)) {
      held.push(runHeldJob({ kind: 'held', forms, ...range, share, least, counters, levels, prefixes: known }))
      yield { phase: 'containment', done: forms.count + range.from, total: forms.count * 3 }
    }
    const marks = newMarks(held.reduce((sum, { shingles }) => sum + shingles.length, 0))
    for (const { shingles } of held) mark(marks, shingles)
    const hits: SlotPairs[] = []
    for (const { from, to } of slotRanges(forms, piece)) {
      hits.push(...runHitsJob({ kind: 'hits', forms, from, to, least, marks, parts: 1 }).parts)
      yield { phase: 'containment', done: forms.count * 2 + from, total: forms.count * 3 }
    }
    const table = yield* hitTable(hits, forms)
    for (const part of held) {
      const search = new HolderSearch({ forms, share, held: part, hits: table })
      for (let i = 0; i < part.slots.length; ) {
        i = search.look(i, part.slots.length, piece)
        yield { phase: 'containment', done: part.slots[i - 1]!, total: forms.count }
      }
      this.take(search.done())
    }
  }

  /** As `join`, in other threads. */
  private *joinElsewhere(threads: Threads, { prefixes, meanwhile }: JoinHelp): Work<void> {
    const { share, least } = this
    const forms = this.forms.arrays()
    const levels = this.levels ?? (yield* Levels.table(this.forms, () => true))
    const all = { from: 0, to: forms.count }
    let recurs: Recurrence | undefined
    yield* threads.run(
      slotParts(forms, all, threads.count).map(range => ({ kind: 'recur' as const, forms, ...range })),
      ({ counters }) => {
        if (recurs) recurs.join(counters)
        else recurs = new Recurrence(counters)
      },
      meanwhile,
    )
    const { counters } = recurs!
    const known = prefixes ?? [{ ...all, shingles: nothing, start: nothing }]
    const parts = Math.ceil((threads.count * 2) / known.length)
    const held: Held[] = []
    const marks = newMarks(forms.start[forms.count]! >>> 3)
    yield* threads.run(
      known.flatMap(own =>
        slotParts(forms, own, parts).map(range => {
          const prefixes = own.start === nothing ? undefined : own
          return { kind: 'held' as const, forms, share, least, counters, levels, prefixes, ...range }
        }),
      ),
      done => {
        held.push(done)
        mark(marks, done.shingles)
      },
      meanwhile,
    )
    const hits: SlotPairs[][] = Array.from({ length: threads.count }, () => [])
    yield* threads.run(
      slotParts(forms, all, threads.count * 2).map(range => {
        return { kind: 'hits' as const, forms, least, marks, parts: hits.length, ...range }
      }),
      done => {
        for (const [part, pairs] of done.parts.entries()) hits[part]!.push(pairs)
      },
      meanwhile,
    )
    const lengths = hits.map(lengthOf)
    const table = newHitTable(lengths.reduce((sum, length) => sum + length, 0))
    yield* threads.run(
      hits.map((own, part) => {
        const at = lengths.slice(0, part).reduce((sum, length) => sum + length, 0)
        return { kind: 'table' as const, table, hits: own, forms, part, parts: hits.length, at }
      }),
      () => {},
      meanwhile,
    )
    yield* threads.run(
      held.flatMap(own => {
        const half = own.slots.length >>> 1
        return [
          { kind: 'holders' as const, forms, share, held: own, hits: table, from: 0, to: half },
          { kind: 'holders' as const, forms, share, held: own, hits: table, from: half, to: own.slots.length },
        ]
      }),
      done => this.take(done),
      meanwhile,
    )
  }

  private take({ slots, ends, holders }: Found): void {
    this.found.push(slots)
    for (let i = 0, at = 0; i < slots.length; i++) {
      const own: number[] = []
      for (; at < ends[i]!; at++) own.push(holders[at]!)
      this.holders.set(slots[i]!, own)
    }
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
const nothing = new Uint32Array(0)
