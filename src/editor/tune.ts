import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { Failure } from '../core/base/failure.ts'
import { count, counted } from '../core/base/words.ts'
import type { ReportedDataset } from '../core/check/report.ts'
import type { SplitName } from '../core/data/dataset.ts'
import type { Method } from '../core/train/methods.ts'
import type { RecipeInput } from '../core/train/recipe.ts'
import { findConfig } from '../node/config.ts'
import { runWorker } from '../node/program.ts'
import { runsFolder, slug } from '../node/runs.ts'
import { diskFolders, folderOf, pathOf, signalOf } from './adapt.ts'
import type { Checking } from './checking.ts'
import { isTunable } from './explorer.ts'
import { isRecipe } from './lenses.ts'
import { browseModel, type ModelChoice, modelChoices } from './models.ts'
import { type Answer, ask, type Choice } from './picks.ts'
import { setting } from './settings.ts'

interface Parts {
  readonly checking: Checking
  readonly log: vscode.LogOutputChannel
  /** The command line beside the bundle: it checks the data and makes the run in a process of its own. */
  readonly cli: string
  /** Called with the id of a run that was started. */
  readonly started: (id: string) => Promise<void>
}

/** Writes recipes and starts runs. */
export class Tuning {
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** From a dataset of the tree, from a recipe (the active one, where none is given), or by asking. */
  async tune(from?: unknown): Promise<void> {
    if (!vscode.workspace.isTrusted) return sayRestricted()
    const recipe = from instanceof vscode.Uri ? from : from === undefined ? activeRecipe() : undefined
    if (recipe) return this.start(recipe)
    const root = diskFolders()[0]?.path
    if (root === undefined) {
      const open = vscode.l10n.t('Open a Folder')
      const words = vscode.l10n.t('Tuning needs a folder with a dataset.')
      if ((await vscode.window.showInformationMessage(words, open)) === open)
        await vscode.commands.executeCommand('vscode.openFolder')
      return
    }
    const chosen = await this.choose((from as { readonly dataset?: ReportedDataset } | undefined)?.dataset)
    if (chosen) await this.start(await writeRecipe(chosen))
  }

  /** Goes on with a run that was stopped or has failed. */
  async resume(folder: string): Promise<void> {
    if (!vscode.workspace.isTrusted) return sayRestricted()
    await this.run(['tune', '--resume', folder, '--detach'], folder, vscode.l10n.t('Resuming the run'))
  }

  private async start(recipe: vscode.Uri): Promise<void> {
    const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === recipe.toString())
    if (open?.isDirty && !(await open.save())) return
    await this.run(['tune', recipe.fsPath, '--detach'], recipe.fsPath, vscode.l10n.t('Preparing the run'))
  }

  private async run(args: readonly string[], about: string, title: string): Promise<void> {
    const cwd = folderOf(pathOf(vscode.Uri.file(about))) ?? dirname(about)
    // The command line takes the nearest folder with runs for the workspace: it must not stop at a folder below.
    await mkdir(runsFolder(cwd), { recursive: true })
    const options = { location: vscode.ProgressLocation.Notification, title: `Winnow: ${title}`, cancellable: true }
    const said: string[] = []
    try {
      const { code, out } = await vscode.window.withProgress(options, (progress, token) => {
        const err = (text: string) => {
          said.push(text)
          const line = text
            .trim()
            .split(/[\r\n]/)
            .at(-1)
          if (line) progress.report({ message: line.slice(0, 100) })
        }
        return runWorker(args, { cwd, err, cancel: signalOf(token), worker: this.parts.cli })
      })
      if (code === 130) return
      if (code !== 0)
        throw new Failure('tune', lastLine(said.join('')) || vscode.l10n.t('The run could not be started'))
      await this.parts.started(runId(out))
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      this.parts.log.error(words, said.join(''))
      const log = vscode.l10n.t('Show Log')
      if ((await vscode.window.showErrorMessage(words, log)) === log) this.parts.log.show()
    }
  }

  private async choose(given: ReportedDataset | undefined): Promise<Plan | undefined> {
    if (!this.parts.checking.last) await this.parts.checking.check()
    const datasets = this.parts.checking.last?.report.datasets ?? []
    if (!datasets.some(isTunable)) {
      const words = vscode.l10n.t('Tuning needs a dataset with a text column, a label column and a train split.')
      const config = vscode.l10n.t('Name Your Files')
      if ((await vscode.window.showInformationMessage(words, config)) === config)
        await vscode.commands.executeCommand('winnow.createConfig')
      return undefined
    }
    const title = vscode.l10n.t('Tune a model')
    // One dataset is no question.
    let dataset = given ?? (datasets.length === 1 ? datasets[0] : undefined)
    const first = dataset ? 2 : 1
    const steps = 4 - first
    let model: string | undefined
    for (let step = first; ; ) {
      if (step === 1) {
        const placeholder = vscode.l10n.t('Dataset to learn from')
        const answer = await ask({ title, placeholder, step: 1, steps, items: datasets.map(datasetItem) })
        if (answer === undefined || answer === 'back') return undefined
        dataset = answer.value
        step = 2
      } else if (step === 2) {
        const root = rootOf(dataset as ReportedDataset)
        const placeholder = vscode.l10n.t('Model to start from')
        const items = modelChoices(root)
        const answer: Answer<ModelChoice> = await ask({ title, placeholder, step: step - first + 1, steps, items })
        if (answer === undefined) return undefined
        if (answer === 'back') {
          step = 1
          continue
        }
        model = answer.value.kind === 'browse' ? await browseModel(root) : answer.value.name
        if (model !== undefined) step = 3
      } else {
        const placeholder = vscode.l10n.t('What may change in the model')
        const answer = await ask({ title, placeholder, step: step - first + 1, steps, items: methods() })
        if (answer === undefined) return undefined
        if (answer === 'back') step = 2
        else {
          const several = datasets.length > 1
          return { dataset: dataset as ReportedDataset, model: model as string, method: answer.value, several }
        }
      }
    }
  }
}

