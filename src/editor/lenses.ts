import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { count, counted } from '../core/base/words.ts'
import { pathOf } from './adapt.ts'
import type { Checking } from './checking.ts'
import { isRecipe } from './recipes.ts'
import { isTunable } from './starts.ts'

/** One line above a data file, what it holds and what can be done with it; above a recipe, the way to start it. */
export class Lenses implements vscode.CodeLensProvider, Disposable {
  private readonly changes = new vscode.EventEmitter<void>()
  private readonly store = new Store()
  private readonly checking: Checking

  readonly onDidChangeCodeLenses = this.changes.event

  constructor(checking: Checking) {
    this.checking = checking
    this.store.add(this.changes)
    this.store.add(checking.onReport(() => this.changes.fire()))
    this.store.add(vscode.languages.registerCodeLensProvider({ scheme: 'file' }, this))
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const path = pathOf(document.uri)
    if (isRecipe(path)) return this.recipeLenses(document.uri)
    const report = this.checking.last?.report
    for (const dataset of report?.datasets ?? []) {
      for (const split of dataset.splits) {
        const file = split.files.find(one => one.uri === path)
        if (!file) continue
        const own = report?.findings.filter(finding => finding.uri === path) ?? []
        const words = vscode.l10n.t(
          '{0} of {1}, {2}',
          counted(file.rows, 'row'),
          split.name,
          counted(own.length, 'finding'),
        )
        const lenses = [lens(words, 'winnow.openFindings')]
        const fixable = own.filter(finding => finding.fixes.some(fix => fix.preferred)).length
        if (fixable > 0) lenses.push(lens(vscode.l10n.t('Fix all of a rule ({0})', count(fixable)), 'winnow.fixRule'))
        if (isTunable(dataset)) lenses.push(lens(vscode.l10n.t('Tune'), 'winnow.tune', [{ dataset }]))
        return lenses
      }
    }
    return []
  }

  dispose(): void {
    this.store.dispose()
  }

  private recipeLenses(uri: vscode.Uri): vscode.CodeLens[] {
    if (!vscode.workspace.isTrusted) return []
    return [
      lens(vscode.l10n.t('$(dashboard) Estimate'), 'winnow.estimateRun', [uri]),
      lens(vscode.l10n.t('$(play) Tune'), 'winnow.tune', [uri]),
      lens(vscode.l10n.t('$(git-compare) Compare'), 'winnow.compareRuns'),
    ]
  }
}

function lens(title: string, command: string, args: unknown[] = []): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { title, command, arguments: args })
}
