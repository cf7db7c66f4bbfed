import { firstStar, isTemplate, starRows } from '../../sign/cluster.ts'
import { jaccard, tokens } from '../../sign/exact.ts'
import { normalForm } from '../../sign/normal.ts'
import { finishWork, type Work, waiting } from '../../sign/progress.ts'
import { parseScheme } from '../../sign/scheme.ts'
import type { Star } from '../../sign/starRest.ts'
import { parseThreshold, reaches, type Threshold } from '../../sign/threshold.ts'
import { type Compare, comparePairs } from '../comparing.ts'
import {
  containment,
  containmentOf,
  containmentOptions,
  type Holders,
  holders,
  type Within,
  within,
} from '../containment.ts'
import { contextOf, differingLists } from '../context.ts'
import type { Corpus, Likeness } from '../corpus.ts'
import { type Finding, type FindingDetails, type Fix, LazyFinding } from '../finding.ts'
import { pairKey } from '../keys.ts'
import { NearPairs } from '../nearPairs.ts'
import { comparisonOf, similarityOptions } from '../options.ts'
import { milder, type Rule, type RuleContext, type RuleSettings } from '../rule.ts'
import { keepOnly, keepOnlyLimit } from './duplicate.ts'

export const nearDuplicate: Rule = {
  meta: {
    id: 'near-duplicate',
    title: 'Row that nearly repeats another',
    severity: 'warning',
    what: `A row whose text is similar to that of an earlier row of the same split with the same label: exact Jaccard similarity of their
shingles at or above \`threshold\`. Every reported similarity is computed on the texts themselves, and every pair is found, except where so many
rows are alike that comparing all would cost too much: MinHash bands then choose what is compared, and the report says so with its
expected recall. Rows are compared with one representative, the first of them, never chained: A is not called a copy of C because both
resemble B. A finding gives the Jaccard similarity to the representative and the containment: the share of the row's own shingles that the
representative has.

Three kinds are told apart and reported as information: rows that differ **only in numbers**; rows made from **one template** (five or more
that differ at the same few places), which are told once; and rows **contained in** another, longer one, which has the share \`containment\` of their
shingles or more. The first two are not offered for removal: their sameness is intended. A row that several others contain is reported with the
first of them; one whose rarest words stand in more than 500 other rows is compared with 500 of them.`,
    why: `Near-copies (a retyped ticket, an edited article, an augmented sentence) count again and again in the loss, make a class look
better covered than it is, and end up on both sides of a random split.`,
    fix: 'Remove this row; or keep only this one of the cluster. "Fix all" keeps the first row of each cluster, and leaves contained rows alone.',
    example: `\`\`\`jsonl
{"text": "My new card has still not arrived, what can I do?", "label": "card"}
{"text": "my new card has still not arrived. what can I do now?", "label": "card"}
\`\`\`
Row 1: \`Near-duplicate of train.jsonl row 0, Jaccard 0.91, containment 0.91.\``,
    options: { ...similarityOptions(0.8), ...containmentOptions },
  },

  local: {
    comparison: comparisonOf,
    *about(context, slots) {
      const { corpus, settings } = context
      const { scheme, threshold } = comparisonOf(settings)
      const likeness = yield* corpus.likeness(scheme, threshold)
      const telling = tellingOf(context, likeness, yield* corpus.foldedLabels())
      const groups = new Set(slots.map(slot => likeness.similar.group(slot)))
      for (const group of groups) if (group.length > 1) yield* tellGroup(telling, group)
      yield* tellPairs(telling)
    },
  },

  *check(context) {
    const { corpus, settings } = context
    const { threshold, shingle } = settings.options
    const likeness = yield* corpus.likeness(String(shingle), threshold!)
    const labels = yield* corpus.foldedLabels()
    const telling = tellingOf(context, likeness, labels)
    const groups = tellGroups(telling)
    const containedOf = (all: Holders) => tellContained(context, likeness, { all, labels, told: telling.told })
    // Other threads, where there are some, look for what is contained while this one goes through the groups, and then through
    // what they have found.
    let containing: Work<void> | undefined
    const all = yield* holders(corpus, likeness, containmentOf(settings), function* (soFar) {
      yield* groups
      containing = containedOf(soFar)
      yield* containing
    })
    yield* groups
    containing ??= all && containedOf(all)
    yield* tellPairs(telling, containing)
    if (containing) yield* containing
  },
}

