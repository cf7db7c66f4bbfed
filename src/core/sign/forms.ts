import { Batch, told } from './batch.ts'
import { FormColumns, markParity, type Parity } from './formColumns.ts'
import type { Scheme } from './scheme.ts'
import { Shingler } from './shingle.ts'
import type { Texts } from './texts.ts'

/**
 * Forms that were signed elsewhere (another thread, an earlier check): slot s of them has the shingles `pool[start[s] .. start[s + 1])`.
 * Some of them may be equal.
 */
export interface SignedForms {
  readonly count: number
  readonly pool: Uint32Array
  readonly start: Uint32Array
  /** 64 bits that stand for each normal form. */
  readonly formA: Int32Array
  readonly formB: Int32Array
  /** Their bitmaps, where they are known. */
  readonly parity?: Parity
}

/** Rows that were signed elsewhere: the form of each row from `from` on (-1: none), in the numbers of `forms`. */
export interface SignedRows {
  readonly from: number
  readonly slots: Int32Array
  readonly forms: SignedForms
}

/**
 * Distinct normal forms, as they are met. Texts of equal normal form share a slot, so a thousand copies cost what one costs.
 * Slots are only appended; who uses a slot is known elsewhere. `shared` puts the arrays where other threads see them.
 */
export class Forms extends FormColumns {
  readonly scheme: Scheme
  private readonly shared: boolean
  private formA = new Int32Array(256)
  private formB = new Int32Array(256)
  /** Open addressing by form hash; slot + 1, 0 is free. */
  private table = new Int32Array(1024)
  private readonly shingler: Shingler
  /** Of no use but that it is read. */
  private read = 0
  /** Signs many rows at a time; made when there are many. */
  private batch: Batch | 'none' | undefined

  constructor(scheme: Scheme, options: { readonly shared?: boolean } = {}) {
    const shared = options.shared ?? false
    super({
      count: 0,
      pool: new Uint32Array(memory(4096, shared)),
      start: new Uint32Array(memory(257, shared)),
      bitsLow: new Int32Array(memory(256, shared)),
      bitsHigh: new Int32Array(memory(256, shared)),
      wide: new Int32Array(memory(256 * 8, shared)),
    })
    this.shared = shared
    this.scheme = scheme
    this.shingler = new Shingler(scheme)
  }

  /** The slot of a text's normal form, new or known; -1 where the normal form is empty. */
  add(text: string): number {
    return this.slotOf(this.shingler.sign(text))
  }

  /** As `add`, of a text that is these bytes; -2 where they are not plain (see `signBytes`). */
  addBytes(bytes: Uint8Array, start: number, end: number): number {
    const n = this.shingler.signBytes(bytes, start, end)
    return n < 0 ? -2 : this.slotOf(n)
  }

  /**
   * Adds rows from `first` on and writes their slots (-1: none, or an empty normal form) to `slots`, as many of them as take a
   * millisecond or two; returns how many. With the kernel or without, the result is the same.
   */
  addRows(texts: Texts, first: number, slots: Int32Array): number {
    if (this.batch === undefined && slots.length >= fewRows) this.batch = Batch.of(this.scheme) ?? 'none'
    const { batch } = this
    return batch === undefined || batch === 'none' || slots.length < fewRows
      ? this.addSingly(texts, first, slots)
      : this.addBatch(batch, texts, first, slots)
  }

  private addSingly(texts: Texts, first: number, slots: Int32Array): number {
    const { plain } = texts
    let i = 0
    for (let work = 0; i < slots.length && work < 100_000; i++) {
      const row = first + i
      const span = plain?.span(row)
      const slot = span ? this.addBytes(plain!.bytes, span.start, span.end) : -2
      if (slot !== -2) {
        slots[i] = slot
        work += span!.end - span!.start + 40
      } else {
        const text = texts.text(row)
        slots[i] = text === undefined ? -1 : this.add(text)
        work += (text?.length ?? 0) + 40
      }
    }
    return i
  }

  private addBatch(batch: Batch, texts: Texts, first: number, slots: Int32Array): number {
    const count = batch.sign(texts, first, first + slots.length) - first
    const { heads, hashes } = batch
    let from = batch.hashesAt
    for (let i = 0; i < count; i++) {
      const head = batch.head(i)
      if (head >= 0) this.ready(heads[head + told.formA]!, heads[head + told.formB]!)
    }
    for (let i = 0; i < count; i++) {
      const head = batch.head(i)
      if (head < 0) {
        const text = batch.texts[i] ?? texts.text(first + i)
        slots[i] = text === undefined ? -1 : this.add(text)
        continue
      }
      const n = heads[head + told.count]!
      slots[i] =
        n === 0
          ? -1
          : this.slot({ a: heads[head + told.formA]!, b: heads[head + told.formB]!, hashes, from, n, heads, head })
      from += n
    }
    return count
  }

