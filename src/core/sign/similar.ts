import { NumberLists } from '../base/numberLists.ts'
import { type Banding, bandingFor } from './bands.ts'
import { joinWithin, mostPairs } from './join.ts'
import { type KeysOf, keysFor, type Prefixes, partOf } from './joinJob.ts'
import { levelTable } from './levelTable.ts'
import { Matcher } from './matcher.ts'
import { partsWithout } from './parting.ts'
import { type Keys, Levels, lowerBound, type PrefixRange, type SlotPairs, sortedPostings } from './postings.ts'
import type { Work } from './progress.ts'
import { Sets } from './sets.ts'
import type { Signatures } from './signatures.ts'
import type { Threads } from './threads.ts'
import type { Threshold } from './threshold.ts'

/** With fewer forms, telling other threads takes longer than joining. */
const fewForms = 20_000

/**
 * Which living forms are similar at one threshold, kept up to date: after a small change only the sets that it touches
 * are joined again. A set is everything linked by similar pairs; who in it is similar to whom is asked of `matcher`.
 */
export class Similar {
  readonly matcher: Matcher
  /** Pairs that an exact join has to look at, as known before the last full join. */
  cost = 0
  /** The bands by which pairs were found, where the exact join would have cost too much; pairs are verified all the same. */
  banding: Banding | undefined
  /** How frequent shingles were at the last full join. */
  levels: Levels | undefined
  private prefixes: readonly PrefixRange[] | undefined
  private next: ((similar: Similar) => void) | undefined
  private readonly signatures: Signatures
  private readonly incremental: boolean
  private readonly exact: boolean
  private readonly threads: Threads | undefined
  private readonly sets = new Sets(0)
  private known = new Uint8Array(0)
  /** What the forms of the last full join are looked up in: a key is in the part that `partOf` says. */
  private index: { readonly keys: Keys; readonly parts: readonly SlotPairs[] } | undefined
  /** Forms that came since, by shingle. */
  private readonly overlay = new NumberLists()
  private readonly overlaid = new Set<number>()
  private readonly members = new Map<number, number[]>()
  private prefix = new Uint32Array(256)
  private moment = -1
  private touched: Set<number> | undefined

  /**
   * `incremental` keeps an index for later changes, which a single check does not need; `exact` joins exactly whatever it
   * costs; `threads` take part in a full join.
   */
  constructor(
    signatures: Signatures,
    t: Threshold,
    options: { readonly incremental: boolean; readonly exact?: boolean; readonly threads?: Threads | undefined },
  ) {
    this.signatures = signatures
    this.exact = options.exact ?? false
    this.incremental = options.incremental
    this.threads = options.threads
    this.matcher = new Matcher(signatures.forms, t)
  }

  /** All sets of two forms or more, each ascending. */
  groups(): Iterable<readonly number[]> {
    return this.members.values()
  }

  /** The set that a form is in, itself included. */
  group(slot: number): readonly number[] {
    return slot < this.sets.count ? (this.members.get(this.sets.find(slot)) ?? [slot]) : [slot]
  }

  /** The forms of all sets, old and new, that updates changed since this was last asked; undefined after a full join. */
  takeTouched(): ReadonlySet<number> | undefined {
    const { touched } = this
    this.touched = new Set()
    return touched
  }

  /**
   * The rarest shingles of all forms by `levels`, as the last full join chose them; once only, since they take as much memory as
   * an index. Undefined where another way was taken, or forms came since.
   */
  takePrefixes(): readonly PrefixRange[] | undefined {
    const known = this.prefixes
    this.prefixes = undefined
    return known?.at(-1)?.to === this.signatures.forms.count ? known : undefined
  }

  /** Brings the sets up to date with the signatures. Once other threads have all of a full join, `next` may give them more to do. */
  *update(next?: (similar: Similar) => void): Work<void> {
    const { moment, forms } = this.signatures
    if (forms.count > this.known.length) {
      const known = new Uint8Array(Math.ceil(forms.count * 1.1) + 1024)
      known.set(this.known)
      this.known = known
    }
    const fresh: number[] = []
    for (const slot of this.news()) {
      fresh.push(slot)
      // Without an index all forms are joined anew, whichever came.
      if (!this.index) break
    }
    if (fresh.length > 0) {
      const few = 200 + forms.count / 100
      if (!this.index || fresh.length > few || this.overlaid.size > 5000 + few * 5) {
        // Who gives up meanwhile leaves nothing that the next update could take for joined.
        this.moment = -1
        this.known.fill(0)
        const living = this.aliveSlots()
        yield* this.rebuild(living, next)
        this.touched = undefined
        this.known.set(living)
      } else {
        const gone = fresh.filter(slot => this.known[slot] === 1)
        const come = fresh.filter(slot => this.known[slot] === 0)
        this.patch(gone, come)
        for (const slot of gone) this.known[slot] = 0
        for (const slot of come) this.known[slot] = 1
      }
    }
    this.moment = moment
  }

