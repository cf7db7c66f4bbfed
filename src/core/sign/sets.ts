/** Disjoint sets of slots, path halving; the root of a set is its smallest slot. */
export class Sets {
  parent: Uint32Array
  count: number

  constructor(count: number) {
    this.parent = new Uint32Array(count)
    this.count = count
    for (let i = 0; i < count; i++) this.parent[i] = i
  }

  /** Forgets all sets. */
  clear(): void {
    this.parent = new Uint32Array(0)
    this.count = 0
  }

  /** Joins what is joined in the sets that other `Sets` of as many slots had as their `parent`. */
  join(other: Uint32Array): void {
    for (let slot = 0; slot < this.count; slot++) {
      if (other[slot] === slot) continue
      const a = this.find(slot)
      const b = this.find(other[slot]!)
      if (a !== b) this.union(a, b)
    }
  }

  /** Makes room for slots that came later, each a set of its own. */
  grow(count: number): void {
    if (count > this.parent.length) {
      const more = new Uint32Array(Math.ceil(count * 1.1) + 1024)
      more.set(this.parent)
      this.parent = more
    }
    for (; this.count < count; this.count++) this.parent[this.count] = this.count
  }

  find(slot: number): number {
    const parent = this.parent
    let at = slot
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!
      at = parent[at]!
    }
    return at
  }

  /** Joins two sets given by their roots; returns the root of both. */
  union(rootA: number, rootB: number): number {
    const [root, child] = rootA < rootB ? [rootA, rootB] : [rootB, rootA]
    this.parent[child] = root
    return root
  }
}
