import type { Roles } from '../data/dataset.ts'
import type { Table } from '../data/table.ts'
import type { SignedRows } from './forms.ts'
import type { Work } from './progress.ts'

/** The rows of a table by one way of signing them. */
export interface Shelved {
  readonly table: Table
  readonly scheme: string
  readonly roles: Roles
}

/** Keeps signed rows from one run of the program to the next. What it gives is what signing would give, or it gives nothing. */
export interface Shelf {
  /** What is kept of these rows, piece by piece in their order. */
  find(asked: Shelved): Work<Iterable<SignedRows> | undefined>
  keep(asked: Shelved, rows: Iterable<SignedRows>): Work<void>
}

/** With fewer rows signing is over before a kept index is found and read. */
export const shelvedRows = 50_000

/** So many rows are one piece. */
export const pieceRows = 32_768
