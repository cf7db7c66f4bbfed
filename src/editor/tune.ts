import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as vscode from 'vscode'
import type { ReportedDataset } from '../core/check/report.ts'
import type { SplitName } from '../core/data/dataset.ts'
import type { Inspection } from '../core/train/inspection.ts'
import type { Method } from '../core/train/methods.ts'
import type { RecipeInput } from '../core/train/recipe.ts'
import type { TaskName } from '../core/train/tasks/task.ts'
import { findConfig } from '../node/config.ts'
import { runWorker } from '../node/program.ts'
import { runsFolder, slug } from '../node/runs.ts'
import { diskFolders, folderOf, pathOf } from './adapt.ts'
import type { Checking } from './checking.ts'
import { type Cli, runCli } from './cliTask.ts'
import { getModel } from './getModel.ts'
import { browseModel, type ModelChoice, modelChoices } from './models.ts'
import { type Answer, ask } from './picks.ts'
import { activeRecipe } from './recipes.ts'
import { setting } from './settings.ts'
import { datasetItem, methodItems, taskItems } from './starting.ts'
import { fittingTasks, isTunable } from './starts.ts'
import { refuseUntrusted } from './trust.ts'

interface Parts {
  readonly checking: Checking
  /** It checks the data and makes the run in a process of its own. */
  readonly cli: Cli
  /** Called with the id of a run that was started. */
  readonly started: (id: string) => Promise<void>
}

/** Writes recipes and starts runs. */
export class Tuning {
  private readonly parts: Parts
  /** The text of recipes that nothing stopped, by where they are. */
  private readonly inspected = new Map<string, string>()

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** From a dataset of the tree, from a recipe (the active one, where none is given), or by asking. */
  async tune(from?: unknown, inspected?: unknown): Promise<void> {
    if (await refuseUntrusted(noTuning())) return
    const recipe = from instanceof vscode.Uri ? from : from === undefined ? activeRecipe() : undefined
    if (recipe) return this.start(recipe, inspected === 'inspected')
    const root = diskFolders()[0]?.path
    if (root === undefined) {
      const open = vscode.l10n.t('Open a Folder')
      const words = vscode.l10n.t('Tuning needs a folder with a dataset.')
      if ((await vscode.window.showInformationMessage(words, open)) === open)
        await vscode.commands.executeCommand('vscode.openFolder')
      return
    }
    const chosen = await this.choose((from as { readonly dataset?: ReportedDataset } | undefined)?.dataset)
    if (chosen) await this.start(await writeRecipe(chosen), false)
  }

  /** Goes on with a run that was stopped or has failed. */
  async resume(folder: string): Promise<void> {
    if (await refuseUntrusted(noTuning())) return
    await this.run(['tune', '--resume', folder, '--detach'], folder, vscode.l10n.t('Resuming the run'))
  }

  /** A new run by the recipe of another one, on the files as they are now. What is open and not saved is saved first. */
  async again(folder: string): Promise<void> {
    if (await refuseUntrusted(noTuning())) return
    if (!(await vscode.workspace.saveAll(false))) return
    await this.run(['tune', '--again', folder, '--detach'], folder, vscode.l10n.t('Preparing the run'))
  }

