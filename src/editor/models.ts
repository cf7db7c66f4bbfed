import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import * as vscode from 'vscode'
import { count } from '../core/base/words.ts'
import type { TaskName } from '../core/train/tasks/task.ts'
import { inspectModel, type ModelSummary } from '../node/inspectModel.ts'
import { knownModels } from '../node/models.ts'
import { breathe } from './adapt.ts'
import { size } from './explorer.ts'
import type { Choice } from './picks.ts'
import { setting } from './settings.ts'
import { canDo } from './starts.ts'

/** A model to start from: how a recipe names it, and whether the person wants to look for another. */
export type ModelChoice = { readonly kind: 'model'; readonly name: string } | { readonly kind: 'browse' | 'get' }

/** The models at hand for a workspace folder: the one that comes with Winnow, those of the folder, those of the settings. */
export async function modelChoices(root: string, task: TaskName): Promise<readonly Choice<ModelChoice>[]> {
  const choices: Choice<ModelChoice>[] = []
  const known = knownModels(root)
  const add = async (heading: string, folders: readonly string[], nameOf: (folder: string) => string) => {
    const items: Choice<ModelChoice>[] = []
    for (const folder of folders) {
      await breathe()
      const summary = inspect(folder)
      if (summary) items.push(item(summary, nameOf(folder), task))
    }
    // What cannot do the task comes last.
    items.sort((a, b) => Number(a.value === undefined) - Number(b.value === undefined))
    if (items.length > 0) choices.push({ label: heading, kind: vscode.QuickPickItemKind.Separator }, ...items)
  }
  const own = known.filter(model => model.embedded).map(model => model.folder)
  const local = new Set([
    ...known.filter(model => !model.embedded).map(model => model.folder),
    ...(await workspaceModels(root)),
  ])
  await add(vscode.l10n.t('comes with Winnow'), own, basename)
  await add(vscode.l10n.t('in this workspace'), [...local], folder => relative(root, folder).replaceAll('\\', '/'))
  const elsewhere = (await Promise.all(setting('models.paths').map(foldersIn))).flat()
  await add(vscode.l10n.t('from your settings'), elsewhere, folder => folder)
  choices.push(
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    {
      label: vscode.l10n.t('Get a model…'),
      detail: vscode.l10n.t('Downloads one from Hugging Face into this workspace'),
      iconPath: new vscode.ThemeIcon('cloud-download'),
      value: { kind: 'get' },
    },
    {
      label: vscode.l10n.t('Browse…'),
      detail: vscode.l10n.t('A folder with config.json, tokenizer.json and model.safetensors'),
      iconPath: new vscode.ThemeIcon('folder-opened'),
      value: { kind: 'browse' },
    },
  )
  return choices
}

/** Lets the person point at a model folder. Undefined where they left, or where the folder does not train: that is said. */
export async function browseModel(root: string): Promise<string | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: vscode.l10n.t('Use This Model'),
      defaultUri: vscode.Uri.file(root),
    })) ?? []
  if (!folder) return undefined
  try {
    const summary = inspectModel(folder.fsPath)
    if (!summary.trains) throw new Error(summary.reason)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    void vscode.window.showErrorMessage(vscode.l10n.t('This folder cannot be tuned: {0}', why))
    return undefined
  }
  const inside = relative(root, folder.fsPath)
  return inside.startsWith('..') || isAbsolute(inside) ? folder.fsPath : inside.replaceAll('\\', '/')
}

function item(summary: ModelSummary, name: string, task: TaskName): Choice<ModelChoice> {
  const fits = canDo(summary.kind, task)
  const usable = summary.trains && fits
  const reason = fits ? (summary.reason ?? '') : vscode.l10n.t('the task {0} needs another kind of model', task)
  return {
    label: summary.name,
    description: `${millions(summary.parameters)} · ${size(summary.bytes)}`,
    detail: usable ? summary.what : vscode.l10n.t('$(warning) Cannot be tuned: {0}', reason),
    iconPath: new vscode.ThemeIcon(usable ? 'package' : 'circle-slash'),
    ...(usable ? { value: { kind: 'model', name } as const } : {}),
  }
}

function millions(parameters: number): string {
  const words = parameters < 1e6 ? count(parameters) : `${(parameters / 1e6).toFixed(1)} M`
  return vscode.l10n.t('{0} parameters', words)
}

function inspect(folder: string): ModelSummary | undefined {
  try {
    return inspectModel(folder, 'listed')
  } catch {
    return undefined // not a model folder, which is nothing to tell in a list
  }
}

/** The folder itself where it is a model, and the model folders right under it. */
async function foldersIn(parent: string): Promise<string[]> {
  if (existsSync(join(parent, 'config.json'))) return [parent]
  const names = await readdir(parent).catch(() => [] as string[])
  return names.map(name => join(parent, name)).filter(folder => existsSync(join(folder, 'config.json')))
}

async function workspaceModels(root: string): Promise<string[]> {
  const pattern = new vscode.RelativePattern(root, '**/*.safetensors')
  const files = await vscode.workspace.findFiles(pattern, '{**/node_modules/**,**/checkpoint-*/**}', 200)
  const folders = new Set(files.map(file => dirname(file.fsPath)))
  return [...folders].filter(folder => existsSync(join(folder, 'config.json'))).sort()
}
