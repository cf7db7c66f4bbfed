import * as vscode from 'vscode'
import { Failure } from '../core/base/failure.ts'
import type { RowsEdit, RowsLine } from '../core/view/rowsProtocol.ts'
import { folderOf, pathOf, toRange, uriOf } from './adapt.ts'
import type { Checking } from './checking.ts'

/** The editor gives extensions no text of a file above this, so that no edit of it could be made. */
const largest = 50 * 1024 * 1024

/** What takes an edit back. */
type Step =
  | {
      readonly kind: 'document'
      readonly at: number
      readonly path: string
      readonly range: vscode.Range
      readonly before: string
      readonly after: string
    }
  | { readonly kind: 'pending'; readonly at: number; readonly column: string; readonly before: string | undefined }

/**
 * Edits of cells. In a document they are edits of the workspace, undone by the editor or here; in a file that is too large for an
 * editor they wait until somebody writes them, all at once.
 */
export class RowsEdits {
  private readonly steps: Step[] = []
  private readonly waiting = new Map<string, string>()
  private readonly checking: Checking
  private readonly view: string

  constructor(checking: Checking, view: string) {
    this.checking = checking
    this.view = view
  }

  get undo(): number {
    return this.steps.length
  }

  get pending(): number {
    return this.waiting.size
  }

  /** Changes a cell. */
  async make(at: number, column: string, value: string): Promise<void> {
    const { view } = this
    const edit = await this.checking.ask('rowsEdit', { view, at, column, value })
    if (await isLarge(edit.path)) {
      const key = `${at}\n${column}`
      this.steps.push({ kind: 'pending', at, column, before: this.waiting.get(key) })
      this.waiting.set(key, value)
      await this.checking.ask('rowsPend', { view, at, column, value })
      return
    }
    const uri = uriOf(edit.path)
    await vscode.workspace.openTextDocument(uri)
    const all = new vscode.WorkspaceEdit()
    all.replace(uri, toRange(edit.range), edit.text)
    if (!(await vscode.workspace.applyEdit(all))) throw notMade(edit.path)
    const range = new vscode.Range(toRange(edit.range).start, endOf(edit))
    this.steps.push({ kind: 'document', at, path: edit.path, range, before: edit.before, after: edit.text })
  }

  /** Takes the last edit back; the row it was of, undefined where there is none. */
  async takeBack(): Promise<number | undefined> {
    const step = this.steps.pop()
    if (!step) return undefined
    if (step.kind === 'pending') {
      const { at, column, before } = step
      if (before === undefined) this.waiting.delete(`${at}\n${column}`)
      else this.waiting.set(`${at}\n${column}`, before)
      await this.checking.ask('rowsPend', { view: this.view, at, column, value: before })
      return at
    }
    const document = await vscode.workspace.openTextDocument(uriOf(step.path))
    if (document.getText(step.range) !== step.after) {
      this.steps.length = 0
      throw new Failure('changed', 'The file was edited since', 'Undo it in its own editor')
    }
    const all = new vscode.WorkspaceEdit()
    all.replace(document.uri, step.range, step.before)
    if (!(await vscode.workspace.applyEdit(all))) throw notMade(step.path)
    return step.at
  }

  /** Writes what waits, once somebody has agreed. Answers whether it was written. */
  async write(): Promise<boolean> {
    const { pending, view } = this
    if (pending === 0) return false
    const what = vscode.l10n.t('Write {0} changes into files larger than 50 MB?', pending)
    const detail = vscode.l10n.t('They are written to disk at once. winnow undo, in a terminal, puts them back.')
    const write = vscode.l10n.t('Write')
    if ((await vscode.window.showWarningMessage(what, { modal: true, detail }, write)) !== write) return false
    const [path] = (await this.checking.ask('rowsShown', { view })).map(file => file.path)
    const root = path === undefined ? undefined : folderOf(path)
    if (root === undefined) throw new Failure('no-folder', 'The file is in no folder of this workspace')
    await this.checking.ask('rowsWrite', { view, root })
    this.waiting.clear()
    this.steps.length = 0
    return true
  }

  /** Numbers of rows mean others now: nothing can be taken back any more. */
  forget(): void {
    this.steps.length = 0
    this.waiting.clear()
  }

  /** The row as it is now. */
  async line(at: number): Promise<{ readonly version: number; readonly line: RowsLine } | undefined> {
    const { version, lines } = await this.checking.ask('rowsLines', { view: this.view, query: 0, from: at, to: at + 1 })
    const line = lines[0]
    return line && { version, line }
  }
}

function endOf({ range, text }: RowsEdit): vscode.Position {
  const lines = text.split(/\r\n|\r|\n/)
  const last = lines.at(-1) ?? ''
  return new vscode.Position(
    range.line + lines.length - 1,
    lines.length === 1 ? range.column + last.length : last.length,
  )
}

function notMade(path: string): Failure {
  return new Failure('not-edited', `${path} could not be changed`, 'It may be read-only')
}

async function isLarge(path: string): Promise<boolean> {
  const uri = uriOf(path)
  const open = vscode.workspace.textDocuments.find(document => pathOf(document.uri) === path)
  return !open && (await vscode.workspace.fs.stat(uri)).size > largest
}
