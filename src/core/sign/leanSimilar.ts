import { type Banding, bandingFor } from './bands.ts'
import { Forms } from './forms.ts'
import { joinSets, Matcher, mostPairs, Sets, walkCost } from './join.ts'
import { keysFor } from './joinJob.ts'
import { LeanForms, oneForm, type SignRow } from './leanForms.ts'
import { type Keys, Levels, type Postings, sortPairs } from './postings.ts'
import type { Work } from './progress.ts'
import type { Scheme } from './scheme.ts'
import { Shingler } from './shingle.ts'
import type { Threshold } from './threshold.ts'

/** What rules ask about similar forms, however they were joined. */
export interface SimilarForms {
  readonly matcher: Matcher
  readonly banding: Banding | undefined
  groups(): Iterable<readonly number[]>
  group(slot: number): readonly number[]
}

/** Rows whose shingles say which are frequent. */
const sampleRows = 20_000
/** Pairs of shingle and slot that are sorted and joined at a time. */
const partLength = 1_500_000
/** Shingles of prefixes that are kept at a time, 4 bytes each. */
const mostKept = 80_000_000

/** The share of a set that its prefix is. */
function shareOf(t: Threshold): number {
  return 1 - t.num / t.den
}

export interface LeanInput {
  readonly scheme: Scheme
  readonly t: Threshold
  /** Join exactly whatever it costs. */
  readonly exact: boolean
  readonly rowCount: number
  readonly signRow: SignRow
  /** So many shingles of prefixes are kept at a time. */
  readonly most?: number
}

/**
 * Similar rows of a dataset whose sets of shingles would not fit: rows are signed once, their sets are forgotten, and the join
 * goes through the shingles part by part. It finds what `Similar` finds; a pair that its bitmaps allow is compared by signing
 * both texts again. One check only: nothing of it is kept up to date.
 */
export class LeanSimilar implements SimilarForms {
  readonly matcher: Matcher
  banding: Banding | undefined
  /** The form of each row; -1 where it has none. */
  readonly slots: Int32Array
  private readonly forms: LeanForms
  private readonly sets: Sets
  private readonly members = new Map<number, number[]>()

  private constructor(forms: LeanForms, slots: Int32Array) {
    this.forms = forms
    this.slots = slots
    this.matcher = new Matcher(forms, forms.t)
    this.sets = new Sets(forms.count)
  }

  static *join(input: LeanInput): Work<LeanSimilar> {
    const { rowCount, t } = input
    const { levels, shingles } = yield* sampleLevels(input)
    // As many shingles as are kept at a time; each further part costs another pass over the texts.
    const parts = 2 ** Math.max(0, Math.ceil(Math.log2((shingles * rowCount * shareOf(t)) / (input.most ?? mostKept))))
    const kept = Math.ceil((shingles * rowCount * shareOf(t)) / parts)
    const forms = new LeanForms({ ...input, keys: levels, rows: rowCount, shingles: kept, parts })
    const slots = new Int32Array(rowCount)
    let work = 0
    for (let row = 0; row < rowCount; row++) {
      const before = forms.start[forms.count]!
      slots[row] = forms.add(row)
      work += forms.start[forms.count]! - before + 20
      if (work > 40_000) {
        work = 0
        yield { phase: 'sign', done: row, total: rowCount }
      }
    }
    const similar = new LeanSimilar(forms, slots)
    for (let part = 0; part < parts; part++) {
      if (part > 0) yield* forms.keepPart(part)
      const prefix = yield* forms.prefixes()
      const { prefixStart } = forms
      // What the first part would cost tells what all do.
      const cost =
        part === 0 && !input.exact
          ? parts * (yield* similar.eachPart(prefix, prefixStart, postings => walkCost(postings, similar.matcher)))
          : 0
      if (cost > mostPairs(forms.count)) {
        similar.banding = bandingFor(t)
        const bands = yield* bandKeys(forms, keysFor({ kind: 'bands', banding: similar.banding }))
        yield* similar.eachPart(bands.prefix, bands.prefixStart, postings => similar.joined(postings))
        break
      }
      yield* similar.eachPart(prefix, prefixStart, postings => similar.joined(postings))
    }
    for (let slot = 0; slot < forms.count; slot++) {
      if (slot % 500_000 === 499_999) yield { phase: 'compare', done: slot, total: forms.count }
      const root = similar.sets.find(slot)
      if (root === slot) continue
      const list = similar.members.get(root)
      if (list) list.push(slot)
      else similar.members.set(root, [root, slot])
    }
    return similar
  }

