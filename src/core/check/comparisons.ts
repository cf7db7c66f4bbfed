/** Two texts, compared exactly. */
export interface Comparison {
  readonly inter: number
  readonly union: number
  /** Do they differ in numbers only? */
  readonly numbers: boolean
}

/** What was found out about pairs of forms: 20 bytes for a pair, and nothing for the collector of garbage to look at. */
export class Comparisons {
  size = 0
  /** Open addressing: four numbers for a pair, the lesser form + 1 (0: free), the other, what they share, and what they have together, twice, and one more where only numbers differ. */
  private table = new Int32Array(4 * 1024)

  get(a: number, b: number): Comparison | undefined {
    const at = this.place(Math.min(a, b) + 1, Math.max(a, b))
    if (this.table[at] === 0) return undefined
    const union = this.table[at + 3]! >>> 0
    return { inter: this.table[at + 2]!, union: union >>> 1, numbers: (union & 1) === 1 }
  }

  set(a: number, b: number, { inter, union, numbers }: Comparison): void {
    if ((this.size + 1) * 6 > this.table.length) this.grow()
    const [x, y] = [Math.min(a, b) + 1, Math.max(a, b)]
    const at = this.place(x, y)
    if (this.table[at] === 0) this.size++
    this.table[at] = x
    this.table[at + 1] = y
    this.table[at + 2] = inter
    this.table[at + 3] = union * 2 + (numbers ? 1 : 0)
  }

  /** Where a pair is, or would be. */
  private place(x: number, y: number): number {
    const { table } = this
    const mask = table.length / 4 - 1
    const hash = Math.imul(x ^ Math.imul(y, 0x85ebca6b), 0x9e3779b1)
    let at = (hash ^ (hash >>> 15)) & mask
    while (table[at * 4] !== 0 && (table[at * 4] !== x || table[at * 4 + 1] !== y)) at = (at + 1) & mask
    return at * 4
  }

  private grow(): void {
    const old = this.table
    this.table = new Int32Array(old.length * 2)
    for (let from = 0; from < old.length; from += 4) {
      if (old[from] === 0) continue
      const at = this.place(old[from]!, old[from + 1]!)
      for (let i = 0; i < 4; i++) this.table[at + i] = old[from + i]!
    }
  }
}
