import type { Evaluation, Prediction } from './evaluation.ts'
import { isRight } from './graded.ts'
import { confusionOf, type LabelScore, labelScores } from './score.ts'
import {
  bootstrapInterval,
  holm,
  type Interval,
  mcNemar,
  type PairedCounts,
  pairedInterval,
  rowsToDecide,
  smallestDifference,
} from './significance.ts'

/** What became of a row from a to b, as shown: `fixed` was wrong and is right. */
export const outcomes = ['fixed', 'broken', 'still-right', 'still-wrong'] as const
/** One of `outcomes`. */
export type RowOutcome = (typeof outcomes)[number]

/** One row under two models. */
export interface LedgerRow {
  readonly file: string
  readonly row: number
  readonly text: string
  readonly gold: string
  readonly leaked: boolean
  readonly outcome: RowOutcome
  /** Both answers were written by the models themselves, not word by word after the right ones. */
  readonly written?: true
  readonly a: Pick<Prediction, 'label' | 'probabilities' | 'loss'>
  readonly b: Pick<Prediction, 'label' | 'probabilities' | 'loss'>
}

/** Two paired accuracies and what can be said of their difference. */
export interface PairedAccuracy {
  readonly rows: number
  readonly a: number
  readonly b: number
  readonly fixed: number
  readonly broken: number
  readonly stillRight: number
  readonly stillWrong: number
  /** b - a, as a fraction. */
  readonly difference: number
  /** 95 % interval of the difference (Newcombe 1998, method 10). */
  readonly interval: readonly [low: number, high: number]
  /** Exact McNemar, two-sided. */
  readonly p: number
  /** How many rows would make a difference of this size significant at 0.05, 80 % power; undefined at no difference. */
  readonly rowsNeeded?: number
  /** The smallest difference these rows could have shown (same power, same share of changed rows), as a fraction. */
  readonly smallest?: number
}

/** What became of the mean loss of rows. Lower is better. */
export interface GradedChange {
  /** Per row: nats a token or label, squared error of a number. */
  readonly a: number
  readonly b: number
  /** b - a. */
  readonly difference: number
  /** 95 % interval of the difference (paired bootstrap). */
  readonly interval: Interval
}

/** How the rows of one gold label fared under both. */
export interface LabelChange {
  readonly label: string
  readonly rows: number
  readonly recallA: number
  readonly recallB: number
  readonly precisionA: number
  readonly precisionB: number
  readonly f1A: number
  readonly f1B: number
  /** 95 % interval of the change of recall (Newcombe 1998, method 10). */
  readonly interval: readonly [low: number, high: number]
  readonly fixed: number
  readonly broken: number
  /** Exact McNemar on this label's rows, adjusted for the number of labels (Holm 1979): below 0.05 it stands. */
  readonly adjusted: number
}

/** The row-by-row comparison of two evaluations of the same rows. */
export interface Ledger {
  readonly a: { readonly name: string; readonly run?: string }
  readonly b: { readonly name: string; readonly run?: string }
  readonly split: string
  readonly labels: readonly string[]
  readonly all: PairedAccuracy
  /** Without the rows that `leak` found; undefined where there are none. */
  readonly withoutLeaks?: PairedAccuracy
  /** The losses of answers that are more or less right (texts, numbers, tags, sets); undefined for single labels. */
  readonly graded?: GradedChange
  /** The same without leaked rows; undefined where there are none. */
  readonly gradedWithoutLeaks?: GradedChange
  readonly perLabel: readonly LabelChange[]
  readonly rows: readonly LedgerRow[]
  /** Rows found in one evaluation only; they are in no count. */
  readonly unmatched: { readonly a: number; readonly b: number }
  /** Matched rows whose gold label differs between the two; both models are judged by that of b. */
  readonly relabelled: number
}

/**
 * Compares two evaluations row by row. Rows are paired by file and row; a row whose text is not what it was there has
 * moved, and is paired by its text (and gold label, where several rows share the text). A row counts as leaked when it
 * leaked into the training rows of either model.
 */
export function makeLedger(a: Evaluation, b: Evaluation): Ledger {
  const work = ledgerPieces(a, b)
  for (;;) {
    const next = work.next()
    if (next.done) return next.value
  }
}

