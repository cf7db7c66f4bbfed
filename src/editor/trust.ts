import * as vscode from 'vscode'

/** Says that something is not done in Restricted Mode, with the way out. False where the folder is trusted. */
export async function refuseUntrusted(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return false
  const manage = vscode.l10n.t('Manage Trust')
  const words = vscode.l10n.t('This folder is open in Restricted Mode: Winnow checks its data. {0}.', what)
  if ((await vscode.window.showWarningMessage(words, manage)) === manage)
    await vscode.commands.executeCommand('workbench.trust.manage')
  return true
}
