import { watch } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disposable } from '../core/base/event.ts'
import { parseEvents } from '../core/run/log.ts'
import { newRun, type Run, reduce } from '../core/run/run.ts'
import type { RunEvent } from '../core/train/event.ts'
import { type Holder, holderOf } from './lock.ts'

/** About 1,000 events: read and parsed within a few milliseconds, so that nobody waits while a long log is replayed. */
const piece = 1 << 18

const newline = 0x0a

/** Reads a log in pieces of whole lines. Half a line at the end of the file is left for the next time. */
export class LogReader {
  private offset = 0
  private readonly file: string

  constructor(folder: string) {
    this.file = join(folder, 'events.jsonl')
  }

  /** New events; `reset` where the log has become shorter: it is another log, read from its start the next time. */
  async next(): Promise<readonly RunEvent[] | 'nothing' | 'reset'> {
    const size = await stat(this.file).then(
      s => s.size,
      () => 0,
    )
    if (size < this.offset) {
      this.offset = 0
      return 'reset'
    }
    if (size === this.offset) return 'nothing'
    const handle = await open(this.file)
    try {
      // A line longer than a piece makes the piece grow.
      for (let length = Math.min(piece, size - this.offset); ; length = Math.min(2 * length, size - this.offset)) {
        const buffer = Buffer.allocUnsafe(length)
        const { bytesRead } = await handle.read(buffer, 0, length, this.offset)
        const end = buffer.subarray(0, bytesRead).lastIndexOf(newline) + 1
        if (end > 0) {
          this.offset += end
          return parseEvents(buffer.toString('utf8', 0, end))
        }
        if (bytesRead >= size - this.offset || bytesRead < length) return 'nothing'
      }
    } finally {
      await handle.close()
    }
  }
}

/** The events so far, in pieces. */
export async function* readEvents(folder: string): AsyncGenerator<readonly RunEvent[]> {
  const reader = new LogReader(folder)
  for (;;) {
    const events = await reader.next()
    if (events === 'nothing') return
    if (events !== 'reset') yield events
    await pause()
  }
}

/** What a follower is told. */
export interface Follower {
  /** New events, in order; first all that are there already. */
  onEvents(events: readonly RunEvent[]): void
  /** The log was begun anew: what was told before holds no longer. */
  onReset?(): void
  /** Reading failed, as on a drive that was taken away; following goes on. */
  onProblem?(error: unknown): void
}

/**
 * Follows a run until disposed. New bytes are noticed by watching the folder, and by looking every `everyMs`
 * milliseconds where watching does not work (network drives). A process that is gone without an `ended` is told as an
 * `ended` event with the outcome `failed`; a resumed run goes on from there.
 */
export function followRun(folder: string, follower: Follower, everyMs = 300): Disposable {
  const reader = new LogReader(folder)
  let run: Run = newRun('', '')
  let closed = false
  let busy = false
  let again = false
  let looked = 0

  const tell = (events: readonly RunEvent[]) => {
    if (events.length === 0 || closed) return
    run = events.reduce(reduce, run)
    follower.onEvents(events)
  }
  const drain = async () => {
    for (;;) {
      const events = await reader.next()
      if (closed) return
      if (events === 'nothing') return
      if (events === 'reset') {
        run = newRun('', '')
        follower.onReset?.()
        continue
      }
      tell(events)
      await pause()
    }
  }
  const look = async () => {
    await drain()
    // Whether the process lives costs more than a file's size: every second is enough.
    if (closed || Date.now() - looked < 1000) return
    looked = Date.now()
    const holder = await holderOf(folder)
    if (holder.kind === 'alive' || holder.kind === 'elsewhere') return
    // It may have written its last line between the two looks.
    await drain()
    const end = await silentEnd(folder, run, holder)
    if (end) tell([end])
  }
  const check = async () => {
    if (busy) {
      again = true
      return
    }
    busy = true
    try {
      do {
        again = false
        await look()
      } while (again && !closed)
    } catch (error) {
      follower.onProblem?.(error)
    } finally {
      busy = false
    }
  }

  const timer = setInterval(() => void check(), everyMs)
  const stopWatching = watchFolder(folder, () => void check())
  void check()
  return {
    dispose: () => {
      closed = true
      clearInterval(timer)
      stopWatching()
    },
  }
}

/** A process that took its lock away but could not write its last line, as on a full disk, is given so long, in ms. */
const quiet = 10_000

/** What the log of a run should have ended with, where its process is gone without a word. */
export async function silentEnd(folder: string, run: Run, holder: Holder): Promise<RunEvent | undefined> {
  if (run.phase !== 'running' && run.phase !== 'waiting') return undefined
  if (holder.kind !== 'gone' && holder.kind !== 'none') return undefined
  const times = await Promise.all(
    ['events.jsonl', 'stderr.log', 'lock'].map(name =>
      stat(join(folder, name)).then(
        s => s.mtimeMs,
        () => 0,
      ),
    ),
  )
  const last = Math.max(...times)
  // Without error output nobody has started it yet: it waits.
  if (holder.kind === 'none' && (times[1] === 0 || Date.now() - last < quiet)) return undefined
  const said = await stderrTail(folder)
  const reason = 'the process ended without saying why'
  return {
    kind: 'ended',
    at: Math.round(last),
    outcome: 'failed',
    reason: said === '' ? reason : `${reason}: ${said}`,
  }
}

/**
 * What the process last wrote to its error output, on one line: its last error where there is one (a stack and the
 * version of Node follow it), else its last few lines.
 */
export async function stderrTail(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'stderr.log'), 'utf8').catch(() => '')
  const lines = text
    .slice(-8000)
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const error = lines.findLast(line => /^(Uncaught )?\w*(Error|Exception|FATAL ERROR)\b.*:/.test(line))
  return (error ?? lines.slice(-4).join(' | ')).slice(0, 600)
}

/** Calls back when something in the folder changes, where the system can tell; returns how to stop. */
function watchFolder(folder: string, changed: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, changed)
    // The folder was removed, or the system ran out of watches: looking at intervals goes on.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => {} // Watching is not to be had here; looking at intervals does.
  }
}

const pause = () => new Promise<void>(resolve => setImmediate(resolve))
