import { dirname, join, relative } from 'node:path'
import * as vscode from 'vscode'
import type { ReportedFinding } from '../core/check/report.ts'
import { findConfig } from '../node/config.ts'
import { folderOf, pathOf } from './adapt.ts'
import { placeOf } from './findingNodes.ts'

/**
 * Appends the finding to the file of ignored ones (`winnow-ignore.jsonl`, or as `winnow.json` names it) and saves it,
 * since the checking process reads it from disk. The line is an ordinary edit: undo takes it back. Asks why before; false
 * where the person would rather not.
 */
export async function ignoreFinding(finding: ReportedFinding): Promise<boolean> {
  const reason = await vscode.window.showInputBox({
    title: vscode.l10n.t('Ignore this {0} finding', finding.rule),
    prompt: vscode.l10n.t(
      'Why is it left as it is? Who reads the list later will want to know; Enter alone gives no reason.',
    ),
  })
  if (reason === undefined) return false
  const root = folderOf(finding.uri) ?? dirname(finding.uri)
  const config = await findConfig(root).catch(() => undefined) // a broken one is told by the check itself
  const uri = vscode.Uri.file(join(config?.folder ?? root, config?.config.ignore ?? 'winnow-ignore.jsonl'))
  const line = {
    rule: finding.rule,
    key: finding.key,
    // For people and for a look at what a key stands for; only the key counts.
    file: relative(config?.folder ?? root, finding.uri).replaceAll('\\', '/'),
    ...(finding.row === undefined ? {} : { row: finding.row }),
    message: finding.message,
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
  }
  const edit = new vscode.WorkspaceEdit()
  const there = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  )
  if (!there) edit.createFile(uri, { ignoreIfExists: true })
  const before = there ? await vscode.workspace.openTextDocument(uri) : undefined
  const last = before?.lineAt(before.lineCount - 1)
  const lead = last && last.text !== '' ? '\n' : ''
  edit.insert(uri, last?.range.end ?? new vscode.Position(0, 0), `${lead}${JSON.stringify(line)}\n`)
  if (!(await vscode.workspace.applyEdit(edit))) return false
  const document = vscode.workspace.textDocuments.find(one => pathOf(one.uri) === pathOf(uri))
  await document?.save()
  vscode.window.setStatusBarMessage(vscode.l10n.t('Ignored: {0}', placeOf(finding)), 5000)
  return true
}
