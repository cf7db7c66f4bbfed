import * as vscode from 'vscode'
import type { Report } from '../core/check/report.ts'
import { diskFolders } from './adapt.ts'

/** Opens `winnow.json`, written first where there is none: with what was found, or with an example to fill in. */
export async function createConfig(report: Report | undefined): Promise<void> {
  const folder = await chosenFolder()
  if (!folder) return
  const uri = vscode.Uri.joinPath(folder.uri, 'winnow.json')
  const there = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  )
  if (!there) {
    const inFolder = (path: string) => (path.startsWith(`${folder.path}/`) ? path.slice(folder.path.length + 1) : path)
    const inside = (report?.datasets ?? []).filter(({ splits }) =>
      splits.some(({ files }) => files.some(({ uri }) => uri.startsWith(`${folder.path}/`))),
    )
    const found = inside.map(dataset => ({
      name: dataset.name,
      splits: Object.fromEntries(
        dataset.splits.map(split => [split.name, split.files.map(file => inFolder(file.uri))]),
      ),
      roles: dataset.roles,
    }))
    const example = { name: 'my-data', splits: { train: ['train.csv'], validation: [], test: ['test.csv'] } }
    const text = `${JSON.stringify({ datasets: found.length > 0 ? found : [example] }, undefined, 2)}\n`
    const edit = new vscode.WorkspaceEdit()
    edit.createFile(uri, { contents: Buffer.from(text) })
    await vscode.workspace.applyEdit(edit)
  }
  await vscode.window.showTextDocument(uri)
}

/** The folder that the file is for: the only one, the one asked for where there are several. */
async function chosenFolder(): Promise<ReturnType<typeof diskFolders>[number] | undefined> {
  const folders = diskFolders()
  if (folders.length < 2) return folders[0]
  const items = folders.map(folder => ({ label: folder.name, description: folder.path, folder }))
  const placeHolder = vscode.l10n.t('Folder whose files are to be named')
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.folder
}
