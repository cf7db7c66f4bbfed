import type { Cancel } from '../core/base/cancel.ts'
import type { Table } from '../core/data/table.ts'
import type { Progress } from '../core/sign/progress.ts'
import type { Threads } from '../core/sign/threads.ts'

/** Who waits for a large file: it may be told to stop, and tells how far it is. */
export interface Watch {
  readonly cancel: Cancel
  readonly progress?: (state: Progress) => void
  /** Called with the table of a large file as far as it was read, after each of its pages. */
  readonly page?: (table: Table) => void
  /** Read the lines of large files that are held. */
  readonly threads?: Threads | undefined
  /** Files of more bytes are read page by page; 50 MB where it is not said. */
  readonly held?: number
}
