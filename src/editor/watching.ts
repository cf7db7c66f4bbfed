import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { dataExtensions, formatOfName, isCompressed } from '../core/data/formatName.ts'
import { skippedFolders } from '../core/data/splits.ts'
import { datasetCardName } from '../node/datasetCard.ts'
import { pathOf } from './adapt.ts'
import { mayHoldData } from './probe.ts'

/** Tells when files of datasets come, go or change on disk, whoever does it. `known` are the files that were checked last. */
export function watchData(changed: () => void, known: () => readonly string[]): Disposable {
  const store = new Store()
  const endings = [...dataExtensions, 'gz', 'zst', 'md'].join(',')
  const files = vscode.workspace.createFileSystemWatcher(`**/*.{${endings}}`)
  const onFile = (uri: vscode.Uri) => {
    if (mattersOnDisk(uri)) changed()
  }
  store.add(files)
  store.add(files.onDidCreate(onFile))
  store.add(files.onDidChange(onFile))
  store.add(files.onDidDelete(onFile))
  // Of a folder that goes or comes as a whole (moved, renamed, unpacked) nothing but itself is told.
  const folders = vscode.workspace.createFileSystemWatcher('**', false, true, false)
  store.add(folders)
  store.add(
    folders.onDidDelete(uri => {
      const inside = `${pathOf(uri)}/`
      if (isOutside(uri) && known().some(path => path.startsWith(inside))) changed()
    }),
  )
  store.add(
    folders.onDidCreate(async uri => {
      if (mayBeFolder(uri) && (await isFolder(uri)) && (await mayHoldData([pathOf(uri)]))) changed()
    }),
  )
  return store
}

/** Can the text of this document be that of a dataset, or settings of one? Run folders change all the time and never are. */
export function isOurs(uri: vscode.Uri): boolean {
  const format = formatOfName(uri.path)
  return format !== undefined && format !== 'parquet' && !isCompressed(uri.path) && isOutside(uri)
}

/** As `isOurs`, of files that no editor shows as text, too, and of the `README.md` that may say which files are which split. */
function mattersOnDisk(uri: vscode.Uri): boolean {
  return (formatOfName(uri.path) !== undefined || uri.path.endsWith(`/${datasetCardName}`)) && isOutside(uri)
}

/** Most of what comes to be has an ending, and is not worth a look. */
function mayBeFolder(uri: vscode.Uri): boolean {
  const names = vscode.workspace.asRelativePath(uri, false).split('/')
  return (
    !/\.[a-z]\w{0,7}$/i.test(uri.path) &&
    isOutside(uri) &&
    !names.some(name => name === '.git' || skippedFolders.has(name))
  )
}

async function isFolder(uri: vscode.Uri): Promise<boolean> {
  try {
    return (await vscode.workspace.fs.stat(uri)).type === vscode.FileType.Directory
  } catch {
    return false // It has gone again.
  }
}

function isOutside(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' && !uri.path.includes('/.winnow/')
}
