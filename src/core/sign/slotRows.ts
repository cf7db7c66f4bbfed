import { roomyList } from './reuse.ts'

/** The most rows and slots that are changed one by one; more are sorted anew. */
const few = 4000

/**
 * The rows of each slot, ascending. After a small change of the rows it is brought up to date in place, with no more than a
 * pass over the numbers of rows that moved.
 */
export class SlotRows {
  private slots = new Int32Array(0) as Int32Array
  private start = new Int32Array(1) as Int32Array
  private rows = new Int32Array(0) as Int32Array
  /** Slots whose rows are not those in `rows`. */
  private readonly changed = new Map<number, Int32Array>()

  /** The rows of a slot; what it gives holds until the next `update`. */
  of(slot: number): Int32Array {
    const changed = this.changed.get(slot)
    if (changed) return changed
    return slot + 1 < this.start.length ? this.rows.subarray(this.start[slot]!, this.start[slot + 1]!) : none
  }

  /** The first row of a slot; -1 where it has none. */
  first(slot: number): number {
    const changed = this.changed.get(slot)
    if (changed) return changed[0] ?? -1
    const from = this.start[slot]!
    return slot + 1 < this.start.length && from < this.start[slot + 1]! ? this.rows[from]! : -1
  }

  /** How many rows a slot has. */
  count(slot: number): number {
    const changed = this.changed.get(slot)
    if (changed) return changed.length
    return slot + 1 < this.start.length ? this.start[slot + 1]! - this.start[slot]! : 0
  }

  /** Takes the slot of each row (-1: none) as it is now; there are `count` slots. */
  update(now: Int32Array, count: number): void {
    const old = this.slots
    if (now === old) return
    this.slots = now
    const least = Math.min(old.length, now.length)
    let head = 0
    while (head < least && old[head] === now[head]) head++
    let tail = 0
    while (tail < least - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++
    const oldEnd = old.length - tail
    const newEnd = now.length - tail
    if (old.length === 0) this.sort(now, count)
    else this.change(old.subarray(head, oldEnd), now.subarray(head, newEnd), { head, oldEnd, newEnd }, count)
  }

  /**
   * As `update`, where it is known what changed: rows [head, oldEnd) of the list `before`, which were of the slots `gone`, are rows
   * [head, newEnd) of this one. That list may have been written over.
   */
  follow({ before, gone, ...rows }: Followed, now: Int32Array, count: number): void {
    if (before === this.slots) {
      this.slots = now
      this.change(gone, now.subarray(rows.head, rows.newEnd), rows, count)
    } else this.update(now, count)
  }

  private change(gone: Int32Array, come: Int32Array, rows: Omit<Followed, 'before' | 'gone'>, count: number): void {
    if (gone.length + come.length > few || this.changed.size > few) this.sort(this.slots, count)
    else this.patch(gone, come, rows)
  }

  private patch(gone: Int32Array, come: Int32Array, { head, oldEnd, newEnd }: Omit<Followed, 'before' | 'gone'>): void {
    const by = newEnd - oldEnd
    const fresh = new Map<number, number[]>()
    for (const slots of [gone, come]) {
      for (const slot of slots) {
        if (slot < 0 || fresh.has(slot)) continue
        const left: number[] = []
        for (const row of this.of(slot)) if (row < head) left.push(row)
        fresh.set(slot, left)
      }
    }
    for (let i = 0; i < come.length; i++) fresh.get(come[i]!)?.push(head + i)
    for (const [slot, left] of fresh) for (const row of this.of(slot)) if (row >= oldEnd) left.push(row + by)
    if (by !== 0) {
      shift(this.rows, oldEnd, by)
      for (const rows of this.changed.values()) shift(rows, oldEnd, by)
    }
    for (const [slot, rows] of fresh) this.changed.set(slot, Int32Array.from(rows))
  }

  private sort(slots: Int32Array, count: number): void {
    this.changed.clear()
    // In the memory of the lists before, where there is room; behind each slot's rows first, since they are put there from the last.
    const start = listOver(this.start, count + 1).fill(0)
    let used = 0
    for (const slot of slots) {
      if (slot < 0) continue
      start[slot]!++
      used++
    }
    const rows = listOver(this.rows, used)
    let end = 0
    for (let slot = 0; slot <= count; slot++) start[slot] = end += start[slot]!
    for (let row = slots.length - 1; row >= 0; row--) {
      const slot = slots[row]!
      if (slot >= 0) rows[--start[slot]!] = row
    }
    this.start = start
    this.rows = rows
  }
}

/** What `follow` is told. */
interface Followed {
  readonly before: Int32Array
  readonly gone: Int32Array
  readonly head: number
  readonly oldEnd: number
  readonly newEnd: number
}

function listOver(old: Int32Array, length: number): Int32Array {
  return old.buffer.byteLength >= length * 4 ? new Int32Array(old.buffer, 0, length) : roomyList(length)
}

const none = new Int32Array(0)

function shift(rows: Int32Array, from: number, by: number): void {
  for (let i = 0; i < rows.length; i++) if (rows[i]! >= from) rows[i]! += by
}
