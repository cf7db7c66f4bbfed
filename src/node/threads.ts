import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads'
import { type Work, waiting } from '../core/sign/progress.ts'
import { runJob } from '../core/sign/runJob.ts'
import type { Done, Job, Threads } from '../core/sign/threads.ts'

/** More threads than this wait for the one that puts together what they find. */
const mostThreads = 8
/** A thread that is at a job has one more waiting, so that it need not wait for whoever is busy with what it gave. */
const mostOpen = 2
/** So long the waiting thread sleeps at most before it looks at what else there is to do. */
const nap = 4

/** The program that threads run, beside the bundle that this is part of; undefined where it was not built. */
export function threadProgram(): string | undefined {
  const own: string | undefined = import.meta.url
  if (!own?.startsWith('file:')) return undefined
  const path = fileURLToPath(new URL('./thread.cjs', own))
  return existsSync(path) ? path : undefined
}

/** As many threads as there are processors, where there are several and the program is there. They start when first needed. */
export function openThreads(
  program = threadProgram(),
  count = Math.min(mostThreads, availableParallelism()),
): ThreadPool | undefined {
  return program !== undefined && count > 1 ? new ThreadPool(program, count) : undefined
}

/** What a job is part of, as progress calls it. */
const phases: { readonly [K in Job['kind']]: string } = {
  lines: 'read',
  rows: 'sign',
  count: 'count',
  grade: 'count',
  prefix: 'prefix',
  join: 'compare',
  recur: 'containment',
  held: 'containment',
  hits: 'containment',
  table: 'containment',
  holders: 'containment',
  compare: 'near-duplicate',
}

interface Thread {
  readonly worker: Worker
  readonly port: MessagePort
  /** So many jobs it has been given and not answered. */
  open: number
}

/** What a thread is told: the job of a number in a run. */
interface Asked {
  readonly run: number
  readonly index: number
  readonly job: Job
}

type Reply = Pick<Asked, 'run' | 'index'> & ({ readonly done: Done<Job> } | { readonly error: string })

/**
 * Worker threads behind the interface that the core knows. Whoever waits for them sleeps on a shared counter and takes their
 * messages itself, so that a generator can wait without an event loop. Work that is given up ends its threads.
 */
export class ThreadPool implements Threads {
  readonly count: number
  private readonly program: string
  private readonly threads: Thread[] = []
  private readonly bell = new Int32Array(new SharedArrayBuffer(4))
  private readonly shared = new WeakMap<ArrayBufferLike, Uint8Array>()
  /** What came for each run that goes on, by the number of the job. */
  private readonly runs = new Map<number, Map<number, Reply>>()
  private lastRun = 0
  /** So often threads were ended with what they had to do. */
  private losses = 0

  constructor(program: string, count: number) {
    this.program = program
    this.count = count
  }

  share(bytes: Uint8Array): Uint8Array {
    if (bytes.buffer instanceof SharedArrayBuffer) return bytes
    const whole = bytes.length === bytes.buffer.byteLength
    const known = whole ? this.shared.get(bytes.buffer) : undefined
    if (known) return known
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
    copy.set(bytes)
    if (whole) this.shared.set(bytes.buffer, copy)
    return copy
  }

  *run<J extends Job>(jobs: Iterable<J>, take: (done: Done<J>, job: J) => void, meanwhile?: Work<void>): Work<void> {
    const run = ++this.lastRun
    this.runs.set(run, new Map())
    let finished = false
    try {
      yield* this.drive(run, jobs, { take, meanwhile })
      finished = true
    } finally {
      this.runs.delete(run)
      // What they are at is of no use to anybody.
      if (!finished) this.dispose()
    }
  }

