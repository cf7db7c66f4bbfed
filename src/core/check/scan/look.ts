import type { Role } from '../../data/dataset.ts'
import type { Turn } from '../../data/messages.ts'
import type { Severity } from '../finding.ts'
import type { TextStats } from './textStats.ts'

/** One text of a row: a cell, or the content of one turn of a list. */
export interface CellText {
  readonly column: string
  readonly role: Role
  /** Which turn of the cell; undefined where the cell is the text. */
  readonly turn: number | undefined
  readonly text: string
  /** Of this text, until the next is read. */
  readonly stats: TextStats
}

/** A row, for what takes more than one of its texts to see. */
export interface RowView {
  /** Its texts by role; columns without a text are left out. */
  readonly texts: readonly Omit<CellText, 'stats'>[]
  /** The turns of a column that holds a list of them, or one turn. */
  turns(role: Role): readonly Turn[] | undefined
  /** The text of a column that holds no turns. */
  text(role: Role): string | undefined
  /** The name of the column that has a role and is there in this row. */
  column(role: Role): string | undefined
  /** All its texts, but for the label: what names a finding about the whole row. */
  all(): string
}

/** The text between two offsets (UTF-16, in the text that the hit is about) becomes another. */
export interface Change {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What a look found in a row. Knows no place in the file, so it holds as long as the row says the same. */
export interface Hit {
  readonly column: string
  readonly turn?: number | undefined
  /** UTF-16 offsets in the text; both undefined for the whole cell. */
  readonly start?: number
  readonly end?: number
  readonly message: string
  /** Milder than the rule's. */
  readonly severity?: Severity
  /** What names the finding, besides its rule; hits that are kept have none where it is the text itself. */
  readonly key?: string
  readonly fix?: { readonly title: string; readonly preferred: boolean; readonly changes: readonly Change[] }
  /** Removing the row is offered. */
  readonly remove?: { readonly preferred: boolean }
}

/** Examines rows one at a time, each by itself. All looks share one pass over the rows. */
export interface Look {
  text?(cell: CellText, add: (hit: Hit) => void): void
  row?(row: RowView, add: (hit: Hit) => void): void
}

/** A look that knows by what name its hits are kept: its rule, and the options that decide what it finds. */
export interface NamedLook {
  readonly rule: string
  readonly key: string
  readonly look: Look
}
