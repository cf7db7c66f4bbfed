import { Forms, type SignedRows } from './forms.ts'
import type { Work } from './progress.ts'
import { roomyList, splice } from './reuse.ts'
import type { Scheme } from './scheme.ts'
import { pieceRows } from './shelf.ts'
import type { Texts } from './texts.ts'

/** The rows that a new version of a file shares with the old one: so many at its head, so many at its tail. */
export interface Kept {
  readonly head: number
  readonly tail: number
}

/** Whoever signs the rows [from, to) instead: other threads, an earlier check. Hands them over in their order. */
export interface Elsewhere {
  sign(from: number, to: number, take: (rows: SignedRows) => void): Work<void>
}

/** With fewer rows to sign, telling other threads takes longer. */
const fewRows = 20_000
/** So many changes are remembered for who wants to know which forms came and went. */
const mostChanges = 100_000

/**
 * Which normal form every row of every file has. Kept between checks: a file that comes again in a new version is
 * signed where it changed only, and a form that nobody uses any more stays behind as a dead slot.
 */
export class Signatures {
  readonly forms: Forms
  private uses = new Int32Array(256)
  private readonly files = new Map<string, Int32Array>()
  /** Forms that got their first user or lost their last, in turn; those before `forgotten` are no longer known. */
  private changes: number[] = []
  private forgotten = 0

  constructor(scheme: Scheme, options: { readonly shared?: boolean } = {}) {
    this.forms = new Forms(scheme, options)
  }

  /** A number that grows with every form that comes or goes. */
  get moment(): number {
    return this.forgotten + this.changes.length
  }

  /** The forms that came or went since a moment, some of them several times; undefined where that is no longer known. */
  since(moment: number): readonly number[] | undefined {
    return moment < this.forgotten ? undefined : this.changes.slice(moment - this.forgotten)
  }

  /** Slots by row; -1 where a row has no letters or numbers. It holds until the file is signed again. */
  slots(file: string): Int32Array {
    return this.files.get(file) ?? none
  }

  has(file: string): boolean {
    return this.files.has(file)
  }

  /** Does any row have this form? */
  alive(slot: number): boolean {
    return this.uses[slot]! > 0
  }

  /** Writes 1 for each living form and 0 for the others. */
  markLiving(out: Uint8Array): void {
    const { uses } = this
    for (let slot = 0; slot < this.forms.count; slot++) out[slot] = uses[slot]! > 0 ? 1 : 0
  }

  /** Slots that nobody uses: what a fresh start would save. */
  dead(): number {
    let dead = 0
    for (let slot = 0; slot < this.forms.count; slot++) if (this.uses[slot] === 0) dead++
    return dead
  }

  /** Signs a file's rows; `kept` are those that are as they were when it was last signed. */
  *sign(file: string, texts: Texts, kept: Kept = { head: 0, tail: 0 }, elsewhere?: Elsewhere): Work<void> {
    const old = this.slots(file)
    const end = texts.rowCount - kept.tail
    const total = texts.rowCount
    // Rows that are all of the file are signed where they stay.
    const fresh = old.length === 0 ? roomyList(total) : new Int32Array(end - kept.head)
    fresh.fill(-1)
    const rows = { from: kept.head, slots: fresh, total }
    if (elsewhere && fresh.length >= fewRows) yield* this.adoptRows(elsewhere, rows)
    else yield* this.signRows(texts, rows)
    this.retire(old.subarray(kept.head, old.length - kept.tail))
    this.employ(fresh)
    this.files.set(file, old.length === 0 ? fresh : splice(old, kept, fresh))
  }

  private *signRows(texts: Texts, { from, slots, total }: RowsToSign): Work<void> {
    const { forms } = this
    forms.reserve(slots.length)
    const { count } = forms
    for (let i = 0; i < slots.length; ) {
      const first = i === 0
      i += forms.addRows(texts, from + i, slots.subarray(i))
      if (first) forms.reserveShingles(count, (slots.length - i) / i)
      yield { phase: 'sign', done: from + i, total }
    }
  }

  /** As `signRows`, with what others found. */
  private *adoptRows(elsewhere: Elsewhere, { from, slots }: RowsToSign): Work<void> {
    this.forms.reserve(slots.length)
    const { count } = this.forms
    yield* elsewhere.sign(from, from + slots.length, rows => {
      renumber(rows.slots, this.forms.adopt(rows.forms), slots.subarray(rows.from - from))
      if (rows.from === from) this.forms.reserveShingles(count, slots.length / rows.slots.length - 1)
    })
  }

  /** A file's rows as they were signed, in pieces of their own numbers: as `Elsewhere` hands them over. */
  *signedRows(file: string): Generator<SignedRows> {
    const all = this.slots(file)
    const { forms } = this
    const local = new Int32Array(forms.count).fill(-1)
    for (let from = 0; from < all.length; from += pieceRows) {
      const own = all.subarray(from, from + pieceRows)
      const used: number[] = []
      const slots = new Int32Array(own.length)
      for (let i = 0; i < own.length; i++) {
        const slot = own[i]!
        if (slot >= 0 && local[slot] === -1) local[slot] = used.push(slot) - 1
        slots[i] = slot < 0 ? -1 : local[slot]!
      }
      for (const slot of used) local[slot] = -1
      yield { from, slots, forms: forms.signed(used) }
    }
  }

  /** Drops a file that is gone. */
  forget(file: string): void {
    this.retire(this.slots(file))
    this.files.delete(file)
  }

  private employ(slots: Int32Array): void {
    if (this.forms.count > this.uses.length) {
      const more = new Int32Array(Math.ceil(this.forms.count * 1.1) + 1024)
      more.set(this.uses)
      this.uses = more
    }
    if (slots.length > mostChanges) {
      this.employMany(slots)
      return
    }
    const { uses } = this
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      if (slot >= 0 && uses[slot]!++ === 0) this.changed(slot)
    }
  }

  /** As `employ`, of more than are remembered one by one. */
  private employMany(slots: Int32Array): void {
    const { uses } = this
    let come = 0
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      if (slot >= 0 && uses[slot]!++ === 0) come++
    }
    if (come === 0) return
    this.forgotten += this.changes.length + come
    this.changes = []
  }

  private retire(slots: Int32Array): void {
    for (const slot of slots) if (slot >= 0 && --this.uses[slot]! === 0) this.changed(slot)
  }

  private changed(slot: number): void {
    if (this.changes.length >= mostChanges) {
      this.forgotten += this.changes.length
      this.changes = []
    }
    this.changes.push(slot)
  }
}

/** Rows of a file from one on: their slots, which are written, and how many rows the file has. */
interface RowsToSign {
  readonly from: number
  readonly slots: Int32Array
  readonly total: number
}

/** Writes the number that `known` has for each slot; -1 stays. */
function renumber(slots: Int32Array, known: Int32Array, out: Int32Array): void {
  for (let i = 0; i < slots.length; i++) out[i] = slots[i]! < 0 ? -1 : known[slots[i]!]!
}

const none = new Int32Array(0)