  /** Forms that went or came since the last update. */
  private *news(): Generator<number> {
    const { known, signatures } = this
    const isNews = (slot: number) => signatures.alive(slot) !== (known[slot] === 1)
    const changes = this.moment < 0 ? undefined : signatures.since(this.moment)
    if (changes) {
      for (const slot of new Set(changes)) if (isNews(slot)) yield slot
    } else for (let slot = 0; slot < signatures.forms.count; slot++) if (isNews(slot)) yield slot
  }

  /** Joins all forms that `living` marks. */
  private *rebuild(living: Uint8Array, next: ((similar: Similar) => void) | undefined): Work<void> {
    const { forms } = this.signatures
    const { t } = this.matcher
    const alive = (slot: number) => living[slot] === 1
    this.sets.clear()
    this.members.clear()
    this.index = undefined
    this.prefixes = undefined
    this.next = next
    const levels = this.helpers
      ? yield* levelTable(this.helpers, forms.arrays(), living)
      : yield* Levels.table(forms, alive)
    this.levels = new Levels(levels)
    const keys: KeysOf = { kind: 'levels', table: levels }
    this.banding = undefined
    const within = yield* this.join(keys, { living, budget: this.exact ? unbounded : mostPairs(forms.count) })
    if (!within) {
      this.banding = bandingFor(t)
      const cost = this.cost
      yield* this.join({ kind: 'bands', banding: this.banding }, { living, budget: unbounded })
      this.cost = cost
    }
    this.overlay.clear()
    this.overlaid.clear()
    for (let from = 0; from < forms.count; from += collected) {
      yield { phase: 'cluster', done: from, total: forms.count }
      this.collectRange(from, Math.min(forms.count, from + collected))
    }
    yield { phase: 'cluster', done: forms.count, total: forms.count }
  }

  /** Joins all living forms by keys; false, with nothing joined, where that would look at more pairs than `budget`. */
  private *join(keys: KeysOf, asked: Asked): Work<boolean> {
    const { forms } = this.signatures
    if (this.helpers) return yield* this.joinElsewhere(this.helpers, keys, asked)
    const { living, budget } = asked
    const { t } = this.matcher
    const alive = (slot: number) => living[slot] === 1
    const own = keysFor(keys)
    const postings = yield* sortedPostings(forms, t, {
      alive,
      singles: this.incremental,
      keys: own,
      see: prefixes => {
        if (keys.kind === 'levels') this.prefixes = [{ from: 0, to: forms.count, ...prefixes }]
      },
    })
    this.sets.grow(forms.count)
    const { cost, within } = yield* joinWithin(postings, {
      matcher: new Matcher(forms, t).pack(),
      sets: this.sets,
      budget,
    })
    this.cost = cost
    if (!within) {
      this.sets.clear()
      return false
    }
    if (this.incremental) this.index = { keys: own, parts: [pairsOf(postings)] }
    return true
  }

  /** The threads, where the forms are so many that they help. */
  private get helpers(): Threads | undefined {
    return this.signatures.forms.count >= fewForms ? this.threads : undefined
  }

  /** 1 for each living form. */
  private aliveSlots(): Uint8Array {
    const alive = new Uint8Array(new SharedArrayBuffer(this.signatures.forms.count))
    this.signatures.markLiving(alive)
    return alive
  }

  private *joinElsewhere(threads: Threads, keys: KeysOf, { living: alive, budget }: Asked): Work<boolean> {
    const forms = this.signatures.forms.arrays()
    const { t } = this.matcher
    const prefixes: Prefixes[] = []
    const step = Math.ceil(forms.count / threads.count)
    const ranges = Array.from({ length: threads.count }, (_, i) => ({
      from: Math.min(forms.count, i * step),
      to: Math.min(forms.count, (i + 1) * step),
    }))
    yield* threads.run(
      ranges.map(range => ({ kind: 'prefix' as const, forms, alive, t, keys, parts: threads.count, ...range })),
      done => void prefixes.push(done),
    )
    if (keys.kind === 'levels')
      this.prefixes = prefixes.map(({ from, to, keys, start }) => ({ from, to, shingles: keys, start }))
    // What is too much for parts of the keys may still be within the budget for all of them; see `joinWithin`.
    for (const count of [threads.count, 1]) {
      this.cost = 0
      this.sets.grow(forms.count)
      const parts: SlotPairs[] = []
      let within = true
      const jobs = Array.from({ length: count }, (_, part) => ({
        kind: 'join' as const,
        forms,
        t,
        prefixes,
        part,
        parts: count,
        singles: this.incremental,
        budget,
      }))
      yield* threads.run(
        jobs,
        ({ cost, parent, sorted }) => {
          this.cost += cost
          if (sorted) parts.push(sorted)
          if (parent) this.sets.join(parent)
          else within = false
        },
        this.goOn(),
      )
      if (within && this.cost <= budget) {
        if (this.incremental) this.index = { keys: keysFor(keys), parts }
        return true
      }
      this.sets.clear()
    }
    return false
  }

