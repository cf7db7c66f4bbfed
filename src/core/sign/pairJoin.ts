import type { FormColumns } from './formColumns.ts'
import { joinCost, joinPairs, type Pairs } from './join.ts'
import { type JoinKernel, newJoinKernel } from './joinKernel.ts'
import { layOut } from './kernel.ts'
import { levelSample } from './levelCounts.ts'
import { Matcher } from './matcher.ts'
import { buildPostings } from './postings.ts'
import type { Work } from './progress.ts'
import { prefixLength, type Threshold } from './threshold.ts'

/** Which slots are joined, and of how many pairs to look at it is too much. */
interface Asked {
  readonly alive: (slot: number) => boolean
  readonly most: number
}

/**
 * Every similar pair of living slots, as `joinPairs` gives them: by the kernel where there is one, or else by postings, with the
 * same result. Undefined, before anything is compared, where more than `most` pairs share one of the shingles that are looked at.
 */
export function* exactPairs(forms: FormColumns, t: Threshold, asked: Asked): Work<Pairs | undefined> {
  const join = PairJoin.of(forms, t, asked)
  if (join) return yield* join.pairs()
  const postings = yield* buildPostings(forms, t, { alive: asked.alive, singles: false })
  return joinCost(postings) > asked.most ? undefined : yield* joinPairs(postings, new Matcher(forms, t))
}

/** Half as many counters as `Levels` has: pairs that are looked at cost little here, and so the counters stay near. */
function counters(shingles: number): { readonly bits: number; readonly step: number } {
  const { bits, step } = levelSample(shingles)
  return { bits: Math.max(10, bits - 1), step }
}

/** So many sets are given to the kernel at a time, of so many shingles together or one alone; so many pairs come back. */
const most = { sets: 2048, hashes: 1 << 16, pairs: 1 << 14 } as const
/** In bytes: so many listed keys are linked between two breaths. */
const linked = 1 << 23

/**
 * The prefix filter without sorting (All-Pairs; Bayardo, Ma and Srikant, WWW 2007): the rare shingles of the slots are entered one slot
 * after the other, each entry linked to the one before it under the same head, and each slot meets the earlier ones along these links.
 */
class PairJoin {
  private readonly forms: FormColumns
  private readonly t: Threshold
  private readonly asked: Asked
  private readonly kernel: JoinKernel
  private readonly at: ReturnType<typeof places>['at']
  private readonly words: Uint32Array
  private readonly bits: number
  private readonly step: number
  private readonly seenBits: number
  private readonly headBits: number
  private readonly largest: number

  static of(forms: FormColumns, t: Threshold, asked: Asked): PairJoin | undefined {
    let [shingles, keys, largest] = [0, 0, 0]
    for (let slot = 0; slot < forms.count; slot++) {
      const size = forms.size(slot)
      if (size > largest) largest = size
      if (!asked.alive(slot)) continue
      shingles += size
      keys += prefixLength(t, size)
    }
    const { bits, step } = counters(shingles)
    // As a rule a third of the keys is left.
    const headBits = Math.min(22, Math.max(10, 30 - Math.clz32(keys)))
    const sizes = { bits, seenBits: Math.min(24, headBits + 2), headBits, keys, largest, slots: forms.count }
    const kernel = newJoinKernel(places(sizes).bytes)
    return kernel && new PairJoin({ forms, t, asked, kernel, step, ...sizes })
  }

  private constructor(
    of: Sizes & {
      readonly forms: FormColumns
      readonly t: Threshold
      readonly asked: Asked
      readonly kernel: JoinKernel
      readonly step: number
    },
  ) {
    this.forms = of.forms
    this.t = of.t
    this.asked = of.asked
    this.kernel = of.kernel
    this.bits = of.bits
    this.step = of.step
    this.seenBits = of.seenBits
    this.headBits = of.headBits
    this.largest = of.largest
    this.at = places(of).at
    this.words = new Uint32Array(of.kernel.memory)
  }

  *pairs(): Work<Pairs | undefined> {
    const { at, words, kernel, bits, forms, step } = this
    const total = forms.count
    const shift = 32 - bits
    for (let slot = 0; slot < total; ) {
      const end = this.put(slot)
      kernel.count(at.hashes, at.starts, end - slot, at.takes, step, at.counts, shift)
      slot = end
      yield { phase: 'count', done: slot, total }
    }
    kernel.grade(at.counts, 1 << bits, at.table)
    yield { phase: 'prefix', done: 0, total }
    // What was counted once, where all were counted, is nowhere else.
    const least = step === 1 ? 2 : 0
    const { hashes, starts, takes, table, levels, histogram, keys, heads, told, seen } = at
    const seenShift = 32 - this.seenBits
    let listed = at.listed
    for (let slot = 0; slot < total; ) {
      const end = this.put(slot)
      // biome-ignore format: a line for each of them is a page
      listed = kernel.list(
        hashes, starts, end - slot, takes, slot, table, shift, least, levels, histogram, keys, seen, seenShift, listed,
      )
      slot = end
      yield { phase: 'prefix', done: slot, total }
    }
    let entries = at.entries
    for (let from = at.listed; from < listed; from += linked) {
      const to = Math.min(listed, from + linked)
      entries = kernel.link(from, to, seen, seenShift, heads, 32 - this.headBits, entries, told)
      yield { phase: 'prefix', done: total, total }
    }
    const cost = words[told >> 2]! + words[(told >> 2) + 1]! * 2 ** 32
    return cost > this.asked.most ? undefined : yield* this.compare(entries)
  }

