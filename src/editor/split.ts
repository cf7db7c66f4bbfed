import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { isDataName } from '../core/data/splits.ts'
import { diskFolders, folderOf, pathOf, shownPath } from './adapt.ts'
import type { Checking } from './checking.ts'
import { type Cli, runCli } from './cliTask.ts'
import type { FileNode } from './explorer.ts'
import { isRecipe } from './recipes.ts'

/**
 * Divides a file into train, validation and test files beside it, and checks them. The file stays as it is. From a file of the
 * explorer or of the tree, or by asking; one file is no question.
 */
export async function splitFile(given: unknown, { cli, checking }: { cli: Cli; checking: Checking }): Promise<void> {
  const path = given instanceof vscode.Uri ? pathOf(given) : (fileOf(given) ?? (await chooseFile()))
  if (path === undefined) return
  const cwd = folderOf(path) ?? dirname(path)
  const stem = basename(path).replace(/\.[a-z0-9]+$/i, '')
  const target = join(dirname(path), `${stem}-split`)
  if (existsSync(target)) {
    const again = vscode.l10n.t('{0} is there already: move it away to divide the file anew.', shownPath(target))
    void vscode.window.showInformationMessage(again)
    return
  }
  const title = vscode.l10n.t('Dividing {0} into train, validation and test', basename(path))
  const out = await runCli(cli, ['split', path], { cwd, title })
  if (out === undefined) return
  await checking.check()
  const parts = [...out.matchAll(/(train|validation|test)\.\w+\s+([\d,]+) rows/g)].map(
    ([, name, rows]) => `${name} ${rows}`,
  )
  const tune = vscode.l10n.t('Tune a Model')
  const words = vscode.l10n.t(
    '{0} is divided ({1}); equal and similar rows stay together, so that nothing leaks.',
    basename(path),
    parts.join(', '),
  )
  const chosen = await vscode.window.showInformationMessage(words, tune)
  if (chosen === tune) await vscode.commands.executeCommand('winnow.tune')
}

function fileOf(given: unknown): string | undefined {
  const node = given as FileNode | undefined
  return node?.kind === 'file' ? node.file.uri : undefined
}

async function chooseFile(): Promise<string | undefined> {
  const skip = '{**/node_modules/**,**/.winnow/**,**/.*/**,**/*-split/**}'
  const found = await vscode.workspace.findFiles('**/*.{csv,tsv,jsonl,ndjson,json,parquet}', skip, 500)
  const paths = found.map(pathOf).filter(path => isDataName(path) && !isRecipe(path) && !/winnow\.json$/.test(path))
  if (paths.length === 0) {
    const words =
      diskFolders().length === 0
        ? vscode.l10n.t('Open a folder with a data file first.')
        : vscode.l10n.t('There is no CSV, TSV, JSONL, JSON or Parquet file in this folder.')
    void vscode.window.showInformationMessage(words)
    return undefined
  }
  if (paths.length === 1) return paths[0]
  const items = paths.map(path => ({ label: basename(path), description: shownPath(dirname(path)), path }))
  const title = vscode.l10n.t('Divide which file into train, validation and test?')
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.path
}
