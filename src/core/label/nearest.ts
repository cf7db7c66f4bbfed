import type { Work } from '../sign/progress.ts'
import type { Sparse } from './features.ts'
import { classCounts, type Probabilities } from './probabilities.ts'

export interface NearestOptions {
  readonly classes: number
  /** How many neighbours vote. */
  readonly neighbours: number
  /** Rows of one group are the same text: they are no neighbours of each other. */
  readonly groups: Int32Array
  /** Steps through the index at most; the most frequent terms are left out until it is enough. */
  readonly budget: number
}

/**
 * What the nearest rows say about each row: each votes for its label with its cosine similarity, a label counting the less
 * the more rows have it, so that chance alone favours none. Found through an inverted index over the rarer terms.
 */
export function* nearestVotes(x: Sparse, labels: Int32Array, options: NearestOptions): Work<Probabilities> {
  const { classes, neighbours, groups, budget } = options
  const kept = affordable(x.frequency, budget)
  const index = yield* invert(x, kept)
  const values = new Float64Array(x.rows * classes)
  const counts = classCounts(labels, classes)
  const present = counts.filter(n => n > 0).length
  const balance = counts.map(n => (n === 0 ? 0 : x.rows / (present * n)))
  const similarity = new Float64Array(x.rows)
  const touched = new Int32Array(x.rows)
  const heap = new Nearest(neighbours)
  let work = 0
  for (let row = 0; row < x.rows; row++) {
    let count = 0
    for (let k = x.start[row]!; k < x.start[row + 1]!; k++) {
      const column = x.index[k]!
      if (x.frequency[column]! > kept) continue
      const own = x.value[k]!
      for (let i = index.start[column]!; i < index.start[column + 1]!; i++) {
        const other = index.rows[i]!
        if (similarity[other] === 0) touched[count++] = other
        similarity[other]! += own * index.value[i]!
      }
      work += index.start[column + 1]! - index.start[column]!
    }
    heap.clear()
    for (let i = 0; i < count; i++) {
      const other = touched[i]!
      if (groups[other] !== groups[row]) heap.add(other, similarity[other]!)
      similarity[other] = 0
    }
    const votes = values.subarray(row * classes, (row + 1) * classes)
    heap.forEach((other, near) => {
      votes[labels[other]!]! += near * balance[labels[other]!]!
    })
    normalise(votes, prior)
    work += count + classes
    if (work > 300_000) {
      work = 0
      yield { phase: 'label-neighbours', done: row, total: x.rows }
    }
  }
  return { rows: x.rows, classes, values }
}

/** Asks, for a row, which of some others it is most similar to, by the cosine; of equals the first; -1 of none. */
export function nearestIn(x: Sparse): (row: number, others: Iterable<number>) => number {
  // The row asked about, spread out over all columns: looking a column up is an array access.
  const own = new Float32Array(x.columns)
  return (row, others) => {
    for (let k = x.start[row]!; k < x.start[row + 1]!; k++) own[x.index[k]!] = x.value[k]!
    let best = -1
    let most = Number.NEGATIVE_INFINITY
    for (const other of others) {
      if (other === row) continue
      let near = 0
      for (let k = x.start[other]!; k < x.start[other + 1]!; k++) near += x.value[k]! * own[x.index[k]!]!
      if (near > most) {
        best = other
        most = near
      }
    }
    for (let k = x.start[row]!; k < x.start[row + 1]!; k++) own[x.index[k]!] = 0
    return best
  }
}

/** What every class has before anybody votes, in units of one neighbour that says the same. */
const prior = 0.1

function normalise(votes: Float64Array, before: number): void {
  let sum = 0
  for (let k = 0; k < votes.length; k++) sum += votes[k]! + before
  for (let k = 0; k < votes.length; k++) votes[k] = (votes[k]! + before) / sum
}

/** The greatest frequency of terms such that looking up all rows by the terms up to it costs at most `budget` steps. */
function affordable(frequency: Int32Array, budget: number): number {
  const sorted = frequency.slice().sort()
  let cost = 0
  for (const rows of sorted) {
    cost += rows * rows
    if (cost > budget) return rows - 1
  }
  return Number.POSITIVE_INFINITY
}

function* invert(x: Sparse, kept: number) {
  const start = new Int32Array(x.columns + 1)
  for (let column = 0; column < x.columns; column++)
    start[column + 1] = start[column]! + (x.frequency[column]! <= kept ? x.frequency[column]! : 0)
  const at = start.slice()
  const rows = new Int32Array(start[x.columns]!)
  const value = new Float32Array(rows.length)
  for (let row = 0; row < x.rows; row++) {
    for (let k = x.start[row]!; k < x.start[row + 1]!; k++) {
      const column = x.index[k]!
      if (x.frequency[column]! > kept) continue
      rows[at[column]!] = row
      value[at[column]!++] = x.value[k]!
    }
    if (row % 4096 === 4095) yield { phase: 'label-neighbours', done: row, total: x.rows }
  }
  return { start, rows, value }
}

/** The few nearest of many: a binary heap with the farthest on top; of equals the earlier row is nearer. */
class Nearest {
  private readonly rows: Int32Array
  private readonly near: Float64Array
  private size = 0

  constructor(most: number) {
    this.rows = new Int32Array(most)
    this.near = new Float64Array(most)
  }

  clear(): void {
    this.size = 0
  }

  add(row: number, near: number): void {
    if (this.size < this.rows.length) {
      let at = this.size++
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (!this.farther(row, near, parent)) break
        this.set(at, this.rows[parent]!, this.near[parent]!)
        at = parent
      }
      this.set(at, row, near)
    } else if (!this.farther(row, near, 0)) {
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= this.size) break
        if (child + 1 < this.size && this.farther(this.rows[child + 1]!, this.near[child + 1]!, child)) child++
        if (this.farther(row, near, child)) break
        this.set(at, this.rows[child]!, this.near[child]!)
        at = child
      }
      this.set(at, row, near)
    }
  }

  /** Sums over the neighbours in the order of the heap, which their rows and similarities decide. */
  forEach(visit: (row: number, near: number) => void): void {
    for (let i = 0; i < this.size; i++) visit(this.rows[i]!, this.near[i]!)
  }

  private farther(row: number, near: number, than: number): boolean {
    return near < this.near[than]! || (near === this.near[than] && row > this.rows[than]!)
  }

  private set(at: number, row: number, near: number): void {
    this.rows[at] = row
    this.near[at] = near
  }
}
