import type { FormArrays } from './formColumns.ts'
import type { Work } from './progress.ts'
import { countersFor, Recurrence } from './recurrence.ts'
import type { Threads } from './threads.ts'

/** Ranges of slots of about so many shingles. */
export function* slotRanges(
  { start, count }: FormArrays,
  shingles: number,
): Generator<{ readonly from: number; readonly to: number }> {
  for (let from = 0; from < count; ) {
    let to = from + 1
    while (to < count && start[to + 1]! - start[from]! <= shingles) to++
    yield { from, to }
    from = to
  }
}

/**
 * Other threads count which shingles of all forms recur, while this one does something else: what it has begun they go on with
 * whether or not anybody waits.
 */
export class RecurAhead {
  /** Of so many forms. */
  readonly count: number
  private readonly recurs: Recurrence
  private readonly work: Work<void>
  private meanwhile: Work<void> | undefined

  /** Nothing is begun until `begin` or `finish`; the arrays of the forms must be shared. */
  constructor(threads: Threads, forms: FormArrays) {
    const shingles = forms.start[forms.count]!
    this.count = forms.count
    this.recurs = new Recurrence(countersFor(shingles))
    const jobs = Array.from(slotRanges(forms, Math.ceil(shingles / threads.count)), range => ({
      kind: 'recur' as const,
      forms,
      ...range,
    }))
    this.work = threads.run(jobs, ({ counters }) => this.recurs.join(counters), this.idle())
  }

  /** Gives the threads their jobs, behind those they have. */
  begin(): void {
    this.work.next()
  }

  /** Nobody is going to wait. */
  drop(): void {
    this.work.return()
  }

  /** Waits until all are counted, or does what `meanwhile` has to do. To be called once. */
  *finish(meanwhile?: Work<void>): Work<Int32Array> {
    this.meanwhile = meanwhile
    yield* this.work
    return this.recurs.counters
  }

  private *idle(): Work<void> {
    // Who begins has something else to do.
    yield { phase: 'containment', done: 0, total: 0 }
    if (this.meanwhile) yield* this.meanwhile
  }
}
