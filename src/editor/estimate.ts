import { dirname } from 'node:path'
import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import { folderOf, pathOf } from './adapt.ts'
import { type Cli, runCli } from './cliTask.ts'
import { refuseUntrusted } from './trust.ts'

const scheme = 'winnow-estimate'

/** What a run would take, as a text beside its recipe: two steps are tried and put back, nothing is written. */
export class Estimates implements vscode.TextDocumentContentProvider, Disposable {
  private readonly texts = new Map<string, string>()
  private readonly changes = new vscode.EventEmitter<vscode.Uri>()
  private readonly registered = vscode.workspace.registerTextDocumentContentProvider(scheme, this)
  private readonly cli: Cli
  readonly onDidChange = this.changes.event

  constructor(cli: Cli) {
    this.cli = cli
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? ''
  }

  async show(recipe: vscode.Uri): Promise<void> {
    if (await refuseUntrusted(vscode.l10n.t('It does not try out recipes'))) return
    const document = vscode.workspace.textDocuments.find(one => one.uri.toString() === recipe.toString())
    if (document?.isDirty && !(await document.save())) return
    const path = pathOf(recipe)
    const cwd = folderOf(path) ?? dirname(path)
    const out = await runCli(this.cli, ['tune', path, '--dry-run'], { cwd, title: vscode.l10n.t('Estimating the run') })
    if (out === undefined) return
    const uri = recipe.with({ scheme, path: `${recipe.path.replace(/\.json$/, '')} estimate.txt` })
    this.texts.set(uri.toString(), out)
    this.changes.fire(uri)
    await vscode.window.showTextDocument(uri, {
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
      preserveFocus: true,
    })
  }

  dispose(): void {
    this.registered.dispose()
    this.changes.dispose()
  }
}
