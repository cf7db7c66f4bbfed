/** The most rows and slots that are changed one by one; more are sorted anew. */
const few = 2000

/**
 * The rows of each slot, ascending. After a small change of the rows it is brought up to date in place, with no more than a
 * pass over the numbers of rows that moved.
 */
export class SlotRows {
  private slots: Int32Array = new Int32Array(0)
  private start = new Int32Array(1)
  private rows = new Int32Array(0)
  /** Slots whose rows are not those in `rows`. */
  private readonly changed = new Map<number, Int32Array>()

  /** The rows of a slot; what it gives holds until the next `update`. */
  of(slot: number): Int32Array {
    const changed = this.changed.get(slot)
    if (changed) return changed
    return slot + 1 < this.start.length ? this.rows.subarray(this.start[slot]!, this.start[slot + 1]!) : none
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
    const gone = old.subarray(head, old.length - tail)
    const come = now.subarray(head, now.length - tail)
    if (gone.length + come.length > few || this.changed.size > few || old.length === 0) this.sort(now, count)
    else this.patch(gone, come, { head, tail: old.length - tail })
  }

  private patch(
    gone: Int32Array,
    come: Int32Array,
    { head, tail }: { readonly head: number; readonly tail: number },
  ): void {
    const by = come.length - gone.length
    const fresh = new Map<number, number[]>()
    for (const slot of [...gone, ...come]) {
      if (slot < 0 || fresh.has(slot)) continue
      const left: number[] = []
      for (const row of this.of(slot)) if (row < head) left.push(row)
      for (let i = 0; i < come.length; i++) if (come[i] === slot) left.push(head + i)
      for (const row of this.of(slot)) if (row >= tail) left.push(row + by)
      fresh.set(slot, left)
    }
    if (by !== 0) {
      shift(this.rows, tail, by)
      for (const rows of this.changed.values()) shift(rows, tail, by)
    }
    for (const [slot, rows] of fresh) this.changed.set(slot, Int32Array.from(rows))
  }

  private sort(slots: Int32Array, count: number): void {
    this.changed.clear()
    const start = new Int32Array(count + 1)
    for (const slot of slots) if (slot >= 0) start[slot + 1]!++
    for (let slot = 0; slot < count; slot++) start[slot + 1]! += start[slot]!
    const rows = new Int32Array(start[count]!)
    const at = start.slice()
    for (let row = 0; row < slots.length; row++) {
      const slot = slots[row]!
      if (slot >= 0) rows[at[slot]!++] = row
    }
    this.start = start
    this.rows = rows
  }
}

const none = new Int32Array(0)

function shift(rows: Int32Array, from: number, by: number): void {
  for (let i = 0; i < rows.length; i++) if (rows[i]! >= from) rows[i]! += by
}
