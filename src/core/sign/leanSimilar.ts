import { type Banding, bandingFor } from './bands.ts'
import { FormColumns } from './formColumns.ts'
import type { SignedRows } from './forms.ts'
import { joinSets, mostPairs, walkCost } from './join.ts'
import { keysFor } from './joinJob.ts'
import { LeanForms, type Stretch } from './leanForms.ts'
import { levelSample, levelsOf } from './levelCounts.ts'
import { Matcher } from './matcher.ts'
import { Partitions } from './partitions.ts'
import { type Keys, Levels, type Postings, sortPairs, startsOf } from './postings.ts'
import type { Work } from './progress.ts'
import { Sets } from './sets.ts'
import type { OpenSpill } from './spill.ts'
import type { Threshold } from './threshold.ts'

/** What rules ask about similar forms, however they were joined. */
export interface SimilarForms {
  readonly matcher: Matcher
  readonly banding: Banding | undefined
  /** How frequent shingles were. */
  readonly levels: Levels | undefined
  groups(): Iterable<readonly number[]>
  group(slot: number): readonly number[]
}

export interface LeanInput {
  readonly t: Threshold
  /** Join exactly whatever it costs. */
  readonly exact: boolean
  readonly rowCount: number
  /** Signs the rows, piece by piece in their order. */
  readonly sign: (take: (rows: SignedRows) => void) => Work<void>
  readonly spill: OpenSpill
  /** So many pairs of a shingle and a form are sorted and joined at a time, 40 bytes each. */
  readonly most: number
}

/**
 * Similar rows of a dataset whose sets of shingles would not fit: rows are signed once, their sets and the pairs of the prefix
 * index are put away, and the join goes through them part by part. It finds what `Similar` finds. One check only: nothing of it
 * is kept up to date.
 */
export class LeanSimilar implements SimilarForms {
  readonly matcher: Matcher
  readonly levels: Levels
  banding: Banding | undefined
  /** The form of each row; -1 where it has none. */
  readonly slots: Int32Array
  readonly forms: LeanForms
  /** So many pairs are held at a time. */
  readonly most: number
  private readonly sets: Sets
  private readonly members = new Map<number, number[]>()

  private constructor(forms: LeanForms, slots: Int32Array, of: { readonly levels: Levels; readonly most: number }) {
    this.forms = forms
    this.slots = slots
    this.levels = of.levels
    this.most = of.most
    this.matcher = new Matcher(forms, forms.t)
    this.sets = new Sets(forms.count)
  }

  static *join(input: LeanInput): Work<LeanSimilar> {
    const sets = input.spill()
    const pairs = input.spill()
    let joined = false
    try {
      const forms = new LeanForms({ rows: input.rowCount, t: input.t, spill: sets })
      const slots = new Int32Array(input.rowCount).fill(-1)
      yield* input.sign(rows => {
        const known = forms.adopt(rows.forms)
        for (let i = 0; i < rows.slots.length; i++)
          if (rows.slots[i]! >= 0) slots[rows.from + i] = known[rows.slots[i]!]!
      })
      forms.seal()
      const similar = new LeanSimilar(forms, slots, { levels: yield* countLevels(forms), most: input.most })
      const open = (keys: Keys) =>
        partitionsOf(forms, keys, new Partitions(pairs, { ...input, pairs: sizeOf(forms, keys) }))
      let parts = yield* open(similar.levels)
      if (!input.exact) {
        const cost = yield* similar.eachPart(parts, postings => walkCost(postings, similar.matcher))
        if (cost > mostPairs(forms.count)) {
          similar.banding = bandingFor(input.t)
          parts = yield* open(keysFor({ kind: 'bands', banding: similar.banding }))
        }
      }
      yield* similar.eachPart(parts, postings => similar.joined(postings))
      yield* similar.list()
      joined = true
      return similar
    } finally {
      pairs.close()
      if (!joined) sets.close()
    }
  }

  groups(): Iterable<readonly number[]> {
    return this.members.values()
  }

