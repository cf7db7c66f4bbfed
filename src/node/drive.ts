import { type Cancel, Cancelled } from '../core/base/cancel.ts'
import type { Progress, Work } from '../core/sign/progress.ts'

/** At most this long between two looks at what else there is to do: signals, messages, timers. */
const slice = 8

/**
 * Drives work to its end while the process stays responsive. Leaves by `Cancelled` within a slice of the request;
 * the work's `finally` blocks run. `progress` is called once a slice at most.
 */
export async function drive<T>(work: Work<T>, cancel: Cancel, progress?: (state: Progress) => void): Promise<T> {
  let last = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    if (performance.now() - last < slice) continue
    progress?.(step.value)
    await new Promise(resolve => setImmediate(resolve))
    if (cancel.aborted) {
      work.return(undefined as never)
      throw new Cancelled()
    }
    last = performance.now()
  }
}