  private *drive<J extends Job>(
    run: number,
    jobs: Iterable<J>,
    { take, meanwhile }: { take: (done: Done<J>, job: J) => void; meanwhile: Work<void> | undefined },
  ): Work<void> {
    const rest = jobs[Symbol.iterator]()
    const open = new Map<number, J>()
    const answers = this.runs.get(run)!
    let losses = this.losses
    let given = 0
    let taken = 0
    let phase = 'sign'
    let isDone = meanwhile === undefined
    for (let all = false; !all || taken < given; ) {
      const rung = Atomics.load(this.bell, 0)
      // Another run was given up, and with it the threads: what they had of this one is asked again.
      if (losses !== this.losses) {
        losses = this.losses
        for (const [index, job] of open) if (!answers.has(index)) this.ask(this.leastBusy(), { run, index, job })
      }
      // Not too far ahead: what is done and not yet taken is memory.
      while (!all && given < taken + this.count * 3 && this.hasRoom()) {
        const next = rest.next()
        if (next.done) {
          all = true
          break
        }
        this.ask(this.leastBusy(), { run, index: given, job: next.value })
        open.set(given, next.value)
        phase = phases[next.value.kind]
        given++
      }
      const heard = this.listen()
      const reply = answers.get(taken)
      if (reply) {
        if ('error' in reply) throw new Error(reply.error)
        answers.delete(taken)
        take(reply.done as Done<J>, open.get(taken)!)
        open.delete(taken)
        taken++
      } else if (!heard && (!all || taken < given)) {
        if (isDone) Atomics.wait(this.bell, 0, rung, nap)
        else {
          const step = meanwhile!.next()
          isDone = step.done === true
          if (step.value === waiting) Atomics.wait(this.bell, 0, rung, nap)
        }
      }
      yield { phase, done: taken, total: given }
    }
  }

  private ask(thread: Thread, asked: Asked): void {
    thread.port.postMessage(asked)
    thread.open++
  }

  /** Takes an answer of each thread, for whichever run; was there one? */
  private listen(): boolean {
    let heard = false
    for (const thread of this.threads) {
      if (thread.open === 0) continue
      const message = receiveMessageOnPort(thread.port) as { message: Reply } | undefined
      if (!message) continue
      heard = true
      thread.open--
      this.runs.get(message.message.run)?.set(message.message.index, message.message)
    }
    return heard
  }

  /** Ends the threads; they start again when they are needed. */
  dispose(): void {
    this.losses++
    for (const { worker, port } of this.threads.splice(0)) {
      port.close()
      void worker.terminate()
    }
  }

  /** Is there a thread without a job that waits? */
  private hasRoom(): boolean {
    return this.threads.length < this.count || this.threads.some(({ open }) => open < mostOpen)
  }

  /** The thread that has least to do, a new one before a second job for one that is there. */
  private leastBusy(): Thread {
    const { threads } = this
    const idle = threads.find(({ open }) => open === 0)
    if (idle) return idle
    if (threads.length < this.count) return this.start()
    return threads.reduce((a, b) => (b.open < a.open ? b : a))
  }

  private start(): Thread {
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(this.program, { workerData: { port: port2, bell: this.bell }, transferList: [port2] })
    // Nobody waits for them: the process may end while they idle.
    worker.unref()
    port1.unref()
    const thread = { worker, port: port1, open: 0 }
    this.threads.push(thread)
    return thread
  }
}

/** Serves jobs in a thread. */
export function serveJobs(): void {
  if (!parentPort) throw new Error('this program runs as a thread')
  const { port, bell } = workerData as { port: MessagePort; bell: Int32Array }
  port.on('message', ({ run, index, job }: Asked) => {
    let reply: Reply
    try {
      reply = { run, index, done: runJob(job) }
    } catch (error) {
      reply = { run, index, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    port.postMessage(reply, 'done' in reply ? buffersOf(reply.done) : [])
    Atomics.add(bell, 0, 1)
    Atomics.notify(bell, 0)
  })
}

/** The memory of what a job gave, which moves instead of being copied. */
function buffersOf(done: Done<Job>): ArrayBuffer[] {
  const lists =
    done.kind === 'rows'
      ? [
          done.slots,
          done.forms.pool,
          done.forms.start,
          done.forms.formA,
          done.forms.formB,
          ...(done.forms.parity ? Object.values(done.forms.parity) : []),
        ]
      : done.kind === 'join'
        ? [done.parent, done.sorted?.shingles, done.sorted?.slots]
        : done.kind === 'lines'
          ? [done.part?.starts, done.part?.ends]
          : done.kind === 'held'
            ? [done.slots, done.ends, done.shingles]
            : done.kind === 'hits'
              ? done.parts.flatMap(({ slots, shingles }) => [slots, shingles])
              : done.kind === 'holders'
                ? [done.slots, done.ends, done.holders]
                : []
  const buffers = new Set<ArrayBuffer>()
  for (const list of lists) if (list && list.buffer instanceof ArrayBuffer) buffers.add(list.buffer)
  return [...buffers]
}
