import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import { count, counted } from '../core/base/words.ts'
import { type Severity, severities } from '../core/check/finding.ts'
import { type Catalog, catalogOf } from './catalog.ts'
import type { Checking } from './checking.ts'
import { itemOf, type Node, type Pages, type Summaries, severityWords } from './findingNodes.ts'

const key = 'winnow.severities'

/** The Findings view: rules, the worst first, and under each its findings. */
export class Findings implements vscode.TreeDataProvider<Node>, Disposable {
  private readonly changes = new vscode.EventEmitter<Node | undefined>()
  private readonly view: vscode.TreeView<Node>
  private readonly checking: Checking
  private readonly pages: Pages
  private readonly summary: Summaries
  private readonly memory: vscode.Memento
  private all: Catalog | undefined
  private catalog: Catalog | undefined

  readonly onDidChangeTreeData = this.changes.event

  constructor(parts: { checking: Checking; pages: Pages; summary: Summaries; memory: vscode.Memento }) {
    this.checking = parts.checking
    this.pages = parts.pages
    this.summary = parts.summary
    this.memory = parts.memory
    this.view = vscode.window.createTreeView<Node>('winnow.findings', { treeDataProvider: this, showCollapseAll: true })
    this.show()
  }

  /** Draws the view again, from a new report where one is given. `all` is that of every severity. */
  show(all = this.all): void {
    this.all = all
    const report = this.checking.last?.report
    const shown = this.severities()
    this.catalog = shown.size === severities.length ? all : report && catalogOf(report, shown)
    const { total, bySeverity } = this.catalog ?? { total: 0, bySeverity: { error: 0 } }
    const parts: string[] = []
    if (total > 0)
      parts.push(bySeverity.error > 0 ? `${count(total)}, ${counted(bySeverity.error, 'error')}` : count(total))
    const hidden = (all?.total ?? 0) - total
    if (hidden > 0) parts.push(vscode.l10n.t('{0} filtered out', count(hidden)))
    this.view.description = parts.join(' · ')
    this.view.badge = total > 0 ? { value: total, tooltip: counted(total, 'finding') } : undefined
    void vscode.commands.executeCommand('setContext', 'winnow.filtered', shown.size < severities.length)
    this.changes.fire(undefined)
  }

  /** Lets the person choose which severities are listed. Problems and squiggles stay. */
  async filter(): Promise<void> {
    const shown = this.severities()
    const report = this.checking.last?.report
    const picks = severities.map(severity => ({
      label: severityWords(severity),
      description: count(report?.findings.filter(finding => finding.severity === severity).length ?? 0),
      picked: shown.has(severity),
      severity,
    }))
    const chosen = await vscode.window.showQuickPick(picks, {
      canPickMany: true,
      title: vscode.l10n.t('Findings to list'),
      placeHolder: vscode.l10n.t('Squiggles and Problems keep showing everything'),
    })
    if (chosen && chosen.length > 0) await this.choose(chosen.map(({ severity }) => severity))
  }

  async clearFilter(): Promise<void> {
    await this.choose(severities)
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return itemOf(node, this.summary)
  }

  getChildren(node?: Node): Node[] {
    if (!node) return (this.catalog?.rules ?? []).map(group => ({ kind: 'rule', id: `findings/${group.name}`, group }))
    return node.kind === 'rule' ? this.pages.children(node) : []
  }

  dispose(): void {
    this.view.dispose()
    this.changes.dispose()
  }

  private severities(): ReadonlySet<Severity> {
    return new Set(this.memory.get<readonly Severity[]>(key, severities))
  }

  private async choose(chosen: readonly Severity[]): Promise<void> {
    await this.memory.update(key, chosen.length === severities.length ? undefined : chosen)
    this.show()
  }
}
