import { execFile } from 'node:child_process'
import type { RunEvent } from '../core/train/event.ts'

/** Steps are many: what the machine does is looked at this often, in milliseconds. */
const every = 1000

/** Adds to steps what they cost the machine: memory of this process, and use of an NVIDIA GPU where its tool is there. */
export class Measured {
  private readonly clock: () => number
  private last = Number.NEGATIVE_INFINITY
  private gpu: { readonly use: number; readonly memory: number } | undefined
  private asking = false
  private closed = false

  constructor(clock: () => number) {
    this.clock = clock
  }

  of(event: RunEvent): RunEvent {
    if (event.kind !== 'step' || this.clock() - this.last < every) return event
    this.last = this.clock()
    this.ask()
    return { ...event, rss: process.memoryUsage.rss(), ...(this.gpu ? { gpu: this.gpu } : {}) }
  }

  [Symbol.dispose](): void {
    this.closed = true
  }

  /** The tool takes a while: its answer belongs to the next look. */
  private ask(): void {
    if (this.asking || this.closed) return
    this.asking = true
    const fields = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits']
    execFile('nvidia-smi', fields, { timeout: 5000, windowsHide: true }, (error, out) => {
      // Without the tool there is nothing to ask a second time.
      if (error) return
      this.asking = false
      const [use, memory] = (out.split('\n')[0] ?? '').split(',').map(Number)
      if (use !== undefined && memory !== undefined && Number.isFinite(use + memory))
        this.gpu = { use, memory: memory * 1024 * 1024 }
    })
  }
}
