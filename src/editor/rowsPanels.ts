import { dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { Failure } from '../core/base/failure.ts'
import type { ReportedDataset } from '../core/check/report.ts'
import type { FromRowsPanel, RowsClause, RowsHead, ToRowsPanel } from '../core/view/rowsProtocol.ts'
import { baseName, folderOf, pathOf } from './adapt.ts'
import type { Checking } from './checking.ts'
import type { Fixes } from './fixes.ts'
import type { History } from './history.ts'
import { ignoreFinding } from './ignore.ts'
import { panelState, problemOf } from './messages.ts'
import { dressPanel, makePanel } from './panelPage.ts'
import type { Rows } from './rows.ts'
import { RowsEdits } from './rowsEdits.ts'
import { fromRowsPanel } from './rowsMessages.ts'

interface Parts {
  readonly extension: vscode.Uri
  readonly checking: Checking
  readonly fixes: Fixes
  readonly rows: Rows
  readonly history: History
  readonly log: vscode.LogOutputChannel
}

/** What to begin with: conditions, or a line of a file whose row is shown. */
export interface RowsWish {
  readonly clauses?: readonly RowsClause[]
  readonly line?: { readonly path: string; readonly line: number }
}

/** The type of the read-only editor of Parquet files. */
export const parquetEditor = 'winnow.parquet'

/** Names a dataset, or one file, across reloads. */
export const datasetId = (dataset: ReportedDataset): string => `dataset:${dataset.splits[0]?.files[0]?.uri ?? ''}`
const fileId = (path: string): string => `file:${path}`

/** The rows panels: each a grid over a dataset or a file. Parquet files open in one as in an editor of their own. */
export class RowsPanels implements Disposable, vscode.WebviewPanelSerializer, vscode.CustomReadonlyEditorProvider {
  private readonly open = new Set<RowsPanel>()
  private readonly parts: Parts
  private readonly store = new Store()
  private made = 0

  constructor(parts: Parts) {
    this.parts = parts
    this.store.add(
      parts.checking.onReport(() => {
        for (const panel of this.open) void panel.refresh()
      }),
    )
  }

  /** Shows a dataset, the dataset that a file belongs to, or that file. */
  show(given: ReportedDataset | string, wish: RowsWish = {}): void {
    const id = typeof given === 'string' ? this.idOf(given) : datasetId(given)
    const shown = [...this.open].find(panel => panel.id === id)
    if (shown) {
      shown.panel.reveal()
      void shown.wish(wish)
      return
    }
    const panel = makePanel(this.parts.extension, 'rows', vscode.l10n.t('Rows'))
    this.keep(panel, id, wish)
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const state = panelState(saved)
    if (state?.panel !== 'rows') {
      panel.dispose()
      return
    }
    dressPanel(panel, this.parts.extension, 'rows')
    this.keep(panel, state.id, {})
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => {} }
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    dressPanel(panel, this.parts.extension, 'rows')
    this.keep(panel, fileId(pathOf(uri)), { alone: true })
  }

  dispose(): void {
    this.store.dispose()
    for (const panel of this.open) panel.panel.dispose()
  }

  /** The dataset that a file is part of, else the file by itself. */
  private idOf(path: string): string {
    const { last } = this.parts.checking
    const dataset = last?.report.datasets.find(one =>
      one.splits.some(split => split.files.some(file => file.uri === path)),
    )
    return dataset ? datasetId(dataset) : fileId(path)
  }

  private keep(panel: vscode.WebviewPanel, id: string, wish: RowsWish & { readonly alone?: boolean }): void {
    const shown = new RowsPanel(panel, this.parts, { id, wish, view: `rows-${++this.made}` })
    this.open.add(shown)
    panel.onDidDispose(() => {
      shown.dispose()
      this.open.delete(shown)
    })
  }
}

class RowsPanel implements Disposable {
  readonly panel: vscode.WebviewPanel
  id: string
  private readonly parts: Parts
  private readonly view: string
  private readonly edits: RowsEdits
  private readonly store = new Store()
  /** A file in an editor of its own, which shows no other. */
  private readonly alone: boolean
  private wished: RowsWish
  private head: RowsHead | undefined
  private rowsBefore = -1
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(
    panel: vscode.WebviewPanel,
    parts: Parts,
    of: { readonly id: string; readonly wish: RowsWish & { readonly alone?: boolean }; readonly view: string },
  ) {
    this.panel = panel
    this.parts = parts
    this.id = of.id
    this.view = of.view
    this.alone = of.wish.alone ?? false
    this.wished = of.wish
    this.edits = new RowsEdits(parts.checking, of.view)
    this.store.add(panel.webview.onDidReceiveMessage(message => void this.receive(message)))
  }

  dispose(): void {
    this.closed = true
    this.store.dispose()
    void this.parts.checking.ask('rowsClose', { view: this.view }).catch(() => {})
  }

