import { type FormArrays, FormColumns, popcount, popcount64 } from './formColumns.ts'
import type { HitTable } from './hitTable.ts'
import type { Threshold } from './threshold.ts'

/** Of the forms that hold one so many are kept, the first ones. */
export const mostHolders = 16
/** A form is compared with so many others at most: the rarest words of a template stand in all rows of it. */
const mostCompared = 500
/** So many forms are looked for at a time. */
const together = 64

/** Forms that others may hold, and of each the shingles of which a holder must have one. */
export interface Chosen {
  readonly slots: Uint32Array
  /** `shingles[ends[i - 1] .. ends[i])` are those of `slots[i]`. */
  readonly ends: Uint32Array
  readonly shingles: Uint32Array
}

/** What is looked for, and where. */
export interface Search {
  readonly forms: FormArrays
  readonly share: Threshold
  readonly held: Chosen
  /** Where these shingles stand. */
  readonly hits: HitTable
}

/** The holders of each form that has some: `holders[ends[i - 1] .. ends[i])`, ascending, hold `slots[i]`. */
export interface Found {
  readonly slots: Uint32Array
  readonly ends: Uint32Array
  readonly holders: Uint32Array
}

/** Asked whether a form holds another; see `holds`. */
type Holds = (
  forms: FormColumns,
  pair: { readonly slot: number; readonly holder: number; readonly need: number },
) => boolean

/**
 * The search for the holders of chosen forms, several at a time. What it reads lies in no order in lists that are larger than a
 * processor's cache, so each list is read for all of them in a loop of its own: many places are fetched at the same time then,
 * where one would wait for the other if one form was looked for after the other.
 */
export class HolderSearch {
  private readonly holds: Holds
  private readonly job: Search
  private readonly forms: FormColumns
  private readonly slots: number[] = []
  private readonly ends: number[] = []
  private readonly holders: number[] = []
  /** The forms that the present one is compared with: open addressing, an entry counts where its stamp is that of this form. */
  private readonly seen = new Int32Array(2048)
  private readonly stamp = new Int32Array(2048)
  private moment = 0
  /** Where in the hits each shingle of some forms begins. */
  private places = new Uint32Array(256)
  /** Larger forms with one of the shingles, for which form (its index) they are, and how many shingles the two may differ in. */
  private others = new Uint32Array(1024)
  private owners = new Uint32Array(1024)
  private limits = new Int32Array(1024)
  private count = 0
  /** Depends on all that was read ahead. */
  private read = 0

  /** Forms whose sets are not at hand may have pairs compared in another way, and later. */
  constructor(job: Search, isHeld: Holds = holds) {
    this.job = job
    this.holds = isHeld
    // Forms that read their sets elsewhere stay what they are.
    this.forms = job.forms instanceof FormColumns ? job.forms : new FormColumns(job.forms)
  }

  /** Looks for the holders of the forms from `from` on; the first that is left, at the latest `to`. */
  look(from: number, to: number, budget: number): number {
    const { held } = this.job
    let i = from
    for (let work = 0; i < to && work < budget; ) {
      const end = Math.min(to, i + together)
      this.find(held, i === 0 ? 0 : held.ends[i - 1]!, held.ends[end - 1]!)
      work += this.gather(i, end)
      this.compare(this.allowed())
      i = end
    }
    return i
  }

  done(): Found {
    const [slots, ends, holders] = [this.slots, this.ends, this.holders].map(list => Uint32Array.from(list))
    return { slots: slots!, ends: ends!, holders: holders! }
  }

  /** Finds where the hits of the shingles [from, to) begin. */
  private find({ shingles: asked }: Chosen, from: number, to: number): void {
    const { shingles, slots, first } = this.job.hits
    const { start } = this.forms
    const shift = Math.clz32(first.length - 1) + 1
    const count = to - from
    if (count > this.places.length) this.places = new Uint32Array(count * 2)
    const { places } = this
    for (let k = 0; k < count; k++) places[k] = first[asked[from + k]! >>> shift]!
    let read = 0
    for (let k = 0; k < count; k++) read ^= shingles[places[k]!]!
    for (let k = 0; k < count; k++) {
      const shingle = asked[from + k]!
      let i = places[k]!
      while (shingles[i]! < shingle) i++
      places[k] = i
      read ^= slots[i]!
    }
    for (let k = 0; k < count; k++) read ^= start[slots[places[k]!]!]!
    this.read ^= read
  }