/** What telling asks of group after group. */
interface Telling {
  readonly context: RuleContext
  readonly likeness: Likeness
  readonly t: Threshold
  readonly alike: (a: number, b: number) => boolean
  readonly similar: (a: number, b: number) => boolean
  readonly said: (row: number) => string
  /** Takes the members of clusters. */
  readonly told: Set<number>
  /** Takes center and member of clusters that are told once all these pairs are compared; those of one follow each other. */
  readonly pairs: number[]
}

function tellingOf(context: RuleContext, likeness: Likeness, labels: Int32Array): Telling {
  const asked = contextOf(context.corpus)
  const { slots } = likeness
  const { matcher } = likeness.similar
  const alike = (a: number, b: number) => labels[a] === labels[b] && asked(a) === asked(b)
  const similar = (a: number, b: number) => alike(a, b) && matcher.overlap(slots[a]!, slots[b]!) > 0
  const said = (row: number) => `${labels[row]} ${asked(row)}`
  const t = parseThreshold(context.settings.options['threshold']!)
  return { context, likeness, t, alike, similar, said, told: new Set(), pairs: [] }
}

/** The clusters of all sets of linked forms: large ones are told, of the others `pairs` takes what is to be compared. */
function* tellGroups(telling: Telling): Work<void> {
  const { likeness, context } = telling
  const oneSplit = context.corpus.hasOneSplit
  let work = 0
  for (const group of likeness.similar.groups()) {
    if (!oneSplit || group.length >= templateRows || !tellFew(telling, group)) yield* tellGroup(telling, group)
    work += group.length
    if (work > 500) {
      work = 0
      yield { phase: 'near-duplicate', done: 0, total: 0 }
    }
  }
}

/** As `tellGroups`, of one set. */
function* tellGroup(telling: Telling, group: readonly number[]): Work<void> {
  const { context, likeness, alike, told } = telling
  const { similar, slots } = likeness
  for (const rows of firstRows(context.corpus, likeness, { group, said: telling.said }))
    for (const star of yield* starRows({ rows, slots, matcher: similar.matcher, alike }))
      if (star.members.length > 0) {
        for (const row of star.members) told.add(row)
        tell(telling, star)
        if (star.members.length >= templateRows) yield { phase: 'near-duplicate', done: told.size, total: slots.length }
      }
}

/** As `tellGroup`, of few forms that have one row each, as nearly all groups do: at once. False where it is no such group. */
function tellFew(telling: Telling, group: readonly number[]): boolean {
  const { likeness, told } = telling
  if (group.some(slot => likeness.rowsIn(slot) > 1)) return false
  // Two that are linked are similar.
  const similar = group.length === 2 ? telling.alike : telling.similar
  let rest: readonly number[] = group.map(likeness.firstRow).sort((a, b) => a - b)
  while (rest.length > 1) {
    const { star, others } = firstStar(rest, similar)
    for (const row of star.members) told.add(row)
    tellLater(telling, star)
    rest = others
  }
  return true
}

/** Of each form the first rows in a split, one a label, that stand within a longer row of it, other than those that were told. */
function* tellContained(
  { corpus, settings, add }: RuleContext,
  likeness: Likeness,
  { all, labels, told }: { readonly all: Holders; readonly labels: Int32Array; readonly told: ReadonlySet<number> },
): Work<void> {
  const share = parseThreshold(settings.options['containment']!)
  const { slots, rowsOf, similar } = likeness
  const asked = contextOf(corpus)
  let work = 0
  for (const slot of all.held()) {
    if (slot === undefined) {
      yield waiting
      continue
    }
    if (++work % 500 === 0) yield { phase: 'near-duplicate', done: 0, total: 0 }
    for (const row of firstOf(rowsOf(slot), row => `${corpus.split(row)} ${labels[row]} ${asked(row)}`)) {
      if (told.has(row)) continue
      const alike = (other: number) =>
        labels[other] === labels[row] && corpus.split(other) === corpus.split(row) && asked(other) === asked(row)
      for (const holder of all.of(row, alike)) {
        // A similar pair is no row within a longer one, whichever of the two is told.
        if (similar.matcher.overlap(slot, slots[holder]!) > 0) continue
        const exact = within(corpus, likeness, row, holder)
        if (!reaches(share, exact.inter, exact.own)) continue
        add(contained(corpus, settings, { row, holder, exact }))
        break
      }
    }
  }
}

