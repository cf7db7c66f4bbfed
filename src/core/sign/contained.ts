import { type FormColumns, popcount } from './formColumns.ts'
import { Levels } from './postings.ts'
import type { Work } from './progress.ts'
import { Recurrence } from './recurrence.ts'
import { prefixLength, type Threshold } from './threshold.ts'

/** A text of fewer shingles is within others by chance. */
export const leastContained = 8
/** Of the forms that hold one so many are kept, the first ones. */
const mostHolders = 16
/** One form is compared with so many others at most: the rarest words of a template stand in all rows of it. */
const mostCompared = 500
/** So many new forms are looked for by reading all sets once; for more a new join is quicker. */
const mostFresh = 64

/** How a containment join is made. */
export interface ContainmentOptions {
  /** Forms of fewer shingles are not looked for in others. */
  readonly least?: number
  /** The frequencies of shingles that another join counted: without them they are counted again. */
  readonly levels?: Levels | undefined
}

/**
 * Which forms are within larger ones: |A∩B| / |A| at or above a share, |A| < |B|, |A| of at least so many shingles. At most
 * m = |A| − ⌈c·|A|⌉ shingles of A may be missing in B. A shingle that no other form has is missing in every B, so a form with
 * more than m of these is in none: nearly all forms end here. Of the others, with u such shingles, one of the m − u + 1 rarest
 * of the rest must be in B (the prefix filter, asked from one side: Agrawal, Arasu and Kaushik, SIGMOD 2010); these are
 * indexed, and every set is looked up in the index. Exact, but for forms whose rarest shingles stand in more than 500 larger ones.
 */
export class Containment {
  readonly share: Threshold
  private readonly forms: FormColumns
  private readonly least: number
  private readonly levels: Levels | undefined
  private readonly holders = new Map<number, number[]>()
  private compared = new Uint16Array(0)
  private stamp = new Int32Array(0)
  private mayHold = new Uint8Array(0)
  /** Chains of indexed forms, by the hash of a shingle, the smallest forms first. */
  private heads = new Int32Array(0)
  /** One bit for each hash that is indexed: nearly all lookups end here, in what a processor's cache holds. */
  private marks = new Int32Array(0)
  /** Of each indexed shingle its hash, its form, the size of that, and the next one of its chain: side by side in a line of a cache. */
  private entries = new Int32Array(0)
  private length = 0
  private known = 0

  constructor(forms: FormColumns, share: Threshold, { least = leastContained, levels }: ContainmentOptions = {}) {
    this.forms = forms
    this.share = share
    this.least = Math.max(least, leastContained)
    this.levels = levels
  }

  /** The forms that hold this one, ascending; those that no row has any more included. */
  holdersOf(slot: number): readonly number[] {
    return this.holders.get(slot) ?? none
  }

  /** All forms that others hold. */
  held(): Iterable<number> {
    return this.holders.keys()
  }

  /** Brings it up to date with the forms there are: a few new ones by themselves, many by joining anew. */
  *update(): Work<void> {
    const { forms } = this
    const fresh = forms.count - this.known
    if (fresh === 0) return
    if (this.known === 0 || fresh > mostFresh) yield* this.rebuild()
    else yield* this.enter(this.known)
    this.known = forms.count
  }

  private *rebuild(): Work<void> {
    const { forms } = this
    this.holders.clear()
    this.compared = new Uint16Array(forms.count)
    this.stamp = new Int32Array(forms.count).fill(-1)
    const prefixes = yield* this.prefixes()
    yield* this.index(prefixes)
    for (let slot = 0; slot < forms.count; ) {
      slot = this.holdFrom(slot)
      yield { phase: 'containment', done: slot, total: forms.count }
    }
    // What was looked up is of no use later.
    this.entries = new Int32Array(0)
    this.heads = new Int32Array(0)
    this.marks = new Int32Array(0)
    this.stamp = new Int32Array(0)
    this.mayHold = new Uint8Array(0)
  }

  /** The forms that may be within others, and of each the shingles of which a holder must have one. */
  private *prefixes(): Work<Prefixes> {
    const { forms, share, least } = this
    const { pool, start } = forms
    const recurs = yield* Recurrence.count(forms)
    // What holds another has at least so many shingles that recur.
    const fewest = Math.floor((share.num * least + share.den - 1) / share.den)
    this.mayHold = new Uint8Array(forms.count)
    let levels = this.levels
    const slots: number[] = []
    const ends: number[] = []
    let shingles = new Uint32Array(4096)
    let rest = new Uint32Array(256)
    let end = 0
    let work = 0
    for (let slot = 0; slot < forms.count; slot++) {
      const from = start[slot]!
      const to = start[slot + 1]!
      const n = to - from
      work += n + 10
      if (work > 400_000) {
        work = 0
        yield { phase: 'containment', done: slot, total: forms.count }
      }
      if (n < least) continue
      if (n > rest.length) rest = new Uint32Array(n * 2)
      const left = recurs.filter(pool, from, to, rest)
      if (left >= fewest) this.mayHold[slot] = 1
      const need = prefixLength(share, n) - (n - left)
      if (need <= 0) continue
      levels ??= yield* Levels.count(forms, () => true)
      if (end + need > shingles.length) {
        const more = new Uint32Array((end + need) * 2)
        more.set(shingles)
        shingles = more
      }
      end = levels.rarest(rest, 0, left, { take: need, out: shingles, at: end })
      slots.push(slot)
      ends.push(end)
      work += left
    }
    return { slots, ends, shingles }
  }

