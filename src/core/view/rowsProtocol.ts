import type { Severity } from '../check/finding.ts'
import type { Prediction } from '../eval/evaluation.ts'
import type { Facet } from '../eval/slices.ts'
import type { FromAnyPanel, Loading, NearTraining, Problem } from './protocol.ts'

/**
 * What the rows panel asks and is told. The panel holds no more than the rows in sight: sorting, filtering and summing up
 * are done by the checking process, and the editor in between hands messages on.
 */

/** One condition; a row is shown if it meets all of them. Columns are named by their ids. */
export type RowsClause =
  /** In the text of any column, or of one. */
  | {
      readonly kind: 'text'
      readonly value: string
      readonly regex: boolean
      readonly matchCase: boolean
      readonly column?: string
    }
  /** One of these values. */
  | { readonly kind: 'values'; readonly column: string; readonly values: readonly string[] }
  /** A finding of one of these rules; of any where none is named. */
  | { readonly kind: 'rules'; readonly rules: readonly string[] }
  /** A number from `min` to `max`, both included. */
  | { readonly kind: 'range'; readonly column: string; readonly min?: number; readonly max?: number }

export interface RowsSort {
  readonly column: string
  readonly down: boolean
}

export interface RowsQuery {
  readonly clauses: readonly RowsClause[]
  readonly sort?: RowsSort
}

/** How a column is drawn, summed up, filtered and sorted. */
export type RowsColumnKind = 'row' | 'category' | 'number' | 'text' | 'findings'

export interface RowsColumn {
  /** `row`, `split`, `findings`, or `column:` and the name in the file. */
  readonly id: string
  readonly name: string
  readonly kind: RowsColumnKind
  readonly role?: string
  /** A cell of it can be changed. */
  readonly editable: boolean
}

/** What stands above the rows; the rows themselves are asked for as they come into sight. */
export interface RowsHead {
  readonly name: string
  readonly files: readonly { readonly path: string; readonly split?: string; readonly rows: number }[]
  readonly rows: number
  readonly columns: readonly RowsColumn[]
  /** The id of the column of labels. */
  readonly label?: string
  /** Why nothing can be edited; absent where cells can. */
  readonly readOnly?: string
  /** Counts what was opened: answers about something older are dropped. */
  readonly version: number
  /** The first rows of files that are still being read. */
  readonly partial?: true
}

/** The column in a glance. `shown` counts the rows that pass the filter, `all` every row; lists of equal length. */
export type RowsSummary =
  | {
      readonly kind: 'number'
      readonly column: string
      readonly least: number
      readonly most: number
      readonly all: readonly number[]
      readonly shown: readonly number[]
      readonly missing: number
      /** So many whole numbers share a bar, the first bar beginning with the least; undefined where bars divide the range evenly. */
      readonly step?: number
      /** Digits after the point that a column of numbers has at most, where that is few. */
      readonly decimals?: number
      /** What is counted, where it is not the value: the length of texts. */
      readonly of?: 'characters'
    }
  | {
      readonly kind: 'values'
      readonly column: string
      /** Of the whole column, most frequent first. */
      readonly distinct: number
      readonly values: readonly string[]
      readonly all: readonly number[]
      readonly shown: readonly number[]
      readonly distinctShown: number
      readonly missing: number
    }

/** What came of a query. */
export interface RowsResult {
  readonly version: number
  readonly query: number
  readonly rows: number
  readonly ms: number
  readonly summaries: readonly RowsSummary[]
  /** Where no row is left: how many rows each condition leaves by itself, and how many all the others leave without it. */
  readonly blame?: readonly { readonly alone: number; readonly without: number }[]
  /** A pattern that is none, in words; the condition is then left out. */
  readonly badPattern?: string
}

export interface RowsFinding {
  readonly rule: string
  readonly severity: Severity
  readonly message: string
}

