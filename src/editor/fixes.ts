import * as vscode from 'vscode'
import { count, counted } from '../core/base/words.ts'
import type { Report, ReportedEdit, ReportedFinding } from '../core/check/report.ts'
import { sureEnough } from '../core/label/suggest.ts'
import { pathOf, toRange, uriOf } from './adapt.ts'
import { type Checking, isCurrent } from './checking.ts'
import type { Diagnostics } from './diagnostics.ts'
import { combine } from './edits.ts'

/** The editor gives extensions no text of a file above this, so that no edit of it could be made. */
const largest = 50 * 1024 * 1024
/** Edits in one go; more is said, and the rest follows when the command is run again. */
const mostEdits = 20_000

/** Quick fixes: what each finding brings with it, as undoable edits of open documents. */
export class Fixes implements vscode.CodeActionProvider {
  private readonly diagnostics: Diagnostics
  private readonly checking: Checking

  constructor(diagnostics: Diagnostics, checking: Checking) {
    this.diagnostics = diagnostics
    this.checking = checking
  }

  async provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    context: vscode.CodeActionContext,
  ): Promise<vscode.CodeAction[]> {
    if (
      context.only &&
      !context.only.contains(vscode.CodeActionKind.QuickFix) &&
      !vscode.CodeActionKind.QuickFix.contains(context.only)
    )
      return []
    const found = context.diagnostics.flatMap(diagnostic => {
      const finding = this.diagnostics.findingOf(diagnostic)
      return finding ? [{ diagnostic, finding }] : []
    })
    const { last } = this.checking
    if (!last || found.length === 0 || !(await isCurrent(last, pathOf(document.uri)))) return []
    const actions: vscode.CodeAction[] = []
    for (const { diagnostic, finding } of found) {
      for (const fix of finding.fixes) {
        if (!(await this.canEdit(fix.edits))) continue
        const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix)
        action.edit = editOf(fix.edits)
        action.diagnostics = [diagnostic]
        action.isPreferred = fix.preferred
        actions.push(action)
      }
    }
    for (const rule of new Set(found.map(({ finding }) => finding.rule))) {
      const mendable = last.report.findings.filter(one => one.rule === rule && one.fixes.some(fix => fix.preferred))
      if (mendable.length < 2) continue
      const title = vscode.l10n.t('Fix all {0} {1} findings, with preview…', count(mendable.length), rule)
      actions.push(
        commandAction(
          title,
          'winnow.fixRule',
          [rule],
          found.filter(({ finding }) => finding.rule === rule),
        ),
      )
    }
    const suggested = suggestions(last.report)
    for (const { diagnostic, finding } of found) {
      if (!suggested.includes(finding)) continue
      const surer = suggested.filter(one => (one.confidence as number) >= (finding.confidence as number))
      if (surer.length < 2) continue
      const title = vscode.l10n.t(
        'Accept {0} as sure as this one or surer, with preview…',
        counted(surer.length, 'suggestion'),
      )
      actions.push(commandAction(title, 'winnow.acceptSuggestions', [finding.confidence], [{ diagnostic }]))
    }
    for (const one of found) {
      const title = vscode.l10n.t('Ignore this {0} finding…', one.finding.rule)
      actions.push(commandAction(title, 'winnow.ignoreFinding', [one.finding], [one]))
    }
    return actions
  }

  /**
   * The preferred fixes of all findings of a rule, each waiting for a tick in the editor's preview. Files edited since
   * the check are left out. Returns what could not be offered, in words; undefined where all could.
   */
  async fixRule(rule: string): Promise<void> {
    const findings = this.checking.last?.report.findings ?? []
    await this.fixFindings(
      rule,
      findings.filter(finding => finding.rule === rule),
    )
  }

  /** One fix of a finding; false where its files have changed since they were checked. */
  async fixOne(finding: ReportedFinding, title: string): Promise<boolean> {
    const fix = finding.fixes.find(one => one.title === title)
    if (!fix || !(await this.canEdit(fix.edits))) return false
    return vscode.workspace.applyEdit(editOf(fix.edits))
  }

  /**
   * The suggested labels of training rows that are as sure as the bound or surer, each waiting for a tick in the editor's preview. Asks for
   * the bound where none is given.
   */
  async acceptSuggestions(bound?: number): Promise<void> {
    const { last } = this.checking
    const suggested = last ? suggestions(last.report) : []
    if (suggested.length === 0) {
      const words = vscode.l10n.t(
        'No label is suggested for a training row. Suggestions are surer once a run was trained on these files.',
      )
      void vscode.window.showInformationMessage(words)
      return
    }
    const least = bound ?? (await pickBound(suggested))
    if (least === undefined) return
    const taken = suggested.filter(finding => (finding.confidence as number) >= least)
    const preferred = taken.map(finding => ({
      ...finding,
      fixes: finding.fixes.map((fix, i) => ({ ...fix, preferred: i === 0 })),
    }))
    await this.fixFindings('label-error', preferred)
  }

  /** As `fixRule`, of any findings of the last report; `rule` names them. */
  async fixFindings(rule: string, findings: readonly ReportedFinding[]): Promise<void> {
    const { last } = this.checking
    if (!last) return
    const usable: ReportedFinding[] = []
    const asked = new Map<string, boolean>()
    const ok = async (path: string) => {
      const known = asked.get(path)
      if (known !== undefined) return known
      const answer = await isCurrent(last, path)
      asked.set(path, answer)
      return answer
    }
    for (const finding of findings) {
      const fix = finding.fixes.find(one => one.preferred)
      if (!fix) continue
      let all = true
      for (const edit of fix.edits) all &&= await ok(edit.uri)
      if (all) usable.push(finding)
    }
    const isLarge = (finding: ReportedFinding) =>
      finding.fixes.find(one => one.preferred)?.edits.some(edit => this.isTooLarge(edit.uri)) ?? false
    const large = usable.filter(isLarge)
    if (large.length > 0) await this.fixOnDisk(rule, large)
    const { edits, mended, left } = combine(usable.filter(finding => !isLarge(finding)))
    if (edits.length === 0) {
      if (large.length > 0) return
      const why = [...asked.values()].includes(false)
        ? vscode.l10n.t('Its files have changed since they were checked.')
        : vscode.l10n.t('None of its findings has a fix that is safe to apply without looking.')
      void vscode.window.showInformationMessage(vscode.l10n.t('Nothing to fix for {0}. {1}', rule, why))
      return
    }
    const label = vscode.l10n.t('Fix {0} of {1}', counted(mended, 'finding'), rule)
    await vscode.workspace.applyEdit(await previewed(edits.slice(0, mostEdits), label))
    if (left > 0)
      vscode.window.setStatusBarMessage(vscode.l10n.t('{0} left for the next check', counted(left, 'finding')), 8000)
  }

  /** The editor has no text of these files: their bytes are changed on disk, once somebody has agreed to it. */
  private async fixOnDisk(rule: string, findings: readonly ReportedFinding[]): Promise<void> {
    const { edits, mended } = combine(findings)
    if (edits.length === 0 || edits.some(edit => !this.isTooLarge(edit.uri))) return
    const what = vscode.l10n.t('Fix {0} of {1} in files larger than 50 MB?', counted(mended, 'finding'), rule)
    const detail = vscode.l10n.t('They are written to disk at once. winnow undo, in a terminal, puts them back.')
    const write = vscode.l10n.t('Write')
    if ((await vscode.window.showWarningMessage(what, { modal: true, detail }, write)) !== write) return
    const files = await this.checking.rewrite(edits)
    vscode.window.setStatusBarMessage(vscode.l10n.t('{0} written', counted(files.length, 'file')), 8000)
    await this.checking.check()
  }

  private async canEdit(edits: readonly ReportedEdit[]): Promise<boolean> {
    const { last } = this.checking
    if (!last || edits.length === 0) return false
    for (const path of new Set(edits.map(edit => edit.uri)))
      if (this.isTooLarge(path) || !(await isCurrent(last, path))) return false
    return true
  }

  private isTooLarge(path: string): boolean {
    const files = this.checking.last?.report.datasets.flatMap(dataset => dataset.splits.flatMap(split => split.files))
    return (files?.find(file => file.uri === path)?.bytes ?? 0) > largest
  }
}

