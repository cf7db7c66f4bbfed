import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { counted } from '../core/base/words.ts'
import { shortened } from './adapt.ts'
import type { Checking } from './checking.ts'
import type { History } from './history.ts'
import { stepWords } from './words.ts'

/** A check that answers at once says nothing: only one that takes longer is worth a flicker. */
const patience = 400

/** The one status bar item: the run that goes on, else the state of the check. */
export class Status implements Disposable {
  private readonly item: vscode.StatusBarItem
  private readonly store = new Store()
  private readonly checking: Checking
  private readonly history: History
  private since: number | undefined

  constructor(checking: Checking, history: History) {
    this.checking = checking
    this.history = history
    this.item = vscode.window.createStatusBarItem('winnow.status', vscode.StatusBarAlignment.Left, 40)
    this.item.name = 'Winnow'
    this.store.add(this.item)
    this.store.add(history.onChange(() => this.draw()))
    this.store.add(checking.onState(() => this.draw()))
    this.draw()
  }

  dispose(): void {
    this.store.dispose()
  }

  private draw(): void {
    const { state, last } = this.checking
    this.since = state.kind === 'checking' ? (this.since ?? Date.now()) : undefined
    const [going, ...others] = this.history.running()
    this.item.backgroundColor = undefined
    if (going) {
      const more = others.length > 0 ? ` (+${others.length})` : ''
      this.show(`$(sync~spin) Winnow: ${stepWords(going.run)}${more}`, {
        tooltip: vscode.l10n.t('{0}. Click to open the run.', going.run.name),
        command: { command: 'winnow.openRun', title: '', arguments: [going.id] },
      })
    } else if (state.kind === 'failed') {
      this.item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground')
      this.show(vscode.l10n.t('$(warning) Winnow: check failed'), {
        tooltip: [shortened(state.message), state.hint, vscode.l10n.t('Click for the log.')].filter(Boolean).join('\n'),
        command: { command: 'winnow.showLog', title: '' },
      })
    } else if (state.kind === 'checking' && (!last || Date.now() - (this.since ?? 0) > patience)) {
      this.show(vscode.l10n.t('$(sync~spin) Winnow: {0}', checkingWords(state)), {
        tooltip: vscode.l10n.t('Winnow looks for problems in the datasets of this workspace.'),
        command: { command: 'winnow.openFindings', title: '' },
      })
    } else if (last && last.report.datasets.length > 0) {
      const found = last.report.findings.length
      const words = found === 0 ? vscode.l10n.t('nothing found') : counted(found, 'finding')
      this.show(`$(${found === 0 ? 'check' : 'list-tree'}) Winnow: ${words}`, {
        tooltip: vscode.l10n.t('{0} in {1}', words, counted(last.report.datasets.length, 'dataset')),
        command: { command: 'winnow.openFindings', title: '' },
      })
    } else this.item.hide()
  }

  private show(text: string, rest: { readonly tooltip: string; readonly command: vscode.Command }): void {
    this.item.text = text
    this.item.tooltip = rest.tooltip
    this.item.command = rest.command
    this.item.accessibilityInformation = { label: text.replace(/\$\([^)]*\)\s*/g, ''), role: 'button' }
    this.item.show()
  }
}

/** `checking, near-duplicate 52 %`: each part of a check counts something else, so a share is all that can be said. */
export function checkingWords(state: {
  readonly phase: string
  readonly done: number
  readonly total: number
}): string {
  if (state.phase === '') return vscode.l10n.t('checking')
  if (state.total === 0) return vscode.l10n.t('checking, {0}', state.phase)
  return vscode.l10n.t('checking, {0} {1} %', state.phase, Math.floor((100 * state.done) / state.total))
}