  /** Once the threads have all of a join. */
  // biome-ignore lint/correctness/useYield: what it begins others do
  private *goOn(): Work<void> {
    const { next } = this
    this.next = undefined
    next?.(this)
  }

  /** Takes the sets apart that lost a form, as far as they hung together by it; then the forms that came, with what is similar. */
  private patch(gone: readonly number[], come: readonly number[]): void {
    const { sets, members, signatures, matcher } = this
    sets.grow(signatures.forms.count)
    const changed = new Set<number>(come)
    const lost = new Map<number, number[]>()
    for (const slot of gone) {
      const root = sets.find(slot)
      const list = lost.get(root)
      if (list) list.push(slot)
      else lost.set(root, [slot])
    }
    for (const [root, left] of lost) {
      const list = members.get(root) ?? [root]
      members.delete(root)
      for (const slot of list) sets.parent[slot] = slot
      const rest = list.filter(slot => signatures.alive(slot))
      if (rest.length === 0) continue
      for (const part of partsWithout(rest, left, { matcher, sets })) {
        changed.add(part[0]!)
        if (part.length > 1) members.set(part[0]!, part)
      }
    }
    for (const slot of come) {
      this.link(slot)
      this.register(slot)
    }
    const { touched } = this
    if (!touched) return
    for (const slot of gone) touched.add(slot)
    for (const root of new Set([...changed].map(slot => sets.find(slot))))
      for (const slot of this.group(root)) touched.add(slot)
  }

  /** Joins a form with every living one that is similar to it, by the index. */
  private link(slot: number): void {
    const { sets, members } = this
    const seen = new Set<number>([slot])
    let root = sets.find(slot)
    const look = (other: number) => {
      if (seen.has(other)) return
      seen.add(other)
      if (!this.signatures.alive(other)) return
      const theirs = sets.find(other)
      if (theirs === root || this.matcher.overlap(slot, other) === 0) return
      const joined = mergedLists(members.get(root) ?? [root], members.get(theirs) ?? [theirs])
      members.delete(root)
      members.delete(theirs)
      root = sets.union(root, theirs)
      members.set(root, joined)
    }
    const { parts } = this.index!
    for (const shingle of this.prefixOf(slot)) {
      const { shingles, slots, length } = parts[partOf(shingle, parts.length)]!
      for (let i = lowerBound(shingles, length, shingle); i < length && shingles[i] === shingle; i++) look(slots[i]!)
      for (const other of this.overlay.of(shingle)) look(other)
    }
  }

  /** Makes a form known to later probes. One that is in the postings from an earlier life is then found twice: harmless. */
  private register(slot: number): void {
    if (this.overlaid.has(slot)) return
    this.overlaid.add(slot)
    for (const shingle of this.prefixOf(slot)) this.overlay.add(shingle, slot)
  }

  private prefixOf(slot: number): Uint32Array {
    const { forms } = this.signatures
    const { keys } = this.index!
    const size = keys.size(forms, slot, this.matcher.t)
    if (size > this.prefix.length) this.prefix = new Uint32Array(size * 2)
    return this.prefix.slice(0, keys.prefix(forms, slot, this.matcher.t, this.prefix, 0))
  }

  /** Lists the sets of the slots [from, to), which are behind those of earlier calls. */
  private collectRange(from: number, to: number): void {
    // Most are in no set.
    const { parent } = this.sets
    for (let slot = from; slot < to; slot++) if (parent[slot] !== slot) this.list(slot)
  }

  private list(slot: number): void {
    const { sets, signatures, members } = this
    const root = sets.find(slot)
    if (root === slot || !signatures.alive(slot)) return
    const list = members.get(root)
    if (list) list.push(slot)
    else members.set(root, [root, slot])
  }
}

/** The forms to join, which are marked, and how many pairs may be looked at. */
interface Asked {
  readonly living: Uint8Array
  readonly budget: number
}

const unbounded = Number.POSITIVE_INFINITY

/** Without the rest, so that it need not be kept. */
function pairsOf({ shingles, slots, length }: SlotPairs): SlotPairs {
  return { shingles, slots, length }
}

/** So many forms are listed by sets between two breaths. */
const collected = 50_000

/** Two ascending lists as one. */
function mergedLists(a: readonly number[], b: readonly number[]): number[] {
  const out: number[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) out.push(a[i]! < b[j]! ? a[i++]! : b[j++]!)
  for (; i < a.length; i++) out.push(a[i]!)
  for (; j < b.length; j++) out.push(b[j]!)
  return out
}
