import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as vscode from 'vscode'

/** Copies the sample dataset to where the person says, and opens it. A folder may be given by who calls. */
export async function trySample(extension: vscode.Uri, given?: unknown): Promise<void> {
  const parent = given instanceof vscode.Uri ? given : await chooseParent()
  if (!parent) return
  const target = await freshFolder(parent)
  await vscode.workspace.fs.copy(vscode.Uri.joinPath(extension, 'media', 'sample'), target)
  const forceNewWindow = (vscode.workspace.workspaceFolders ?? []).length > 0
  await vscode.commands.executeCommand('vscode.openFolder', target, { forceNewWindow })
}

async function chooseParent(): Promise<vscode.Uri | undefined> {
  const temporary = { label: vscode.l10n.t('In a temporary folder'), detail: tmpdir(), icon: 'clock' }
  const chosen = {
    label: vscode.l10n.t('In a folder you choose…'),
    detail: vscode.l10n.t('A folder winnow-sample is made in it'),
    icon: 'folder',
  }
  const items = [chosen, temporary].map(item => ({ ...item, iconPath: new vscode.ThemeIcon(item.icon) }))
  const pick = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Where should the sample go?'),
    placeHolder: vscode.l10n.t('Support tickets with planted problems: about 1,500 rows in train, validation and test'),
  })
  if (!pick) return undefined
  if (pick.label === temporary.label) return vscode.Uri.file(await mkdtemp(join(tmpdir(), 'winnow-')))
  const folders = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: vscode.l10n.t('Put the Sample Here'),
  })
  return folders?.[0]
}

/** A folder that is not there yet, so that an earlier copy with its edits stays. */
async function freshFolder(parent: vscode.Uri): Promise<vscode.Uri> {
  for (let n = 1; ; n++) {
    const uri = vscode.Uri.joinPath(parent, n === 1 ? 'winnow-sample' : `winnow-sample-${n}`)
    try {
      await vscode.workspace.fs.stat(uri)
    } catch {
      return uri // nothing there
    }
  }
}
