import type { FormColumns } from './formColumns.ts'
import { Levels } from './postings.ts'
import type { Work } from './progress.ts'
import { prefixLength, type Threshold } from './threshold.ts'

/** A text of fewer shingles is within others by chance. */
export const leastContained = 8
/** Of the forms that hold one so many are kept, the first ones. */
const mostHolders = 16
/** One form is compared with so many others at most: the rarest words of a template stand in all rows of it. */
const mostCompared = 500
/** In so many shingles the prefix of a form that came later is looked for; in more only by the next full join. */
const searched = 8_000_000

/**
 * Which forms are within larger ones: |A∩B| / |A| at or above a share, |A| < |B|, |A| of 8 shingles or more. A set that holds
 * so much of A has one of its |A| − ⌈c·|A|⌉ + 1 rarest shingles (the prefix filter, asked from one side: Agrawal, Arasu and
 * Kaushik, SIGMOD 2010), so these are indexed, and every set is looked up in the index.
 * Exact, but for forms whose rarest shingles stand in more than 500 others.
 */
export class Containment {
  readonly share: Threshold
  private readonly forms: FormColumns
  private readonly holders = new Map<number, number[]>()
  private compared = new Uint16Array(0)
  private stamp = new Int32Array(0)
  /** Chains of indexed forms, by the hash of a shingle. */
  private heads = new Int32Array(0)
  /** One bit for each hash that is indexed: nearly all lookups end here, in what a processor's cache holds. */
  private marks = new Int32Array(0)
  /** Of each indexed shingle its hash, its form, and the next one of its chain: side by side, since memory is what takes time. */
  private entries = new Int32Array(0)
  private length = 0
  private levels: Levels | undefined
  private prefix = new Uint32Array(256)
  private known = 0

  constructor(forms: FormColumns, share: Threshold) {
    this.forms = forms
    this.share = share
  }

  /** The forms that hold this one, ascending; those that no row has any more included. */
  holdersOf(slot: number): readonly number[] {
    return this.holders.get(slot) ?? none
  }

  /** Brings it up to date with the forms there are: a few new ones by themselves, many by joining anew. */
  *update(): Work<void> {
    const { forms } = this
    const fresh = forms.count - this.known
    if (fresh === 0) return
    if (!this.levels || fresh > 200 + forms.count / 100) yield* this.rebuild()
    else for (let slot = this.known; slot < forms.count; slot++) this.enter(slot)
    this.known = forms.count
  }

  private *rebuild(): Work<void> {
    const { forms } = this
    this.holders.clear()
    this.length = 0
    this.compared = new Uint16Array(forms.count)
    this.stamp = new Int32Array(forms.count).fill(-1)
    this.levels = yield* Levels.count(forms, () => true)
    let capacity = 0
    for (let slot = 0; slot < forms.count; slot++)
      if (forms.size(slot) >= leastContained) capacity += prefixLength(this.share, forms.size(slot))
    this.entries = new Int32Array(3 * capacity)
    let work = 0
    for (let slot = 0; slot < forms.count; slot++) {
      const n = forms.size(slot)
      if (n < leastContained) continue
      const count = this.prefixOf(slot)
      for (let i = 0; i < count; i++) {
        const hash = Math.imul(this.prefix[i]!, odd)
        this.entries[3 * this.length] = hash
        this.entries[3 * this.length++ + 1] = slot
      }
      work += n + 20
      if (work > 300_000) {
        work = 0
        yield { phase: 'containment', done: slot, total: forms.count }
      }
    }
    this.link()
    for (let slot = 0; slot < forms.count; slot++) {
      work += this.holds(slot) + forms.size(slot)
      if (work > 300_000) {
        work = 0
        yield { phase: 'containment', done: slot, total: forms.count }
      }
    }
  }

  private link(): void {
    const bits = Math.min(24, Math.max(8, 33 - Math.clz32(this.length)))
    this.heads = new Int32Array(1 << bits)
    this.marks = new Int32Array(1 << Math.min(21, bits))
    for (let i = 0; i < this.length; i++) this.chain(i)
  }

