/** A growing list of byte offsets (below 4 GiB) in a typed array: a million of them are 4 MB, not a million objects. */
export class Offsets {
  length = 0
  private items: Uint32Array

  constructor(expected = 1024) {
    this.items = new Uint32Array(Math.max(16, expected))
  }

  push(offset: number): void {
    if (this.length === this.items.length) {
      const grown = new Uint32Array(Math.max(16, this.items.length * 2))
      grown.set(this.items)
      this.items = grown
    }
    this.items[this.length++] = offset
  }

  /** Another offset in the place of the one that was pushed last. */
  replaceLast(offset: number): void {
    this.items[this.length - 1] = offset
  }

  /** The list at its true length. The room to grow is given back, also where this object is kept. */
  done(): Uint32Array {
    if (this.items.length > this.length) this.items = this.items.slice(0, this.length)
    return this.items
  }
}

/** Index of the last item <= value in an ascending list, or -1. */
export function lastAtMost(items: Uint32Array, value: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (items[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}
