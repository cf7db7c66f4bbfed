import type { Table } from '../data/table.ts'
import type { Edit, Span } from '../text/span.ts'

export const severities = ['error', 'warning', 'info'] as const
export type Severity = (typeof severities)[number]

/** Another place that belongs to a finding: the twin row, the training row that leaked. */
export interface Related {
  readonly uri: string
  /** The list in the file that the row is counted in, where there are several. */
  readonly part?: string
  readonly row: number
  readonly span: Span
  /** Exact Jaccard similarity of the two texts, where similarity is the reason. */
  readonly similarity?: number
  readonly message: string
}

export type FixKind = 'remove-row' | 'keep-only' | 'relabel' | 'edit'

/** A change that would mend a finding. Data, not code: whoever applies it makes it undoable. */
export interface Fix {
  readonly kind: FixKind
  readonly title: string
  /** In source bytes; a fix may touch several files. */
  readonly edits: readonly { readonly uri: string; readonly edit: Edit }[]
  /** The rows that it removes, for whoever applies several fixes at once: neighbours may share a separator. */
  readonly removes?: readonly { readonly table: Table; readonly row: number }[]
  /** Applied by "fix all" and by `winnow fix`. At most one fix of a finding is preferred. */
  readonly preferred: boolean
}

/** One thing wrong, at a span, found by a rule. */
export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly uri: string
  /** The list in the file that the row is counted in, where there are several. */
  readonly part?: string
  /** 0-based data row; undefined for a finding about the file. */
  readonly row?: number
  readonly span: Span
  /** One sentence: what is wrong, with the other row named where there is one. */
  readonly message: string
  readonly related: readonly Related[]
  readonly fixes: readonly Fix[]
  /** Stable under edits elsewhere: a hash of rule and content. `winnow-ignore.jsonl` names findings by it. */
  readonly key: string
}
