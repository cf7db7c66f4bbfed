import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { eventLine } from '../core/run/log.ts'
import type { RunEvent } from '../core/train/event.ts'
import { diskFailure } from './checkpoint.ts'

/** The log of the run that this process is: each event is in the file before anything else happens. */
export class TrainLog {
  private readonly fd: number

  constructor(folder: string) {
    this.fd = openSync(join(folder, 'events.jsonl'), 'a+')
    const { size } = fstatSync(this.fd)
    const last = Buffer.alloc(1)
    // A killed process may have left half a line: end it, so that the next event stands alone.
    if (size > 0 && readSync(this.fd, last, 0, 1, size - 1) === 1 && last[0] !== 10) writeSync(this.fd, '\n')
  }

  /** Throws `Failure` (`disk-full`). */
  write(event: RunEvent): void {
    const bytes = Buffer.from(eventLine(event))
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at)
    } catch (error) {
      throw diskFailure(error, 'events.jsonl') ?? error
    }
  }

  close(): void {
    closeSync(this.fd)
  }
}