  /** Room for so many more slots, so that it need not be made little by little. */
  reserve(more: number): void {
    let size = this.bitsLow.length
    while (size < this.count + more + 2) size *= 2
    if (size > this.bitsLow.length) this.growSlots(size)
  }

  /** Room for so many times the shingles that came with the forms from a slot on, and a little more. */
  reserveShingles(slot: number, times: number): void {
    const end = this.start[this.count]!
    const more = Math.min(mostReserved, Math.ceil((end - this.start[slot]!) * times * 1.05))
    if (end + more > this.pool.length) this.growPool(end + more)
  }

  /**
   * Room for some more forms and their shingles, as edits add them: each time that there is too little everything is copied, which
   * an edit would have to wait for.
   */
  reserveForEdits(): void {
    const { count } = this
    const more = 4096 + (count >>> 6)
    if (count + more + 2 > this.bitsLow.length) this.growSlots(count + more + 2)
    const end = this.start[count]!
    const shingles = Math.min(mostReserved, Math.ceil((end / (count + 1) + 64) * more))
    if (end + shingles > this.pool.length) this.growPool(end + shingles)
  }

  /** The slots of forms that were signed elsewhere, new or known, in their order: as if their texts had been added. */
  adopt(signed: SignedForms): Int32Array {
    const { count, formA, formB, start } = signed
    const slots = new Int32Array(count)
    this.reserve(count)
    // New forms beside each other, [from, i), have their places; what is long of them is put there together.
    let from = 0
    for (let i = 0; i < count; i++) {
      if ((i & 511) === 0) for (let j = Math.min(count, i + 512) - 1; j >= i; j--) this.ready(formA[j]!, formB[j]!)
      const a = formA[i]!
      const b = formB[i]!
      const n = start[i + 1]! - start[i]!
      const mask = this.table.length - 1
      let at = Math.imul(a ^ (b >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
      for (;;) {
        const slot = this.table[at]! - 1
        if (slot < 0) {
          this.table[at] = this.count + 1
          slots[i] = this.place(a, b, n)
          break
        }
        if (this.formA[slot] === a && this.formB[slot] === b && this.size(slot) === n) {
          if (from < i) this.fill(signed, from, i)
          from = i
          if (this.sameSet(slot, signed.pool, start[i]!)) {
            slots[i] = slot
            from = i + 1
            break
          }
        }
        at = (at + 1) & mask
      }
    }
    if (from < count) this.fill(signed, from, count)
    return slots
  }

  /** The next slot, for a form of n shingles that are put there later. */
  private place(a: number, b: number, n: number): number {
    const slot = this.count++
    this.start[slot + 1] = this.start[slot]! + n
    this.formA[slot] = a
    this.formB[slot] = b
    return slot
  }

  /** Puts what is long of the forms [from, to), which have the last slots, in its places. */
  private fill({ pool, start, parity }: SignedForms, from: number, to: number): void {
    const first = this.count - (to - from)
    const base = this.start[first]!
    const end = this.start[this.count]!
    if (end > this.pool.length) this.growPool(end * 1.6)
    copyRange(pool, start[from]!, start[to]!, this.pool, base)
    if (parity) {
      copyRange(parity.bitsLow, from, to, this.bitsLow, first)
      copyRange(parity.bitsHigh, from, to, this.bitsHigh, first)
      copyRange(parity.wide, from * 8, to * 8, this.wide, first * 8)
    } else for (let slot = first; slot < this.count; slot++) this.setParity(slot)
  }

  /** The forms from a slot on, as `adopt` takes them. */
  signedFrom(slot: number): SignedForms {
    const start = this.start.slice(slot, this.count + 1)
    const base = start[0]!
    for (let i = 0; i < start.length; i++) start[i]! -= base
    return {
      count: this.count - slot,
      pool: this.pool.slice(base, this.start[this.count]!),
      start,
      formA: this.formA.slice(slot, this.count),
      formB: this.formB.slice(slot, this.count),
    }
  }

  /** These forms, as `adopt` takes them. */
  signed(slots: readonly number[]): SignedForms {
    const start = new Uint32Array(slots.length + 1)
    for (const [i, slot] of slots.entries()) start[i + 1] = start[i]! + this.size(slot)
    const pool = new Uint32Array(start[slots.length]!)
    for (const [i, slot] of slots.entries()) {
      const from = this.start[slot]!
      for (let j = start[i]!; j < start[i + 1]!; j++) pool[j] = this.pool[from + j - start[i]!]!
    }
    const formA = Int32Array.from(slots, slot => this.formA[slot]!)
    const formB = Int32Array.from(slots, slot => this.formB[slot]!)
    return { count: slots.length, pool, start, formA, formB }
  }

  private slotOf(n: number): number {
    const { formA, formB, hashes } = this.shingler
    return n === 0 ? -1 : this.slot({ a: formA, b: formB, hashes, from: 0, n, heads: undefined, head: 0 })
  }

  private slot(form: Form): number {
    const mask = this.table.length - 1
    let at = Math.imul(form.a ^ (form.b >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
    for (;;) {
      const entry = this.table[at]!
      if (entry === 0) break
      if (this.same(entry - 1, form)) return entry - 1
      at = (at + 1) & mask
    }
    this.table[at] = this.count + 1
    return this.append(form)
  }

  /**
   * Reads where a form would stand in the table, which is large and read in no order: many places are fetched at the same time, where
   * one would wait for the other when each is asked for.
   */
  private ready(a: number, b: number): void {
    const { table } = this
    this.read ^= table[Math.imul(a ^ (b >>> 7), 0x9e3779b1) >>> (Math.clz32(table.length - 1) & 31)]!
  }

  private same(slot: number, { a, b, hashes, from, n }: Form): boolean {
    if (this.formA[slot] !== a || this.formB[slot] !== b) return false
    return this.size(slot) === n && this.sameSet(slot, hashes, from)
  }

  /** Are the shingles of a slot those of a list from a place on? */
  private sameSet(slot: number, hashes: Uint32Array, from: number): boolean {
    const { pool, start } = this
    const own = start[slot]!
    const n = start[slot + 1]! - own
    for (let i = 0; i < n; i++) if (pool[own + i] !== hashes[from + i]) return false
    return true
  }

  private append({ a, b, hashes, from, n, heads, head }: Form): number {
    const slot = this.count
    if (slot + 1 === this.bitsLow.length) {
      this.growSlots(this.bitsLow.length * 2)
      this.enter(slot, a, b)
    }
    const to = this.start[slot]!
    if (to + n > this.pool.length) this.growPool((to + n) * 1.6)
    const { pool } = this
    for (let i = 0; i < n; i++) pool[to + i] = hashes[from + i]!
    this.start[slot + 1] = to + n
    if (heads) this.copyParity(slot, heads, head)
    else this.setParity(slot)
    this.formA[slot] = a
    this.formB[slot] = b
    this.count = slot + 1
    return slot
  }

  private copyParity(slot: number, heads: Int32Array, head: number): void {
    this.bitsLow[slot] = heads[head + told.low]!
    this.bitsHigh[slot] = heads[head + told.high]!
    for (let i = 0; i < 8; i++) this.wide[slot * 8 + i] = heads[head + told.wide + i]!
  }

  private setParity(slot: number): void {
    markParity(this.pool, { from: this.start[slot]!, to: this.start[slot + 1]! }, this, slot)
  }

  private growPool(size: number): void {
    this.pool = copy(this.pool, new Uint32Array(memory(Math.ceil(size), this.shared)))
  }

  private growSlots(size: number): void {
    const { shared } = this
    this.start = copy(this.start, new Uint32Array(memory(size + 1, shared)))
    this.bitsLow = copy(this.bitsLow, new Int32Array(memory(size, shared)))
    this.bitsHigh = copy(this.bitsHigh, new Int32Array(memory(size, shared)))
    this.wide = copy(this.wide, new Int32Array(memory(size * 8, shared)))
    this.formA = copy(this.formA, new Int32Array(size))
    this.formB = copy(this.formB, new Int32Array(size))
    // A power of two.
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(size * 2)))
    for (let slot = 0; slot < this.count; slot++) this.enter(slot, this.formA[slot]!, this.formB[slot]!)
  }

  /** Puts a slot that is not in the table there. */
  private enter(slot: number, a: number, b: number): void {
    const mask = this.table.length - 1
    let at = Math.imul(a ^ (b >>> 7), 0x9e3779b1) >>> (Math.clz32(mask) & 31)
    while (this.table[at] !== 0) at = (at + 1) & mask
    this.table[at] = slot + 1
  }
}

/** Room for more shingles is made as they come: the first rows may be unlike the rest. */
const mostReserved = 1 << 25

/** With fewer rows than this a kernel is not worth its memory. */
const fewRows = 32

/** A form as it is met: its 64 bits and its shingles, `hashes[from .. from + n)`. */
interface Form {
  readonly a: number
  readonly b: number
  readonly hashes: Uint32Array
  readonly from: number
  readonly n: number
  /** Where a batch tells of it, if one does. */
  readonly heads: Int32Array | undefined
  readonly head: number
}

/** Zeroed memory for so many 32-bit words. */
function memory(words: number, shared: boolean): ArrayBuffer | SharedArrayBuffer {
  return shared ? new SharedArrayBuffer(words * 4) : new ArrayBuffer(words * 4)
}

function copy<T extends Int32Array | Uint32Array>(from: T, into: T): T {
  into.set(from)
  return into
}

/** Copies `from[start .. end)` to a place in another list. What is short is copied sooner than a view of it is made. */
function copyRange<T extends Int32Array | Uint32Array>(from: T, start: number, end: number, into: T, at: number): void {
  if (end - start > 64) into.set(from.subarray(start, end), at)
  else for (let i = start; i < end; i++) into[at + i - start] = from[i]!
}