/** A row in sight. `at` is its number in the whole view, `row` that in its file. */
export interface RowsLine {
  readonly at: number
  readonly file: number
  readonly row: number
  /** Beginnings of the texts of its columns, in their order; null where the row lacks one. */
  readonly cells: readonly (string | null)[]
  readonly broken?: true
  readonly findings: readonly RowsFinding[]
  /** The label that a finding proposes, with its probability where that is known. */
  readonly suggestion?: RowsSuggestion
  /** Changed and not yet written: its file is too large for an editor. */
  readonly pending?: true
}

export interface RowsSuggestion {
  readonly label: string
  readonly probability?: number
  /** Who says so. */
  readonly from: string
}

/** Another row that is like the one looked at. */
export interface RowsTwin {
  readonly at: number
  readonly file: number
  readonly row: number
  readonly text: string
  readonly label?: string
  /** Exact Jaccard similarity of the two texts, and whether their normal forms are equal. */
  readonly similarity: number
  readonly equal: boolean
}

/** A row in full. */
export interface RowsDetail {
  readonly version: number
  readonly at: number
  readonly file: number
  readonly row: number
  readonly path: string
  /** 0-based line of the file at which the row begins; absent where the file has no lines. */
  readonly line?: number
  readonly cells: readonly (string | null)[]
  readonly text: string
  readonly label?: string
  readonly findings: readonly (RowsFinding & {
    readonly fixes: readonly { readonly title: string; readonly kind: string; readonly preferred: boolean }[]
  })[]
  readonly suggestion?: RowsSuggestion
  /** The first rows of its cluster, most similar first, of `twinsInAll`. */
  readonly twins: readonly RowsTwin[]
  readonly twinsInAll: number
  readonly scheme: string
}

/** What the panel is told. */
export type ToRowsPanel =
  | {
      readonly kind: 'hydrate'
      readonly head: RowsHead
      readonly choices: readonly { readonly id: string; readonly name: string }[]
      readonly chosen: string
      /** A condition or a row to begin with: what somebody came from. */
      readonly clauses?: readonly RowsClause[]
      readonly show?: number
      /** Opened again after a change: view and selection stay. */
      readonly again: boolean
    }
  | { readonly kind: 'result'; readonly result: RowsResult }
  | {
      readonly kind: 'lines'
      readonly version: number
      readonly query: number
      readonly from: number
      readonly lines: readonly RowsLine[]
    }
  | { readonly kind: 'detail'; readonly detail: RowsDetail }
  /** How the row whose detail was sent fared in training, where a run has seen it. */
  | { readonly kind: 'history'; readonly at: number; readonly history: RowHistory }
  /** Where a row stands in the result; absent where the filter leaves it out. */
  | { readonly kind: 'place'; readonly version: number; readonly at: number; readonly index?: number }
  /** A row after an edit or its undo. `undo` says how many edits can be taken back, `pending` how many are not written. */
  | {
      readonly kind: 'edited'
      readonly version: number
      readonly line: RowsLine
      readonly undo: number
      readonly pending: number
    }
  | { readonly kind: 'written'; readonly pending: number; readonly undo: number }
  /** An edit that was not made, and why. */
  | { readonly kind: 'refused'; readonly why: string }
  /** No dataset here. */
  | { readonly kind: 'empty'; readonly why: string }
  | Problem
  | Loading

/** What the panel asks. */
export type FromRowsPanel =
  | FromAnyPanel
  | { readonly kind: 'choose'; readonly id: string }
  | { readonly kind: 'query'; readonly query: number; readonly of: RowsQuery }
  | { readonly kind: 'lines'; readonly query: number; readonly from: number; readonly to: number }
  | { readonly kind: 'detail'; readonly at: number }
  | { readonly kind: 'place'; readonly at: number }
  | { readonly kind: 'openRow'; readonly at: number }
  | { readonly kind: 'edit'; readonly at: number; readonly column: string; readonly value: string }
  | { readonly kind: 'undo' }
  /** Writes what is pending in files that are too large for an editor. */
  | { readonly kind: 'write' }
  /** The preferred fixes of the findings of the rows that pass the filter, with preview; of one rule where it is named. */
  | { readonly kind: 'fixShown'; readonly rules: readonly string[] }
  | { readonly kind: 'fix'; readonly at: number; readonly rule: string; readonly title: string }
  | { readonly kind: 'ignore'; readonly at: number; readonly rule: string }
  | { readonly kind: 'check' }

