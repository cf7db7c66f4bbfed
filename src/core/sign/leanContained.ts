import { leastContained } from './contained.ts'
import { type Held, type Hits, type HitsJob, joinHeld, mark, newMarks, runHeldJob, runHitsJob } from './containJob.ts'
import { hitTable } from './hitTable.ts'
import { type Chosen, HolderSearch, mostHolders } from './holderSearch.ts'
import type { LeanForms } from './leanForms.ts'
import { WaitingPairs } from './leanHolds.ts'
import { columnsOf } from './leanSimilar.ts'
import type { LevelTable, SlotPairs } from './postings.ts'
import type { Work } from './progress.ts'
import { countersFor, Recurrence } from './recurrence.ts'
import type { Threads } from './threads.ts'
import type { Threshold } from './threshold.ts'

/** All sets are read so often at most. */
const mostPasses = 24
/** So much is looked at between two breaths. */
const piece = 300_000

/**
 * As `Containment`, of forms whose sets are put away: those that may be within others are looked for some at a time, with one
 * pass over all sets each. Where that would be too many passes the rest is not looked for, and counted.
 */
export class LeanContainment {
  /** So many forms might be within others and were not looked for. */
  unsearched = 0
  private readonly forms: LeanForms
  private readonly share: Threshold
  private readonly least: number
  private readonly levels: LevelTable
  private readonly most: number
  private readonly threads: Threads | undefined
  private readonly holders = new Map<number, number[]>()
  private passes = 0
  private joined = false

  /** `most` is how many pairs of a shingle and a form are held at a time, 16 bytes each. */
  constructor(
    forms: LeanForms,
    share: Threshold,
    of: {
      readonly least: number
      readonly levels: LevelTable
      readonly most: number
      readonly threads?: Threads | undefined
    },
  ) {
    this.forms = forms
    this.share = share
    this.least = Math.max(of.least, leastContained)
    this.levels = of.levels
    this.most = of.most
    this.threads = of.threads
  }

  /** The forms that hold this one, ascending. */
  holdersOf(slot: number): readonly number[] {
    return this.holders.get(slot) ?? none
  }

  /** All forms that others hold. */
  held(): Iterable<number> {
    return this.holders.keys()
  }

  *update(): Work<void> {
    if (this.joined) return
    const { forms, share, least, levels, most } = this
    const total = forms.start[forms.count]!
    const recurs = new Recurrence(countersFor(total))
    for (const { from, to, pool } of forms.stretches()) {
      recurs.add(pool, 0, pool.length)
      yield { phase: 'containment', done: from, total: to }
    }
    const { counters } = recurs
    let waiting: Held[] = []
    let size = 0
    for (const stretch of forms.stretches()) {
      const own = columnsOf(forms, stretch)
      const held = runHeldJob({ kind: 'held', forms: own, from: 0, to: own.count, share, least, counters, levels })
      waiting.push({ ...held, slots: held.slots.map(slot => slot + stretch.from) })
      size += held.shingles.length + held.slots.length
      yield { phase: 'containment', done: stretch.to, total: forms.count }
      if (size < most) continue
      yield* this.search(joinHeld(waiting))
      waiting = []
      size = 0
    }
    yield* this.search(joinHeld(waiting))
    this.joined = true
  }

  /** Looks for the holders of some forms. */
  private *search(held: Chosen): Work<void> {
    if (held.slots.length === 0) return
    if (++this.passes > mostPasses) {
      this.unsearched += held.slots.length
      return
    }
    const hits = yield* this.hits(held)
    if (!hits) {
      const half = held.slots.length >>> 1
      yield* this.search(partOf(held, 0, half))
      yield* this.search(partOf(held, half, held.slots.length))
      return
    }
    const { forms, share } = this
    const table = yield* hitTable(hits, forms)
    // About as much as the hits take.
    const waiting = new WaitingPairs(forms, Math.floor(this.most / 2))
    const search = new HolderSearch({ forms, share, held, hits: table }, (_, { slot, holder, need }) => {
      waiting.add(slot, holder, need)
      return false
    })
    const found = new Map<number, number[]>()
    const take = (slot: number, holder: number) => {
      const list = found.get(slot)
      if (list) list.push(holder)
      else found.set(slot, [holder])
    }
    for (let i = 0; i < held.slots.length; ) {
      i = search.look(i, held.slots.length, piece)
      if (waiting.isFull) yield* waiting.compare(take)
      yield { phase: 'containment', done: i, total: held.slots.length }
    }
    yield* waiting.compare(take)
    for (const [slot, list] of found) this.holders.set(slot, list.sort((a, b) => a - b).slice(0, mostHolders))
  }

  /** Where the shingles of some forms stand; undefined where that is too often and they could be looked for in two halves. */
  private *hits(held: Chosen): Work<SlotPairs[] | undefined> {
    const { forms, threads } = this
    const all: SlotPairs[] = []
    let size = 0
    const most = held.slots.length > 1 ? this.most : Number.POSITIVE_INFINITY
    const take = ({ parts }: Hits, { first }: StretchJob) => {
      for (const { shingles, slots, length } of parts) {
        if (size > most) return
        all.push({ shingles, slots: slots.map(slot => slot + first), length })
        size += length
      }
    }
    // No more than are needed, where it turns out that they are too many.
    const marks = newMarks(held.shingles.length)
    mark(marks, held.shingles)
    const jobs = this.stretchJobs(marks, () => size > most)
    if (threads) yield* threads.run(jobs, take)
    else
      for (const job of jobs) {
        take(runHitsJob(job), job)
        yield { phase: 'containment', done: job.first + job.to, total: forms.count }
      }
    return size > most ? undefined : all
  }

  private *stretchJobs(marks: Int32Array, isEnough: () => boolean): Generator<StretchJob> {
    const { forms, least } = this
    for (const { from, to, pool, base } of forms.stretches()) {
      if (isEnough()) return
      // Bitmaps are not asked for, and another thread would be given all of them.
      const start = forms.start.slice(from, to + 1).map(at => at - base)
      const own = { count: to - from, pool, start, bitsLow: nothing, bitsHigh: nothing, wide: nothing }
      yield { kind: 'hits', forms: own, from: 0, to: own.count, least, marks, parts: 1, first: from }
    }
  }
}

/** A job about some of the forms, of numbers of their own: the first of them is `first`. */
interface StretchJob extends HitsJob {
  readonly first: number
}

const nothing = new Int32Array(0)

function partOf({ slots, ends, shingles }: Chosen, from: number, to: number): Chosen {
  const base = from === 0 ? 0 : ends[from - 1]!
  return {
    slots: slots.slice(from, to),
    ends: ends.slice(from, to).map(end => end - base),
    shingles: shingles.slice(base, ends[to - 1]),
  }
}

const none: readonly number[] = []
