import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { never } from '../core/base/failure.ts'
import { type Run, withColumns } from '../core/run/run.ts'
import { expandRows } from '../core/train/data.ts'
import type { RunEvent } from '../core/train/event.ts'
import type { BatchRow, FromRunPanel, RunShown, ToRunPanel } from '../core/view/protocol.ts'
import { askControl } from '../node/control.ts'
import { readNotes, writeNotes } from '../node/notes.ts'
import { readEvents } from '../node/runLog.ts'
import { readData, readRecipe } from '../node/runs.ts'
import { breathe } from './adapt.ts'
import { saveExport } from './exports.ts'
import type { History, RunEntry } from './history.ts'
import { fromRunPanel, panelState, problemOf } from './messages.ts'
import { dressPanel, makePanel } from './panelPage.ts'
import type { Rows } from './rows.ts'
import { runWords } from './words.ts'

/** Steps sent in one message: more would keep the extension host from answering meanwhile. */
const piece = 2000
/** Steps handed over in one message, of all its runs together: 36 MB of columns, which cross as they are. */
const stretch = 500_000

interface Parts {
  readonly extension: vscode.Uri
  readonly history: History
  readonly rows: Rows
  readonly log: vscode.LogOutputChannel
}

/** The run panels: one for a run, which may show others on top. After a reload each finds its run again. */
export class RunPanels implements Disposable, vscode.WebviewPanelSerializer {
  private readonly open = new Map<string, RunPanel>()
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  show(entry: RunEntry): void {
    const shown = this.open.get(entry.id)
    if (shown) shown.panel.reveal()
    else this.keep(entry.id, makePanel(this.parts.extension, 'run', entry.run.name), [])
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const state = panelState(saved)
    if (state?.panel !== 'run') {
      panel.dispose()
      return
    }
    dressPanel(panel, this.parts.extension, 'run')
    this.keep(state.id, panel, state.overlaid)
  }

  dispose(): void {
    for (const panel of this.open.values()) panel.dispose()
  }

  private keep(id: string, panel: vscode.WebviewPanel, overlaid: readonly string[]): void {
    const shown = new RunPanel(panel, this.parts, [id, ...overlaid])
    this.open.set(id, shown)
    panel.onDidDispose(() => {
      shown.dispose()
      this.open.delete(id)
    })
  }
}

/** One panel: the whole state once when it is ready, then every event as it comes. */
class RunPanel implements Disposable {
  readonly panel: vscode.WebviewPanel
  private readonly parts: Parts
  private readonly store = new Store()
  /** The panel's own run first, then those laid over it; a run keeps its colour while the panel lives. */
  private shown: readonly string[]
  private readonly colors = new Map<string, number>()
  /** Events that came while the state was being sent; undefined when nothing is being sent. */
  private waiting: { readonly id: string; readonly events: readonly RunEvent[] }[] | undefined

  constructor(panel: vscode.WebviewPanel, parts: Parts, shown: readonly string[]) {
    this.panel = panel
    this.parts = parts
    this.shown = shown
    this.store.add(panel.webview.onDidReceiveMessage(message => void this.receive(message)))
    this.store.add(
      parts.history.onEvents(({ id, events }) => {
        if (!this.shown.includes(id)) return
        if (this.waiting) this.waiting.push({ id, events })
        else void this.sendEvents(id, events)
      }),
    )
  }

  dispose(): void {
    this.store.dispose()
  }

  private send(message: ToRunPanel): void {
    void this.panel.webview.postMessage(message)
  }

  private async receive(raw: unknown): Promise<void> {
    const message = fromRunPanel(raw)
    if (!message) {
      this.parts.log.warn('A message of the run panel was not understood', JSON.stringify(raw)?.slice(0, 200))
      return
    }
    try {
      await this.act(message)
    } catch (error) {
      this.parts.log.error(error instanceof Error ? error : String(error))
      this.send(problemOf(error))
    }
  }

  private async act(message: FromRunPanel): Promise<void> {
    const run = (command: string, ...args: unknown[]) => vscode.commands.executeCommand(`winnow.${command}`, ...args)
    switch (message.kind) {
      case 'ready':
        return this.hydrate()
      case 'stop':
        return void (await run('stopRun', message.id))
      case 'resume':
        return void (await run('resumeRun', message.id))
      case 'pause':
      case 'rate': {
        const folder = this.parts.history.find(message.id)?.folder
        if (folder === undefined) return
        askControl(folder, message.kind === 'pause' ? { paused: message.paused } : { factor: message.factor })
        return
      }
      case 'notes': {
        const folder = this.parts.history.find(message.id)?.folder
        if (folder !== undefined) await writeNotes(folder, message.text)
        return
      }
      case 'compare':
        return void (await run('compareWithBase', message.id))
      case 'tune':
        return void (await run('tune'))
      case 'showLog':
        return void (await run('showLog'))
      case 'openFolder':
        return void (await run('revealRun', message.id))
      case 'addRun':
        return this.overlay(message.id)
      case 'removeRun':
        this.shown = this.shown.filter((id, i) => i === 0 || id !== message.id)
        return
      case 'batch':
        return this.batch(message.id, message.step)
      case 'openRow':
        return this.parts.rows.open(this.entry()?.root, message.place)
      case 'export':
        return saveExport(message)
      default:
        return never(message)
    }
  }