interface Plan {
  readonly dataset: ReportedDataset
  readonly model: string
  readonly method: Method['kind']
  /** Are there other datasets that a name must tell this one from? */
  readonly several: boolean
}

function methods(): readonly Choice<Method['kind']>[] {
  return [
    {
      label: vscode.l10n.t('LoRA'),
      description: vscode.l10n.t('small adapters, the model itself stays'),
      detail: vscode.l10n.t('Close to full fine-tuning at a fraction of the memory. A good first choice.'),
      value: 'lora',
    },
    {
      label: vscode.l10n.t('Full'),
      description: vscode.l10n.t('every weight of the model'),
      detail: vscode.l10n.t('The most it can learn; needs the most memory and the most rows.'),
      value: 'full',
    },
    {
      label: vscode.l10n.t('Head only'),
      description: vscode.l10n.t('a classifier on top, the model stays'),
      detail: vscode.l10n.t('Fastest. A baseline to hold the others against.'),
      value: 'head',
    },
  ]
}

function datasetItem(dataset: ReportedDataset): Choice<ReportedDataset> {
  const rows = (name: string) =>
    dataset.splits.find(split => split.name === name)?.files.reduce((sum, file) => sum + file.rows, 0) ?? 0
  const usable = isTunable(dataset)
  const splits = dataset.splits.map(split => `${split.name} ${count(rows(split.name))}`).join(', ')
  return {
    label: dataset.name,
    description: dataset.labels ? `${splits} · ${counted(dataset.labels.length, 'label')}` : splits,
    ...(usable
      ? { value: dataset }
      : { detail: vscode.l10n.t('$(warning) Needs a text column, a label column and a train split') }),
    iconPath: new vscode.ThemeIcon('database'),
  }
}

function rootOf(dataset: ReportedDataset): string {
  const file = dataset.splits[0]?.files[0]?.uri
  return (file && folderOf(file)) ?? (diskFolders()[0]?.path as string)
}

/** Writes the recipe beside earlier ones; one that says the same is used again, another one is never written over. */
async function writeRecipe(plan: Plan): Promise<vscode.Uri> {
  const { dataset, model, method } = plan
  const root = rootOf(dataset)
  const [device, threads] = [setting('train.device'), setting('train.threads')]
  const data = await dataOf(dataset, root)
  for (let n = 1; ; n++) {
    const tail = n === 1 ? '' : `-${n}`
    const recipe = {
      // Short, since trees and tabs show it; the folder's name and the panel say the rest.
      name: `${plan.several ? `${dataset.name}-${method}` : method}${tail}`,
      model,
      data,
      method: { kind: method },
      ...(device === 'auto' ? {} : { device }),
      ...(threads === 0 ? {} : { threads }),
    } satisfies RecipeInput
    const text = `${JSON.stringify(recipe, undefined, 2)}\n`
    const uri = vscode.Uri.file(join(root, `${slug(`${dataset.name}-${method}`)}${tail}.recipe.json`))
    const there = await vscode.workspace.fs.readFile(uri).then(
      bytes => Buffer.from(bytes).toString('utf8'),
      () => undefined,
    )
    if (there === text) return uri
    if (there === undefined) {
      await vscode.workspace.fs.writeFile(uri, Buffer.from(text))
      return uri
    }
  }
}

/** The dataset by its name where `winnow.json` gives it one, else its files: a folder may be renamed. */
async function dataOf(dataset: ReportedDataset, root: string): Promise<RecipeInput['data']> {
  const config = await findConfig(root)
  if (config?.config.datasets?.some(one => one.name === dataset.name)) return { dataset: dataset.name }
  const inRoot = (path: string) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path)
  const data: { [S in SplitName]?: string | string[] } = {}
  for (const { name, files } of dataset.splits) {
    const paths = files.map(file => inRoot(file.uri))
    if (paths.length > 0) data[name] = paths.length === 1 ? (paths[0] as string) : paths
  }
  const { text, label } = dataset.roles
  return { ...data, ...(text ? { text } : {}), ...(label ? { label } : {}) }
}

/** The recipe in the active editor, where there is one. */
function activeRecipe(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri
  return uri?.scheme === 'file' && isRecipe(pathOf(uri)) ? uri : undefined
}

async function sayRestricted(): Promise<void> {
  const manage = vscode.l10n.t('Manage Trust')
  const words = vscode.l10n.t(
    'This folder is open in Restricted Mode: Winnow checks its data, but does not tune models, since a recipe decides what runs on this machine.',
  )
  if ((await vscode.window.showWarningMessage(words, manage)) === manage)
    await vscode.commands.executeCommand('workbench.trust.manage')
}

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter(line => line.trim() !== '')
  return (lines.at(-1) ?? '').replace(/^winnow: /, '')
}

/** The id of the run that was started: the name of the folder that the command line prints. */
function runId(out: string): string {
  return out.trim().split(/\s+/).at(-1)?.split(/[\\/]/).filter(Boolean).at(-1) ?? ''
}
