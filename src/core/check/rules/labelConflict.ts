import { jaccard } from '../../sign/exact.ts'
import type { Work } from '../../sign/progress.ts'
import { parseThreshold, reaches } from '../../sign/threshold.ts'
import { contextOf } from '../context.ts'
import type { Corpus, Likeness } from '../corpus.ts'
import { type FindingDetails, type Fix, LazyFinding, type Severity } from '../finding.ts'
import { pairKey } from '../keys.ts'
import { quoted } from '../labels.ts'
import { comparisonOf, similarityOptions } from '../options.ts'
import { milder, type Rule, type RuleContext } from '../rule.ts'
import { signs } from './duplicate.ts'
import { shown } from './nearDuplicate.ts'

export const labelConflict: Rule = {
  meta: {
    id: 'label-conflict',
    title: 'Same text, another label',
    severity: 'warning',
    what: `Rows, of any split, whose texts are equal in normal form, or similar at or above \`threshold\`, and whose labels differ. Where one
label has the majority, the others are flagged; where none has, every equal row is, and of similar ones the later. Texts that differ only in
signs such as emoji or those of currencies are told as information, once. Spellings of one
label (\`Refund\`, \`refund\`) do not differ: that is \`label-typo\`. Where more than half of all near-copies disagree, labels are a matter
of opinion in this dataset, and similar texts with different labels are reported as information. Of pairs of texts (\`premise\` and
\`hypothesis\`, \`sentence1\` and \`sentence2\`) the first ones are compared, where the second ones are equal in normal form.`,
    why: `No model can satisfy both labels. Such rows are the cheapest and surest evidence of wrong labels, and in a test set they put a
ceiling on the score.`,
    fix: `Relabel like the others. "Fix all" relabels where the texts are equal and at least two rows, twice as many as any other label has,
agree; anything closer is for a person to decide.`,
    example: `\`\`\`jsonl
{"text": "Has my top up gone through?", "label": "pending_top_up"}
{"text": "Has my top-up gone through?", "label": "top_up_reverted"}
\`\`\`
Row 0: \`The same text is labelled "top_up_reverted" in train.jsonl row 1.\` Row 1: \`The same text is labelled "pending_top_up" in train.jsonl row 0.\``,
    options: similarityOptions(0.8),
  },

  *check(context) {
    if (context.corpus.labelColumn === undefined) return
    const state = yield* stateOf(context)
    yield* equalTexts(state)
    const { found, pairs, disagreeing } = yield* similarTexts(state, state.likeness.similar.groups())
    const opinion = disagreeing > 20 && disagreeing * 2 > pairs
    context.corpus.notes.set(opinionNote, opinion)
    tellSimilar(state, found, opinion)
  },

  local: {
    comparison: comparisonOf,
    *about(context, slots) {
      if (context.corpus.labelColumn === undefined) return
      const state = yield* stateOf(context)
      const { rowsOf, similar } = state.likeness
      for (const slot of slots) tellEqual(state, rowsOf(slot))
      const groups = new Set(slots.map(slot => similar.group(slot)))
      const { found } = yield* similarTexts(
        state,
        [...groups].filter(group => group.length > 1),
      )
      // Whether labels are a matter of opinion here, a few rows do not decide.
      tellSimilar(state, found, context.corpus.notes.get(opinionNote) === true)
    },
  },
}

const opinionNote = 'label-conflict opinion'

function* stateOf(context: RuleContext): Work<State> {
  const { corpus, settings } = context
  const { scheme, threshold } = comparisonOf(settings)
  const likeness = yield* corpus.likeness(scheme, threshold)
  const { names } = yield* corpus.labels()
  const labels = yield* corpus.foldedLabels()
  return { ...context, likeness, names, label: row => labels[row]!, asked: contextOf(corpus) }
}

function tellSimilar(state: State, found: readonly Conflict[], opinion: boolean): void {
  const severity = opinion ? milder(state.settings.severity, 'info') : state.settings.severity
  for (const one of found) state.add(finding(state, severity, one))
}

interface State extends RuleContext {
  readonly likeness: Likeness
  readonly names: readonly string[]
  /** The number of a row's label, spellings folded; -1 without one. */
  label(row: number): number
  /** What a row's text is about: rows that differ in it are not compared. */
  asked(row: number): string
}

