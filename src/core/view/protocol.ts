import type { Ledger } from '../eval/ledger.ts'
import type { Run } from '../run/run.ts'
import type { RunEvent } from '../train/event.ts'

/**
 * What the panels may ask of the editor and what they are told. Each panel is hydrated once with the whole state when
 * it says `ready`, then streamed to. All messages are plain data with a `kind`.
 */

export interface RowPlace {
  /** As in predictions: relative to the run's workspace folder. */
  readonly file: string
  readonly row: number
}

/** A run and what its panel shows beside the curves. */
export interface RunShown {
  readonly run: Run
  /** `recipe.json`, resolved. */
  readonly recipe: unknown
  /** Short facts of `data.json`. */
  readonly data?: { readonly dropped: readonly { readonly reason: string; readonly rows: number }[] }
  /** 0 is the panel's own run; an overlaid one keeps its colour for life. */
  readonly color: number
}

export type ToRunPanel =
  | {
      readonly kind: 'hydrate'
      readonly shown: readonly RunShown[]
      readonly others: readonly { readonly id: string; readonly name: string; readonly detail: string }[]
    }
  | { readonly kind: 'events'; readonly id: string; readonly events: readonly RunEvent[] }
  | { readonly kind: 'overlay'; readonly shown: RunShown }
  | { readonly kind: 'problem'; readonly message: string; readonly hint: string }
  /** The rows of one batch, asked for by `batch`. */
  | {
      readonly kind: 'batch'
      readonly step: number
      readonly rows: readonly (RowPlace & { readonly text: string; readonly label: string })[]
    }

export type FromRunPanel =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stop'; readonly id: string }
  | { readonly kind: 'resume'; readonly id: string }
  | { readonly kind: 'addRun'; readonly id: string }
  | { readonly kind: 'removeRun'; readonly id: string }
  | { readonly kind: 'compare'; readonly id: string }
  | { readonly kind: 'batch'; readonly id: string; readonly step: number }
  | { readonly kind: 'openRow'; readonly place: RowPlace }
  | { readonly kind: 'openFolder'; readonly id: string }
  | { readonly kind: 'export'; readonly format: 'csv' | 'svg' | 'png'; readonly content: string }

export type ToComparePanel =
  | {
      readonly kind: 'hydrate'
      readonly ledger: Ledger
      readonly choices: readonly { readonly id: string; readonly name: string }[]
      readonly a: string
      readonly b: string
    }
  | { readonly kind: 'problem'; readonly message: string; readonly hint: string }

export type FromComparePanel =
  | { readonly kind: 'ready' }
  | { readonly kind: 'choose'; readonly a: string; readonly b: string }
  | { readonly kind: 'openRow'; readonly place: RowPlace }
  | { readonly kind: 'export'; readonly format: 'json' | 'html'; readonly content: string }
