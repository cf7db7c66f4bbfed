import * as vscode from 'vscode'
import { type Disposable, Emitter, Store } from '../core/base/event.ts'
import { Failure } from '../core/base/failure.ts'
import type {
  CheckListener,
  CheckService,
  DocumentChange,
  FoundRow,
  Report,
  ReportChange,
  ReportedEdit,
  RowService,
} from '../core/check/report.ts'
import { withChangeWork } from '../core/check/withChange.ts'
import type { RowsService } from '../core/view/rowsProtocol.ts'
import { breathe, diskFolders, pathOf, uriOf } from './adapt.ts'
import { type Follower, Following } from './following.ts'
import { mayHoldData } from './probe.ts'
import { changed, setting } from './settings.ts'
import { isOurs, watchData } from './watching.ts'

/** The checking process as this side sees it: ask, hear of the progress, end it. */
export interface Checker extends Disposable, Follower {
  check(request: Parameters<CheckService['check']>[0]): Promise<Report>
  rows(request: Parameters<RowService['rows']>[0]): Promise<readonly (FoundRow | undefined)[]>
  rewrite(request: Parameters<CheckService['rewrite']>[0]): Promise<readonly string[]>
  cancel(): void
  ask<K extends keyof RowsService>(name: K, request: Parameters<RowsService[K]>[0]): Promise<ReturnType<RowsService[K]>>
}

export type CheckState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'checking'; readonly phase: string; readonly done: number; readonly total: number }
  | { readonly kind: 'checked' }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string }

/** A report together with what has changed while it was made. */
export interface Checked {
  readonly report: Report
  /** Files edited since: their places are no longer true. */
  readonly stale: ReadonlySet<string>
  /** The version of each open document that was checked. */
  readonly versions: ReadonlyMap<string, number>
  /** When the check began: a file on disk that is younger was not checked. */
  readonly began: number
}

/** Texts longer than this are not sent at every key: they are checked once saved. */
const longest = 20_000_000
const nothing: Report = { datasets: [], findings: [], counts: {}, versions: {}, ms: 0 }
const typing = 300
const settling = 400

/**
 * Says when to check, with what, and what has come of it. The work itself is done by the checking process. One check
 * at a time: a request during a check is answered by one more check after it, so that someone who keeps typing still
 * sees findings, and what came too late for an edited file is not shown for that file.
 */
export class Checking implements Disposable {
  private readonly reports = new Emitter<Checked>()
  private readonly states = new Emitter<CheckState>()
  private readonly store = new Store()
  private readonly start: (listener: CheckListener) => Checker
  private readonly log: vscode.LogOutputChannel
  private checker: Checker | undefined
  private readonly following: Following
  private timer: NodeJS.Timeout | undefined
  private current: Promise<Checked | undefined> | undefined
  private again = false
  /** Documents of which every edit since the last check was handed on. */
  private readonly followed = new Set<string>()
  private closed = false

  readonly onReport = this.reports.event
  readonly onState = this.states.event
  last: Checked | undefined
  state: CheckState = { kind: 'idle' }

  constructor(start: (listener: CheckListener) => Checker, log: vscode.LogOutputChannel) {
    this.start = start
    this.log = log
    this.following = new Following(() => this.process(), {
      changed: (change, edits) => this.change(change, edits),
      lost: () => this.soon(typing),
    })
    this.watch()
  }

