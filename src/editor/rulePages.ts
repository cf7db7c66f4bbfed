import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'

/** Opens the page of a rule: what it finds, why that matters, how it is mended. Without a rule, the person chooses. */
export async function showRule(extension: vscode.Uri, rule: string | undefined): Promise<void> {
  const folder = vscode.Uri.joinPath(extension, 'media', 'rules')
  const known = existsSync(folder.fsPath)
    ? readdirSync(folder.fsPath).flatMap(name => (name.endsWith('.md') ? [name.slice(0, -3)] : []))
    : []
  const chosen = rule ?? (await vscode.window.showQuickPick(known, { title: vscode.l10n.t('Which rule?') }))
  if (chosen === undefined) return
  if (!known.includes(chosen)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no page about the rule {0}.', chosen))
    return
  }
  const page = vscode.Uri.file(join(folder.fsPath, `${chosen}.md`))
  try {
    await vscode.commands.executeCommand('markdown.showPreview', page)
  } catch {
    await vscode.commands.executeCommand('vscode.open', page) // the built-in Markdown extension is switched off
  }
}
