import * as vscode from 'vscode'
import type { Range } from '../core/check/report.ts'

/** How the core names a file: its absolute path with `/` between the parts. */
export function pathOf(uri: vscode.Uri): string {
  return uri.fsPath.replaceAll('\\', '/')
}

export function uriOf(path: string): vscode.Uri {
  return vscode.Uri.file(path)
}

export function toRange(range: Range): vscode.Range {
  return new vscode.Range(range.line, range.column, range.endLine, range.endColumn)
}

/** Opens the file at the range. A click in a tree does the same through its own `vscode.open`. */
export function openCommand(path: string, range: Range | undefined, title: string): vscode.Command {
  const options: vscode.TextDocumentShowOptions = range
    ? { selection: toRange(range), preview: true }
    : { preview: true }
  return { command: 'vscode.open', title, arguments: [uriOf(path), options] }
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The workspace folders that lie on a disk: the only ones whose files the checking process can read. */
export function diskFolders(): { readonly name: string; readonly path: string; readonly uri: vscode.Uri }[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter(folder => folder.uri.scheme === 'file')
    .map(folder => ({ name: folder.name, path: pathOf(folder.uri), uri: folder.uri }))
}

/** The workspace folder that a path lies in. */
export function folderOf(path: string): string | undefined {
  return diskFolders()
    .map(folder => folder.path)
    .filter(folder => path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`))
    .sort((a, b) => b.length - a.length)[0]
}

/** A path as people read it: relative to its workspace folder, with the folder's name where there are several. */
export function shownPath(path: string): string {
  return vscode.workspace.asRelativePath(uriOf(path))
}

/** A message with the paths of workspace files made relative: the folder is known, the file is what matters. */
export function shortened(text: string): string {
  return diskFolders().reduce((said, { path }) => said.replaceAll(`${path}/`, ''), text)
}

/** An `AbortSignal`, which the core takes for its `Cancel`, out of the editor's token. */
export function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController()
  if (token.isCancellationRequested) controller.abort()
  else token.onCancellationRequested(() => controller.abort())
  return controller.signal
}

/** Work that yields, done with a pause after each of its pieces: everything else that waits has its turn. */
export async function inPieces<T>(work: Generator<unknown, T>): Promise<T> {
  for (;;) {
    const next = work.next()
    if (next.done) return next.value
    await breathe()
  }
}

/** Lets everything else that waits have its turn. */
export function breathe(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