/** Rows by label, ascending whichever order they come in; most rows first, then the earliest. */
function votes(rows: Iterable<number>, label: (row: number) => number): { label: number; rows: number[] }[] {
  const byLabel = new Map<number, number[]>()
  for (const row of rows) {
    const own = label(row)
    if (own < 0) continue
    const list = byLabel.get(own)
    if (list) list.push(row)
    else byLabel.set(own, [row])
  }
  return [...byLabel]
    .map(([number, list]) => ({ label: number, rows: list.sort((a, b) => a - b) }))
    .sort((a, b) => b.rows.length - a.rows.length || a.rows[0]! - b.rows[0]!)
}

function* equalTexts(state: State): Work<void> {
  const { corpus, likeness } = state
  const { slots, rowsOf } = likeness
  for (let row = 0, work = 0; row < corpus.rowCount; row++) {
    if (++work > 8192) {
      work = 0
      yield { phase: 'label-conflict', done: row, total: corpus.rowCount }
    }
    const slot = slots[row]!
    if (slot < 0) continue
    const rows = rowsOf(slot)
    if (rows[0] !== row) continue
    tellEqual(state, rows)
    // What is told reads rows, wherever they are.
    if (rows.length > 1) work += 200 * rows.length
  }
}

/** The conflicts among rows of one form. */
function tellEqual(state: State, rows: Int32Array): void {
  if (rows.length < 2) return
  const about = new Map<string, number[]>()
  for (const row of rows) {
    const own = state.asked(row)
    const list = about.get(own)
    if (list) list.push(row)
    else about.set(own, [row])
  }
  for (const list of about.values()) tellSame(state, list)
}

function tellSame(state: State, rows: readonly number[]): void {
  const labelled = rows.filter(row => state.label(row) >= 0)
  if (labelled.every(row => state.label(row) === state.label(labelled[0]!))) return
  // Only here are texts read: what an emoji or the sign of a currency says, the form does not tell.
  const bySigns = new Map<string, number[]>()
  for (const row of labelled) {
    const own = signs(state.corpus.text(row))
    const list = bySigns.get(own)
    if (list) list.push(row)
    else bySigns.set(own, [row])
  }
  const [first, ...others] = [...bySigns.values()].map(list => ({ list, sides: votes(list, state.label) }))
  tellSides(state, first!.sides)
  for (const { list, sides } of others) {
    tellSides(state, sides)
    const side = first!.sides[0]!
    if (sides[0]!.label === side.label || sides.length > 1) continue
    const conflict = {
      row: list[0]!,
      others: [sideOf(side)],
      similarity: undefined,
      preferred: false,
      apart: true as const,
    }
    state.add(finding(state, milder(state.settings.severity, 'info'), conflict))
  }
}

/** The conflicts between labels of one text. */
function tellSides(state: State, sides: ReturnType<typeof votes>): void {
  const { settings, add } = state
  const [first, second] = sides
  if (!first || !second) return
  const majority = first.rows.length > second.rows.length
  const sure = first.rows.length >= 2 && first.rows.length >= 2 * second.rows.length
  for (const side of majority ? sides.slice(1) : sides) {
    const others = (majority ? [first] : sides.filter(other => other !== side)).map(sideOf)
    for (const row of side.rows)
      add(finding(state, settings.severity, { row, others, similarity: undefined, preferred: majority && sure }))
  }
}

/** The conflicts in these sets of linked forms, and how many similar pairs there are and disagree. */
function* similarTexts(state: State, groups: Iterable<readonly number[]>) {
  const { likeness, settings } = state
  const { rowsOf } = likeness
  const t = parseThreshold(settings.options['threshold']!)
  const found: Conflict[] = []
  let pairs = 0
  let disagreeing = 0
  let work = 0
  for (const group of groups) {
    const sides = votes(
      group.flatMap(slot => [...rowsOf(slot)]),
      state.label,
    )
    work += group.length
    if (work > 2000) {
      work = 0
      yield { phase: 'label-conflict', done: 0, total: 0 }
    }
    if (sides.length < 2) {
      pairs += group.length - 1
      continue
    }
    for (const slot of group) {
      const row = rowsOf(slot)[0]!
      const own = state.label(row)
      if (own < 0) continue
      const asked = state.asked(row)
      const near = neighbours(state, group, slot).filter(other => state.asked(rowsOf(other)[0]!) === asked)
      work += 200 + 20 * Math.min(group.length, compared)
      if (work > 20_000) {
        work = 0
        yield { phase: 'label-conflict', done: 0, total: 0 }
      }
      const rows = near.flatMap(other => [...rowsOf(other)].filter(one => state.asked(one) === asked))
      const tally = votes([row, ...rows], state.label)
      pairs += near.length / 2
      disagreeing += near.filter(other => state.label(rowsOf(other)[0]!) !== own).length / 2
      const mine = tally.find(side => side.label === own)!.rows.length
      const strongest = tally.find(side => side.label !== own)
      if (!strongest || strongest.rows.length < mine) continue
      const twin = nearest(state, row, strongest.rows)
      if (strongest.rows.length === mine && twin.row > row) continue
      if (!reaches(t, twin.inter, twin.union)) continue
      const rest = strongest.rows.filter(other => other !== twin.row)
      const others = [sideOf({ label: strongest.label, rows: [twin.row, ...rest] })]
      found.push({ row, others, similarity: jaccard(twin), preferred: false })
    }
  }
  return { found, pairs, disagreeing }
}

