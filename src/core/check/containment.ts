import { Containment, leastContained } from '../sign/contained.ts'
import { shingleSet } from '../sign/exact.ts'
import { LeanContainment } from '../sign/leanContained.ts'
import { LeanSimilar } from '../sign/leanSimilar.ts'
import type { Work } from '../sign/progress.ts'
import { parseScheme } from '../sign/scheme.ts'
import { Similar } from '../sign/similar.ts'
import type { Threads } from '../sign/threads.ts'
import { parseThreshold } from '../sign/threshold.ts'
import type { Corpus, Likeness } from './corpus.ts'
import { numberOption } from './options.ts'
import type { RuleSettings } from './rule.ts'

/** The options of rules that tell rows which are within others. */
export const containmentOptions = {
  containment: numberOption(
    0.9,
    [0, 1],
    "The least share of a text's shingles that a longer text must have to contain it; 0 looks for none.",
  ),
  least: numberOption(
    16,
    [leastContained, 1e6],
    'Texts of fewer shingles (by default 16, about nine words) are not looked for in longer ones: they are in others by chance.',
  ),
}

/** What the options of a rule say about containment. */
export function containmentOf({ options }: RuleSettings): { readonly share: number; readonly least: number } {
  return { share: Number(options['containment']), least: Number(options['least']) }
}

/** Which rows are within others, by the scheme of a likeness. */
export interface Holders {
  /** All forms that others hold. */
  held(): Generator<number>
  /** Does any form hold this one? */
  has(slot: number): boolean
  /** The rows that hold this one and that a condition is true of; the first of each form, in the order of the corpus. */
  of(row: number, allows: (holder: number) => boolean): Generator<number>
}

/**
 * Joins by containment; kept from one check to the next. Undefined where the share is 0. `least` is in shingles. `meanwhile` is
 * what this thread can do while others join: what is left of it is for the caller to do.
 */
export function* holders(
  corpus: Corpus,
  likeness: Likeness,
  { share, least }: { readonly share: number; readonly least: number },
  meanwhile?: Work<void>,
): Work<Holders | undefined> {
  const { similar } = likeness
  const { forms } = similar.matcher
  if (share === 0) return undefined
  const name = `contained ${likeness.scheme} ${share} ${least}`
  const known = corpus.notes.get(name) as { readonly forms: unknown; readonly join: Join } | undefined
  const join = known?.forms === forms ? known.join : newJoin(likeness, { share, least, threads: corpus.threads })
  if (join instanceof LeanContainment) {
    yield* join.update()
    corpus.unsearched = Math.max(corpus.unsearched, join.unsearched)
  } else if (similar instanceof Similar)
    yield* join.update({ meanwhile, prefixes: similar.takePrefixes(), ahead: similar.takeRecurrence() })
  else yield* join.update({ meanwhile })
  corpus.notes.set(name, { forms, join })
  return {
    *held() {
      for (const slot of join.held()) if (forms.size(slot) >= least) yield slot
    },
    has: slot => forms.size(slot) >= least && join.holdersOf(slot).length > 0,
    *of(row, allows) {
      const slot = likeness.slots[row]!
      if (slot < 0 || forms.size(slot) < least) return
      for (const holder of join.holdersOf(slot)) {
        // Most forms have one row.
        const first = likeness.firstRow(holder)
        const found = first < 0 || allows(first) ? first : likeness.rowsOf(holder).find(allows)
        if (found !== undefined && found >= 0) yield found
      }
    },
  }
}

type Join = Containment | LeanContainment

function newJoin(
  { similar }: Likeness,
  { share, least, threads }: { readonly share: number; readonly least: number; readonly threads: Threads | undefined },
): Join {
  const t = parseThreshold(share)
  if (!(similar instanceof LeanSimilar))
    return new Containment(similar.matcher.forms, t, { least, levels: similar.levels, threads })
  const { forms, levels, most } = similar
  return new LeanContainment(forms, t, { least, levels, most: most * 4, threads })
}

/** How two texts overlap, by the shingles themselves. */
export interface Within {
  readonly inter: number
  /** Shingles of the text that is within. */
  readonly own: number
  readonly union: number
}

/** Compares a row with one that holds it. */
export function within(corpus: Corpus, likeness: Likeness, row: number, holder: number): Within {
  const plain = corpus.comparePlain(likeness, row, holder)
  // A text and itself have all of its shingles.
  const own = plain && corpus.comparePlain(likeness, row, row)
  if (own) return { inter: plain.inter, own: own.union, union: plain.union }
  const scheme = parseScheme(likeness.scheme)
  const [a, b] = [shingleSet(scheme, corpus.text(row)), shingleSet(scheme, corpus.text(holder))]
  let inter = 0
  for (const shingle of a) if (b.has(shingle)) inter++
  return { inter, own: a.size, union: a.size + b.size - inter }
}

/** The share of a row's own shingles that another one has, given what they have in common. */
export function containment(likeness: Likeness, row: number, inter: number): number {
  const own = likeness.similar.matcher.forms.size(likeness.slots[row]!)
  return own === 0 ? 0 : Math.min(1, inter / own)
}