  /** Chains the shingles of the prefixes, larger forms first, so that a chain begins with the smallest. */
  private *index({ slots, ends, shingles }: Prefixes): Work<void> {
    const { forms } = this
    this.length = ends.at(-1) ?? 0
    const bits = Math.min(24, Math.max(8, 33 - Math.clz32(this.length)))
    this.heads = new Int32Array(1 << bits)
    this.marks = new Int32Array(1 << Math.min(20, bits - 2))
    this.entries = new Int32Array(4 * this.length)
    yield { phase: 'containment', done: 0, total: slots.length }
    const order = slots.map((slot, i) => forms.size(slot) * 0x10000000 + i)
    const sorted = Float64Array.from(order).sort()
    let entry = 0
    for (let at = sorted.length - 1; at >= 0; at--) {
      const i = sorted[at]! % 0x10000000
      for (let j = i === 0 ? 0 : ends[i - 1]!; j < ends[i]!; j++) this.chain(entry++, shingles[j]!, slots[i]!)
      if (at % 50_000 === 0) yield { phase: 'containment', done: slots.length - at, total: slots.length }
    }
  }

  private chain(i: number, shingle: number, slot: number): void {
    const hash = Math.imul(shingle, odd)
    const at = hash >>> (Math.clz32(this.heads.length) + 1)
    this.marks[hash >>> (Math.clz32(this.marks.length) + 1)]! |= 1 << (hash & 31)
    this.entries[4 * i] = hash
    this.entries[4 * i + 1] = slot
    this.entries[4 * i + 2] = this.forms.size(slot)
    this.entries[4 * i + 3] = this.heads[at]!
    this.heads[at] = i + 1
  }

  /** As `holds` of some forms from one on; the first that is left. */
  private holdFrom(first: number): number {
    const { forms } = this
    let slot = first
    for (let work = 0; slot < forms.count && work < 300_000; slot++) work += this.holds(slot) + forms.size(slot)
    return slot
  }

  /** Looks for the indexed forms that this one holds; returns how much it had to compare. */
  private holds(holder: number): number {
    const { forms, entries, heads, marks, compared, stamp } = this
    const [headShift, markShift] = [Math.clz32(heads.length) + 1, Math.clz32(marks.length) + 1]
    const { pool, start } = forms
    const end = start[holder + 1]!
    const size = end - start[holder]!
    if (size <= this.least || this.mayHold[holder] === 0) return 0
    let work = 0
    for (let i = start[holder]!; i < end; i++) {
      const hash = Math.imul(pool[i]!, odd)
      // The lowest five bits choose the bit: they are as good as any after the multiplication of a mixed hash.
      if ((marks[hash >>> markShift]! & (1 << (hash & 31))) === 0) continue
      let before = 0
      for (let at = heads[hash >>> headShift]!; at > 0; ) {
        const next = entries[4 * at - 1]!
        work++
        // Those that follow are as large or larger.
        if (entries[4 * at - 2]! >= size) break
        const slot = entries[4 * at - 3]!
        if (compared[slot]! >= mostCompared) {
          // It is not compared any more: a chain of a hundred thousand such would be walked by each of them.
          if (before > 0) entries[4 * before - 1] = next
          else heads[hash >>> headShift] = next
          at = next
          continue
        }
        before = at
        at = next
        if (entries[4 * before - 4] !== hash || stamp[slot] === holder) continue
        stamp[slot] = holder
        compared[slot]!++
        work += this.compare(slot, holder)
      }
    }
    return work
  }

  private compare(slot: number, holder: number): number {
    const { forms, share } = this
    const n = forms.size(slot)
    const size = forms.size(holder)
    if (n >= size) return 1
    const own = this.holders.get(slot)
    if (own && own.length >= mostHolders) return 1
    const need = Math.floor((share.num * n + share.den - 1) / share.den)
    if (!differAtMost(forms, slot, holder, n + size - 2 * need)) return 4
    if (!this.has(holder, slot, n - need)) return 10
    if (own) own.push(holder)
    else this.holders.set(slot, [holder])
    return n + 10
  }

  /** Does a form have all shingles of another but for so many? */
  private has(holder: number, slot: number, misses: number): boolean {
    const { pool, start } = this.forms
    let left = misses
    let j = start[holder]!
    const end = start[holder + 1]!
    for (let i = start[slot]!; i < start[slot + 1]!; i++) {
      const shingle = pool[i]!
      while (j < end && pool[j]! < shingle) j++
      if (pool[j] !== shingle || j === end) {
        if (--left < 0) return false
      } else j++
    }
    return true
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
        if (forms.size(fresh) >= least) work += this.compare(fresh, slot)
        if (slot < first && n >= least) work += this.compare(slot, fresh)
      }
    }
  }
}

interface Prefixes {
  readonly slots: readonly number[]
  /** `shingles[ends[i - 1] .. ends[i])` are those of `slots[i]`. */
  readonly ends: readonly number[]
  readonly shingles: Uint32Array
}

/** May two sets differ in no more than so many shingles, as far as their bitmaps tell? */
function differAtMost({ bitsLow, bitsHigh, wide }: FormColumns, x: number, y: number, most: number): boolean {
  if (popcount(bitsLow[x]! ^ bitsLow[y]!) + popcount(bitsHigh[x]! ^ bitsHigh[y]!) > most) return false
  let bits = 0
  for (let i = 0; i < 8; i++) bits += popcount(wide[x * 8 + i]! ^ wide[y * 8 + i]!)
  return bits <= most
}

/** Odd, so that no two shingles are mixed to one hash. */
const odd = 0x9e3779b1
const none: readonly number[] = []
