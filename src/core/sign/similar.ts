import { type Banding, bandingFor, bandPostings } from './bands.ts'
import { exceedsBudget, GroupWalk, joinSets, Matcher, Sets, walkCost } from './join.ts'
import { buildPostings, type Postings } from './postings.ts'
import type { Work } from './progress.ts'
import type { Signatures } from './signatures.ts'
import type { Threshold } from './threshold.ts'

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
  private readonly signatures: Signatures
  private readonly incremental: boolean
  private readonly exact: boolean
  private sets = new Sets(0)
  private known = new Uint8Array(0)
  private postings: Postings | undefined
  private readonly overlay = new Map<number, number[]>()
  private readonly overlaid = new Set<number>()
  private members = new Map<number, readonly number[]>()
  private prefix = new Uint32Array(256)

  /**
   * `incremental` keeps an index for later changes, which a single check does not need; `exact` joins exactly whatever it
   * costs.
   */
  constructor(
    signatures: Signatures,
    t: Threshold,
    options: { readonly incremental: boolean; readonly exact?: boolean },
  ) {
    this.signatures = signatures
    this.exact = options.exact ?? false
    this.incremental = options.incremental
    this.matcher = new Matcher(signatures.forms, t)
  }

  /** All sets of two forms or more, each ascending. */
  groups(): Iterable<readonly number[]> {
    return this.members.values()
  }

  /** The set that a form is in, itself included. */
  group(slot: number): readonly number[] {
    return this.members.get(this.sets.find(slot)) ?? [slot]
  }

  /** Brings the sets up to date with the signatures. */
  *update(): Work<void> {
    const { forms } = this.signatures
    const gone: number[] = []
    const come: number[] = []
    for (let slot = 0; slot < forms.count; slot++) {
      const alive = this.signatures.alive(slot)
      if (alive === (this.known[slot] === 1)) continue
      if (alive) come.push(slot)
      else gone.push(slot)
    }
    if (gone.length + come.length === 0) return
    const few = 200 + forms.count / 100
    if (!this.postings || come.length + gone.length > few || this.overlaid.size > few) yield* this.rebuild()
    else this.patch(gone, come)
    this.known = new Uint8Array(forms.count)
    for (let slot = 0; slot < forms.count; slot++) if (this.signatures.alive(slot)) this.known[slot] = 1
    this.collect()
  }

  private *rebuild(): Work<void> {
    const { forms } = this.signatures
    const alive = (slot: number) => this.signatures.alive(slot)
    const { t } = this.matcher
    const how = { alive, singles: this.incremental }
    let postings = yield* buildPostings(forms, t, how)
    this.cost = yield* walkCost(postings, this.matcher)
    this.banding = !this.exact && exceedsBudget(this.cost, forms.count) ? bandingFor(t) : undefined
    if (this.banding) postings = yield* bandPostings(forms, t, { ...how, banding: this.banding })
    this.sets = new Sets(forms.count)
    yield* joinSets(postings, this.matcher, this.sets)
    this.overlay.clear()
    this.overlaid.clear()
    this.postings = this.incremental ? postings : undefined
  }

  /** Takes the sets apart that lost a form or gain one, and joins their forms anew. */
  private patch(gone: readonly number[], come: readonly number[]): void {
    const { forms } = this.signatures
    const more = new Sets(forms.count)
    more.parent.set(this.sets.parent)
    const old = this.members
    const touched = new Set<number>()
    const loose = new Set<number>(come)
    const touch = (slot: number) => {
      const root = slot < this.sets.parent.length ? this.sets.find(slot) : slot
      if (touched.has(root)) return
      touched.add(root)
      for (const member of old.get(root) ?? [slot]) if (this.signatures.alive(member)) loose.add(member)
    }
    for (const slot of gone) touch(slot)
    for (const slot of come) {
      for (const neighbour of this.probe(slot)) touch(neighbour)
      this.register(slot)
    }
    for (const slot of [...gone, ...loose]) more.parent[slot] = slot
    this.sets = more
    const walk = new GroupWalk(this.postings!, this.matcher, more)
    walk.loadAll(Uint32Array.from(loose))
    while (walk.more()) walk.expand()
  }

  /** Every living form that is similar to this one, by the index. */
  private probe(slot: number): Set<number> {
    const found = new Set<number>()
    const seen = new Set<number>([slot])
    const look = (other: number) => {
      if (seen.has(other)) return
      seen.add(other)
      if (this.signatures.alive(other) && this.matcher.overlap(slot, other) > 0) found.add(other)
    }
    const { shingles, slots, length } = this.postings!
    for (const shingle of this.prefixOf(slot)) {
      for (let i = lowerBound(shingles, length, shingle); i < length && shingles[i] === shingle; i++) look(slots[i]!)
      for (const other of this.overlay.get(shingle) ?? []) look(other)
    }
    return found
  }

  /** Makes a form known to later probes. One that is in the postings from an earlier life is then found twice: harmless. */
  private register(slot: number): void {
    if (this.overlaid.has(slot)) return
    this.overlaid.add(slot)
    for (const shingle of this.prefixOf(slot)) {
      const list = this.overlay.get(shingle)
      if (list) list.push(slot)
      else this.overlay.set(shingle, [slot])
    }
  }

  private prefixOf(slot: number): Uint32Array {
    const { forms } = this.signatures
    const { keys } = this.postings!
    const size = keys.size(forms, slot, this.matcher.t)
    if (size > this.prefix.length) this.prefix = new Uint32Array(size * 2)
    return this.prefix.slice(0, keys.prefix(forms, slot, this.matcher.t, this.prefix, 0))
  }

  private collect(): void {
    const byRoot = new Map<number, number[]>()
    const { parent } = this.sets
    for (let slot = 0; slot < parent.length; slot++) {
      if (this.known[slot] === 0) continue
      const root = this.sets.find(slot)
      if (root === slot) continue
      const list = byRoot.get(root)
      if (list) list.push(slot)
      else byRoot.set(root, [root, slot])
    }
    this.members = byRoot
  }
}

/** First index in `[0, length)` whose value is not below `value`. */
function lowerBound(list: Uint32Array, length: number, value: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