  private chain(i: number): void {
    const hash = this.entries[3 * i]!
    const at = hash >>> (Math.clz32(this.heads.length) + 1)
    this.marks[hash >>> (Math.clz32(this.marks.length) + 1)]! |= 1 << (hash & 31)
    this.entries[3 * i + 2] = this.heads[at]!
    this.heads[at] = i + 1
  }

  /** Looks for the indexed forms that this one holds; returns how much it had to compare. */
  private holds(holder: number): number {
    const { forms, entries, heads, marks } = this
    const [headShift, markShift] = [Math.clz32(heads.length) + 1, Math.clz32(marks.length) + 1]
    const { pool } = forms
    const end = forms.start[holder + 1]!
    const size = end - forms.start[holder]!
    if (size <= leastContained) return 0
    let work = 0
    for (let i = forms.start[holder]!; i < end; i++) {
      const hash = Math.imul(pool[i]!, odd)
      // The lowest five bits choose the bit: they are as good as any after the multiplication of a mixed hash.
      if ((marks[hash >>> markShift]! & (1 << (hash & 31))) === 0) continue
      let before = 0
      for (let at = heads[hash >>> headShift]!; at > 0; ) {
        const next = entries[3 * at - 1]!
        const slot = entries[3 * at - 2]!
        work++
        if (this.compared[slot]! >= mostCompared) {
          // It is not compared any more: a chain of a hundred thousand such would be walked by each of them.
          if (before > 0) entries[3 * before - 1] = next
          else heads[hash >>> headShift] = next
          at = next
          continue
        }
        before = at
        at = next
        if (entries[3 * before - 3] !== hash || slot === holder || this.stamp[slot] === holder) continue
        this.stamp[slot] = holder
        work += this.compare(slot, holder)
      }
    }
    return work
  }

  private compare(slot: number, holder: number): number {
    const { forms, share } = this
    const n = forms.size(slot)
    this.compared[slot]!++
    if (n >= forms.size(holder)) return 1
    const own = this.holders.get(slot)
    if (own && own.length >= mostHolders) return 1
    const need = Math.floor((share.num * n + share.den - 1) / share.den)
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

  private prefixOf(slot: number): number {
    const size = prefixLength(this.share, this.forms.size(slot))
    if (size > this.prefix.length) this.prefix = new Uint32Array(size * 2)
    return this.levels!.prefix(this.forms, slot, this.share, this.prefix, 0)
  }

  /** Takes up one form that came later: what it holds, and, where that is quickly found, what holds it. */
  private enter(slot: number): void {
    const { forms } = this
    if (slot >= this.compared.length) {
      this.compared = grown(this.compared, new Uint16Array(forms.count * 2))
      this.stamp = grown(this.stamp, new Int32Array(forms.count * 2).fill(-1))
    }
    this.holds(slot)
    if (forms.size(slot) < leastContained) return
    const count = this.prefixOf(slot)
    const wanted = new Set(this.prefix.subarray(0, count))
    for (const shingle of wanted) {
      if (3 * this.length === this.entries.length)
        this.entries = grown(this.entries, new Int32Array(Math.max(48, this.entries.length * 2)))
      this.entries[3 * this.length] = Math.imul(shingle, odd)
      this.entries[3 * this.length + 1] = slot
      this.chain(this.length++)
    }
    const end = forms.start[forms.count]!
    if (end > searched) return
    const mask = maskOf(wanted)
    for (let i = 0, holder = 0; i < end; i++) {
      const shingle = forms.pool[i]!
      if (mask[shingle >>> 24] === 0 || !wanted.has(shingle)) continue
      while (forms.start[holder + 1]! <= i) holder++
      if (holder === slot || this.stamp[slot] === holder) continue
      this.stamp[slot] = holder
      this.compare(slot, holder)
    }
  }
}

/** Odd, so that no two shingles are mixed to one hash. */
const odd = 0x9e3779b1
const none: readonly number[] = []

/** The first eight bits of the shingles that are looked for. */
function maskOf(shingles: ReadonlySet<number>): Uint8Array {
  const mask = new Uint8Array(256)
  for (const shingle of shingles) mask[shingle >>> 24] = 1
  return mask
}

function grown<T extends Int32Array | Uint32Array | Uint16Array>(from: T, into: T): T {
  into.set(from as never)
  return into
}