function contained(
  corpus: Corpus,
  settings: RuleSettings,
  { row, holder, exact }: { readonly row: number; readonly holder: number; readonly exact: Within },
): Finding {
  const severity = milder(settings.severity, 'info')
  const how = { similarity: jaccard(exact), containment: exact.inter / exact.own }
  return new LazyFinding({ rule: 'near-duplicate', severity, alike: 'contained' }, corpus.rowOf(row), () => ({
    span: corpus.textPlace(row).span,
    message: `Contained in ${corpus.name(holder)}, containment ${shown(how.containment)}, Jaccard ${shown(how.similarity)}.`,
    related: [corpus.related(holder, 'The row that contains it', how)],
    fixes: [corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred: false }, [row])],
    key: pairKey('near-duplicate', [corpus.text(row)], [corpus.text(holder)]),
  }))
}

/** For each split the rows that stand for the forms of a group: of each form the first that says the same (its label, and what it is asked about), ascending. */
function firstRows(
  corpus: Corpus,
  { rowsOf }: Likeness,
  { group, said }: { readonly group: readonly number[]; readonly said: (row: number) => string },
): number[][] {
  const splits = new Map<string, number[]>()
  for (const slot of group)
    for (const row of firstOf(rowsOf(slot), row => `${corpus.split(row)} ${said(row)}`)) {
      const split = corpus.split(row)
      const rows = splits.get(split)
      if (rows) rows.push(row)
      else splits.set(split, [row])
    }
  return [...splits.values()].filter(rows => rows.length > 1).map(rows => rows.sort((a, b) => a - b))
}

/** The first row of each kind. */
function firstOf(rows: Int32Array, kind: (row: number) => string): Iterable<number> {
  if (rows.length < 2) return rows
  const first = new Map<string, number>()
  for (const row of rows) {
    const own = kind(row)
    if (!first.has(own)) first.set(own, row)
  }
  return first.values()
}

/** More members than this are not read to decide what kind of cluster it is. */
const sampled = 20

/** So many members may make a template. */
const templateRows = 5

function tell(telling: Telling, star: Star): void {
  const { context, likeness } = telling
  const { corpus, settings, add } = context
  const { center, members } = star
  if (members.length >= templateRows) {
    const scheme = { ...parseScheme(likeness.scheme), characters: true }
    const tokensOf = (row: number) => tokens(scheme, normalForm(corpus.text(row)))
    const step = Math.max(1, Math.floor(members.length / sampled))
    const some = members.filter((_, i) => i % step === 0)
    const numbered = () => some.filter(row => corpus.compare(likeness, center, row).numbers)
    const texts = [center, ...some].map(tokensOf)
    if (isTemplate(texts[0]!, texts.slice(1)) || numbered().length * 10 >= some.length * 9) {
      add(template(corpus, settings, star, skeleton(texts)))
      return
    }
  }
  tellLater(telling, star)
}

function tellLater({ pairs }: Telling, { center, members }: Star): void {
  for (const row of members) pairs.push(center, row)
}

/** Compares the pairs and tells the clusters that they are of: what other threads compare while they go on. */
function* tellPairs(telling: Telling, meanwhile?: Work<void>): Work<void> {
  const { context, likeness, pairs: rows } = telling
  const compared: Compared = { pairs: new NearPairs(rows), first: 0, end: 0 }
  const heard = (exact: Compare, pairs: number) => finishWork(tellFirst(telling, compared, { exact, pairs }))
  const exact = yield* comparePairs(context.corpus, likeness, { rows, heard, meanwhile })
  yield* tellFirst(telling, compared, { exact, pairs: rows.length / 2 })
}

/** The clusters before `first` are told, the pairs before `end` kept. */
interface Compared {
  readonly pairs: NearPairs
  first: number
  end: number
}

