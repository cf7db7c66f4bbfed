/**
 * Lists of 32-bit numbers by 32-bit numbers. Typed arrays, so that hundreds of thousands of them cost the collector of garbage
 * nothing, which would otherwise come between an edit and what it changes.
 */
export class NumberLists {
  /** Open addressing by key: its newest entry + 1, or -1 where all were taken; 0 is free. */
  private heads = new Int32Array(1024)
  private keys = new Int32Array(1024)
  private used = 0
  /** Entry + 1 of the one before of the same key, 0 for none; and what was added. */
  private before: Int32Array = new Int32Array(512)
  private items: Int32Array = new Int32Array(512)
  private count = 0

  add(key: number, item: number): void {
    if (this.used * 2 >= this.heads.length) this.grow()
    if (this.count === this.items.length) {
      this.before = longer(this.before, this.count * 2)
      this.items = longer(this.items, this.count * 2)
    }
    const at = this.place(key | 0)
    if (this.heads[at] === 0) this.used++
    this.keys[at] = key
    this.before[this.count] = Math.max(0, this.heads[at]!)
    this.items[this.count] = item
    this.heads[at] = ++this.count
  }

  /** What was added to a key, the oldest first. */
  of(key: number): number[] {
    const found: number[] = []
    for (let entry = this.heads[this.place(key | 0)]!; entry > 0; entry = this.before[entry - 1]!)
      found.push(this.items[entry - 1]!)
    return found.reverse()
  }

  /** As `of`, and forgets it. */
  take(key: number): number[] {
    const found = this.of(key)
    if (found.length > 0) this.heads[this.place(key | 0)] = -1
    return found
  }

  /** Forgets all. */
  clear(): void {
    this.heads.fill(0)
    this.used = 0
    this.count = 0
  }

  /** Where a key is, or would be. */
  private place(key: number): number {
    const { heads, keys } = this
    const mask = heads.length - 1
    let at = Math.imul(key, 0x9e3779b1) >>> Math.clz32(mask)
    while (heads[at] !== 0 && keys[at] !== key) at = (at + 1) & mask
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
