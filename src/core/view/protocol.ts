import type { Ledger } from '../eval/ledger.ts'
import type { Vote } from '../eval/votes.ts'
import type { RowChanges } from '../run/rowChanges.ts'
import type { Run, Series } from '../run/run.ts'
import type { RunEvent } from '../train/event.ts'

/**
 * What the panels may ask of the editor and what they are told. Each panel is hydrated once with the whole state when
 * it says `ready`, then streamed to. All messages are plain data with a `kind`.
 */

/** Where a row stands. */
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
  /** Short facts of `data.json`: rows left out, by the rule that said so. */
  /** `notes.md` of the run folder. */
  readonly notes?: string
  readonly data?: { readonly dropped: readonly { readonly rule: string; readonly rows: number }[] }
  /** 0 is the panel's own run; an overlaid one keeps its colour for life. */
  readonly color: number
}

/** A row of a batch, with the rules that found something in it. */
export interface BatchRow extends RowPlace {
  readonly text: string
  readonly label: string
  readonly findings?: readonly string[]
}

/** A training row that is like a row of a ledger, as its file says it now. */
export interface NearTraining extends RowPlace {
  readonly text: string
  readonly gold: string
  /** Cosine of the texts, 0 to 1. */
  readonly similarity: number
  /** Does it carry another label than the row that it is like? */
  readonly disagrees: boolean
}

/** Stands in place of what it prevents; what was shown before stays, marked as of then. */
export interface Problem {
  readonly kind: 'problem'
  readonly message: string
  readonly hint: string
  /** File, and line where it is known. */
  readonly where?: string
}

/** How far the work is that the panel waits for; without numbers where nobody knows. */
export interface Loading {
  readonly kind: 'loading'
  readonly what: string
  readonly done?: number
  readonly total?: number
}

/**
 * What a panel keeps through `setState`, and so what its serializer is handed after a reload: enough to hydrate it
 * again. `view` is the panel's own business.
 */
export type PanelState =
  | { readonly panel: 'run'; readonly id: string; readonly overlaid: readonly string[]; readonly view: unknown }
  | { readonly panel: 'compare'; readonly a: string; readonly b: string; readonly view: unknown }
  /** `recipe` is the file's address. */
  | { readonly panel: 'preflight'; readonly recipe: string }
  /** `id` names what is chosen: a dataset, or one file. */
  | { readonly panel: 'rows'; readonly id: string; readonly view: unknown }

/** What both panels may ask besides their own: the log of the extension, and a first run where there is none. */
export type FromAnyPanel = { readonly kind: 'ready' } | { readonly kind: 'showLog' } | { readonly kind: 'tune' }

/** What a run panel is told. */
export type ToRunPanel =
  | {
      readonly kind: 'hydrate'
      readonly shown: readonly RunShown[]
      readonly others: readonly { readonly id: string; readonly name: string; readonly detail: string }[]
    }
  | { readonly kind: 'events'; readonly id: string; readonly events: readonly RunEvent[] }
  /** Further steps of a run that is being handed over: columns, since a hundred thousand events are slow to copy. */
  | { readonly kind: 'steps'; readonly id: string; readonly series: Series }
  | { readonly kind: 'overlay'; readonly shown: RunShown }
  | Problem
  | Loading
  /** The rows of one batch, asked for by `batch`. None means that the log does not say which they were. */
  | { readonly kind: 'batch'; readonly id?: string; readonly step: number; readonly rows: readonly BatchRow[] }

/** What a run panel asks. */
export type FromRunPanel =
  | FromAnyPanel
  | { readonly kind: 'stop'; readonly id: string }
  | { readonly kind: 'resume'; readonly id: string }
  /** Let it rest, or go on. */
  | { readonly kind: 'pause'; readonly id: string; readonly paused: boolean }
  /** Multiply the schedule's rates from the next step on. */
  | { readonly kind: 'rate'; readonly id: string; readonly factor: number }
  /** What people write about the run: `notes.md` of its folder. */
  | { readonly kind: 'notes'; readonly id: string; readonly text: string }
  | { readonly kind: 'addRun'; readonly id: string }
  | { readonly kind: 'removeRun'; readonly id: string }
  | { readonly kind: 'compare'; readonly id: string }
  | { readonly kind: 'batch'; readonly id: string; readonly step: number }
  | { readonly kind: 'openRow'; readonly place: RowPlace }
  | { readonly kind: 'openFolder'; readonly id: string }
  /** `png` is base64, the others are text; `name` is a file name to offer. */
  | {
      readonly kind: 'export'
      readonly format: 'csv' | 'svg' | 'png'
      readonly content: string
      readonly name?: string
    }

/** What a compare panel is told. */
export type ToComparePanel =
  | {
      readonly kind: 'hydrate'
      /** With its first rows only where there are many: the others follow as `rows`, until there are `all.rows`. */
      readonly ledger: Ledger
      readonly choices: readonly { readonly id: string; readonly name: string }[]
      readonly a: string
      readonly b: string
      /** What people and judges preferred, where answers are texts. */
      readonly votes?: readonly Vote[]
      /** Training rows that changed from the run of a to that of b, where these are two. */
      readonly changes?: RowChanges
      /** Labels that look misspelt in the data as they are now, and what each looks like. */
      readonly typos?: readonly { readonly label: string; readonly like: string }[]
    }
  /** The training rows nearest to a row, asked for by `nearest`; none where nobody can tell. */
  | { readonly kind: 'nearest'; readonly place: RowPlace; readonly rows: readonly NearTraining[] }
  | { readonly kind: 'rows'; readonly rows: Ledger['rows'] }
  /** What the rows can also be parted by, in their order; sent when it is known. No value is null. */
  | {
      readonly kind: 'facets'
      readonly facets: readonly { readonly name: string; readonly values: readonly (string | null)[] }[]
    }
  /** Nothing to compare yet: fewer than two evaluations. */
  | { readonly kind: 'empty'; readonly choices: readonly { readonly id: string; readonly name: string }[] }
  | Problem
  | Loading

/** What a compare panel asks. */
export type FromComparePanel =
  | FromAnyPanel
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'choose'; readonly a: string; readonly b: string }
  | { readonly kind: 'openRow'; readonly place: RowPlace }
  /** Which training rows are like this one? */
  | { readonly kind: 'nearest'; readonly place: RowPlace }
  /** What can be done about a label that looks misspelt? */
  | { readonly kind: 'fixLabel'; readonly label: string }
  /** A new run by the recipe of b's, on the files as they are now. */
  | { readonly kind: 'tuneAgain' }
  | { readonly kind: 'export'; readonly format: 'json' | 'html'; readonly content: string; readonly name?: string }
