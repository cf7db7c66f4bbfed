import type { Compared, CompareJob } from './compareJob.ts'
import type {
  Held,
  HeldJob,
  Hits,
  HitsJob,
  HoldersJob,
  Holding,
  RecurJob,
  Recurs,
  Tabled,
  TableJob,
} from './containJob.ts'
import type { Joined, JoinJob, Prefixes, PrefixJob } from './joinJob.ts'
import type { Counted, CountJob, Graded, GradeJob } from './levelJob.ts'
import type { LinesDone, LinesJob } from './linesJob.ts'
import type { Work } from './progress.ts'
import type { RowsDone, RowsJob } from './rowsJob.ts'

/** Work for another thread: plain data, with memory that is shared instead of copied. */
export type Job =
  | LinesJob
  | RowsJob
  | CountJob
  | GradeJob
  | PrefixJob
  | JoinJob
  | RecurJob
  | HeldJob
  | HitsJob
  | TableJob
  | HoldersJob
  | CompareJob

/** What a job gives. */
export type Done<J extends Job> = Extract<
  LinesDone | RowsDone | Counted | Graded | Prefixes | Joined | Recurs | Held | Hits | Tabled | Holding | Compared,
  Pick<J, 'kind'>
>

/** Other threads, which run `runJob`. */
export interface Threads {
  readonly count: number
  /** Bytes that other threads see: those given where they are shared already. */
  share(bytes: Uint8Array): Uint8Array
  /**
   * Runs jobs, as many at a time as there are threads, and hands over what they give in the order of the jobs. It yields
   * while it waits, or does what `meanwhile` has to do; whoever closes it stops the threads, too. Another run may begin before
   * this one ends: pulled once, it leaves its first jobs with the threads.
   */
  run<J extends Job>(jobs: Iterable<J>, take: (done: Done<J>, job: J) => void, meanwhile?: Work<void>): Work<void>
}
