/** Said by long work between two pieces of it: which phase, and how far. */
export interface Progress {
  readonly phase: string
  readonly done: number
  readonly total: number
}

/** Said by work that is done beside other work, where it can only go on once that has. */
export const waiting: Progress = { phase: 'waiting', done: 0, total: 0 }

/** Long work as a generator: it yields every few milliseconds, and whoever drives it may stop pulling. */
export type Work<T> = Generator<Progress, T, void>

/** Drives work to its end at once. */
export function finishWork<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