/** What the checking process offers to whoever shows rows. `view` names what one panel has open. */
export interface RowsService {
  /** Reads files, or takes them as they were read for a check. `document` is the open, unsaved text of one of them. */
  rowsOpen(request: {
    readonly view: string
    readonly name: string
    readonly files: readonly {
      readonly path: string
      readonly split?: string
      readonly document?: { readonly version: number; readonly text: string }
    }[]
    readonly roles?: { readonly [role: string]: string }
    /** Answers with the first rows of a large file while it is read; asked again, with all of them. */
    readonly first?: boolean
    /** Files of what models said of rows, newest first, with the folder that the rows are named from, and whose they are. */
    readonly predictions?: readonly { readonly path: string; readonly root: string; readonly name: string }[]
  }): RowsHead
  rowsQuery(request: { readonly view: string; readonly query: number; readonly of: RowsQuery }): RowsResult
  rowsLines(request: { readonly view: string; readonly query: number; readonly from: number; readonly to: number }): {
    readonly version: number
    readonly query: number
    readonly from: number
    readonly lines: readonly RowsLine[]
  }
  rowsDetail(request: { readonly view: string; readonly at: number }): RowsDetail
  rowsPlace(request: { readonly view: string; readonly at: number }): number | undefined
  /** The row that holds a 0-based line of a file; undefined where none does. */
  rowsAtLine(request: { readonly view: string; readonly path: string; readonly line: number }): number | undefined
  /** The rows that pass the filter, by file: their numbers in it. */
  rowsShown(request: { readonly view: string }): readonly { readonly path: string; readonly rows: Uint32Array }[]
  /** The edit of the file that changes a cell, and what stood in its place. */
  rowsEdit(request: {
    readonly view: string
    readonly at: number
    readonly column: string
    readonly value: string
  }): RowsEdit
  /** Keeps a change of a file that is too large for an editor until it is written; undefined takes it back. */
  rowsPend(request: {
    readonly view: string
    readonly at: number
    readonly column: string
    readonly value: string | undefined
  }): RowsLine
  /** Writes the pending changes to disk, undoable by `winnow undo` in `root`. Answers the files. */
  rowsWrite(request: { readonly view: string; readonly root: string }): readonly string[]
  rowsClose(request: { readonly view: string }): void
  /** The training rows of a run that are like each of these, labels that disagree first; undefined where its files are gone. */
  nearest(request: {
    readonly folder: string
    readonly rows: readonly { readonly text: string; readonly gold: string }[]
    readonly most: number
  }): readonly (readonly NearTraining[])[] | undefined
  /** How a row fared in training; undefined where no run has seen it. `root` is the folder that holds the runs. */
  rowHistory(request: {
    readonly root: string
    readonly path: string
    readonly row: number
    readonly text: string
  }): RowHistory | undefined
  /** What scored rows can be parted by besides label, length and leaks. */
  facets(request: {
    readonly root: string
    readonly rows: readonly Pick<Prediction, 'file' | 'row' | 'gold' | 'text' | 'leaked' | 'probabilities'>[]
  }): readonly Facet[]
}

/** A row in the newest finished run that learnt from it: its loss in each epoch, as it was trained on. */
export interface RowHistory {
  readonly run: string
  readonly losses: readonly number[]
}

export interface RowsEdit {
  readonly path: string
  readonly range: {
    readonly line: number
    readonly column: number
    readonly endLine: number
    readonly endColumn: number
  }
  readonly text: string
  readonly before: string
}