  /** Gathers the larger forms that share a shingle with the forms [from, to); returns how much it had to look at. */
  private gather(from: number, to: number): number {
    const { held, hits, share } = this.job
    const { shingles, slots, length } = hits
    const { start } = this.forms
    const { places } = this
    let work = 0
    let place = 0
    this.count = 0
    for (let index = from; index < to; index++) {
      const slot = held.slots[index]!
      const n = start[slot + 1]! - start[slot]!
      const least = 2 * Math.floor((share.num * n + share.den - 1) / share.den) - n
      const last = held.ends[index]! - (from === 0 ? 0 : held.ends[from - 1]!)
      this.moment++
      this.reserve()
      let compared = 0
      work += 4 + n
      for (; place < last && compared <= mostCompared; place++) {
        let i = places[place]!
        const shingle = shingles[i]!
        for (; i < length && shingles[i] === shingle; i++) {
          work++
          const other = slots[i]!
          const size = start[other + 1]! - start[other]!
          // Those that follow are no larger.
          if (size <= n) break
          if (!this.isNew(other)) continue
          if (++compared > mostCompared) break
          work += 10 + (n >> 2)
          this.others[this.count] = other
          this.owners[this.count] = index
          this.limits[this.count++] = size - least
        }
      }
      place = last
    }
    return work
  }

  /** Keeps those of what was gathered that the first bitmaps allow; how many they are. */
  private allowed(): number {
    const { others, owners, limits, count } = this
    const { slots } = this.job.held
    const { bitsLow, bitsHigh, wide } = this.forms
    let left = 0
    for (let i = 0; i < count; i++) {
      const other = others[i]!
      const slot = slots[owners[i]!]!
      const limit = limits[i]!
      const differ = popcount64(bitsLow[slot]! ^ bitsLow[other]!, bitsHigh[slot]! ^ bitsHigh[other]!)
      // Without a branch, so that what follows is read meanwhile.
      others[left] = other
      owners[left] = owners[i]!
      left += differ <= limit ? 1 : 0
    }
    let read = 0
    for (let i = 0; i < left; i++) read ^= wide[others[i]! * 8]!
    this.read ^= read
    return left
  }

  /** Compares what is left of what was gathered, in its order. */
  private compare(left: number): void {
    const { others, owners, forms } = this
    const { held, share } = this.job
    for (let i = 0; i < left; ) {
      const index = owners[i]!
      const slot = held.slots[index]!
      const need = Math.floor((share.num * forms.size(slot) + share.den - 1) / share.den)
      let found: number[] | undefined
      for (; i < left && owners[i] === index; i++)
        if (this.holds(forms, { slot, holder: others[i]!, need })) (found ??= []).push(others[i]!)
      if (!found) continue
      this.slots.push(slot)
      for (const holder of found.sort((a, b) => a - b).slice(0, mostHolders)) this.holders.push(holder)
      this.ends.push(this.holders.length)
    }
  }

  /** Makes room for what one form is compared with. */
  private reserve(): void {
    const least = this.count + mostCompared
    if (least <= this.others.length) return
    this.others = longer(this.others, new Uint32Array(least * 2))
    this.owners = longer(this.owners, new Uint32Array(least * 2))
    this.limits = longer(this.limits, new Int32Array(least * 2))
  }

  private isNew(slot: number): boolean {
    const { seen, stamp, moment } = this
    let at = Math.imul(slot, 0x9e3779b1) >>> 21
    for (; stamp[at] === moment; at = (at + 1) & 2047) if (seen[at] === slot) return false
    stamp[at] = moment
    seen[at] = slot
    return true
  }
}

function longer<T extends Uint32Array | Int32Array>(list: T, into: T): T {
  into.set(list)
  return into
}

/** Does `holder`, which is larger, have so many (`need`) of the shingles of `slot`? Bitmaps first, sets where they allow it. */
export function holds(
  forms: FormColumns,
  { slot, holder, need }: { readonly slot: number; readonly holder: number; readonly need: number },
): boolean {
  const n = forms.size(slot)
  if (!differAtMost(forms, slot, holder, n + forms.size(holder) - 2 * need)) return false
  return forms.hasAllBut(holder, slot, n - need)
}

/** May two sets differ in no more than so many shingles, as far as their bitmaps tell? */
export function differAtMost({ bitsLow, bitsHigh, wide }: FormColumns, x: number, y: number, most: number): boolean {
  if (popcount64(bitsLow[x]! ^ bitsLow[y]!, bitsHigh[x]! ^ bitsHigh[y]!) > most) return false
  let bits = 0
  for (let i = 0; i < 8; i++) bits += popcount(wide[x * 8 + i]! ^ wide[y * 8 + i]!)
  return bits <= most
}
