import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { type Disposable, Emitter, Store } from '../core/base/event.ts'
import { newRun, type Run, reduce } from '../core/run/run.ts'
import type { RunEvent } from '../core/train/event.ts'
import { slashed } from '../node/files.ts'
import { followRun } from '../node/runLog.ts'
import { findRoot, listRuns, type RunCache } from '../node/runs.ts'
import { diskFolders } from './adapt.ts'

/** A run of the workspace, as its folder tells it. */
export interface RunEntry {
  readonly id: string
  readonly folder: string
  /** The workspace it belongs to: what paths in its predictions are relative to. */
  readonly root: string
  readonly run: Run
}

/** Where watching does not work, as on a network drive, new runs are noticed by looking. */
const lookEvery = 5000
/** Views are drawn again at most this often, however fast a run steps. */
const drawEvery = 250
/** A process that has not taken its run by then will not. */
const patience = 60_000

/**
 * All runs of the workspace. Their folders are the whole truth: a run that the command line started appears here, and
 * after a reload everything is found again. Runs that have not ended are followed.
 */
export class History implements Disposable {
  private readonly store = new Store()
  private readonly changes = new Emitter<void>()
  private readonly news = new Emitter<{ readonly id: string; readonly events: readonly RunEvent[] }>()
  private readonly ends = new Emitter<RunEntry>()
  private readonly cache: RunCache = new Map()
  private readonly entries = new Map<string, RunEntry>()
  private readonly followed = new Map<string, Disposable>()
  private readonly log: vscode.LogOutputChannel
  private refreshing: Promise<void> | undefined
  private again = false
  private drawing: NodeJS.Timeout | undefined
  private closed = false

  /** Something a view shows has changed. */
  readonly onChange = this.changes.event
  /** New events of a followed run, for a panel that shows it. */
  readonly onEvents = this.news.event
  /** A run that was going on when we first saw it has ended. */
  readonly onEnd = this.ends.event

  constructor(log: vscode.LogOutputChannel) {
    this.log = log
    const watcher = vscode.workspace.createFileSystemWatcher('**/.winnow/runs/*/{recipe.json,lock}')
    this.store.add(watcher)
    this.store.add(watcher.onDidCreate(() => void this.refresh()))
    this.store.add(watcher.onDidDelete(() => void this.refresh()))
    this.store.add(vscode.workspace.onDidChangeWorkspaceFolders(() => void this.refresh()))
    const timer = setInterval(() => void this.refresh(), lookEvery)
    this.store.add({ dispose: () => clearInterval(timer) })
  }

  /** Newest first. */
  get runs(): readonly RunEntry[] {
    return [...this.entries.values()].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
  }

  find(id: string): RunEntry | undefined {
    return this.entries.get(id)
  }

  running(): readonly RunEntry[] {
    return this.runs.filter(isGoing)
  }

  /** Looks at the folders again. */
  refresh(): Promise<void> {
    if (this.refreshing) {
      this.again = true
      return this.refreshing
    }
    this.refreshing = this.look().finally(() => {
      this.refreshing = undefined
      if (this.again && !this.closed) {
        this.again = false
        void this.refresh()
      }
    })
    return this.refreshing
  }

  dispose(): void {
    this.closed = true
    clearTimeout(this.drawing)
    for (const follower of this.followed.values()) follower.dispose()
    this.store.dispose()
    this.changes.dispose()
    this.news.dispose()
    this.ends.dispose()
  }

  private async look(): Promise<void> {
    const seen = new Set<string>()
    try {
      // A folder inside a larger project may keep its runs further up, as the command line does.
      for (const root of new Set(diskFolders().map(folder => slashed(findRoot(folder.path))))) {
        for (const { id, folder, run, alive } of await listRuns(root, this.cache)) {
          if (this.closed) return
          seen.add(id)
          // A followed run knows more than the list does, which was read a moment ago.
          const followed = this.followed.has(id) && this.entries.get(id)
          if (followed) {
            if (!alive && !isGoing(followed)) this.unfollow(id)
            continue
          }
          const before = this.entries.get(id)
          const entry = { id, folder, root, run: alive ? run : await startedAtAll(folder, run) }
          this.entries.set(id, entry)
          if (alive || isGoing(entry)) this.follow(entry)
          if (!before || before.run.phase !== entry.run.phase) this.draw()
        }
      }
    } catch (error) {
      this.log.warn(`The runs could not be listed: ${error instanceof Error ? error.message : error}`)
      return
    }
    for (const id of [...this.entries.keys()]) {
      if (seen.has(id)) continue
      this.entries.delete(id)
      this.unfollow(id)
      this.draw()
    }
  }

  private follow(entry: RunEntry): void {
    const { id, folder, root } = entry
    // A log is always replayed from its start. What the list has read of it already is no news, and an end that was
    // written before we looked, as in the log of a run that is being resumed, is not told again.
    const known = lastTime(entry.run)
    const since = Date.now()
    let run = newRun(id, entry.run.name)
    const follower = followRun(folder, {
      onEvents: events => {
        run = events.reduce(reduce, run)
        const now = { id, folder, root, run }
        this.entries.set(id, now)
        const fresh = events.filter(event => event.at > known)
        if (fresh.length > 0) this.news.fire({ id, events: fresh })
        const last = events.at(-1)
        if (last?.kind === 'ended' && last.at >= since) this.ends.fire(now)
        this.draw()
      },
      onReset: () => {
        run = newRun(id, entry.run.name)
      },
      onProblem: error =>
        this.log.warn(`Run ${id} could not be read: ${error instanceof Error ? error.message : error}`),
    })
    this.followed.set(id, follower)
  }

  private unfollow(id: string): void {
    this.followed.get(id)?.dispose()
    this.followed.delete(id)
  }

  private draw(): void {
    this.drawing ??= setTimeout(() => {
      this.drawing = undefined
      this.changes.fire()
    }, drawEvery)
  }
}

export function isGoing({ run }: Pick<RunEntry, 'run'>): boolean {
  return run.phase === 'running' || run.phase === 'waiting'
}

/** A folder that was made a while ago, and that nobody has begun to work on, is no run that is about to start. */
async function startedAtAll(folder: string, run: Run): Promise<Run> {
  if (run.phase !== 'waiting') return run
  const made = await stat(join(folder, 'recipe.json')).then(
    file => file.mtimeMs,
    () => 0,
  )
  if (Date.now() - made < patience) return run
  const reason = vscode.l10n.t('it was never started')
  return reduce(run, { kind: 'ended', at: Math.round(made), outcome: 'failed', reason })
}

/** When the newest event of a run was written that its state still shows. */
function lastTime(run: Run): number {
  const times = [run.started?.at, run.endedAt, run.series.at.at(-1), run.evaluated.at(-1)?.at, run.warned.at(-1)?.at]
  return Math.max(0, ...times.map(at => at ?? 0))
}