  group(slot: number): readonly number[] {
    return this.members.get(this.sets.find(slot)) ?? [slot]
  }

  /** Gives back what its forms take outside memory: nothing can be compared afterwards. */
  close(): void {
    this.forms.close()
  }

  private *joined(postings: Postings): Work<number> {
    yield* joinSets(postings, this.matcher, this.sets)
    return 0
  }

  /** The sorted postings of one range of shingles after the other; the sum of what is made of them. */
  private *eachPart(parts: Partitions, use: (postings: Postings) => Work<number>): Work<number> {
    let sum = 0
    for (let part = 0; part < parts.count; part++) {
      const { shingles, slots, length } = yield* parts.load(part)
      const prefix = shingles.slice(0, length)
      const prefixStart = startsOf(slots, length, this.forms.count)
      yield { phase: 'sort', done: part, total: parts.count }
      const sorted = yield* sortPairs({ shingles, slots, length })
      sum += yield* use({ ...sorted, prefix, prefixStart })
    }
    return sum
  }

  /** Lists the sets of two forms and more. */
  private *list(): Work<void> {
    const { forms, sets, members } = this
    for (let slot = 0; slot < forms.count; slot++) {
      if (slot % 50_000 === 49_999) yield { phase: 'cluster', done: slot, total: forms.count }
      const root = sets.find(slot)
      if (root === slot) continue
      const list = members.get(root)
      if (list) list.push(slot)
      else members.set(root, [root, slot])
    }
  }
}

/** The levels that `Levels.count` would find, if all sets were at hand. */
function* countLevels(forms: LeanForms): Work<Levels> {
  const { bits, step } = levelSample(forms.start[forms.count]!)
  const shift = 32 - bits
  const counts = new Uint32Array(1 << bits)
  let next = 0
  for (const stretch of forms.stretches()) {
    next = countStretch(forms, stretch, next, { counts, shift, step })
    yield { phase: 'count', done: stretch.to, total: forms.count }
  }
  return new Levels({ table: levelsOf(counts), shift })
}

/** Counts the shingles of every so-manieth slot from one on; the first slot that is left. */
function countStretch(
  { start }: LeanForms,
  { to, pool, base }: Stretch,
  from: number,
  { counts, shift, step }: { readonly counts: Uint32Array; readonly shift: number; readonly step: number },
): number {
  let slot = from
  for (; slot < to; slot += step) {
    const end = start[slot + 1]! - base
    for (let i = start[slot]! - base; i < end; i++) counts[pool[i]! >>> shift]!++
  }
  return slot
}

/** How many keys the forms have at most. */
function sizeOf(forms: LeanForms, keys: Keys): number {
  let size = 0
  for (let slot = 0; slot < forms.count; slot++) size += keys.size(forms, slot, forms.t)
  return size
}

/** Puts the keys of all forms away. */
function* partitionsOf(forms: LeanForms, keys: Keys, parts: Partitions): Work<Partitions> {
  let buffer = new Uint32Array(1024)
  for (const stretch of forms.stretches()) {
    const own = columnsOf(forms, stretch)
    for (let slot = 0; slot < own.count; slot++) {
      const size = keys.size(own, slot, forms.t)
      if (size > buffer.length) buffer = new Uint32Array(size * 2)
      parts.add(stretch.from + slot, buffer, 0, keys.prefix(own, slot, forms.t, buffer, 0))
    }
    yield { phase: 'prefix', done: stretch.to, total: forms.count }
  }
  return parts
}

/** The forms of a stretch with their sets: slot 0 is its first. */
export function columnsOf(forms: LeanForms, { from, to, pool, base }: Stretch): FormColumns {
  return new FormColumns({
    count: to - from,
    pool,
    start: forms.start.slice(from, to + 1).map(at => at - base),
    bitsLow: forms.bitsLow.subarray(from, to),
    bitsHigh: forms.bitsHigh.subarray(from, to),
    wide: forms.wide.subarray(from * 8, to * 8),
  })
}
