import { basename, dirname } from 'node:path'
import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { Failure, never } from '../core/base/failure.ts'
import type { Preflight } from '../core/train/estimate.ts'
import type { Inspection } from '../core/train/inspection.ts'
import type { FromPreflightPanel, ToPreflightPanel } from '../core/view/preflight.ts'
import { runWorker } from '../node/program.ts'
import { editRecipe } from '../node/recipeEdit.ts'
import { findRoot } from '../node/runs.ts'
import { folderOf, pathOf } from './adapt.ts'
import { fromPreflightPanel, panelState, problemOf } from './messages.ts'
import { dressPanel, makePanel } from './panelPage.ts'
import type { Rows } from './rows.ts'

interface Parts {
  readonly extension: vscode.Uri
  readonly rows: Rows
  readonly log: vscode.LogOutputChannel
  /** The command line beside the bundle: it reads rows and tries steps in processes of its own. */
  readonly cli: string
}

/** The pages before a run, one for a recipe. */
export class PreflightPanels implements Disposable, vscode.WebviewPanelSerializer {
  private readonly open = new Map<string, PreflightPanel>()
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  show(recipe: vscode.Uri): void {
    const shown = this.open.get(recipe.toString())
    if (shown) {
      shown.panel.reveal()
      void shown.look()
    } else this.keep(recipe, makePanel(this.parts.extension, 'preflight', vscode.l10n.t('Before the run')))
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const state = panelState(saved)
    if (state?.panel !== 'preflight' || !vscode.workspace.isTrusted) {
      panel.dispose()
      return
    }
    dressPanel(panel, this.parts.extension, 'preflight')
    this.keep(vscode.Uri.parse(state.recipe), panel)
  }

  dispose(): void {
    for (const shown of this.open.values()) shown.panel.dispose()
  }

  private keep(recipe: vscode.Uri, panel: vscode.WebviewPanel): void {
    const shown = new PreflightPanel(panel, this.parts, recipe)
    this.open.set(recipe.toString(), shown)
    panel.onDidDispose(() => {
      shown.dispose()
      this.open.delete(recipe.toString())
    })
  }
}

class PreflightPanel implements Disposable {
  readonly panel: vscode.WebviewPanel
  private readonly parts: Parts
  private readonly recipe: vscode.Uri
  private readonly store = new Store()
  private work: AbortController | undefined

  constructor(panel: vscode.WebviewPanel, parts: Parts, recipe: vscode.Uri) {
    this.panel = panel
    this.parts = parts
    this.recipe = recipe
    this.store.add(panel.webview.onDidReceiveMessage(message => void this.receive(message)))
    // The page says what the recipe on the disk would do.
    this.store.add(
      vscode.workspace.onDidSaveTextDocument(document => {
        if (document.uri.toString() === recipe.toString()) void this.look()
      }),
    )
  }

  dispose(): void {
    this.work?.abort()
    this.store.dispose()
  }

  /** Reads the rows, then tries two steps; a newer look ends an older one. */
  async look(): Promise<void> {
    this.work?.abort()
    const work = new AbortController()
    this.work = work
    this.send({ kind: 'hydrate', recipe: basename(this.recipe.fsPath), address: this.recipe.toString() })
    try {
      const inspection = await this.ask<Inspection>('--inspect', work.signal)
      if (work.signal.aborted) return
      this.send({ kind: 'inspection', inspection })
      // A recipe that cannot start has no cost.
      if (inspection.stops.some(stop => stop.fix?.kind !== 'leave-out')) {
        this.send({ kind: 'noEstimate', reason: vscode.l10n.t('There is none for a recipe that cannot start.') })
        return
      }
    } catch (error) {
      if (!work.signal.aborted) this.tell(error)
      return
    }
    try {
      const preflight = await this.ask<Preflight>('--dry-run', work.signal)
      if (!work.signal.aborted) this.send({ kind: 'preflight', preflight })
    } catch (error) {
      if (!work.signal.aborted) this.send({ kind: 'noEstimate', reason: problemOf(error).message })
    }
  }

  private async ask<T>(option: '--inspect' | '--dry-run', cancel: AbortSignal): Promise<T> {
    const path = this.recipe.fsPath
    const cwd = findRoot(dirname(path), folderOf(pathOf(this.recipe)) ?? dirname(path))
    let said = ''
    const err = (text: string) => {
      said += text
    }
    const args = ['tune', path, option, '--format', 'json']
    const { code, out } = await runWorker(args, { cwd, err, cancel, worker: this.parts.cli })
    // 1: it was read, and something stops the recipe.
    if (code === 0 || code === 1) return JSON.parse(out) as T
    const lines = said.split(/[\r\n]+/).filter(line => line.trim() !== '')
    const line = (lines.at(-1) ?? '').replace(/^winnow: /, '')
    throw new Failure('preflight', line || vscode.l10n.t('The rows could not be read'))
  }

  private send(message: ToPreflightPanel): void {
    void this.panel.webview.postMessage(message)
  }

  private tell(error: unknown): void {
    this.parts.log.error(error instanceof Error ? error : String(error))
    this.send(problemOf(error))
  }

  private async receive(raw: unknown): Promise<void> {
    const message = fromPreflightPanel(raw)
    if (!message) return
    try {
      await this.act(message)
    } catch (error) {
      this.tell(error)
    }
  }

  private async act(message: FromPreflightPanel): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.look()
      case 'start':
      case 'tune':
        return void (await vscode.commands.executeCommand('winnow.tune', this.recipe, 'inspected'))
      case 'showLog':
        return void (await vscode.commands.executeCommand('winnow.showLog'))
      case 'editRecipe':
        return void (await vscode.window.showTextDocument(this.recipe, { viewColumn: vscode.ViewColumn.Beside }))
      case 'openRow': {
        const path = this.recipe.fsPath
        return this.parts.rows.open(findRoot(dirname(path), folderOf(pathOf(this.recipe))), message.place)
      }
      case 'fix':
        return this.mend(message.path, message.value)
      default:
        return never(message)
    }
  }

  /** Changes one key of the recipe where it stands; comments and the rest stay. Saving it makes the page anew. */
  private async mend(path: readonly string[], value: number | undefined): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.recipe)
    const text = document.getText()
    const next = editRecipe(text, path, value)
    const edit = new vscode.WorkspaceEdit()
    edit.replace(this.recipe, new vscode.Range(document.positionAt(0), document.positionAt(text.length)), next)
    await vscode.workspace.applyEdit(edit)
    if (!(await document.save())) await this.look()
  }
}
