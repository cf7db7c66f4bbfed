import { count, counted } from '../base/words.ts'
import type { GradedChange, Ledger, PairedAccuracy } from './ledger.ts'
import { pText, roughly } from './words.ts'

/**
 * What may be said: `better` and `worse` only outside the noise; `undecided` where chance could have done it; `same`
 * where no row changed side.
 */
export type VerdictKind = 'better' | 'worse' | 'undecided' | 'same'

/** The conclusion of a ledger in words. `sentence` stands alone; `detail` says what the rows could have shown. */
export interface Verdict {
  readonly kind: VerdictKind
  readonly sentence: string
  readonly detail: string
}

/** Significant at 0.05 by both measures shown: the exact test, and an interval that leaves out 0. */
export function decided(accuracy: PairedAccuracy): VerdictKind {
  if (accuracy.fixed + accuracy.broken === 0) return 'same'
  const [low, high] = accuracy.interval
  if (accuracy.p >= 0.05 || (low <= 0 && high >= 0)) return 'undecided'
  return accuracy.difference > 0 ? 'better' : 'worse'
}

/**
 * What the ledger says of b against a. No winner is named inside the noise; a difference that only the leaked rows
 * carry is no difference.
 */
export function verdictOf(ledger: Ledger): Verdict {
  const { all, withoutLeaks } = ledger
  if (all.rows === 0) return { kind: 'undecided', sentence: 'The two evaluations have no row in common.', detail: '' }
  if (ledger.graded) return gradedVerdict(ledger.b.name, ledger.graded)
  const kind = decided(all)
  if (!withoutLeaks) return { kind, sentence: sentence(ledger.b.name, all), detail: detail(all) }
  const clean = decided(withoutLeaks)
  const leaked = counted(all.rows - withoutLeaks.rows, 'leaked row')
  if (withoutLeaks.rows === 0)
    return {
      kind: 'undecided',
      sentence: `Every row leaked into training: they say nothing about new text.`,
      detail: detail(all),
    }
  if (clean === kind) return { kind, sentence: sentence(ledger.b.name, all), detail: detail(all) }
  if (kind === 'better' || kind === 'worse')
    return {
      kind: clean,
      sentence: `${ledger.b.name} is ${kind} only through the ${leaked}. Without them: ${tally(withoutLeaks)}${
        clean === 'undecided' ? ' can be chance' : ''
      }.`,
      detail: detail(withoutLeaks),
    }
  return {
    kind: clean,
    sentence: `Without the ${leaked}: ${sentence(ledger.b.name, withoutLeaks)}`,
    detail: detail(withoutLeaks),
  }
}

/** Answers that are more or less right are judged by their losses. */
function gradedVerdict(name: string, { a, b, difference, interval }: GradedChange): Verdict {
  const [low, high] = interval
  const kind =
    a === b && low === 0 && high === 0
      ? 'same'
      : low <= 0 && high >= 0
        ? 'undecided'
        : difference < 0
          ? 'better'
          : 'worse'
  const says = {
    better: `${name} is better`,
    worse: `${name} is worse`,
    undecided: 'The difference can be chance',
    same: 'The two say the same',
  }[kind]
  const digits = (x: number) =>
    (x !== 0 && Math.abs(x) < 0.001 ? x.toPrecision(2) : x.toFixed(3)).replace('-', '\u2212')
  return {
    kind,
    sentence: `${says}: mean loss ${digits(a)} → ${digits(b)}.`,
    detail: `95 % interval of the difference: ${digits(low)} to ${digits(high)} (paired bootstrap).`,
  }
}

/** What these rows could show, and how many would decide a difference of this size. */
function detail(accuracy: PairedAccuracy): string {
  const { rows, rowsNeeded, smallest, difference } = accuracy
  const kind = decided(accuracy)
  const reach = smallest === undefined ? undefined : `${(smallest * 100).toFixed(1)} points or more`
  const could =
    reach === undefined
      ? `too few of these ${counted(rows, 'row')} changed to show any difference.`
      : `these ${counted(rows, 'row')} could only have shown ${reach}.`
  if (kind === 'same') return ''
  if (kind !== 'undecided')
    return reach === undefined ? '' : `These ${counted(rows, 'row')} could have shown a difference of ${reach}.`
  if (rowsNeeded === undefined) return upperFirst(could)
  const size = `${(Math.abs(difference) * 100).toFixed(1)} points`
  if (rowsNeeded <= rows) return `About ${counted(roughly(rowsNeeded), 'row')} usually decide a difference of ${size}.`
  return `About ${count(roughly(rowsNeeded))} rows would decide a difference of ${size}; ${could}`
}

function sentence(b: string, accuracy: PairedAccuracy): string {
  const kind = decided(accuracy)
  if (kind === 'same') return `No row changed side: both models are right on the same rows.`
  if (kind !== 'undecided') return `${b} is ${kind}: ${tally(accuracy)}.`
  if (accuracy.fixed === accuracy.broken) return `No difference to decide: ${tally(accuracy)}.`
  const [low, high] = accuracy.interval
  const why = low <= 0 && high >= 0 ? 'The interval includes 0: ' : `The exact test gives p = ${pText(accuracy.p)}: `
  return `Not enough rows to say. ${why}${tally(accuracy)} can be chance.`
}

const tally = ({ fixed, broken }: PairedAccuracy) => `${count(fixed)} fixed against ${count(broken)} broken`

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
