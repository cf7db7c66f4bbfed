import { Ahead, type EarlyWork } from '../sign/ahead.ts'
import { Containment, leastContained } from '../sign/contained.ts'
import { shingleSet } from '../sign/exact.ts'
import { LeanContainment } from '../sign/leanContained.ts'
import { LeanSimilar } from '../sign/leanSimilar.ts'
import type { Work } from '../sign/progress.ts'
import { parseScheme } from '../sign/scheme.ts'
import { Similar } from '../sign/similar.ts'
import { parseThreshold } from '../sign/threshold.ts'
import type { Corpus, Likeness } from './corpus.ts'
import { comparisonOf, numberOption } from './options.ts'
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
  /** All forms that others hold; undefined where these are still looked for and the next ones are not known yet. */
  held(): Generator<number | undefined>
  /** Does any form hold this one? */
  has(slot: number): boolean
  /** The rows that hold this one and that a condition is true of; the first of each form, in the order of the corpus. */
  of(row: number, allows: (holder: number) => boolean): Generator<number>
}

/**
 * Joins by containment; kept from one check to the next. Undefined where the share is 0. `least` is in shingles. `meanwhile` makes
 * what this thread can do while others join, given what they find as they find it: what is left of it is for the caller to do.
 */
export function* holders(
  corpus: Corpus,
  likeness: Likeness,
  { share, least }: { readonly share: number; readonly least: number },
  makeMeanwhile?: (all: Holders) => Work<void>,
): Work<Holders | undefined> {
  const { similar } = likeness
  const { forms } = similar.matcher
  if (share === 0) return undefined
  const name = nameOf({ scheme: likeness.scheme, share, least })
  const begun = corpus.ahead instanceof HoldersAhead ? corpus.ahead.take(name, similar) : undefined
  const join = begun?.join ?? joinFor(corpus, similar, { name, share, least })
  const all: Holders = {
    *held() {
      const slots = join instanceof Containment && join.isJoining ? join.heldAsFound() : join.held()
      for (const slot of slots) if (slot === undefined || forms.size(slot) >= least) yield slot
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
  if (join instanceof LeanContainment) {
    yield* join.update()
    corpus.unsearched = Math.max(corpus.unsearched, join.unsearched)
  } else {
    const meanwhile = makeMeanwhile?.(all)
    if (begun) yield* begun.ahead.finish(meanwhile)
    yield* join.update({ meanwhile, prefixes: similar instanceof Similar ? similar.takePrefixes() : undefined })
  }
  corpus.notes.set(name, { forms, join })
  return all
}

/** The join that a rule asks for, begun by other threads as soon as they have compared the rows. */
export class HoldersAhead implements EarlyWork {
  private readonly corpus: Corpus
  private readonly scheme: string
  private readonly threshold: string | number
  private readonly asked: { readonly share: number; readonly least: number }
  private begun:
    | { readonly name: string; readonly similar: Similar; readonly join: Join; readonly ahead: Ahead }
    | undefined

  constructor(corpus: Corpus, settings: RuleSettings) {
    this.corpus = corpus
    ;({ scheme: this.scheme, threshold: this.threshold } = comparisonOf(settings))
    this.asked = containmentOf(settings)
  }

  behind(scheme: string, threshold: string | number): ((similar: Similar) => void) | undefined {
    const isAsked = scheme === this.scheme && String(threshold) === String(this.threshold)
    return isAsked ? similar => this.begin(similar) : undefined
  }

  /** Leaves the first of it with the threads, if it is for them. */
  private begin(similar: Similar): void {
    this.drop()
    const name = nameOf({ scheme: this.scheme, ...this.asked })
    const join = joinFor(this.corpus, similar, { name, ...this.asked })
    if (!(join instanceof Containment) || !join.joinsElsewhere) return
    const prefixes = similar.takePrefixes()
    const ahead = new Ahead(meanwhile => join.update({ prefixes, meanwhile }))
    this.begun = { name, similar, join, ahead }
    ahead.step()
  }

  /** Goes on with it as far as that takes no waiting. */
  step(): void {
    this.begun?.ahead.step()
  }

  /** What was begun, if it is this; once only. */
  take(name: string, similar: Likeness['similar']): { readonly join: Join; readonly ahead: Ahead } | undefined {
    const { begun } = this
    if (begun?.name !== name || begun.similar !== similar) return undefined
    this.begun = undefined
    return begun
  }

  /** Nobody is going to ask for it. */
  drop(): void {
    this.begun?.ahead.drop()
    this.begun = undefined
  }
}

function nameOf(of: { readonly scheme: string; readonly share: number; readonly least: number }): string {
  return `contained ${of.scheme} ${of.share} ${of.least}`
}

type Join = Containment | LeanContainment

/** The join that is known of these forms, or a new one. */
function joinFor(
  { notes, threads }: Corpus,
  similar: Likeness['similar'],
  { name, share, least }: { readonly name: string; readonly share: number; readonly least: number },
): Join {
  const known = notes.get(name) as { readonly forms: unknown; readonly join: Join } | undefined
  if (known?.forms === similar.matcher.forms) return known.join
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