/** Findings that suggest a label for a training row. Scores would follow the model that suggests, if others were accepted unread. */
function suggestions({ findings, datasets }: Report): ReportedFinding[] {
  const files = (train: boolean) =>
    datasets.flatMap(({ splits }) =>
      splits.filter(split => (split.name === 'train') === train).flatMap(split => split.files.map(file => file.uri)),
    )
  const others = new Set(files(false))
  const training = new Set(files(true).filter(uri => !others.has(uri)))
  return findings.filter(one => one.confidence !== undefined && one.fixes.length > 0 && training.has(one.uri))
}

/** Asks how sure a suggestion must be. */
async function pickBound(suggested: readonly ReportedFinding[]): Promise<number | undefined> {
  const items = [0.99, sureEnough, 0.9, 0.8, 0.5].flatMap(least => {
    const rows = suggested.filter(finding => (finding.confidence as number) >= least).length
    const description = least === sureEnough ? vscode.l10n.t('the usual bound') : ''
    const label = vscode.l10n.t('{0} or more: {1}', String(least), counted(rows, 'row'))
    return rows > 0 ? [{ label, description, least }] : []
  })
  const title = vscode.l10n.t('Accept suggested labels of training rows from which confidence on?')
  return (await vscode.window.showQuickPick(items, { title }))?.least
}

function commandAction(
  title: string,
  command: string,
  args: unknown[],
  found: readonly { diagnostic: vscode.Diagnostic }[],
): vscode.CodeAction {
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix)
  action.command = { command, title, arguments: args }
  action.diagnostics = found.map(({ diagnostic }) => diagnostic)
  return action
}

/** One edit of the workspace: one step of undo in each file it touches. */
function editOf(edits: readonly ReportedEdit[]): vscode.WorkspaceEdit {
  const all = new vscode.WorkspaceEdit()
  for (const edit of edits) all.replace(uriOf(edit.uri), toRange(edit.range), edit.text)
  return all
}

/**
 * The same, shown first with every change ticked. The editor previews what has a change that needs confirmation, and
 * leaves that one unticked: an empty insertion at the end of the last file is the one that loses nothing by it.
 */
async function previewed(edits: readonly ReportedEdit[], label: string): Promise<vscode.WorkspaceEdit> {
  const all = new vscode.WorkspaceEdit()
  for (const { uri, range, text } of edits)
    all.replace(uriOf(uri), toRange(range), text, { needsConfirmation: false, label })
  const last = uriOf(edits.at(-1)?.uri as string)
  const document = await vscode.workspace.openTextDocument(last)
  const end = document.lineAt(document.lineCount - 1).range.end
  all.insert(last, end, '', { needsConfirmation: true, label: vscode.l10n.t('Nothing else') })
  return all
}
