import { random } from '../base/random.ts'
import type { SplitName } from '../data/dataset.ts'
import { mostHolders } from '../sign/holderSearch.ts'
import type { Work } from '../sign/progress.ts'
import { holders } from './containment.ts'
import type { Corpus } from './corpus.ts'

export interface PartitionOptions {
  /** The share of each part; positive, summing to 1. */
  readonly ratios: readonly number[]
  readonly seed: number | string
  /** How similar rows must be to stay together. */
  readonly shingle: string
  readonly threshold: string | number
  /** How much of a row of so many shingles a longer one must hold for both to stay together, as in the rule `leak`; 0: never. */
  readonly containment: { readonly share: number; readonly least: number }
  /** A column whose equal values keep rows together (a user, a document); rows without it are free. */
  readonly group?: string
}

/** Which row goes where. */
export interface Partition {
  /** The part of each row of the corpus; -1 for rows that cannot be read. */
  readonly of: Int8Array
  readonly parts: readonly { readonly rows: number; readonly groups: number }[]
  /** Sets of rows that had to stay together, single rows included. */
  readonly groups: number
  readonly largest: number
  readonly broken: number
  /** The label furthest from its share: how many rows of it are in the wrong part at least. Undefined without labels. */
  readonly worst: { readonly label: string; readonly rows: number; readonly off: number } | undefined
}

/**
 * Divides rows so that equal and similar rows, rows that are contained in others, and rows of one group are never apart, and every label has about its share
 * in every part. Sets of rows are dealt in a seeded order, the large ones first, each to the part that then lies
 * least above its shares (squared error by label, over the part's own size, so that small parts fill as fast as large
 * ones). The same idea as iterative stratification (Sechidis et al., ECML 2011), for sets instead of rows.
 */
export function* partition(corpus: Corpus, options: PartitionOptions): Work<Partition> {
  const { set, pinned } = yield* together(corpus, options, 'pinned')
  const { of: labels, names } = yield* corpus.labels()
  const count = names.length + 1
  // Without a label is a label too: such rows are spread like others.
  const labelOf = (row: number) => (labels[row]! < 0 ? names.length : labels[row]!)
  const members = new Map<number, number[]>()
  const totals = new Float64Array(count)
  let all = 0
  for (let row = 0; row < set.length; row++) {
    if (set[row]! < 0) continue
    const list = members.get(set[row]!)
    if (list) list.push(row)
    else members.set(set[row]!, [row])
    totals[labelOf(row)]!++
    all++
  }
  const pools = poolRare(totals, Math.min(...options.ratios))
  const order = random(options.seed)
    .split('partition')
    .shuffle([...members.values()])
    .sort((a, b) => b.length - a.length)
  // Labels of too few rows for every part are stratified as if they were one, behind the others.
  const have = options.ratios.map(() => new Float64Array(count + 1))
  const parts = options.ratios.map(() => ({ rows: 0, groups: 0 }))
  const of = new Int8Array(corpus.rowCount).fill(-1)
  const own = new Map<number, number>()
  for (const [i, rows] of order.entries()) {
    if (i % 8192 === 8191) yield { phase: 'split', done: i, total: order.length }
    own.clear()
    let isFirst = false
    for (const row of rows) {
      const label = labelOf(row)
      isFirst ||= pools.of[label]! >= 0 && have[0]![label] === 0
      const pool = pools.of[label]! < 0 ? label : count
      own.set(pool, (own.get(pool) ?? 0) + 1)
    }
    let best = 0
    let least = Number.POSITIVE_INFINITY
    const only = isFirst || pinned.has(set[rows[0]!]!)
    for (let part = 0; part < (only ? 1 : parts.length); part++) {
      const ratio = options.ratios[part]!
      let cost = growth(rows.length, parts[part]!.rows, ratio * all) / (all * ratio)
      for (const [label, n] of own)
        cost += growth(n, have[part]![label]!, ratio * pools.totals[label]!) / (pools.totals[label]! * ratio)
      if (cost >= least) continue
      best = part
      least = cost
    }
    for (const row of rows) of[row] = best
    for (const row of rows) {
      const label = labelOf(row)
      have[best]![label]!++
      if (pools.of[label]! >= 0) have[best]![count]!++
    }
    parts[best]!.rows += rows.length
    parts[best]!.groups++
  }
  const largest = order.reduce((most, rows) => Math.max(most, rows.length), 0)
  const worst = worstLabel({ have, totals, names, ratios: options.ratios })
  return { of, parts, groups: order.length, largest, broken: corpus.rowCount - all, worst }
}

/** What would have to move so that no two rows that are alike stand in different splits. */
export interface Regrouping {
  /** Sets of rows that are alike and stand in several splits. */
  readonly sets: number
  readonly moves: readonly { readonly from: SplitName; readonly to: SplitName; readonly rows: number }[]
  /** Rows of each split now and then. */
  readonly splits: readonly { readonly name: SplitName; readonly before: number; readonly after: number }[]
}

/**
 * The fewest moves that take the rows of each set (see `partition`) to one split: that which most of them are in already, of equals the
 * earlier. What is in one split stays where it is.
 */