  /** There is a new report: findings and rows may be others. */
  async refresh(): Promise<void> {
    await this.next(() => this.hydrate(this.head !== undefined))
  }

  async wish(wish: RowsWish): Promise<void> {
    if (!wish.line && !wish.clauses) return
    this.wished = wish
    await this.next(() => this.hydrate(false))
  }

  private send(message: ToRowsPanel): void {
    if (!this.closed) void this.panel.webview.postMessage(message)
  }

  private async receive(raw: unknown): Promise<void> {
    const message = fromRowsPanel(raw)
    if (!message) {
      this.parts.log.warn('A message of the rows panel was not understood', JSON.stringify(raw)?.slice(0, 200))
      return
    }
    // Edits wait for one another; what is only read does not.
    const waits = ['edit', 'undo', 'write', 'fix', 'choose', 'ready'].includes(message.kind)
    if (waits) await this.next(() => this.act(message))
    else await this.guarded(() => this.act(message))
  }

  private next(work: () => Promise<unknown>): Promise<unknown> {
    this.queue = this.queue.then(() => this.guarded(work))
    return this.queue
  }

  private async guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      if (!this.closed) await work()
    } catch (error) {
      // A newer question took the place of this one.
      if (this.closed || (error instanceof Failure && error.code === 'cancelled')) return
      this.parts.log.error(error instanceof Error ? error : String(error))
      if (error instanceof Failure && ['read-only', 'no-cell', 'changed', 'not-edited'].includes(error.code))
        this.send({ kind: 'refused', why: [error.message, error.hint].filter(Boolean).join('. ') })
      else this.send(problemOf(error))
    }
  }

  private async act(message: FromRowsPanel): Promise<unknown> {
    const { checking, fixes, rows } = this.parts
    const { view } = this
    switch (message.kind) {
      case 'ready':
        return this.hydrate(false)
      case 'choose':
        this.id = message.id
        this.edits.forget()
        return this.hydrate(false)
      case 'query':
        this.send({
          kind: 'result',
          result: await checking.ask('rowsQuery', { view, query: message.query, of: message.of }),
        })
        return
      case 'lines': {
        const { query, from, to } = message
        this.send({ kind: 'lines', ...(await checking.ask('rowsLines', { view, query, from, to })) })
        return
      }
      case 'detail':
        return this.sendDetail(message.at)
      case 'place': {
        const index = await checking.ask('rowsPlace', { view, at: message.at })
        const version = this.head?.version ?? 0
        this.send({ kind: 'place', version, at: message.at, ...(index === undefined ? {} : { index }) })
        return
      }
      case 'openRow': {
        const { path, row } = await checking.ask('rowsDetail', { view, at: message.at })
        if (path.endsWith('.parquet')) return
        return rows.open(folderOf(path) ?? dirname(path), { file: path, row })
      }
      case 'edit':
        await this.open()
        await this.edits.make(message.at, message.column, message.value)
        return this.tell(message.at)
      case 'undo': {
        const at = await this.edits.takeBack()
        return at === undefined ? undefined : this.tell(at)
      }
      case 'write':
        if (!(await this.edits.write())) return
        this.send({ kind: 'written', pending: 0, undo: 0 })
        return checking.check()
      case 'fixShown': {
        const shown = await checking.ask('rowsShown', { view })
        const sets = new Map(shown.map(({ path, rows: list }) => [path, new Set(list)]))
        const found = (checking.last?.report.findings ?? []).filter(
          ({ uri, row, rule }) =>
            row !== undefined &&
            sets.get(uri)?.has(row) &&
            (message.rules.length === 0 || message.rules.includes(rule)),
        )
        return fixes.fixFindings(vscode.l10n.t('the rows shown'), found)
      }
      case 'fix':
      case 'ignore': {
        const { path, row } = await checking.ask('rowsDetail', { view, at: message.at })
        const finding = checking.last?.report.findings.find(
          one => one.uri === path && one.row === row && one.rule === message.rule,
        )
        if (!finding) return this.send({ kind: 'refused', why: vscode.l10n.t('This finding is gone: check again.') })
        if (message.kind === 'ignore') {
          if (await ignoreFinding(finding)) checking.soon()
          return
        }
        if (!(await fixes.fixOne(finding, message.title)))
          this.send({ kind: 'refused', why: vscode.l10n.t('The file has changed since it was checked: check again.') })
        return
      }
      case 'check':
        return checking.check()
      case 'showLog':
        return vscode.commands.executeCommand('winnow.showLog')
      case 'tune':
        return vscode.commands.executeCommand('winnow.tune')
    }
  }

  /** Opens the rows as they are now and shows them; `again` keeps what is on screen. */
  /** The row in full, and after it what training says of it: the row is not kept waiting for runs to be read. */
  private async sendDetail(at: number): Promise<void> {
    const { checking, log } = this.parts
    const detail = await checking.ask('rowsDetail', { view: this.view, at })
    this.send({ kind: 'detail', detail })
    const { path, row, text } = detail
    const root = folderOf(path)
    if (root === undefined) return
    void checking.ask('rowHistory', { root, path, row, text }).then(
      history => history && !this.closed && this.send({ kind: 'history', at, history }),
      error => log.warn('What training says of a row', error instanceof Error ? error.message : String(error)),
    )
  }

  private async hydrate(again: boolean): Promise<void> {
    const before = this.head
    if (!before) this.send({ kind: 'loading', what: vscode.l10n.t('Rows') })
    const head = await this.open(before || this.wished.line ? 'all' : 'first rows')
    if (!head) return
    if (before && head.rows !== this.rowsBefore) this.edits.forget()
    this.rowsBefore = head.rows
    this.panel.title = this.alone ? baseName(head.files[0]?.path ?? '') : vscode.l10n.t('Rows of {0}', head.name)
    const { clauses, line } = this.wished
    const show = line && (await this.parts.checking.ask('rowsAtLine', { view: this.view, ...line }))
    this.wished = {}
    this.send({
      kind: 'hydrate',
      head,
      choices: this.choices(),
      chosen: this.id,
      again,
      ...(clauses ? { clauses } : {}),
      ...(show === undefined ? {} : { show }),
    })
    if (head.partial) void this.next(() => this.hydrate(true))
  }

  private async open(wanted: 'first rows' | 'all' = 'all'): Promise<RowsHead | undefined> {
    const { checking } = this.parts
    const of = this.files()
    if (!of) {
      const waits = checking.state.kind === 'checking' || !checking.last
      if (waits) this.send({ kind: 'loading', what: vscode.l10n.t('Waiting for the check') })
      else this.send({ kind: 'empty', why: vscode.l10n.t('The dataset is not there any more.') })
      return undefined
    }
    const files = of.files.map(file => {
      const open = vscode.workspace.textDocuments.find(one => one.isDirty && pathOf(one.uri) === file.path)
      return open ? { ...file, document: { version: open.version, text: open.getText() } } : file
    })
    const roles = of.roles ? { roles: { ...of.roles } } : {}
    const predictions = this.predictions(of.files[0]?.path)
    this.head = await checking.ask('rowsOpen', {
      view: this.view,
      name: of.name,
      files,
      predictions,
      first: wanted === 'first rows',
      ...roles,
    })
    return this.head
  }

  /** What the best weights of the newest runs here said of the rows they were scored on. */
  private predictions(path: string | undefined): { path: string; root: string; name: string }[] {
    const root = path === undefined ? undefined : folderOf(path)
    const scored = this.parts.history.runs.filter(entry => root !== undefined && entry.root === root)
    return scored
      .slice(0, 3)
      .flatMap(({ folder, root: from, run }) =>
        run.evaluated
          .filter(one => one.of !== 'base' && one.path !== undefined)
          .map(one => ({ path: join(folder, one.path ?? ''), root: from, name: run.name })),
      )
  }

  private files():
    | {
        readonly name: string
        readonly files: readonly { readonly path: string; readonly split?: string }[]
        readonly roles?: ReportedDataset['roles']
      }
    | undefined {
    if (this.id.startsWith('file:')) {
      const path = this.id.slice('file:'.length)
      return { name: baseName(path), files: [{ path }] }
    }
    const dataset = this.parts.checking.last?.report.datasets.find(one => datasetId(one) === this.id)
    if (!dataset) return undefined
    const files = dataset.splits.flatMap(split =>
      split.files.filter(file => !file.problem || file.rows > 0).map(({ uri }) => ({ path: uri, split: split.name })),
    )
    return { name: dataset.name, files, roles: dataset.roles }
  }

  private choices(): { readonly id: string; readonly name: string }[] {
    const own = this.id.startsWith('file:') ? [{ id: this.id, name: baseName(this.id) }] : []
    if (this.alone) return own
    const datasets = this.parts.checking.last?.report.datasets ?? []
    return [...own, ...datasets.map(dataset => ({ id: datasetId(dataset), name: dataset.name }))]
  }

  private async tell(at: number): Promise<void> {
    await this.open()
    const now = await this.edits.line(at)
    if (now) this.send({ kind: 'edited', ...now, undo: this.edits.undo, pending: this.edits.pending })
  }
}

/** The data file in the active editor, and the line of its cursor. */
export function activeRow(): { readonly path: string; readonly line: number } | undefined {
  const editor = vscode.window.activeTextEditor
  if (editor?.document.uri.scheme !== 'file') return undefined
  return { path: pathOf(editor.document.uri), line: editor.selection.active.line }
}
