import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import { count, counted } from '../core/base/words.ts'
import type { ReportedDataset } from '../core/check/report.ts'
import { roleNames } from '../core/data/dataset.ts'
import { baseName, diskFolders, folderOf, openCommand, shortened, shownPath } from './adapt.ts'
import { byRule, type Catalog } from './catalog.ts'
import type { Checking, CheckState } from './checking.ts'
import { type Node as InFile, itemOf, type Pages, type Summaries } from './findingNodes.ts'
import { isTunable, wholeFile } from './starts.ts'

type Split = ReportedDataset['splits'][number]
type File = Split['files'][number]

export interface DatasetNode {
  readonly kind: 'dataset'
  readonly dataset: ReportedDataset
}
export interface SplitNode {
  readonly kind: 'split'
  readonly dataset: ReportedDataset
  readonly split: Split
}
export interface FileNode {
  readonly kind: 'file'
  readonly split: Split
  readonly file: File
}
type Node = DatasetNode | SplitNode | FileNode | InFile

/** The Datasets view: datasets, their splits and files, and under each file its findings by rule. */
export class Explorer implements vscode.TreeDataProvider<Node>, Disposable {
  private readonly changes = new vscode.EventEmitter<Node | undefined>()
  private readonly view: vscode.TreeView<Node>
  private readonly checking: Checking
  private readonly pages: Pages
  private readonly summary: Summaries
  private catalog: Catalog | undefined

  readonly onDidChangeTreeData = this.changes.event

  constructor(parts: { checking: Checking; pages: Pages; summary: Summaries }) {
    this.checking = parts.checking
    this.pages = parts.pages
    this.summary = parts.summary
    this.view = vscode.window.createTreeView<Node>('winnow.datasets', { treeDataProvider: this, showCollapseAll: true })
  }

  /** Draws the view again, from a new report where one is given. */
  show(catalog = this.catalog): void {
    this.catalog = catalog
    this.changes.fire(undefined)
  }

  /** Says above the tree why it is empty or old; nothing where all is well. */
  say(state: CheckState): void {
    const words = state.kind === 'failed' ? [state.message, state.hint].filter(Boolean).join('. ') : ''
    this.view.message = shortened(words)
  }

  getChildren(node?: Node): Node[] {
    if (!node) return (this.checking.last?.report.datasets ?? []).map(dataset => ({ kind: 'dataset', dataset }))
    switch (node.kind) {
      case 'dataset':
        return node.dataset.splits.map(split => ({ kind: 'split', dataset: node.dataset, split }))
      case 'split':
        return node.split.files.map(file => ({ kind: 'file', split: node.split, file }))
      case 'file': {
        const group = this.catalog?.files.get(node.file.uri)
        return group
          ? byRule(group.findings).map(rule => ({ kind: 'rule', id: `${node.file.uri}/${rule.name}`, group: rule }))
          : []
      }
      case 'rule':
        return this.pages.children(node)
      default:
        return []
    }
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case 'dataset':
        return this.datasetItem(node.dataset)
      case 'split':
        return this.splitItem(node)
      case 'file':
        return this.fileItem(node)
      default:
        return itemOf(node, this.summary)
    }
  }

  dispose(): void {
    this.view.dispose()
    this.changes.dispose()
  }

  private datasetItem(dataset: ReportedDataset): vscode.TreeItem {
    const item = new vscode.TreeItem(dataset.name, vscode.TreeItemCollapsibleState.Expanded)
    const findings = dataset.splits.reduce((sum, split) => sum + this.findingsOf(split), 0)
    item.id = `dataset/${dataset.name}/${dataset.splits[0]?.files[0]?.uri ?? ''}`
    item.iconPath = new vscode.ThemeIcon('database')
    const facts = [
      roleNames.filter(role => dataset.roles[role]).join(', '),
      dataset.labels ? counted(dataset.labels.length, 'label') : counted(dataset.splits.length, 'split'),
      findings > 0 ? '' : vscode.l10n.t('nothing found'),
      diskFolders().length > 1 ? folderNameOf(dataset) : '',
    ].filter(fact => fact !== '')
    item.description = facts.join(' · ')
    item.tooltip = datasetTooltip(dataset)
    const marks = ['dataset', isTunable(dataset) ? 'tunable' : '', wholeFile(dataset) === undefined ? '' : 'whole']
    item.contextValue = marks.filter(mark => mark !== '').join('.')
    item.accessibilityInformation = {
      label: vscode.l10n.t('Dataset {0}, {1}, {2}', dataset.name, facts.join(', '), counted(findings, 'finding')),
    }
    return item
  }

  private splitItem({ dataset, split }: SplitNode): vscode.TreeItem {
    const rows = split.files.reduce((sum, file) => sum + file.rows, 0)
    const findings = this.findingsOf(split)
    const item = new vscode.TreeItem(split.name, vscode.TreeItemCollapsibleState.Collapsed)
    item.id = `split/${dataset.name}/${split.name}/${split.files[0]?.uri ?? ''}`
    item.iconPath = new vscode.ThemeIcon('split-horizontal')
    item.description = withFindings(counted(rows, 'row'), findings)
    item.contextValue = 'split'
    item.accessibilityInformation = { label: `${split.name}, ${withFindings(counted(rows, 'row'), findings)}` }
    return item
  }

  private fileItem({ file }: FileNode): vscode.TreeItem {
    const group = this.catalog?.files.get(file.uri)
    const state = group ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None
    const item = new vscode.TreeItem(baseName(file.uri), state)
    item.id = `file/${file.uri}`
    item.iconPath = file.problem
      ? new vscode.ThemeIcon('error', new vscode.ThemeColor('problemsErrorIcon.foreground'))
      : new vscode.ThemeIcon('file')
    const problem = file.problem && shortened(file.problem)
    item.description = problem ?? withFindings(size(file.bytes), group?.findings.length ?? 0)
    item.tooltip = `${shownPath(file.uri)}\n${problem ?? counted(file.rows, 'row')}`
    item.command = openCommand(file.uri, undefined, vscode.l10n.t('Open File'))
    item.contextValue = 'file'
    item.accessibilityInformation = { label: `${baseName(file.uri)}, ${item.description}` }
    return item
  }

  private findingsOf(split: Split): number {
    return split.files.reduce((sum, file) => sum + (this.catalog?.files.get(file.uri)?.findings.length ?? 0), 0)
  }
}

function withFindings(words: string, findings: number): string {
  return findings > 0 ? `${words} · ${counted(findings, 'finding')}` : words
}

function folderNameOf(dataset: ReportedDataset): string {
  const file = dataset.splits[0]?.files[0]?.uri
  return baseName((file && folderOf(file)) ?? '')
}

function datasetTooltip(dataset: ReportedDataset): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString()
  tooltip.appendText(dataset.name)
  for (const [role, column] of Object.entries(dataset.roles)) tooltip.appendText(`\n${role}: ${column}`)
  const labels = dataset.labels ?? []
  if (labels.length > 0) {
    tooltip.appendText(`\n\n${counted(labels.length, 'label')}`)
    for (const { label, rows } of labels.slice(0, 12)) tooltip.appendText(`\n${label}: ${counted(rows, 'row')}`)
    if (labels.length > 12) tooltip.appendText(`\n… ${count(labels.length - 12)} more`)
  }
  return tooltip
}

/** A file's size in the units people use: `412 kB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 999_500) return `${(bytes / 1000).toFixed(0)} kB`
  return bytes < 999.5e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