  /** Checks now; what a person asked for. Undefined where nothing could be said, `state` then tells why. */
  async check(): Promise<Checked | undefined> {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.current) {
      this.again = true
      await this.current
      return this.current ?? this.last
    }
    return this.begin()
  }

  /** Checks once nothing has changed for a moment. */
  soon(wait = settling): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.timer = undefined
      void this.check()
    }, wait)
  }

  /** Where rows of a file are now, in the text the person sees, and what they say. */
  async rows(
    path: string,
    wanted: readonly { readonly row: number; readonly text?: string }[],
  ): Promise<readonly (FoundRow | undefined)[]> {
    const open = vscode.workspace.textDocuments.find(one => one.isDirty && pathOf(one.uri) === path)
    const document = open && { version: open.version, text: open.getText() }
    return this.process().rows({ uri: path, wanted, ...(document ? { document } : {}) })
  }

  /** What the rows panels ask of the checking process; see `RowsService`. */
  ask<K extends keyof RowsService>(
    name: K,
    request: Parameters<RowsService[K]>[0],
  ): Promise<ReturnType<RowsService[K]>> {
    return this.process().ask(name, request)
  }

  /** Makes edits on disk, in files that are too large to be edited here; the journal of their folder keeps what was. */
  async rewrite(edits: readonly ReportedEdit[]): Promise<readonly string[]> {
    const roots = diskFolders().map(folder => folder.path)
    const rootOf = (path: string) => roots.find(root => path.startsWith(`${root}/`)) ?? roots[0]
    const byRoot = new Map<string, ReportedEdit[]>()
    for (const edit of edits) {
      const root = rootOf(edit.uri)
      if (root !== undefined) byRoot.set(root, [...(byRoot.get(root) ?? []), edit])
    }
    const files: string[] = []
    for (const [root, own] of byRoot) files.push(...(await this.process().rewrite({ root, edits: own })))
    return files
  }

  /** Ends the check in progress. What was known before stays. */
  cancel(): void {
    this.again = false
    this.checker?.cancel()
  }

  dispose(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.following.dispose()
    this.store.dispose()
    this.checker?.dispose()
    this.reports.dispose()
    this.states.dispose()
  }

  /** Tells the report as an edit has left it; a check that begins meanwhile, or a newer report, says more. */
  private async change(change: ReportChange, edits: DocumentChange['edits']): Promise<void> {
    const before = this.last?.report
    if (!before || this.closed || this.current) return
    const work = withChangeWork(before, change, edits)
    let step = work.next()
    for (; !step.done; step = work.next()) {
      await breathe()
      if (this.closed || this.current || this.last?.report !== before) return
    }
    const { last } = this
    if (!last) return
    const versions = new Map(last.versions).set(change.uri, change.version)
    this.tell({ ...last, report: step.value, versions, stale: staleFor(versions, last.stale) })
  }

  private process(): Checker {
    this.checker ??= this.start({
      progress: p => this.setState({ kind: 'checking', ...p }),
      // Shown until there is a report, and no more than shown: nothing can be fixed by it.
      early: report => {
        if (!this.last && !this.closed)
          this.reports.fire({ report, stale: new Set(), versions: new Map(), began: Date.now() })
      },
      // Of everything, some time after edits that were followed.
      refreshed: report => {
        const { last } = this
        if (!last || this.closed || this.current || this.timer) return
        const versions = new Map([...last.versions, ...Object.entries(report.versions)])
        this.tell({ report, stale: staleFor(versions, last.stale), versions, began: Date.now() - report.ms })
      },
    })
    return this.checker
  }

  private begin(): Promise<Checked | undefined> {
    const current = this.run().finally(() => {
      if (this.current === current) this.current = undefined
      if (this.again && !this.closed) {
        this.again = false
        void this.begin()
      }
    })
    this.current = current
    return current
  }

  /** Follows an edit of a document that was checked, unless a check is due or under way. */
  private follow(event: vscode.TextDocumentChangeEvent): boolean {
    const path = pathOf(event.document.uri)
    const { last } = this
    if (!last || this.current || this.timer || !last.versions.has(path)) return false
    if (!/\.(jsonl|ndjson|csv|tsv)$/i.test(path) || (last.stale.has(path) && !this.followed.has(path))) return false
    this.followed.add(path)
    this.following.add(event)
    return true
  }

  private async run(): Promise<Checked | undefined> {
    this.following.stop()
    this.followed.clear()
    const folders = diskFolders().map(folder => folder.path)
    const began = Date.now()
    const { documents, versions, unsent } = openTexts()
    this.setState({ kind: 'checking', phase: '', done: 0, total: 0 })
    try {
      if (folders.length === 0) return this.tell({ report: nothing, stale: new Set(), versions, began })
      if (!this.checker && !(await mayHoldData(folders))) throw new Failure('no-dataset', 'There is no data file here')
      // The editor's settings are proxies, which cannot travel to another process.
      const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
      // Each folder of the workspace has settings of its own.
      const of = Object.fromEntries(
        diskFolders().map(({ path, uri }) => [
          path,
          { rules: plain(setting('rules', uri)), exclude: plain(setting('check.exclude', uri)) },
        ]),
      )
      const report = await this.process().check({ folders, documents, of })
      if (this.closed) return undefined
      const stale = new Set(unsent)
      for (const document of vscode.workspace.textDocuments) {
        if (!isOurs(document.uri)) continue
        const path = pathOf(document.uri)
        const version = versions.get(path)
        if (version === undefined ? document.isDirty : version !== document.version) stale.add(path)
      }
      for (const warning of report.warnings ?? []) this.log.warn(warning)
      this.log.debug(`checked in ${report.ms.toFixed(0)} ms: ${report.findings.length} findings`)
      return this.tell({ report, stale, versions, began })
    } catch (error) {
      if (this.closed) return undefined
      if (error instanceof Failure && error.code === 'no-dataset')
        return this.tell({ report: nothing, stale: new Set(), versions, began })
      if (error instanceof Failure && error.code === 'cancelled') {
        this.setState(this.last ? { kind: 'checked' } : { kind: 'idle' })
        return undefined
      }
      // A process that has ended is replaced by the next check; its own words are in the log.
      this.checker?.dispose()
      this.checker = undefined
      this.log.error(error instanceof Error ? error : String(error))
      const hint = error instanceof Failure ? error.hint : ''
      this.setState({ kind: 'failed', message: error instanceof Error ? error.message : String(error), hint })
      return undefined
    }
  }

  private tell(checked: Checked): Checked {
    this.last = checked
    this.reports.fire(checked)
    this.setState({ kind: 'checked' })
    return checked
  }

  private setState(state: CheckState): void {
    this.state = state
    this.states.fire(state)
  }

  private watch(): void {
    const again = () => {
      if (setting('check.automatic')) this.soon()
    }
    const known = () =>
      this.last?.report.datasets.flatMap(({ splits }) => splits.flatMap(({ files }) => files.map(file => file.uri))) ??
      []
    this.store.add(watchData(again, known))
    this.store.add(
      vscode.workspace.onDidChangeTextDocument(event => {
        const { document, contentChanges } = event
        if (contentChanges.length === 0 || !isOurs(document.uri)) return
        const automatic = setting('check.automatic') && setting('check.onType')
        const follows = automatic && this.follow(event)
        this.last = this.last && { ...this.last, stale: new Set([...this.last.stale, pathOf(document.uri)]) }
        if (automatic && !follows) this.soon(typing)
      }),
    )
    this.store.add(
      vscode.workspace.onDidSaveTextDocument(document => {
        if (isOurs(document.uri) && setting('check.automatic')) this.soon()
      }),
    )
    this.store.add(
      vscode.workspace.onDidCloseTextDocument(document => {
        // Closed without saving: the file on disk counts again.
        if (isOurs(document.uri) && this.last?.versions.has(pathOf(document.uri)) && setting('check.automatic'))
          this.soon()
      }),
    )
    this.store.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.soon()))
    this.store.add(
      vscode.workspace.onDidChangeConfiguration(event => {
        if (changed(event, 'rules', 'check.exclude')) this.soon()
      }),
    )
  }
}

