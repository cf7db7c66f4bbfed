import type { Prediction } from './evaluation.ts'

export const outcomes = ['fixed', 'broken', 'still-right', 'still-wrong'] as const
export type RowOutcome = (typeof outcomes)[number]

/** One row under two models. */
export interface LedgerRow {
  readonly file: string
  readonly row: number
  readonly text: string
  readonly gold: string
  readonly leaked: boolean
  readonly outcome: RowOutcome
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
}

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
  readonly perLabel: readonly LabelChange[]
  readonly rows: readonly LedgerRow[]
  /** Rows found in one evaluation only; they are in no count. */
  readonly unmatched: { readonly a: number; readonly b: number }
}
