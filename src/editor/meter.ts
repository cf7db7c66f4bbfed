import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Disposable } from '../core/base/event.ts'

const resolution = 5

/**
 * How long the extension host was kept from answering. It runs only from `reset` on, since it wakes the process 200
 * times a second. A block counts twice over: by the clock (which on a busy machine includes waiting for a processor)
 * and by the processor time this thread used meanwhile.
 */
export class Meter implements Disposable {
  private readonly histogram = monitorEventLoopDelay({ resolution })
  private timer: NodeJS.Timeout | undefined
  private busy = 0

  /** Starts measuring anew. */
  reset(): void {
    this.dispose()
    this.histogram.reset()
    this.histogram.enable()
    this.busy = 0
    let at = performance.now()
    let used = threadTime()
    this.timer = setInterval(() => {
      const now = performance.now()
      const cpu = threadTime()
      this.busy = Math.max(this.busy, Math.min(now - at - resolution, cpu - used))
      at = now
      used = cpu
    }, resolution)
    this.timer.unref()
  }

  /** The longest time since `reset`, in milliseconds, that nothing else could run. 0 before the first `reset`. */
  maxBlockMs(): number {
    return this.timer ? Math.max(0, this.histogram.max / 1e6 - resolution) : 0
  }

  /** The same, but no longer than the processor time used: a block by our own work, not by a busy machine. */
  maxBusyMs(): number {
    return this.busy
  }

  dispose(): void {
    clearInterval(this.timer)
    this.timer = undefined
    this.histogram.disable()
  }
}

/** Processor time of this thread in milliseconds; of the whole process where Node is older than 23.9. */
function threadTime(): number {
  const ask = (process as { threadCpuUsage?: typeof process.cpuUsage }).threadCpuUsage ?? process.cpuUsage
  const { user, system } = ask.call(process)
  return (user + system) / 1000
}