  private entry(): RunEntry | undefined {
    return this.parts.history.find(this.shown[0] as string)
  }

  private async hydrate(): Promise<void> {
    // After a reload the panel may be ready before the folders have been read.
    if (!this.entry()) await this.parts.history.refresh()
    const own = this.entry()
    if (!own) {
      const message = vscode.l10n.t('The run {0} is not in this workspace any more.', this.shown[0] as string)
      this.send({ kind: 'problem', message, hint: vscode.l10n.t('Was its folder removed? Close this panel.') })
      return
    }
    this.panel.title = own.run.name
    this.shown = this.shown.filter(id => this.parts.history.find(id))
    await this.streaming(async () => {
      const entries = this.shown.map(id => this.parts.history.find(id) as RunEntry)
      const tails: Tail[] = []
      const shown: RunShown[] = []
      for (const entry of entries) {
        const { head, tail } = cut(entry.run, Math.floor(stretch / entries.length))
        tails.push(tail)
        shown.push(await this.shownOf(entry, head))
      }
      const others = this.parts.history.runs
        .filter(({ id }) => id !== own.id)
        .map(({ id, run }) => ({ id, name: run.name, detail: runWords(run, new Date()) }))
      this.send({ kind: 'hydrate', shown, others })
      for (const [i, tail] of tails.entries()) await this.sendTail(entries[i] as RunEntry, tail)
    })
  }

  private async overlay(id: string): Promise<void> {
    const entry = this.parts.history.find(id)
    if (!entry) return
    if (!this.shown.includes(id)) this.shown = [...this.shown, id]
    await this.streaming(async () => {
      const { head, tail } = cut(entry.run, stretch)
      this.send({ kind: 'overlay', shown: await this.shownOf(entry, head) })
      await this.sendTail(entry, tail)
    })
  }

  /** Holds events back while a state is being sent, so that they arrive after it. */
  private async streaming(work: () => Promise<void>): Promise<void> {
    this.waiting ??= []
    try {
      await work()
    } finally {
      const waiting = this.waiting ?? []
      this.waiting = undefined
      for (const { id, events } of waiting) await this.sendEvents(id, events)
    }
  }

  private async shownOf(entry: RunEntry, run: Run): Promise<RunShown> {
    const recipe: unknown = await readRecipe(entry.folder).catch(() => undefined)
    const data = await readData(entry.folder).catch(() => undefined)
    const rules = new Map<string, number>()
    for (const { rule } of data?.dropped ?? []) rules.set(rule, (rules.get(rule) ?? 0) + 1)
    const dropped = [...rules].map(([rule, rows]) => ({ rule, rows }))
    const notes = await readNotes(entry.folder)
    return { run, recipe, notes, color: this.colorOf(entry.id), ...(data ? { data: { dropped } } : {}) }
  }

  private colorOf(id: string): number {
    const color = this.colors.get(id) ?? this.colors.size
    this.colors.set(id, color)
    return color
  }

  private async sendEvents(id: string, events: readonly RunEvent[]): Promise<void> {
    for (let i = 0; i < events.length; i += piece) {
      this.send({ kind: 'events', id, events: events.slice(i, i + piece) })
      if (i + piece < events.length) await breathe()
    }
  }

  private async sendTail({ id }: RunEntry, { run, from, to }: Tail): Promise<void> {
    for (let i = from; i < to; i += stretch) {
      await breathe()
      this.send({ kind: 'steps', id, series: stretchOf(run, i, Math.min(i + stretch, to)) })
    }
  }

  /** The rows of one step, out of the log and `data.json`. */
  private async batch(id: string, step: number): Promise<void> {
    const entry = this.parts.history.find(id)
    if (!entry) return
    this.send({ kind: 'loading', what: vscode.l10n.t('Rows of step {0}', step) })
    const batch = await batchOf(entry.folder, step)
    const rows: BatchRow[] = []
    if (batch) {
      const data = await readData(entry.folder)
      const train = expandRows(data.use.train)
      const wanted = batch.flatMap(index => {
        const place = train[index]
        const file = place && data.files[place.file]
        return place && file ? [{ file: file.path, row: place.row }] : []
      })
      rows.push(...(await this.parts.rows.read(data.root, wanted)))
    }
    this.send({ kind: 'batch', id, step, rows })
  }
}

interface Tail {
  readonly run: Run
  readonly from: number
  readonly to: number
}

/** The run with at most so many of its first steps, and which are left to be sent after it. */
function cut(run: Run, most: number): { head: Run; tail: Tail } {
  const to = run.series.step.length
  const from = Math.min(most, to)
  return { head: { ...run, series: stretchOf(run, 0, from) }, tail: { run, from, to } }
}

/** Copies: a view would take all its memory through the message. */
function stretchOf({ series }: Run, from: number, to: number): Run['series'] {
  return withColumns(series, column => column.slice(from, to))
}

/** Indices into the training rows of a step; undefined where the log does not say. A resumed run's last word counts. */
async function batchOf(folder: string, step: number): Promise<readonly number[] | undefined> {
  let batch: readonly number[] | undefined
  for await (const events of readEvents(folder))
    for (const event of events) if (event.kind === 'step' && event.step === step) batch = event.batch ?? batch
  return batch
}