  groups(): Iterable<readonly number[]> {
    return this.members.values()
  }

  group(slot: number): readonly number[] {
    return this.members.get(this.sets.find(slot)) ?? [slot]
  }

  private *joined(postings: Postings): Work<number> {
    yield* joinSets(postings, this.matcher, this.sets)
    return 0
  }

  /** The sorted postings of one range of shingles after the other; the sum of what is made of them. */
  private *eachPart(
    prefix: Uint32Array,
    prefixStart: Uint32Array,
    use: (postings: Postings) => Work<number>,
  ): Work<number> {
    const { count } = this.forms
    const bits = Math.max(0, Math.ceil(Math.log2(prefix.length / partLength)))
    let sum = 0
    for (let part = 0; part < 1 << bits; part++) {
      const of = (shingle: number) => bits === 0 || shingle >>> (32 - bits) === part
      let length = 0
      for (let i = 0; i < prefix.length; i++) {
        if (of(prefix[i]!)) length++
        if (i % 2_000_000 === 1_999_999) yield { phase: 'sort', done: i, total: prefix.length }
      }
      const shingles = new Uint32Array(length)
      const slots = new Uint32Array(length)
      for (let slot = 0, to = 0, i = 0; slot < count; slot++) {
        if (slot % 100_000 === 99_999) yield { phase: 'sort', done: slot, total: count }
        for (const end = prefixStart[slot + 1]!; i < end; i++) {
          if (!of(prefix[i]!)) continue
          shingles[to] = prefix[i]!
          slots[to++] = slot
        }
      }
      const sorted = yield* sortPairs({ shingles, slots, length })
      sum += yield* use({ ...sorted, prefix, prefixStart })
    }
    return sum
  }
}

/** Which shingles are frequent, from rows spread over all, and how many a row has. */
function* sampleLevels({ scheme, rowCount, signRow }: LeanInput): Work<{ levels: Keys; shingles: number }> {
  const forms = new Forms(scheme)
  const shingler = new Shingler(scheme)
  const step = Math.max(1, Math.floor(rowCount / sampleRows))
  let rows = 0
  for (let row = 0; row < rowCount; row += step, rows++) {
    const n = signRow(row, shingler)
    const { hashes, formA, formB } = shingler
    if (n > 0)
      forms.adopt({
        count: 1,
        pool: hashes,
        start: Uint32Array.of(0, n),
        formA: Int32Array.of(formA),
        formB: Int32Array.of(formB),
      })
    if (rows % 64 === 63) yield { phase: 'count', done: row, total: rowCount }
  }
  const shingles = rows === 0 ? 0 : forms.start[forms.count]! / rows
  return { levels: yield* Levels.count(forms, () => true), shingles }
}

/** The keys of every form by bands, as its shingles are made again, in the order of the rows. */
function* bandKeys(forms: LeanForms, keys: Keys): Work<{ prefix: Uint32Array; prefixStart: Uint32Array }> {
  const { t } = forms
  const size = keys.size(forms, 0, t)
  const prefix = new Uint32Array(forms.count * size)
  const prefixStart = new Uint32Array(forms.count + 1)
  let end = 0
  let work = 0
  for (let slot = 0; slot < forms.count; slot++) {
    const set = forms.fresh(slot)
    end = keys.prefix(oneForm(set, set.length), 0, t, prefix, end)
    prefixStart[slot + 1] = end
    work += set.length + 20
    if (work > 20_000) {
      work = 0
      yield { phase: 'prefix', done: slot, total: forms.count }
    }
  }
  return { prefix: prefix.subarray(0, end), prefixStart }
}