/** The files of which another version than the checked one is open; those that were never checked stay as they were. */
function staleFor(versions: ReadonlyMap<string, number>, before: ReadonlySet<string>): Set<string> {
  const stale = new Set(before)
  for (const document of vscode.workspace.textDocuments) {
    if (document.isClosed || !isOurs(document.uri)) continue
    const path = pathOf(document.uri)
    const version = versions.get(path)
    if (version === document.version) stale.delete(path)
    else if (version !== undefined || document.isDirty) stale.add(path)
  }
  return stale
}

/** The unsaved texts, and the version of every open document whose text or file is checked now. */
function openTexts(): {
  documents: { uri: string; version: number; text: string }[]
  versions: Map<string, number>
  unsent: string[]
} {
  const documents = []
  const versions = new Map<string, number>()
  const unsent: string[] = []
  for (const document of vscode.workspace.textDocuments) {
    if (document.isClosed || !isOurs(document.uri)) continue
    const path = pathOf(document.uri)
    if (document.isDirty) {
      if (document.lineCount > 0 && document.offsetAt(document.lineAt(document.lineCount - 1).range.end) > longest) {
        unsent.push(path)
        continue
      }
      documents.push({ uri: path, version: document.version, text: document.getText() })
    }
    versions.set(path, document.version)
  }
  return { documents, versions, unsent }
}

/** Is what was said about this file still true? Open documents by version, files on disk by their age. */
export async function isCurrent(checked: Checked, path: string): Promise<boolean> {
  if (checked.stale.has(path)) return false
  const open = vscode.workspace.textDocuments.find(document => pathOf(document.uri) === path && !document.isClosed)
  if (open && checked.versions.has(path)) return open.version === checked.versions.get(path)
  if (open?.isDirty) return false
  try {
    return (await vscode.workspace.fs.stat(uriOf(path))).mtime <= checked.began
  } catch {
    return false // the file is gone
  }
}
