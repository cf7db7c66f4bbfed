import type { Work } from './progress.ts'
import type { Similar } from './similar.ts'

/** Work that begins as soon as other threads have all of a join. */
export interface EarlyWork {
  /** Begins it, where it is to begin behind a join by this scheme and threshold. */
  behind(scheme: string, threshold: string | number): ((similar: Similar) => void) | undefined
}

/**
 * Work of other threads that begins before anybody waits for it: who has something else to do goes on with it now and then, and waits
 * in the end for what is left.
 */
export class Ahead {
  private readonly work: Work<void>
  private meanwhile: Work<void> | undefined
  private isAwaited = false

  /** `make` is given what to hand on to `Threads.run` as that which this thread can do while others are at it. */
  constructor(make: (meanwhile: Work<void>) => Work<void>) {
    this.work = make(this.idle())
  }

  /** Goes on with it as far as that takes no waiting; the first call begins it. */
  step(): void {
    this.work.next()
  }

  /** Waits for what is left, or does what `meanwhile` has to do. */
  *finish(meanwhile?: Work<void>): Work<void> {
    this.meanwhile = meanwhile
    this.isAwaited = true
    yield* this.work
  }

  /** Nobody is going to wait. */
  drop(): void {
    this.work.return()
  }

  private *idle(): Work<void> {
    // Whoever calls `step` has something else to do.
    while (!this.isAwaited) yield { phase: 'containment', done: 0, total: 0 }
    if (this.meanwhile) yield* this.meanwhile
  }
}