/** The clusters whose pairs are all among the first so many, other than those that were told before. */
function* tellFirst(
  { context, likeness, t }: Telling,
  compared: Compared,
  known: { readonly exact: Compare; readonly pairs: number },
): Work<void> {
  const { corpus, settings, add } = context
  const { pairs } = compared
  // All of a cluster are compared before one of them is told: its details may be asked for at once.
  const make = (pair: number) => details(corpus, likeness, pairs, pair)
  const rule = 'near-duplicate'
  const mild = milder(settings.severity, 'info')
  for (let { first, end } = compared; first < known.pairs; first = end) {
    const center = pairs.center(first)
    for (; end < known.pairs && pairs.center(end) === center; end++) {
      pairs.keep(end, known.exact(end))
      if (end % 200 === 199) yield { phase: rule, done: end, total: pairs.count }
    }
    compared.end = end
    if (end < pairs.count && pairs.center(end) === center) return
    for (let pair = first; pair < end; pair++) {
      const { inter, union, numbers } = pairs.exact(pair)
      if (!reaches(t, inter, union)) continue
      const [severity, alike] = numbers ? ([mild, 'numbers'] as const) : ([settings.severity, 'near'] as const)
      add(new LazyFinding({ rule, severity, alike, index: pair }, corpus.rowOf(pairs.row(pair)), make))
    }
    compared.first = end
  }
}

function template(corpus: Corpus, settings: RuleSettings, { center, members }: Star, fixed: string): Finding {
  return {
    rule: 'near-duplicate',
    severity: milder(settings.severity, 'info'),
    alike: 'template',
    ...corpus.textPlace(center),
    message: `${members.length + 1} rows are made from the same template as this one and differ only where it is filled in.`,
    related: members.slice(0, 10).map(row => corpus.related(row, 'Another row of the template')),
    fixes: [],
    key: corpus.key('near-duplicate', 'template', fixed),
  }
}

/** What four in five rows of a template have at a place, whichever of them comes first; `*` where they differ. */
function skeleton(texts: readonly (readonly string[])[]): string {
  const lengths = texts.map(tokens => tokens.length).sort((a, b) => a - b)
  const length = lengths[lengths.length >> 1]!
  const rows = texts.filter(tokens => tokens.length === length)
  const fixed: string[] = []
  for (let at = 0; at < length; at++) {
    const uses = new Map<string, number>()
    for (const tokens of rows) uses.set(tokens[at]!, (uses.get(tokens[at]!) ?? 0) + 1)
    const [token, most] = [...uses].reduce((best, one) => (one[1] > best[1] ? one : best))
    fixed.push(most * 5 >= rows.length * 4 && !/\p{N}/u.test(token) ? token : '*')
  }
  return fixed.join(' ')
}

function details(corpus: Corpus, likeness: Likeness, pairs: NearPairs, pair: number): FindingDetails {
  const [center, row, exact] = [pairs.center(pair), pairs.row(pair), pairs.exact(pair)]
  const similarity = jaccard(exact)
  const fixes: Fix[] = []
  if (!exact.numbers) {
    const preferred = differingLists(corpus, row, center).length === 0
    fixes.push(corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred }, [row]))
    // "Keep only this row" must not take away those that differ in numbers only.
    const cluster = pairs.cluster(pair, keepOnlyLimit)
    if (cluster) fixes.push(keepOnly(corpus, cluster, row))
  }
  const name = corpus.name(center)
  const how = { similarity, containment: containment(likeness, row, exact.inter) }
  const figures = `Jaccard ${shown(similarity)}, containment ${shown(how.containment)}`
  return {
    span: corpus.textPlace(row).span,
    message: exact.numbers
      ? `Differs from ${name} in numbers only, ${figures}.`
      : `Near-duplicate of ${name}, ${figures}.`,
    related: [corpus.related(center, 'The row that it is similar to', how)],
    fixes,
    key: pairKey('near-duplicate', [corpus.text(row)], [corpus.text(center)]),
  }
}

/** Two decimals, never rounded up to 1.00. */
export function shown(similarity: number): string {
  return similarity < 1 ? Math.min(similarity, 0.99).toFixed(2) : '1.00'
}