  /** Puts the sets of the slots from one on where the kernel expects them, as many as fit; the first slot that is left. */
  private put(first: number): number {
    const { words, at, t } = this
    const { start, count, pool } = this.forms
    const { alive } = this.asked
    const from = start[first]!
    const starts = at.starts >> 2
    const takes = at.takes >> 2
    const room = Math.max(most.hashes, this.largest)
    let slot = first
    for (; slot < count && slot - first < most.sets && start[slot + 1]! - from <= room; slot++) {
      words[starts + slot - first] = start[slot]! - from
      words[takes + slot - first] = alive(slot) ? prefixLength(t, start[slot + 1]! - start[slot]!) : 0
    }
    words[starts + slot - first] = start[slot]! - from
    words.set(pool.subarray(from, start[slot]!), at.hashes >> 2)
    return slot
  }

  private *compare(end: number): Work<Pairs> {
    const { kernel, at, words, t, forms } = this
    this.record()
    const found = new Found(new Matcher(forms, t))
    const place = at.place >> 2
    words[place] = at.entries
    while (words[place]! < end) {
      const to = kernel.walk(at.place, end, at.records, t.den + t.num, t.den - t.num, at.out, at.out + 8 * most.pairs)
      found.look(words, at.out >> 2, to >> 2)
      yield { phase: 'compare', done: words[place]! - at.entries, total: end - at.entries }
    }
    return found.sorted()
  }

  /** Puts what is asked first of each slot side by side. */
  private record(): void {
    const { words } = this
    const { bitsLow, bitsHigh, start, count } = this.forms
    for (let slot = 0, to = this.at.records >> 2; slot < count; slot++, to += 4) {
      words[to] = bitsLow[slot]!
      words[to + 1] = bitsHigh[slot]!
      words[to + 2] = start[slot + 1]! - start[slot]!
    }
  }
}

/** Similar pairs as they are found: by the later slot of each, ascending. */
class Found {
  private readonly matcher: Matcher
  private later = new Uint32Array(1024)
  private earlier = new Uint32Array(1024)
  private inter = new Uint32Array(1024)
  private length = 0

  constructor(matcher: Matcher) {
    this.matcher = matcher
  }

  /** Takes those of `pairs[from .. to)`, two numbers each, that are similar. */
  look(pairs: Uint32Array, from: number, to: number): void {
    const { matcher } = this
    const { forms, t } = matcher
    const difference = t.den - t.num
    if (this.length + (to - from) / 2 > this.later.length) this.grow((this.length + to - from) * 2)
    const { later, earlier, inter } = this
    let { length } = this
    for (let i = from; i < to; i += 2) {
      const [x, y] = [pairs[i]!, pairs[i + 1]!]
      if (!matcher.wideAllows(x, y, (forms.size(x) + forms.size(y)) * difference)) continue
      const shared = matcher.shared(x, y)
      if (shared === 0) continue
      later[length] = x
      earlier[length] = y
      inter[length++] = shared
    }
    this.length = length
  }

  /** By the earlier slot of each, and then by the later one: by counting. */
  sorted(): Pairs {
    const { later, earlier, length } = this
    const at = new Uint32Array(this.matcher.forms.count + 1)
    for (let i = 0; i < length; i++) at[earlier[i]! + 1]!++
    for (let slot = 0; slot + 1 < at.length; slot++) at[slot + 1]! += at[slot]!
    const pairs = { a: new Uint32Array(length), b: new Uint32Array(length), inter: new Uint32Array(length), length }
    for (let i = 0; i < length; i++) {
      const to = at[earlier[i]!]!++
      pairs.a[to] = earlier[i]!
      pairs.b[to] = later[i]!
      pairs.inter[to] = this.inter[i]!
    }
    return pairs
  }

  private grow(size: number): void {
    for (const name of ['later', 'earlier', 'inter'] as const) {
      const more = new Uint32Array(size)
      more.set(this[name])
      this[name] = more
    }
  }
}

interface Sizes {
  /** Of a shingle's own bits or of its mix: those that choose its level, its count among the keys, its head. */
  readonly bits: number
  readonly seenBits: number
  readonly headBits: number
  readonly slots: number
  /** At most so many are entered. */
  readonly keys: number
  /** Shingles of the largest set. */
  readonly largest: number
}

function places({ bits, seenBits, headBits, slots, keys, largest }: Sizes) {
  const hashes = Math.max(most.hashes, largest)
  return layOut({
    told: 8,
    place: 8,
    starts: 4 * (most.sets + 1),
    takes: 4 * most.sets,
    histogram: 1024,
    hashes: 4 * hashes,
    levels: largest + 80,
    keys: 4 * (largest + 16),
    out: 8 * most.pairs,
    counts: 4 << bits,
    table: 1 << bits,
    records: 16 * slots,
    seen: 1 << seenBits,
    heads: 8 << headBits,
    listed: 8 * keys,
    entries: 12 * keys,
  })
}