/** `makeLedger` for who has others to answer meanwhile: it yields every few milliseconds, and returns the ledger. */
export function* ledgerPieces(a: Evaluation, b: Evaluation): Generator<void, Ledger> {
  const found = yield* pairRows(a.predictions, b.predictions)
  // Where both wrote answers by themselves, the rows without one are left out: they were judged by another measure.
  const wrote = found.filter(([from, to]) => from.written && to.written)
  const pairs = wrote.length > 0 ? wrote : found
  const rows: LedgerRow[] = []
  yield* each(pairs, ([from, to]) => void rows.push(ledgerRow(from, to)))
  const labels = [...new Set([...b.labels, ...a.labels])]
  const clean = rows.filter(r => !r.leaked)
  const own = ({ model, run }: Evaluation) => (run === undefined ? { name: model } : { name: model, run })
  yield
  return {
    a: own(a),
    b: own(b),
    split: b.split,
    labels,
    all: pairedAccuracy(rows),
    ...(clean.length === rows.length ? {} : { withoutLeaks: pairedAccuracy(clean) }),
    ...(isGraded(b.predictions) ? gradedChanges(pairs, rows) : {}),
    perLabel: isGraded(b.predictions) ? [] : yield* perLabel(rows, labels),
    rows,
    unmatched: { a: a.predictions.length - found.length, b: b.predictions.length - found.length },
    relabelled: pairs.filter(([from, to]) => from.gold !== to.gold).length,
  }
}

/** What can be said of the accuracies of two models on these rows. */
export function pairedAccuracy(rows: readonly Pick<LedgerRow, 'outcome'>[]): PairedAccuracy {
  const counts = countOutcomes(rows)
  const n = rows.length
  const { fixed, broken, stillRight } = counts
  const share = (count: number) => (n === 0 ? 0 : count / n)
  const change = { changed: share(fixed + broken), difference: share(fixed - broken) }
  const rowsNeeded = rowsToDecide(change)
  const smallest = smallestDifference(n, change.changed)
  return {
    rows: n,
    a: share(stillRight + broken),
    b: share(stillRight + fixed),
    ...counts,
    difference: change.difference,
    interval: pairedInterval(counts),
    p: mcNemar(fixed, broken),
    ...(rowsNeeded === undefined ? {} : { rowsNeeded }),
    ...(smallest === undefined ? {} : { smallest }),
  }
}

function countOutcomes(rows: readonly Pick<LedgerRow, 'outcome'>[]): PairedCounts {
  const counts = { fixed: 0, broken: 0, stillRight: 0, stillWrong: 0 }
  const key = { fixed: 'fixed', broken: 'broken', 'still-right': 'stillRight', 'still-wrong': 'stillWrong' } as const
  for (const row of rows) counts[key[row.outcome]]++
  return counts
}

/** Without what was written by itself. */
const told = ({ written: _, ...rest }: Prediction): Prediction => rest

function ledgerRow(a: Prediction, b: Prediction): LedgerRow {
  const { file, row, text, gold } = b
  // One measure for both: what was written counts where both wrote.
  const both = a.written === b.written
  const [wasRight, nowRight] = both ? [isRight({ ...a, gold }), isRight(b)] : [isRight(told(a)), isRight(told(b))]
  return {
    file,
    row,
    text,
    gold,
    leaked: a.leaked || b.leaked,
    outcome: nowRight ? (wasRight ? 'still-right' : 'fixed') : wasRight ? 'broken' : 'still-wrong',
    ...(a.written && b.written ? { written: true } : {}),
    a: { label: a.label, probabilities: a.probabilities, loss: a.loss },
    b: { label: b.label, probabilities: b.probabilities, loss: b.loss },
  }
}

const isGraded = ([first]: readonly Prediction[]): boolean =>
  Boolean(first && (first.sets || first.numbers || first.tags || first.tokens))

/** Of all rows, and of those that leaked into no training. `rows` are in the order of `pairs`. */
function gradedChanges(
  pairs: readonly (readonly [Prediction, Prediction])[],
  rows: readonly LedgerRow[],
): Pick<Ledger, 'graded' | 'gradedWithoutLeaks'> {
  const clean = pairs.filter((_, i) => !rows[i]?.leaked)
  const graded = gradedChange(pairs)
  return clean.length === pairs.length ? { graded } : { graded, gradedWithoutLeaks: gradedChange(clean) }
}

