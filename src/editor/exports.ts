import * as vscode from 'vscode'

/** Lets the person choose a place for what a panel made, and writes it there. */
export async function saveExport(made: {
  readonly format: 'csv' | 'svg' | 'png' | 'json' | 'html'
  readonly content: string
  readonly name?: string
}): Promise<void> {
  const { format, content } = made
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri
  const name = made.name?.endsWith(`.${format}`) ? made.name : `${made.name || 'winnow'}.${format}`
  const target = await vscode.window.showSaveDialog({
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
    filters: { [format.toUpperCase()]: [format] },
  })
  if (!target) return
  const bytes =
    format === 'png' ? Buffer.from(content.replace(/^data:[^,]*,/, ''), 'base64') : Buffer.from(content, 'utf8')
  await vscode.workspace.fs.writeFile(target, bytes)
  const open = vscode.l10n.t('Open')
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('Saved {0}', vscode.workspace.asRelativePath(target)),
    open,
  )
  if (chosen === open) await vscode.commands.executeCommand('vscode.open', target)
}