export function* regroup(corpus: Corpus, options: Omit<PartitionOptions, 'ratios' | 'seed'>): Work<Regrouping> {
  const { set } = yield* together(corpus, options, 'joined')
  const names = [...new Set(corpus.files.map(file => file.split))]
  const before = names.map(() => 0)
  const counts = new Map<number, number[]>()
  for (const { base, table, split } of corpus.files) {
    const own = names.indexOf(split)
    for (let row = base; row < base + table.rowCount; row++) {
      if (set[row]! < 0) continue
      before[own]!++
      const tally = counts.get(set[row]!) ?? names.map(() => 0)
      tally[own]!++
      counts.set(set[row]!, tally)
    }
  }
  const moved = names.map(() => names.map(() => 0))
  let sets = 0
  for (const tally of counts.values()) {
    if (tally.filter(rows => rows > 0).length < 2) continue
    sets++
    const to = tally.indexOf(Math.max(...tally))
    for (const [from, rows] of tally.entries()) if (from !== to) moved[from]![to]! += rows
  }
  return {
    sets,
    moves: names.flatMap((from, f) =>
      names.flatMap((to, t) => (moved[f]![t]! > 0 ? [{ from, to, rows: moved[f]![t]! }] : [])),
    ),
    splits: names.map((name, i) => ({
      name,
      before: before[i]!,
      after: before[i]! + names.reduce((sum, _, j) => sum + moved[j]![i]! - moved[i]![j]!, 0),
    })),
  }
}

/** How much the squared distance from `wanted` grows when `more` are added to what is there. */
function growth(more: number, there: number, wanted: number): number {
  return more * (more + 2 * (there - wanted))
}

/** What becomes of a row that stands in so many longer ones that only some of those are known: it is in a set with these, or pinned. */
type Common = 'joined' | 'pinned'

interface Together {
  /** The set of each row, by its first row; -1 for rows that cannot be read. */
  readonly set: Int32Array
  /** The sets with a pinned row. They belong into training: of a row there nothing leaks, wherever the longer ones are. */
  readonly pinned: ReadonlySet<number>
}

function* together(
  corpus: Corpus,
  { shingle, threshold, containment, group }: Omit<PartitionOptions, 'ratios' | 'seed'>,
  common: Common,
): Work<Together> {
  const parent = Int32Array.from({ length: corpus.rowCount }, (_, row) => row)
  const find = (row: number): number => {
    let root = row
    while (parent[root] !== root) root = parent[root]!
    for (let at = row; parent[at] !== root; ) {
      const next = parent[at]!
      parent[at] = root
      at = next
    }
    return root
  }
  const join = (a: number, b: number) => {
    const [x, y] = [find(a), find(b)]
    if (x !== y) parent[Math.max(x, y)] = Math.min(x, y)
  }
  const likeness = yield* corpus.likeness(shingle, threshold)
  const { slots, similar, rowsOf } = likeness
  for (let row = 0; row < slots.length; row++) {
    const slot = slots[row]!
    if (slot < 0) continue
    const first = rowsOf(slot)[0]!
    if (first !== row) join(first, row)
  }
  for (const slotsOfSet of similar.groups())
    for (const slot of slotsOfSet) join(rowsOf(slotsOfSet[0]!)[0]!, rowsOf(slot)[0]!)
  const longer = yield* holders(corpus, likeness, containment)
  const pinned: number[] = []
  for (let row = 0; longer && row < slots.length; row++) {
    if (slots[row]! < 0 || !longer.has(slots[row]!) || rowsOf(slots[row]!)[0] !== row) continue
    const known = [...longer.of(row, () => true)]
    if (known.length >= mostHolders && common === 'pinned') pinned.push(row)
    else for (const holder of known) join(row, holder)
  }
  const byValue = new Map<string, number>()
  for (const { table, base } of corpus.files) {
    for (let row = 0; row < table.rowCount; row++) {
      if (row % 8192 === 8191) yield { phase: 'split', done: base + row, total: corpus.rowCount }
      if (group === undefined) break
      const value = table.text(row, group)
      if (value === undefined || value.trim() === '') continue
      const known = byValue.get(value)
      if (known === undefined) byValue.set(value, base + row)
      else join(known, base + row)
    }
  }
  const set = new Int32Array(corpus.rowCount)
  for (const { table, base } of corpus.files)
    for (let row = 0; row < table.rowCount; row++) set[base + row] = table.broken(row) ? -1 : find(base + row)
  return { set, pinned: new Set(pinned.map(row => set[row]!)) }
}

/**
 * Labels of so few rows that the smallest part cannot have half a row of them. Each has its first rows in training; the rest is dealt
 * as one label. `of` is -1 for the others; the total of all rare ones stands behind those of the labels.
 */
function poolRare(totals: Float64Array, smallest: number): { readonly of: Int8Array; readonly totals: Float64Array } {
  const of = Int8Array.from(totals, total => (total > 0 && total * smallest < 0.5 ? 0 : -1))
  const rare = totals.reduce((sum, total, label) => sum + (of[label]! < 0 ? 0 : total), 0)
  return { of, totals: Float64Array.of(...totals, rare) }
}

function worstLabel(about: {
  readonly have: readonly Float64Array[]
  readonly totals: Float64Array
  readonly names: readonly string[]
  readonly ratios: readonly number[]
}): Partition['worst'] {
  let worst: Partition['worst']
  for (const [l, label] of about.names.entries()) {
    const rows = about.totals[l]!
    let off = 0
    for (const [part, ratio] of about.ratios.entries()) off += Math.abs(about.have[part]![l]! - ratio * rows) / 2
    if (rows > 0 && (!worst || off / rows > worst.off / worst.rows)) worst = { label, rows, off }
  }
  return worst
}