/** In a group of more forms than this a form is compared with so many of them, evenly spread. */
const compared = 3000

/** The forms of a group that are similar to this one. */
function neighbours({ likeness }: State, group: readonly number[], slot: number): number[] {
  const step = Math.max(1, Math.ceil(group.length / compared))
  const found: number[] = []
  for (let i = 0; i < group.length; i += step)
    if (group[i] !== slot && likeness.similar.matcher.overlap(slot, group[i]!) > 0) found.push(group[i]!)
  return found
}

/** Of these rows the one that a row is most similar to, by the texts themselves; of equals the first. */
function nearest({ corpus, likeness }: State, row: number, rows: readonly number[]) {
  let best = { row: rows[0]!, ...corpus.compare(likeness, row, rows[0]!) }
  for (const other of rows.slice(1, 20)) {
    const exact = corpus.compare(likeness, row, other)
    if (exact.inter * best.union > best.inter * exact.union) best = { row: other, ...exact }
  }
  return best
}

/** Rows of another label: how many, and the first few of them, as they are named. */
interface Side {
  readonly label: number
  readonly count: number
  readonly rows: readonly number[]
}

/** Findings wait for somebody to look at them: of many rows they keep no more than they name. */
function sideOf({ label, rows }: { readonly label: number; readonly rows: readonly number[] }): Side {
  return { label, count: rows.length, rows: rows.slice(0, 5) }
}

interface Conflict {
  readonly row: number
  /** Who says otherwise, those to be named first before the others. */
  readonly others: readonly Side[]
  /** Jaccard to the first of them; undefined where the texts are equal. */
  readonly similarity: number | undefined
  readonly preferred: boolean
  /** The texts differ in signs that the normal form does not have. */
  readonly apart?: true
}

function finding(state: State, severity: Severity, conflict: Conflict): LazyFinding {
  const { corpus, names } = state
  const alike = conflict.similarity === undefined ? 'equal' : 'near'
  return new LazyFinding({ rule: 'label-conflict', severity, alike }, corpus.rowOf(conflict.row), () =>
    details(corpus, names, conflict),
  )
}

function details(corpus: Corpus, names: readonly string[], conflict: Conflict): FindingDetails {
  const { row, others, similarity, preferred } = conflict
  const fixes: Fix[] = others.slice(0, 3).map(({ label, count, rows }) =>
    corpus.relabel(row, names[label]!, {
      title: `Relabel as ${quoted(names[label]!)} like ${count > 1 ? `${count} others` : corpus.name(rows[0]!)}`,
      preferred,
    }),
  )
  const content = (of: number) => [corpus.text(of), corpus.label(of)]
  const { label, count, rows } = others[0]!
  const same = conflict.apart ? 'The same text, apart from signs such as emoji,' : 'The same text'
  const what = similarity === undefined ? same : `A similar text (Jaccard ${shown(similarity)})`
  const rest = count > 1 ? ` and ${more(count - 1)}` : ''
  return {
    span: corpus.place(row, corpus.labelColumn).span,
    message: `${what} is labelled ${quoted(names[label]!)} in ${corpus.name(rows[0]!)}${rest}.`,
    related: others.flatMap(side =>
      side.rows.map(other =>
        corpus.related(other, `Labelled ${quoted(names[side.label]!)}`, { similarity: similarity ?? 1 }),
      ),
    ),
    fixes,
    key:
      similarity === undefined && !conflict.apart
        ? corpus.key('label-conflict', corpus.text(row), corpus.label(row))
        : pairKey('label-conflict', content(row), content(rows[0]!)),
  }
}

function more(count: number): string {
  return count === 1 ? 'one more row' : `${count} more rows`
}
