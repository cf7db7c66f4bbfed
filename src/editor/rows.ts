import { isAbsolute, join } from 'node:path'
import * as vscode from 'vscode'
import type { FoundRow } from '../core/check/report.ts'
import type { BatchRow, RowPlace } from '../core/view/protocol.ts'
import { baseName, pathOf, toRange, uriOf } from './adapt.ts'
import type { Checking } from './checking.ts'

/** From the rows that runs and ledgers name back to their places in the editor. */
export class Rows {
  private readonly checking: Checking

  constructor(checking: Checking) {
    this.checking = checking
  }

  /**
   * Opens the file of a row at the row. `text` is what the row said when the run saw it: a row that has moved since
   * is found by it.
   */
  async open(root: string | undefined, place: RowPlace, text?: string): Promise<void> {
    const path = root === undefined ? undefined : pathUnder(root, place.file)
    if (!path) return
    const [found] = await this.checking.rows(path, [{ row: place.row, ...(text === undefined ? {} : { text }) }])
    const name = vscode.l10n.t('{0} row {1}', baseName(path), place.row)
    if (!found) {
      void vscode.window.showWarningMessage(
        vscode.l10n.t('{0} is not there any more: the file has changed since.', name),
      )
      await vscode.commands.executeCommand('vscode.open', uriOf(path))
      return
    }
    const options: vscode.TextDocumentShowOptions = {
      selection: toRange(found.range),
      preview: true,
      viewColumn: beside(),
    }
    await vscode.commands.executeCommand('vscode.open', uriOf(path), options)
    if (found.row !== place.row)
      vscode.window.setStatusBarMessage(vscode.l10n.t('{0} is now row {1}', name, found.row), 8000)
  }

  /** The texts and labels of rows, in the order asked for, with the rules that found something in them. */
  async read(root: string, places: readonly RowPlace[]): Promise<readonly BatchRow[]> {
    const byFile = new Map<string, number[]>()
    for (const { file, row } of places) byFile.set(file, [...(byFile.get(file) ?? []), row])
    const found = new Map<string, FoundRow>()
    for (const [file, rows] of byFile) {
      const path = pathUnder(root, file)
      const answers = path
        ? await this.checking.rows(
            path,
            rows.map(row => ({ row })),
          )
        : []
      rows.forEach((row, i) => {
        const answer = answers[i]
        if (answer) found.set(`${file}\0${row}`, answer)
      })
    }
    const rules = this.rulesByRow()
    return places.map(place => {
      const answer = found.get(`${place.file}\0${place.row}`)
      const said = rules.get(`${pathUnder(root, place.file)}\0${place.row}`)
      return {
        ...place,
        text: answer?.text ?? '',
        label: answer?.label ?? '',
        ...(said ? { findings: [...said] } : {}),
      }
    })
  }

  private rulesByRow(): Map<string, Set<string>> {
    const rules = new Map<string, Set<string>>()
    for (const { uri, row, rule } of this.checking.last?.report.findings ?? []) {
      if (row === undefined) continue
      const key = `${uri}\0${row}`
      const known = rules.get(key)
      if (known) known.add(rule)
      else rules.set(key, new Set([rule]))
    }
    return rules
  }
}

/** The file a run names, if it lies in the run's folder or in the workspace: a panel opens nothing else. */
function pathUnder(root: string, file: string): string | undefined {
  const path = pathOf(uriOf(isAbsolute(file) ? file : join(root, file)))
  const roots = [root, ...(vscode.workspace.workspaceFolders ?? []).map(folder => folder.uri.fsPath)]
  return roots.some(one => path.startsWith(`${pathOf(uriOf(one)).replace(/\/$/, '')}/`)) ? path : undefined
}

/** Beside the panel that asked, so that panel and row can be read together; where two groups exist, the other one. */
function beside(): vscode.ViewColumn {
  const { activeTabGroup, all } = vscode.window.tabGroups
  return all.length === 1
    ? vscode.ViewColumn.Beside
    : (all.find(group => group !== activeTabGroup)?.viewColumn ?? vscode.ViewColumn.Active)
}
