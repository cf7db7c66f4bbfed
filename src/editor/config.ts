import * as vscode from 'vscode'
import type { Report } from '../core/check/report.ts'
import { diskFolders } from './adapt.ts'

/** Opens `winnow.json`, written first where there is none: with what was found, or with an example to fill in. */
export async function createConfig(report: Report | undefined): Promise<void> {
  const folder = diskFolders()[0]
  if (!folder) return
  const uri = vscode.Uri.joinPath(folder.uri, 'winnow.json')
  const there = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  )
  if (!there) {
    const inFolder = (path: string) => (path.startsWith(`${folder.path}/`) ? path.slice(folder.path.length + 1) : path)
    const found = (report?.datasets ?? []).map(dataset => ({
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
