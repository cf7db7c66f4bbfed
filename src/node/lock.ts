import { execFile } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** `lock` of a run folder: who writes its log. Pids are reused, so the process's start time belongs to its name. */
export interface Lock {
  readonly pid: number
  /** When the process started, in the system's own words; only ever compared. */
  readonly started: string
  readonly host: string
}

/** The holder of a run folder: `gone` ended without taking its lock away, `elsewhere` runs on another machine. */
export type Holder = { readonly kind: 'none' | 'gone' | 'elsewhere' } | { readonly kind: 'alive'; readonly pid: number }

/** Says that the process `pid` writes this run's log from now on. */
export async function writeLock(folder: string, pid: number): Promise<void> {
  const lock: Lock = { pid, started: (await processStart(pid)) ?? '', host: hostname() }
  const file = join(folder, 'lock')
  // Whole or not at all: a half-written lock would look like a process that is gone.
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(lock)}\n`)
  await rename(`${file}.${process.pid}`, file)
}

/** Who holds the folder now. A lock that cannot be read counts as gone. */
export async function holderOf(folder: string): Promise<Holder> {
  let lock: Lock
  try {
    lock = JSON.parse(await readFile(join(folder, 'lock'), 'utf8')) as Lock
  } catch (error) {
    return { kind: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'gone' }
  }
  if (lock.host !== hostname()) return { kind: 'elsewhere' }
  const started = await processStart(lock.pid)
  const same = started !== undefined && (lock.started === '' || started === '' || started === lock.started)
  return same ? { kind: 'alive', pid: lock.pid } : { kind: 'gone' }
}

const run = promisify(execFile)

/** When a process started, or undefined where there is none. The empty text where the system does not tell. */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!Number.isInteger(pid) || pid <= 0 || !exists(pid)) return undefined
  if (process.platform === 'linux') {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
      // The name in brackets may hold anything; the fields after it are plain. State is the first, start the 20th.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // A zombie has ended; its parent has not asked how yet.
      if (fields[0] === 'Z' || fields[0] === 'X') return undefined
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
      return `${fields[19]} ${boot}`.trim()
    } catch {
      return exists(pid) ? '' : undefined // It ended between the two looks, or /proc is not there.
    }
  }
  try {
    const { stdout } =
      process.platform === 'win32'
        ? await run('powershell.exe', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`])
        : await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } })
    return stdout.trim()
  } catch {
    return exists(pid) ? '' : undefined // Without the tool the pid alone has to do.
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
