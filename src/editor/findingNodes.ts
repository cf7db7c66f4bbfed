import * as vscode from 'vscode'
import { count, counted } from '../core/base/words.ts'
import type { Severity } from '../core/check/finding.ts'
import type { ReportedFinding } from '../core/check/report.ts'
import { ruleIcons, severityIcons } from '../core/view/signs.ts'
import { baseName, openCommand, shownPath } from './adapt.ts'
import type { Group } from './catalog.ts'

/** How many findings a rule shows before it says how many more there are. */
const page = 50

export interface RuleNode {
  readonly kind: 'rule'
  /** Stable: what is open stays open when the view is drawn again. */
  readonly id: string
  readonly group: Group
}
export interface FindingNode {
  readonly kind: 'finding'
  readonly finding: ReportedFinding
}
export interface MoreNode {
  readonly kind: 'more'
  readonly rule: RuleNode
  readonly left: number
}
export type Node = RuleNode | FindingNode | MoreNode

/** What a rule is about, in a few words beside its name. */
export type Summaries = (rule: string) => string

/** How far each rule has been paged. Shared by the views, which draw rules the same way. */
export class Pages {
  private readonly shown = new Map<string, number>()

  more(rule: RuleNode): void {
    this.shown.set(rule.id, (this.shown.get(rule.id) ?? page) + 4 * page)
  }

  children(rule: RuleNode): Node[] {
    const limit = this.shown.get(rule.id) ?? page
    const all = rule.group.findings
    const nodes: Node[] = all.slice(0, limit).map(finding => ({ kind: 'finding', finding }))
    if (all.length > limit) nodes.push({ kind: 'more', rule, left: all.length - limit })
    return nodes
  }
}

export function itemOf(node: Node, summary: Summaries): vscode.TreeItem {
  switch (node.kind) {
    case 'rule':
      return ruleItem(node, summary(node.group.name))
    case 'finding':
      return findingItem(node.finding)
    case 'more':
      return moreItem(node)
  }
}

function ruleItem(node: RuleNode, summary: string): vscode.TreeItem {
  const { name, findings, worst, fixable } = node.group
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed)
  item.id = node.id
  item.iconPath = new vscode.ThemeIcon(ruleIcons[name] ?? severityIcons[worst], severityColor(worst))
  item.description = summary ? `${count(findings.length)} · ${summary}` : count(findings.length)
  item.contextValue = fixable ? 'rule.fixable' : 'rule'
  item.tooltip = `${name}: ${counted(findings.length, 'finding')}${summary ? `\n${summary}` : ''}`
  item.accessibilityInformation = { label: `${name}, ${counted(findings.length, 'finding')}, ${severityWords(worst)}` }
  return item
}

function findingItem(finding: ReportedFinding): vscode.TreeItem {
  const item = new vscode.TreeItem(placeOf(finding), vscode.TreeItemCollapsibleState.None)
  item.description = finding.message
  item.tooltip = `${shownPath(finding.uri)}:${finding.range.line + 1}\n${finding.message}`
  item.iconPath = new vscode.ThemeIcon(severityIcons[finding.severity], severityColor(finding.severity))
  item.contextValue = finding.fixes.length > 0 ? 'finding.fixable' : 'finding'
  item.command = openCommand(finding.uri, finding.range, vscode.l10n.t('Go to Row'))
  item.accessibilityInformation = {
    label: `${severityWords(finding.severity)}, ${finding.rule}, ${placeOf(finding)}: ${finding.message}`,
  }
  return item
}

function moreItem(node: MoreNode): vscode.TreeItem {
  const item = new vscode.TreeItem('', vscode.TreeItemCollapsibleState.None)
  item.description = vscode.l10n.t('{0} more', count(node.left))
  item.command = { command: 'winnow.moreFindings', title: vscode.l10n.t('Show More Findings'), arguments: [node.rule] }
  item.accessibilityInformation = { label: vscode.l10n.t('Show more: {0} findings left', count(node.left)) }
  return item
}

/** `test.csv row 302`: rows count from 0 and leave out the header, everywhere. */
export function placeOf(finding: Pick<ReportedFinding, 'uri' | 'row'>): string {
  const name = baseName(finding.uri)
  return finding.row === undefined ? name : vscode.l10n.t('{0} row {1}', name, finding.row)
}

export function severityWords(severity: Severity): string {
  if (severity === 'error') return vscode.l10n.t('error')
  return severity === 'warning' ? vscode.l10n.t('warning') : vscode.l10n.t('information')
}

function severityColor(severity: Severity): vscode.ThemeColor {
  return new vscode.ThemeColor(`problems${severity[0]?.toUpperCase()}${severity.slice(1)}Icon.foreground`)
}
