import type { Work } from './progress.ts'
import { type Star, type StarInput, StarRest } from './starRest.ts'

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
    const { star, others } = firstStar(rest, similar)
    found.push(star)
    work += rest.length
    if (work > 50_000) {
      work = 0
      yield { phase: 'cluster', done: items.length - others.length, total: items.length }
    }
    rest = others
  }
  return found
}

/** The star of the first of some items, at once, and the items that are left over. */
export function firstStar(
  items: readonly number[],
  similar: (a: number, b: number) => boolean,
): { readonly star: Star; readonly others: readonly number[] } {
  const center = items[0]!
  const members: number[] = []
  const others: number[] = []
  for (let i = 1; i < items.length; i++) (similar(center, items[i]!) ? members : others).push(items[i]!)
  return { star: { center, members }, others }
}

/** `stars` of rows by the similarity of their forms. */
export function* starRows(input: StarInput): Work<Star[]> {
  const { rows, slots, matcher, alike } = input
  if (rows.length < 64) return yield* stars(rows, (a, b) => alike(a, b) && matcher.overlap(slots[a]!, slots[b]!) > 0)
  const rest = yield* StarRest.of(input)
  const found: Star[] = []
  let work = 0
  for (let star = rest.take(); star; star = rest.take()) {
    found.push(star)
    work += rest.looked + matcher.forms.effort
    matcher.forms.effort = 0
    if (work > 500_000) {
      work = 0
      yield { phase: 'cluster', done: rows.length - rest.length, total: rows.length }
    }
  }
  return found
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
