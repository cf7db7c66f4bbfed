import { basename, dirname } from 'node:path'
import * as vscode from 'vscode'
import { pathOf, shownPath } from './adapt.ts'

/** A recipe that a person keeps; the one in a run's folder is a record of what was. */
export function isRecipe(path: string): boolean {
  return /(^|[/.])recipe\.json$/.test(path) && !path.includes('/.winnow/')
}

/** The recipe in the active editor, where there is one. */
export function activeRecipe(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri
  return uri?.scheme === 'file' && isRecipe(pathOf(uri)) ? uri : undefined
}

/** A recipe of the workspace that the person chooses; one is no question. */
export async function chooseRecipe(): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/{recipe,*.recipe}.json', '{**/node_modules/**,**/.winnow/**}', 200)
  const [only, ...others] = found
  if (!only) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no recipe yet: Tune a Model writes one.'))
    return undefined
  }
  if (others.length === 0) return only
  const items = found.map(uri => ({ label: basename(pathOf(uri)), description: shownPath(dirname(pathOf(uri))), uri }))
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Which recipe?') }))?.uri
}
