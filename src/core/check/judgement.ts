import { type Judged, judgeLabels } from '../label/judge.ts'
import type { Work } from '../sign/progress.ts'
import { inOrderOfContent } from './contentOrder.ts'
import { wholeText } from './context.ts'
import type { Corpus, Likeness } from './corpus.ts'
import type { LabelRows } from './labelRows.ts'
import { labelFold } from './labels.ts'

/** A class of fewer rows cannot be learned from the others of it. */
export const leastOfClass = 5
export const leastJudged = 50
/** Probabilities kept at most: rows times classes. */
const mostCells = 2e7

/** The rows whose labels can be judged by their texts. */
export interface Judgeable {
  /** Ascending. */
  readonly rows: readonly number[]
  /** What each row is known by, form and label, since rows move. */
  readonly keys: readonly string[]
  /** The labels, by number. */
  readonly classes: readonly number[]
  readonly likeness: Likeness
}

/** What texts say about labels. Rows and classes are in an order that their contents give. */
export interface Judgement {
  readonly rows: readonly number[]
  /** The label of each class. */
  readonly classes: readonly number[]
  /** By place in `rows`: the row's form, and its class. */
  readonly forms: Int32Array
  readonly given: Int32Array
  readonly judged: Judged
}

/** Undefined for too few rows of too few labels, and for more than `limit`. */
export function* judgeable(corpus: Corpus, labels: LabelRows, limit: number): Work<Judgeable | undefined> {
  const byLabel = yield* labels.rows()
  // Where there are too many, and so after every edit of them, their texts are not asked for.
  let labelled = 0
  for (const all of byLabel.values()) labelled += all.length
  if (labelled > limit) return undefined
  const likeness = yield* corpus.likeness('word:1+2', 0.8)
  const lists = new Map<number, number[]>()
  let count = 0
  for (const [label, all] of byLabel) {
    const readable = all.filter(row => likeness.slots[row]! >= 0)
    yield { phase: 'label-error', done: count, total: labels.of.length }
    if (readable.length < leastOfClass) continue
    lists.set(label, readable)
    count += readable.length
  }
  if (lists.size < 2 || count < leastJudged || count * lists.size > mostCells) return undefined
  const rows = [...lists.values()].flat().sort((a, b) => a - b)
  const keys = rows.map(row => `${likeness.slots[row]!} ${labels.of[row]!}`)
  return { rows, keys, classes: [...lists.keys()], likeness }
}

/** Several rules ask the same; it is let go of with the labels. */
const known = new WeakMap<LabelRows, { readonly judgement: Judgement; readonly rows: number }>()

/** Judges labels by texts; see `judgeLabels`. */
export function* judgement(corpus: Corpus, labels: LabelRows, about: Judgeable): Work<Judgement> {
  const before = known.get(labels)
  if (before?.rows === about.rows.length) return before.judgement
  const whole = wholeText(corpus)
  const { likeness } = about
  // Whatever order the rows stand in, they are judged in the same one: moving rows changes no verdict.
  const folds = new Map(about.classes.map(label => [label, labelFold(labels.names[label]!)]))
  const classes = [...about.classes].sort((a, b) => (folds.get(a)! < folds.get(b)! ? -1 : 1))
  const rows = [...about.rows]
  yield* inOrderOfContent(rows, row => `${whole(row)}\0${folds.get(labels.of[row]!)!}`)
  const groups = new Map<number, number>()
  for (const group of likeness.similar.groups()) for (const slot of group) groups.set(slot, group[0]!)
  const classOf = new Map(classes.map((label, i) => [label, i]))
  const forms = Int32Array.from(rows, row => likeness.slots[row]!)
  const given = Int32Array.from(rows, row => classOf.get(labels.of[row]!)!)
  const judged = yield* judgeLabels({
    rows: rows.length,
    text: i => whole(rows[i]!),
    labels: given,
    classes: classes.length,
    groups: forms.map(slot => groups.get(slot) ?? slot),
    forms,
  })
  const now = { rows, classes, forms, given, judged }
  known.set(labels, { judgement: now, rows: about.rows.length })
  return now
}

/** Has hardly a row changed since these were judged? A judgement costs seconds, and one edited row in a hundred hardly changes it. */
export function isAsJudged(judged: ReadonlySet<string>, keys: readonly string[]): boolean {
  const now = new Set(keys)
  let changed = 0
  for (const key of now) if (!judged.has(key)) changed++
  return Math.max(changed, judged.size + changed - now.size) <= Math.max(20, keys.length / 100)
}
