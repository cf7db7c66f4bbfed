/**
 * The findings of each form, by their numbers. Typed arrays, so that hundreds of thousands of them cost the collector of garbage
 * nothing, which would otherwise come between an edit and what it changes.
 */
export class Told {
  /** Open addressing by form: the newest entry of it + 1, or -1 where all were taken; 0 is free. */
  private heads = new Int32Array(1024)
  private keys = new Int32Array(1024)
  private used = 0
  /** Entry + 1 of the one before of the same form, 0 for none; and the number of the finding. */
  private before: Int32Array = new Int32Array(512)
  private ids: Int32Array = new Int32Array(512)
  private count = 0

  add(slot: number, id: number): void {
    if (this.used * 2 >= this.heads.length) this.grow()
    if (this.count === this.ids.length) {
      this.before = longer(this.before, this.count * 2)
      this.ids = longer(this.ids, this.count * 2)
    }
    const at = this.place(slot)
    if (this.heads[at] === 0) this.used++
    this.keys[at] = slot
    this.before[this.count] = Math.max(0, this.heads[at]!)
    this.ids[this.count] = id
    this.heads[at] = ++this.count
  }

  /** The findings of a form, the oldest first, which are then no longer known. */
  take(slot: number): number[] {
    const at = this.place(slot)
    const found: number[] = []
    for (let entry = this.heads[at]!; entry > 0; entry = this.before[entry - 1]!) found.push(this.ids[entry - 1]!)
    if (found.length > 0) this.heads[at] = -1
    return found.reverse()
  }

  /** Where a form is, or would be. */
  private place(slot: number): number {
    const { heads, keys } = this
    const mask = heads.length - 1
    let at = Math.imul(slot, 0x9e3779b1) >>> Math.clz32(mask)
    while (heads[at] !== 0 && keys[at] !== slot) at = (at + 1) & mask
    return at
  }

  private grow(): void {
    const { heads, keys } = this
    this.heads = new Int32Array(heads.length * 2)
    this.keys = new Int32Array(heads.length * 2)
    this.used = 0
    for (let i = 0; i < heads.length; i++) {
      if (heads[i]! <= 0) continue
      const at = this.place(keys[i]!)
      this.heads[at] = heads[i]!
      this.keys[at] = keys[i]!
      this.used++
    }
  }
}

function longer(list: Int32Array, length: number): Int32Array {
  const out = new Int32Array(length)
  out.set(list)
  return out
}