  private async start(recipe: vscode.Uri, inspected: boolean): Promise<void> {
    const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === recipe.toString())
    if (open?.isDirty && !(await open.save())) return
    if (!inspected && !(await this.mayStart(recipe))) return
    await this.run(['tune', recipe.fsPath, '--detach'], recipe.fsPath, vscode.l10n.t('Preparing the run'))
  }

  /**
   * A recipe that has not been looked at as it stands is inspected first: what stops it is shown on the page before a run, where
   * it can be mended.
   */
  private async mayStart(recipe: vscode.Uri): Promise<boolean> {
    const text = (await vscode.workspace.openTextDocument(recipe)).getText()
    if (this.inspected.get(recipe.toString()) === text) return true
    const cwd = folderOf(pathOf(recipe)) ?? dirname(recipe.fsPath)
    const args = ['tune', recipe.fsPath, '--inspect', '--format', 'json']
    const where = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Looking at the rows') }
    const options = { cwd, err: () => {}, cancel: { aborted: false }, worker: this.parts.cli.path }
    // A recipe that cannot even be read is told by the run itself.
    const { code, out } = await vscode.window.withProgress(where, () =>
      runWorker(args, options).catch(() => ({ code: 2, out: '' })),
    )
    if (code !== 0 && code !== 1) return true
    const { stops } = JSON.parse(out) as Pick<Inspection, 'stops'>
    if (stops.length === 0) {
      this.inspected.set(recipe.toString(), text)
      return true
    }
    await vscode.commands.executeCommand('winnow.estimateRun', recipe)
    return false
  }

  private async run(args: readonly string[], about: string, title: string): Promise<void> {
    const cwd = folderOf(pathOf(vscode.Uri.file(about))) ?? dirname(about)
    // The command line takes the nearest folder with runs for the workspace: it must not stop at a folder below.
    await mkdir(runsFolder(cwd), { recursive: true })
    const out = await runCli(this.parts.cli, args, { cwd, title })
    if (out !== undefined) await this.parts.started(runId(out))
  }

  private async choose(given: ReportedDataset | undefined): Promise<Plan | undefined> {
    if (!this.parts.checking.last) await this.parts.checking.check()
    const datasets = this.parts.checking.last?.report.datasets ?? []
    if (!datasets.some(isTunable)) {
      const words = vscode.l10n.t('Tuning needs a dataset with a train split of texts or conversations.')
      const splitIt = vscode.l10n.t('Split a File')
      const config = vscode.l10n.t('Name Your Files')
      const chosen = await vscode.window.showInformationMessage(words, splitIt, config)
      if (chosen) await vscode.commands.executeCommand(chosen === splitIt ? 'winnow.split' : 'winnow.createConfig')
      return undefined
    }
    const title = vscode.l10n.t('Tune a model')
    // One dataset is no question.
    let dataset = given ?? (datasets.length === 1 ? datasets[0] : undefined)
    const first = dataset ? 2 : 1
    const steps = 5 - first
    const at = (step: number) => ({ title, step: step - first + 1, steps })
    let task: TaskName | undefined
    let model: string | undefined
    for (let step = first; ; ) {
      if (step === 1) {
        const placeholder = vscode.l10n.t('Dataset to learn from')
        const answer = await ask({ ...at(1), placeholder, items: datasets.map(datasetItem) })
        if (answer === undefined || answer === 'back') return undefined
        dataset = answer.value
        step = 2
      } else if (step === 2) {
        const placeholder = vscode.l10n.t('What the model is to learn')
        const answer = await ask({ ...at(2), placeholder, items: taskItems(dataset as ReportedDataset) })
        if (answer === undefined) return undefined
        if (answer === 'back') step = 1
        else {
          task = answer.value
          step = 3
        }
      } else if (step === 3) {
        const root = rootOf(dataset as ReportedDataset)
        const placeholder = vscode.l10n.t('Model to start from')
        const items = modelChoices(root, task as TaskName)
        const answer: Answer<ModelChoice> = await ask({ ...at(3), placeholder, items })
        if (answer === undefined) return undefined
        if (answer === 'back') {
          step = 2
          continue
        }
        if (answer.value.kind === 'model') model = answer.value.name
        else model = answer.value.kind === 'browse' ? await browseModel(root) : await getModel(this.parts.cli, root)
        if (model !== undefined) step = 4
      } else {
        const placeholder = vscode.l10n.t('What may change in the model')
        const answer = await ask({ ...at(4), placeholder, items: methodItems() })
        if (answer === undefined) return undefined
        if (answer === 'back') step = 3
        else
          return {
            dataset: dataset as ReportedDataset,
            task: task as TaskName,
            model: model as string,
            method: answer.value,
            several: datasets.length > 1,
          }
      }
    }
  }
}

interface Plan {
  readonly dataset: ReportedDataset
  readonly task: TaskName
  readonly model: string
  readonly method: Method['kind']
  /** Are there other datasets that a name must tell this one from? */
  readonly several: boolean
}

function rootOf(dataset: ReportedDataset): string {
  const file = dataset.splits[0]?.files[0]?.uri
  return (file && folderOf(file)) ?? (diskFolders()[0]?.path as string)
}

/** Writes the recipe beside earlier ones; one that says the same is used again, another one is never written over. */
async function writeRecipe(plan: Plan): Promise<vscode.Uri> {
  const { dataset, task, model, method } = plan
  const root = rootOf(dataset)
  const [device, threads] = [setting('train.device'), setting('train.threads')]
  const data = await dataOf(dataset, root)
  for (let n = 1; ; n++) {
    const tail = n === 1 ? '' : `-${n}`
    const recipe = {
      // Short, since trees and tabs show it; the folder's name and the panel say the rest.
      name: `${plan.several ? `${dataset.name}-${method}` : method}${tail}`,
      // Said where it is another one than the rows were made for.
      ...(task === fittingTasks(dataset)[0] ? {} : { task }),
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
  const { text, label, prompt, completion, messages } = dataset.roles
  const columns = Object.entries({ text, label, prompt, completion, messages }).filter(([, column]) => column)
  return { ...data, ...Object.fromEntries(columns) }
}

const noTuning = () => vscode.l10n.t('It does not tune models, since a recipe decides what runs on this machine')

/** The id of the run that was started: the name of the folder that the command line prints. */
function runId(out: string): string {
  return out.trim().split(/\s+/).at(-1)?.split(/[\\/]/).filter(Boolean).at(-1) ?? ''
}
