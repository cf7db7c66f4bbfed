import type { Role, SplitName } from '../data/dataset.ts'
import type { Alike, FixKind, Severity } from './finding.ts'

/** A place as editors count: 0-based lines, 0-based columns in UTF-16 units, end exclusive. */
export interface Range {
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

export interface ReportedEdit {
  readonly uri: string
  readonly range: Range
  readonly text: string
}

/** A finding with places instead of byte offsets: what crosses a process boundary and what the editor shows. */
export interface ReportedFinding {
  readonly id: number
  readonly key: string
  readonly rule: string
  readonly severity: Severity
  readonly uri: string
  /** The list in the file that the row is counted in, where there are several. */
  readonly part?: string
  readonly row?: number
  readonly range: Range
  readonly alike?: Alike
  readonly confidence?: number
  readonly message: string
  readonly related: readonly {
    readonly uri: string
    readonly part?: string
    readonly row: number
    readonly range: Range
    readonly similarity?: number
    readonly containment?: number
    readonly message: string
  }[]
  readonly fixes: readonly {
    readonly kind: FixKind
    readonly title: string
    readonly preferred: boolean
    readonly edits: readonly ReportedEdit[]
  }[]
}

export interface ReportedDataset {
  readonly name: string
  readonly roles: { readonly [R in Role]?: string }
  /** Distinct labels, most frequent first; absent without a label column. */
  readonly labels?: readonly { readonly label: string; readonly rows: number }[]
  /**
   * Where comparing all similar rows was too much: the share of pairs at the threshold that is expected to be found. Those
   * that are found are verified. Absent where none is missed.
   */
  readonly recall?: number
  readonly splits: readonly {
    readonly name: SplitName
    readonly files: readonly {
      readonly uri: string
      readonly rows: number
      readonly bytes: number
      readonly problem?: string
    }[]
  }[]
}

/** Everything one check says. `findings` are sorted by file, place and rule. */
export interface Report {
  readonly datasets: readonly ReportedDataset[]
  readonly findings: readonly ReportedFinding[]
  readonly counts: { readonly [rule: string]: number }
  /** Version of each open document that was checked; a report about another version is dropped. */
  readonly versions: { readonly [uri: string]: number }
  /** What of the settings does not do what somebody may think: `file:line:column: words`, or the words alone. */
  readonly warnings?: readonly string[]
  readonly ms: number
}

/** What an edit does to the last report; findings that depend on all rows stay as they were until the next report. */
export interface ReportChange {
  readonly uri: string
  readonly version: number
  /** The findings that no longer hold, by their ids. */
  readonly removed: readonly number[]
  readonly added: readonly ReportedFinding[]
  /** The rows and lines of the file behind the edit, counted as they were, and by how many they have moved. */
  readonly moved: { readonly row: number; readonly rows: number; readonly line: number; readonly lines: number }
  readonly ms: number
}

/** Edits of an open document, each of what the one before left. */
export interface DocumentChange {
  readonly uri: string
  /** The document's version after them. */
  readonly version: number
  readonly edits: readonly { readonly range: Range; readonly text: string }[]
}

/** What the checking process offers. It keeps tables and signatures, so that a small change costs little. */
export interface CheckService {
  /**
   * Checks the datasets found under `folders` (absolute paths). `documents` are the open, possibly unsaved texts,
   * which win over the files of the same uri.
   */
  check(request: {
    folders: readonly string[]
    documents: readonly { uri: string; version: number; text: string }[]
    /** Rule settings that override `winnow.json`. */
    rules?: { readonly [rule: string]: unknown }
    /** Glob patterns, relative to each folder, of files that no dataset is made of unless `winnow.json` names them. */
    exclude?: readonly string[]
    /** The same for one of the folders, by its path, in place of what holds for all. */
    of?: { readonly [folder: string]: { rules?: { readonly [rule: string]: unknown }; exclude?: readonly string[] } }
  }): Report
  /**
   * Follows edits of a document that was checked, at the cost of the edits, however large the dataset is. Undefined where that
   * cannot be done: then ask for a check. A while after the last edit everything is checked, and told by `refreshed`.
   */
  change(request: DocumentChange): ReportChange | undefined
  /**
   * Makes edits of a report in files that are too large for an editor, on disk: undoable by `winnow undo` in `root`. Fails where
   * a file has changed since it was checked. Answers the files that were written.
   */
  rewrite(request: { readonly root: string; readonly edits: readonly ReportedEdit[] }): readonly string[]
  /** Asks the check in progress to stop; it then fails with the code `cancelled`. */
  cancel(): void
}

/** What the checking process tells meanwhile. */
export interface CheckListener {
  progress(state: { readonly phase: string; readonly done: number; readonly total: number }): void
  /** The first findings in large files while these are read; those of earlier calls are in it. */
  early?(report: Report): void
  /** A report of everything, after edits that only told what they changed. */
  refreshed?(report: Report): void
}

/** A row as its file has it now. */
export interface FoundRow {
  /** May differ from the row asked for, where rows above it have been added or removed since. */
  readonly row: number
  /** The text cell where the dataset has one, else the whole record. */
  readonly range: Range
  readonly text: string
  readonly label?: string
}

/** What the checking process offers besides, since it has the tables at hand. */
export interface RowService {
  /**
   * Where rows are and what they say, in the order asked for. A row whose text is known and not at its place is
   * looked for; undefined where it is gone. `document` is the open, possibly unsaved text.
   */
  rows(request: {
    readonly uri: string
    readonly document?: { readonly version: number; readonly text: string }
    readonly wanted: readonly { readonly row: number; readonly text?: string }[]
  }): readonly (FoundRow | undefined)[]
}