function gradedChange(pairs: readonly (readonly [Prediction, Prediction])[]): GradedChange {
  const mean = (list: readonly number[]) => list.reduce((x, y) => x + y, 0) / Math.max(1, list.length)
  const [a, b] = [mean(pairs.map(([from]) => from.loss)), mean(pairs.map(([, to]) => to.loss))]
  return { a, b, difference: b - a, interval: bootstrapInterval(pairs.map(([from, to]) => to.loss - from.loss)) }
}

/** In the order of b. Each row is paired at most once. */
function* pairRows(a: readonly Prediction[], b: readonly Prediction[]): Generator<void, [Prediction, Prediction][]> {
  const place = (p: Prediction) => `${p.row} ${p.file}`
  const byPlace = new Map<string, Prediction>()
  yield* each(a, from => void byPlace.set(place(from), from))
  const found = new Map<Prediction, Prediction>()
  const used = new Set<Prediction>()
  const take = (from: Prediction, to: Prediction) => {
    found.set(to, from)
    used.add(from)
  }
  yield* each(b, to => {
    const from = byPlace.get(place(to))
    if (from && from.text === to.text && !used.has(from)) take(from, to)
  })
  // First those that agree in text and gold, then text alone: a moved row may have been given another label since.
  const keys = [(p: Prediction) => `${p.gold}\n${p.text}`, (p: Prediction) => p.text]
  for (const key of keys) {
    const free = new Map<string, Prediction[]>()
    yield* each(a, from => {
      if (used.has(from)) return
      const list = free.get(key(from))
      if (list) list.push(from)
      else free.set(key(from), [from])
    })
    for (const list of free.values()) list.reverse()
    yield* each(b, to => {
      const from = found.has(to) ? undefined : free.get(key(to))?.pop()
      if (from) take(from, to)
    })
  }
  const pairs: [Prediction, Prediction][] = []
  yield* each(b, to => {
    const from = found.get(to)
    if (from) pairs.push([from, to])
  })
  return pairs
}

/** Goes through the rows with a yield every few milliseconds. */
function* each<T>(rows: readonly T[], act: (row: T) => void): Generator<void, void> {
  for (const [i, row] of rows.entries()) {
    act(row)
    if (i % 4096 === 4095) yield
  }
}

/** The labels that occur as gold or prediction, in the order of `labels`. */
function* perLabel(rows: readonly LedgerRow[], labels: readonly string[]): Generator<void, LabelChange[]> {
  // Both matrices name the same labels in the same order, whichever model used a label first.
  const every = new Set(labels)
  const byGold = new Map<string, LedgerRow[]>()
  yield* each(rows, row => {
    every.add(row.gold).add(row.a.label).add(row.b.label)
    const list = byGold.get(row.gold)
    if (list) list.push(row)
    else byGold.set(row.gold, [row])
  })
  const scores = (of: 'a' | 'b') =>
    labelScores(
      confusionOf(
        rows.map(r => ({ gold: r.gold, label: r[of].label, loss: r[of].loss })),
        [...every],
      ),
    )
  yield
  const before = scores('a')
  yield
  const after = scores('b')
  const found = before.flatMap((a, i) => {
    const b = after[i] as LabelScore
    if (a.rows + a.predicted + b.predicted === 0) return []
    const counts = countOutcomes(byGold.get(a.label) ?? [])
    return [{ a, b, counts, p: mcNemar(counts.fixed, counts.broken) }]
  })
  const adjusted = holm(found.map(f => f.p))
  return found.map(({ a, b, counts }, i) => ({
    label: a.label,
    rows: a.rows,
    recallA: a.recall,
    recallB: b.recall,
    precisionA: a.precision,
    precisionB: b.precision,
    f1A: a.f1,
    f1B: b.f1,
    interval: pairedInterval(counts),
    fixed: counts.fixed,
    broken: counts.broken,
    adjusted: adjusted[i] as number,
  }))
}
