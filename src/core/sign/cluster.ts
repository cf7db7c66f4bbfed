import { popcount64 } from './formColumns.ts'
import type { Matcher } from './matcher.ts'
import type { Work } from './progress.ts'

/** Rows that are each similar to one representative, not merely linked to it through others. */
export interface Star {
  readonly center: number
  readonly members: readonly number[]
}

/**
 * Star clusters of a linked set. The first item becomes a center and takes everything similar to itself; the next one
 * left over does the same. Chains do not form: what is only linked through others ends under a center of its own, and
 * no two centers are similar, so removing the members once leaves nothing to remove. `items` are in order of preference.
 */
export function* stars(items: readonly number[], similar: (a: number, b: number) => boolean): Work<Star[]> {
  const found: Star[] = []
  let rest = items
  let work = 0
  while (rest.length > 0) {
    const center = rest[0]!
    const members: number[] = []
    const others: number[] = []
    for (let i = 1; i < rest.length; i++) (similar(center, rest[i]!) ? members : others).push(rest[i]!)
    found.push({ center, members })
    work += rest.length
    if (work > 50_000) {
      work = 0
      yield { phase: 'cluster', done: items.length - others.length, total: items.length }
    }
    rest = others
  }
  return found
}

/** Rows, the form of each, and which pairs of rows may be similar at all. */
export interface StarInput {
  readonly rows: readonly number[]
  readonly slots: Int32Array
  readonly matcher: Matcher
  readonly alike: (a: number, b: number) => boolean
}

/**
 * `stars` of rows by the similarity of their forms. Of many rows, what is asked first of every pair (sizes and 64 parity bits)
 * is copied side by side, since a large set is read once for each of its centers.
 */
export function* starRows(input: StarInput): Work<Star[]> {
  const { rows, slots, matcher, alike } = input
  if (rows.length < 64) return yield* stars(rows, (a, b) => alike(a, b) && matcher.overlap(slots[a]!, slots[b]!) > 0)
  const rest = new Rest(input)
  const found: Star[] = []
  let work = 0
  while (rest.length > 0) {
    work += rest.length
    const { effort } = matcher.forms
    found.push(rest.take())
    work += matcher.forms.effort - effort
    if (work > 500_000) {
      work = 0
      yield { phase: 'cluster', done: rows.length - rest.length, total: rows.length }
    }
  }
  return found
}

/** Rows that are in no star yet, in their order. */
class Rest {
  length: number
  private readonly input: StarInput
  private readonly row: Int32Array
  private readonly low: Int32Array
  private readonly high: Int32Array
  private readonly size: Int32Array

  constructor(input: StarInput) {
    const { rows, slots, matcher } = input
    const { forms } = matcher
    this.input = input
    this.length = rows.length
    this.row = Int32Array.from(rows)
    this.low = this.row.map(row => forms.bitsLow[slots[row]!]!)
    this.high = this.row.map(row => forms.bitsHigh[slots[row]!]!)
    this.size = this.row.map(row => forms.size(slots[row]!))
  }

  /** The star of the first row. */
  take(): Star {
    const { row, low, high, size, length } = this
    const { slots, matcher, alike } = this.input
    const { num, den } = matcher.t
    const center = row[0]!
    const slot = slots[center]!
    const [ownLow, ownHigh, ownSize] = [low[0]!, high[0]!, size[0]!]
    const members: number[] = []
    let kept = 0
    for (let i = 1; i < length; i++) {
      const differ = popcount64(ownLow ^ low[i]!, ownHigh ^ high[i]!)
      if (differ * (num + den) <= (ownSize + size[i]!) * (den - num)) {
        const other = row[i]!
        if (alike(center, other) && matcher.overlap(slot, slots[other]!) > 0) {
          members.push(other)
          continue
        }
      }
      row[kept] = row[i]!
      low[kept] = low[i]!
      high[kept] = high[i]!
      size[kept++] = size[i]!
    }
    this.length = kept
    return { center, members }
  }
}

/**
 * Are these texts one template with filled slots? So it looks when nearly all have as many tokens as the center and
 * differ from it at the same few places. Their sameness is intended, so nothing is offered for removal.
 */
export function isTemplate(center: readonly string[], members: readonly (readonly string[])[]): boolean {
  if (members.length < templateRows) return false
  const changed = new Array<number>(center.length).fill(0)
  let aligned = 0
  for (const member of members) {
    if (member.length !== center.length) continue
    aligned++
    for (let i = 0; i < center.length; i++) if (member[i] !== center[i]) changed[i]!++
  }
  const slots = changed.filter(times => times > 0).length
  const steady = changed.filter(times => times * 2 >= aligned).length
  return aligned * 10 >= members.length * 9 && steady > 0 && slots <= Math.max(2, center.length / 4)
}

/** So many members make a template believable. */
const templateRows = 5
