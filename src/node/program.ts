import { execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { askControl } from './control.ts'
import { withCuda } from './cudaHome.ts'
import { childEnv, leanEnv } from './environment.ts'
import { holderOf, writeLock } from './lock.ts'
import { allowToRun, askToStop, readRecipe } from './runs.ts'

/** The program of the child process: beside the bundle that runs now, or in `dist/` when run from the sources. */
export function workerPath(): string {
  for (const place of ['./worker.cjs', '../../dist/worker.cjs', '../../../dist/worker.cjs']) {
    const path = fileURLToPath(new URL(place, import.meta.url))
    if (existsSync(path)) return path
  }
  throw new Failure('no-worker', 'worker.cjs is missing from this installation', 'Build it: npm run build')
}

/**
 * Starts the training of a run folder, or goes on with it, in a process of its own that outlives this one. What it
 * has to say is in the folder: events in `events.jsonl`, everything else in `stderr.log`. A run that is at work
 * already is refused.
 */
export async function startTraining(folder: string, worker = workerPath()): Promise<{ readonly pid: number }> {
  const holder = await holderOf(folder)
  if (holder.kind === 'alive' || holder.kind === 'elsewhere')
    throw new Failure(
      'run-busy',
      `The run ${basename(folder)} is at work already${holder.kind === 'alive' ? ` (process ${holder.pid})` : ' on another machine'}`,
      'Wait for it, or stop it first',
    )
  await allowToRun(folder)
  askControl(folder, { paused: false })
  // A recipe that asks for little memory should get it; what cannot be read is told by the child.
  const lean = await readRecipe(folder).then(
    recipe => recipe.batch.recompute === true,
    () => false,
  )
  const log = openSync(join(folder, 'stderr.log'), 'a')
  try {
    const child = spawn(process.execPath, [worker, 'train', folder], {
      detached: true,
      stdio: ['ignore', 'ignore', log],
      env: { ...withCuda(childEnv(process.env)), ...(lean ? leanEnv : {}) },
      windowsHide: true,
    })
    child.on('error', () => {}) // Told below, through the missing pid.
    if (child.pid === undefined)
      throw new Failure('no-process', `The training process could not be started: ${process.execPath} ${worker}`)
    await writeLock(folder, child.pid)
    child.unref()
    return { pid: child.pid }
  } finally {
    closeSync(log)
  }
}

/** Waits until nobody is at work on the run; false where it still is after `ms`, or when cancelled. */
export async function waitForEnd(
  folder: string,
  { ms = Number.POSITIVE_INFINITY, cancel }: { readonly ms?: number; readonly cancel?: Cancel } = {},
): Promise<boolean> {
  for (const until = Date.now() + ms; ; ) {
    if ((await holderOf(folder)).kind !== 'alive') return true
    if (Date.now() >= until || cancel?.aborted) return false
    await new Promise(resolve => setTimeout(resolve, Math.min(100, Math.max(1, until - Date.now()))))
  }
}

/** Asks the run to stop, waits, and ends its process where it does not listen. Says which it was. */
export async function stopRun(folder: string, patienceMs = 30_000): Promise<'stopped' | 'killed'> {
  await askToStop(folder)
  if (await waitForEnd(folder, { ms: patienceMs })) return 'stopped'
  await killRun(folder)
  return 'killed'
}

/** Ends the process of a run and all that it started, at once. What it has saved remains. */
export async function killRun(folder: string): Promise<void> {
  const holder = await holderOf(folder)
  if (holder.kind !== 'alive') return
  if (process.platform === 'win32') await once(execFile('taskkill', ['/T', '/F', '/PID', String(holder.pid)]), 'exit')
  // Not the leader of a group: somebody ran it in the foreground. Neither: it ended between the look and the blow.
  else if (!endNow(-holder.pid)) endNow(holder.pid)
  await waitForEnd(folder, { ms: 5000 })
}

/** Ends a process, or with a negative number a group of them; false where there is none. */
function endNow(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Runs the worker to its end, as for `evaluate`, and gives what it printed. Its error output goes to `err`. */
export async function runWorker(
  args: readonly string[],
  {
    cwd,
    err,
    cancel,
    worker = workerPath(),
  }: {
    readonly cwd: string
    readonly err: (text: string) => void
    readonly cancel: Cancel
    readonly worker?: string
  },
): Promise<{ readonly code: number; readonly out: string }> {
  const options: SpawnOptions = {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withCuda(childEnv(process.env)),
    windowsHide: true,
  }
  const child = spawn(process.execPath, [worker, ...args], options)
  const out: Buffer[] = []
  child.stdout?.on('data', (data: Buffer) => out.push(data))
  child.stderr?.setEncoding('utf8').on('data', err)
  const timer = setInterval(() => {
    if (cancel.aborted) child.kill()
  }, 100)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (code === null && !cancel.aborted) throw new Failure('worker-died', `The worker process was ended by ${signal}`)
    return { code: code ?? 130, out: Buffer.concat(out).toString('utf8') }
  } finally {
    clearInterval(timer)
  }
}
