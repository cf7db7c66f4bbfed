import type { Comparison } from './comparisons.ts'

/**
 * Representatives and the rows that are similar to them, in pairs, with how each two compare; those of one representative follow each
 * other. In lists of numbers: hundreds of thousands of them are kept as long as their findings.
 */
export class NearPairs {
  readonly count: number
  private readonly rows: Int32Array
  private readonly inter: Int32Array
  private readonly union: Int32Array
  private readonly numbers: Uint8Array

  /** Of the pairs `rows[2i]`, `rows[2i + 1]`, not yet compared. */
  constructor(rows: readonly number[]) {
    this.count = rows.length / 2
    this.rows = Int32Array.from(rows)
    this.inter = new Int32Array(this.count)
    this.union = new Int32Array(this.count)
    this.numbers = new Uint8Array(this.count)
  }

  keep(pair: number, { inter, union, numbers }: Comparison): void {
    this.inter[pair] = inter
    this.union[pair] = union
    this.numbers[pair] = numbers ? 1 : 0
  }

  center(pair: number): number {
    return this.rows[2 * pair]!
  }

  row(pair: number): number {
    return this.rows[2 * pair + 1]!
  }

  exact(pair: number): Comparison {
    return { inter: this.inter[pair]!, union: this.union[pair]!, numbers: this.numbers[pair] === 1 }
  }

  /**
   * The cluster that a pair is of: its representative, and its rows but for those that differ from it in numbers only. Undefined
   * where the rows are `most` or more.
   */
  cluster(pair: number, most: number): readonly number[] | undefined {
    const center = this.center(pair)
    let first = pair
    while (first > 0 && this.center(first - 1) === center && pair - first < most) first--
    const cluster = [center]
    let at = first
    for (; at < this.count && this.center(at) === center && at - first < most; at++)
      if (this.numbers[at] === 0) cluster.push(this.row(at))
    return at - first < most ? cluster : undefined
  }
}
