import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { counted } from '../core/base/words.ts'
import type { Run } from '../core/run/run.ts'
import { type History, isGoing, type RunEntry } from './history.ts'
import { runWords } from './words.ts'

/** The Runs view: every run with its state in words. Two can be ticked for comparing. */
export class RunTree implements vscode.TreeDataProvider<RunEntry>, Disposable {
  private readonly changes = new vscode.EventEmitter<RunEntry | undefined>()
  private readonly view: vscode.TreeView<RunEntry>
  private readonly history: History
  private readonly store = new Store()
  /** In the order they were ticked. */
  private ticked: readonly string[] = []

  readonly onDidChangeTreeData = this.changes.event

  constructor(history: History) {
    this.history = history
    this.view = vscode.window.createTreeView<RunEntry>('winnow.runs', {
      treeDataProvider: this,
      manageCheckboxStateManually: true,
    })
    this.store.add(this.view)
    this.store.add(this.changes)
    this.store.add(history.onChange(() => this.refresh()))
    this.store.add(
      this.view.onDidChangeCheckboxState(({ items }) => {
        for (const [{ id }, state] of items) {
          const others = this.ticked.filter(one => one !== id)
          // A third tick takes the place of the oldest: a ledger has two sides.
          this.ticked = state === vscode.TreeItemCheckboxState.Checked ? [...others, id].slice(-2) : others
        }
        this.refresh()
      }),
    )
  }

  /** The ticked runs, the older one first: what a ledger reads from left to right. */
  get chosen(): readonly RunEntry[] {
    return this.history.runs.filter(({ id }) => this.ticked.includes(id)).reverse()
  }

  getChildren(node?: RunEntry): RunEntry[] {
    return node ? [] : [...this.history.runs]
  }

  getTreeItem({ id, run }: RunEntry): vscode.TreeItem {
    const item = new vscode.TreeItem(run.name, vscode.TreeItemCollapsibleState.None)
    const words = runWords(run, new Date())
    item.id = id
    item.description = words
    item.iconPath = iconOf(run)
    item.tooltip = tooltipOf(id, run, words)
    item.contextValue = `run.${run.phase}${isScored(run) ? '.scored' : ''}`
    item.checkboxState = {
      state: this.ticked.includes(id) ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
      tooltip: vscode.l10n.t('Choose two runs to compare'),
      accessibilityInformation: { label: vscode.l10n.t('Choose {0} for comparing', run.name), role: 'checkbox' },
    }
    item.command = { command: 'winnow.openRun', title: vscode.l10n.t('Open Run'), arguments: [id] }
    item.accessibilityInformation = { label: `${run.name}, ${words}` }
    return item
  }

  dispose(): void {
    this.store.dispose()
  }

  private refresh(): void {
    const { runs } = this.history
    this.ticked = this.ticked.filter(id => this.history.find(id))
    const going = runs.filter(isGoing).length
    const parts: string[] = []
    if (going > 0) parts.push(vscode.l10n.t('{0} running', going))
    if (this.ticked.length > 0) parts.push(vscode.l10n.t('{0} ticked', this.ticked.length))
    this.view.description = parts.join(', ')
    this.changes.fire(undefined)
  }
}

/** Does it have predictions of its own to compare? Those of the model it started from come first, and do not count. */
export function isScored(run: Run): boolean {
  return run.evaluated.some(e => e.of !== 'base' && e.path !== undefined)
}

function iconOf(run: Run): vscode.ThemeIcon {
  switch (run.phase) {
    case 'waiting':
    case 'running':
      return new vscode.ThemeIcon('sync~spin')
    case 'finished':
      return new vscode.ThemeIcon('check', new vscode.ThemeColor('charts.green'))
    case 'stopped':
      return new vscode.ThemeIcon('warning', new vscode.ThemeColor('problemsWarningIcon.foreground'))
    case 'failed':
      return new vscode.ThemeIcon('error', new vscode.ThemeColor('problemsErrorIcon.foreground'))
  }
}

function tooltipOf(id: string, run: Run, words: string): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString()
  tooltip.appendText(`${run.name}\n${words}\n`)
  const { started } = run
  if (started) {
    const device = started.device ? `${started.provider}, ${started.device}` : started.provider
    tooltip.appendText(`\n${started.model}, ${started.method}, on ${device}`)
    tooltip.appendText(`\n${counted(started.rows.train, 'training row')}`)
  }
  for (const { message } of run.warned.slice(-3)) tooltip.appendText(`\n\n${message}`)
  tooltip.appendText(`\n\n${id}`)
  return tooltip
}
