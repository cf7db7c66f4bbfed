import { Batch, told } from './batch.ts'
import { markParity, type Parity } from './formColumns.ts'
import type { SignedForms, SignedRows } from './forms.ts'
import type { Scheme } from './scheme.ts'
import { Shingler } from './shingle.ts'
import type { Texts } from './texts.ts'

/** A batch of the kernel gives fewer shingles than this. */
const batchShingles = (1 << 16) + 16

/**
 * Signs all rows without looking which of them are equal: whoever adopts them finds that out, and for rows that are as a rule
 * unlike it would be done twice. Undefined where there is no kernel, or it does not know the scheme.
 */
export function signList(texts: Texts, scheme: Scheme): Omit<SignedRows, 'from'> | undefined {
  const batch = Batch.of(scheme)
  if (!batch) return undefined
  const list = new SignedList(texts, scheme)
  for (let row = 0; row < texts.rowCount; ) row = list.take(batch, row)
  return { slots: list.slots, forms: list.signed() }
}

class SignedList {
  readonly slots: Int32Array
  private readonly texts: Texts
  private readonly shingler: Shingler
  private count = 0
  private pool = new Uint32Array(batchShingles)
  private readonly start: Uint32Array
  private readonly formA: Int32Array
  private readonly formB: Int32Array
  private readonly parity: Parity

  constructor(texts: Texts, scheme: Scheme) {
    const rows = texts.rowCount
    this.texts = texts
    this.shingler = new Shingler(scheme)
    this.slots = new Int32Array(rows)
    this.start = new Uint32Array(rows + 1)
    this.formA = new Int32Array(rows)
    this.formB = new Int32Array(rows)
    this.parity = {
      bitsLow: new Int32Array(rows),
      bitsHigh: new Int32Array(rows),
      wide: new Int32Array(rows * 8),
    }
  }

  signed(): SignedForms {
    const { count, start, formA, formB, parity } = this
    return { count, pool: this.pool.subarray(0, start[count]), start, formA, formB, parity }
  }

  /** Signs a batch of rows from one on; the first row that is left. */
  take(batch: Batch, first: number): number {
    const { texts, slots, start } = this
    const end = batch.sign(texts, first, texts.rowCount)
    const { heads, hashes } = batch
    this.makeRoom(batchShingles, first)
    // Shingles of rows beside each other are copied together.
    let from = batch.hashesAt
    let to = from
    let at = start[this.count]!
    for (let i = 0; i < end - first; i++) {
      const row = first + i
      const head = batch.head(i)
      if (head < 0) {
        this.pool.set(hashes.subarray(from, to), at)
        from = to
        slots[row] = this.alone(batch.texts[i] ?? texts.text(row), row)
        at = start[this.count]!
        continue
      }
      const n = heads[head + told.count]!
      if (n === 0) {
        slots[row] = -1
        continue
      }
      slots[row] = this.count
      this.note(heads, head)
      to += n
    }
    this.pool.set(hashes.subarray(from, to), at)
    return end
  }

  private note(heads: Int32Array, head: number): void {
    const { bitsLow, bitsHigh, wide } = this.parity
    const slot = this.count++
    this.start[slot + 1] = this.start[slot]! + heads[head + told.count]!
    this.formA[slot] = heads[head + told.formA]!
    this.formB[slot] = heads[head + told.formB]!
    bitsLow[slot] = heads[head + told.low]!
    bitsHigh[slot] = heads[head + told.high]!
    for (let i = 0; i < 8; i++) wide[slot * 8 + i] = heads[head + told.wide + i]!
  }

  /** A row that the kernel left. */
  private alone(text: string | undefined, row: number): number {
    const n = text === undefined ? 0 : this.shingler.sign(text)
    if (n === 0) return -1
    const slot = this.count++
    const from = this.start[slot]!
    this.start[slot + 1] = from + n
    this.makeRoom(n + batchShingles, row)
    this.pool.set(this.shingler.hashes.subarray(0, n), from)
    this.formA[slot] = this.shingler.formA
    this.formB[slot] = this.shingler.formB
    markParity(this.pool, { from, to: from + n }, this.parity, slot)
    return slot
  }

  /** Room for so many shingles behind those of the slots that are there, and as many for the rows that are left as those before took. */
  private makeRoom(more: number, row: number): void {
    const end = this.start[this.count]!
    if (end + more <= this.pool.length) return
    const expected = row === 0 ? 0 : (end / row) * this.texts.rowCount * 1.05
    const pool = new Uint32Array(Math.max(expected, end * 1.3) + more)
    pool.set(this.pool.subarray(0, end))
    this.pool = pool
  }
}
