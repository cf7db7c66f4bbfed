import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import * as vscode from 'vscode'
import { splitNames } from '../core/data/dataset.ts'
import { isDataName } from '../core/data/splits.ts'
import { configName, findConfig } from '../node/config.ts'
import { withSplits } from '../node/configEdit.ts'
import { diskFolders, folderOf, pathOf, shownPath } from './adapt.ts'
import type { Checking } from './checking.ts'
import { type Cli, runCli } from './cliTask.ts'
import type { DatasetNode, FileNode } from './explorer.ts'
import { isRecipe } from './recipes.ts'
import { wholeFile } from './starts.ts'

/**
 * Divides a file into train, validation and test files beside it, and checks them. The file stays as it is. From a file of the
 * explorer or of the tree, or by asking; one file is no question.
 */
export async function splitFile(given: unknown, { cli, checking }: { cli: Cli; checking: Checking }): Promise<void> {
  const path = given instanceof vscode.Uri ? pathOf(given) : (fileOf(given) ?? (await chooseFile(checking)))
  if (path === undefined) return
  const cwd = folderOf(path) ?? dirname(path)
  const stem = basename(path).replace(/\.[a-z0-9]+$/i, '')
  const target = join(dirname(path), `${stem}-split`)
  if (existsSync(target)) {
    const again = vscode.l10n.t('{0} is there already: move it away to split the file anew.', shownPath(target))
    void vscode.window.showInformationMessage(again)
    return
  }
  const title = vscode.l10n.t('Splitting {0} into train, validation and test', basename(path))
  const out = await runCli(cli, ['split', path], { cwd, title })
  if (out === undefined) return
  await nameSplits({ root: cwd, source: path, target, name: stem })
  await checking.check()
  const parts = [...out.matchAll(/(train|validation|test)\.\w+\s+([\d,]+) rows/g)].map(
    ([, name, rows]) => `${name} ${rows}`,
  )
  const tune = vscode.l10n.t('Tune a Model')
  const words = vscode.l10n.t(
    '{0} is split ({1}); equal and similar rows stay together, so that nothing leaks.',
    basename(path),
    parts.join(', '),
  )
  const chosen = await vscode.window.showInformationMessage(words, tune)
  if (chosen === tune) await vscode.commands.executeCommand('winnow.tune')
}

/** Writes into `winnow.json` that the parts stand for the file now: it would be a dataset of its own beside them. */
async function nameSplits(given: {
  readonly root: string
  readonly source: string
  readonly target: string
  readonly name: string
}): Promise<void> {
  const uri = vscode.Uri.file((await findConfig(given.root))?.path ?? join(given.root, configName))
  const inside = (path: string) => relative(dirname(uri.fsPath), path).replaceAll('\\', '/')
  const parts = await readdir(given.target)
  const splits = Object.fromEntries(
    splitNames.flatMap(name => {
      const file = parts.find(part => part.startsWith(`${name}.`))
      return file === undefined ? [] : [[name, inside(join(given.target, file))]]
    }),
  )
  const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === uri.toString())
  const text = open?.getText() ?? (existsSync(uri.fsPath) ? await readFile(uri.fsPath, 'utf8') : undefined)
  const after = withSplits(text, { name: given.name, source: inside(given.source), splits })
  await vscode.workspace.fs.writeFile(uri, Buffer.from(after))
}

function fileOf(given: unknown): string | undefined {
  const node = given as FileNode | DatasetNode | undefined
  if (node?.kind === 'file') return node.file.uri
  return node?.kind === 'dataset' ? wholeFile(node.dataset) : undefined
}

async function chooseFile(checking: Checking): Promise<string | undefined> {
  const whole = (checking.last?.report.datasets ?? []).flatMap(dataset => wholeFile(dataset) ?? [])
  if (whole.length === 1) return whole[0]
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
  const title = vscode.l10n.t('Split which file into train, validation and test?')
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.path
}
