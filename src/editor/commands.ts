import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { failureLine } from '../core/base/failure.ts'
import { counted } from '../core/base/words.ts'
import type { ReportedDataset, ReportedFinding } from '../core/check/report.ts'
import { isFactor } from '../core/train/control.ts'
import { askControl, readControl } from '../node/control.ts'
import { stopRun } from '../node/program.ts'
import { uriOf } from './adapt.ts'
import { byRule } from './catalog.ts'
import type { Checking } from './checking.ts'
import type { Cli } from './cliTask.ts'
import type { ComparePanels } from './comparePanels.ts'
import { createConfig } from './config.ts'
import type { DatasetNode, Explorer, FileNode, SplitNode } from './explorer.ts'
import type { FindingNode, Pages, RuleNode } from './findingNodes.ts'
import type { Findings } from './findings.ts'
import type { Fixes } from './fixes.ts'
import { getModel } from './getModel.ts'
import { type History, isGoing, type RunEntry } from './history.ts'
import { ignoreFinding } from './ignore.ts'
import type { PreflightPanels } from './preflightPanels.ts'
import { checkWithProgress } from './progress.ts'
import { activeRecipe, chooseRecipe } from './recipes.ts'
import type { RowsPanels } from './rowsPanels.ts'
import { activeRow } from './rowsPanels.ts'
import { showRule } from './rulePages.ts'
import type { RunPanels } from './runPanels.ts'
import { isScored, type RunTree } from './runTree.ts'
import { trySample } from './sample.ts'
import { splitFile } from './split.ts'
import { refuseUntrusted } from './trust.ts'
import type { Tuning } from './tune.ts'
import { runWords } from './words.ts'

export interface Parts {
  readonly extension: vscode.Uri
  readonly checking: Checking
  readonly explorer: Explorer
  readonly findings: Findings
  readonly pages: Pages
  readonly fixes: Fixes
  readonly history: History
  readonly runTree: RunTree
  readonly runPanels: RunPanels
  readonly comparePanels: ComparePanels
  readonly rowsPanels: RowsPanels
  readonly preflightPanels: PreflightPanels
  readonly tuning: Tuning
  readonly cli: Cli
  readonly log: vscode.LogOutputChannel
}

type Act = (parts: Parts, ...args: readonly unknown[]) => unknown

/** Every command. The manifest lists the same names; a test holds the two together. */
export const commands: { readonly [id: string]: Act } = {
  check: async ({ checking }) => {
    const checked = await checkWithProgress(checking)
    if (checked) {
      const { findings, datasets } = checked.report
      const words = vscode.l10n.t(
        '{0} in {1}',
        counted(findings.length, 'finding'),
        counted(datasets.length, 'dataset'),
      )
      vscode.window.setStatusBarMessage(`Winnow: ${words}`, 5000)
    }
  },
  openFindings: () => vscode.commands.executeCommand('winnow.findings.focus'),
  filterFindings: ({ findings }) => findings.filter(),
  clearFilter: ({ findings }) => findings.clearFilter(),
  moreFindings: ({ pages, findings, explorer }, rule) => {
    pages.more(rule as RuleNode)
    findings.show()
    explorer.show()
  },
  quickFix: async (_, node) => {
    const finding = findingOf(node)
    if (!finding) return
    const { line, column } = finding.range
    const at = new vscode.Position(line, column)
    await vscode.window.showTextDocument(uriOf(finding.uri), { selection: new vscode.Range(at, at) })
    await vscode.commands.executeCommand('editor.action.quickFix')
  },
  fixRule: async ({ checking, fixes }, given) => {
    const rule = ruleOf(given) ?? (await pickRule(checking))
    if (rule) await fixes.fixRule(rule)
  },
  ignoreFinding: async ({ checking }, given) => {
    const finding = findingOf(given)
    if (finding && (await ignoreFinding(finding))) checking.soon()
  },
  showRule: ({ extension }, given) => showRule(extension, ruleOf(given)),
  tune: ({ tuning }, from, inspected) => tuning.tune(from, inspected),
  estimateRun: async ({ preflightPanels }, given) => {
    if (await refuseUntrusted(vscode.l10n.t('It does not try out recipes'))) return
    const recipe = given instanceof vscode.Uri ? given : (activeRecipe() ?? (await chooseRecipe()))
    const document = vscode.workspace.textDocuments.find(one => one.uri.toString() === recipe?.toString())
    if (document?.isDirty && !(await document.save())) return
    if (recipe) preflightPanels.show(recipe)
  },
  getModel: ({ cli }) => getModel(cli),
  split: ({ cli, checking }, given) => splitFile(given, { cli, checking }),
  trySample: ({ extension }, parent) => trySample(extension, parent),
  createConfig: ({ checking }) => createConfig(checking.last?.report),
  showLog: ({ log }) => log.show(),

  openRows: async (parts, given) => {
    const node = given as Partial<DatasetNode | SplitNode | FileNode> | string | undefined
    if (typeof node === 'string') return parts.rowsPanels.show(node)
    if (node?.kind === 'file' && node.file) return parts.rowsPanels.show(node.file.uri)
    if (node?.kind === 'split' && node.dataset && node.split) {
      const only = node.dataset.splits.length > 1
      const clause = { kind: 'values' as const, column: 'split', values: [node.split.name] }
      return parts.rowsPanels.show(node.dataset, only ? { clauses: [clause] } : {})
    }
    const dataset = node?.kind === 'dataset' ? node.dataset : await pickDataset(parts.checking)
    if (dataset) parts.rowsPanels.show(dataset)
  },
  showInRows: ({ rowsPanels }) => {
    const line = activeRow()
    if (line) rowsPanels.show(line.path, { line })
  },

  openRun: async (parts, given) => {
    const entry = await runOf(parts, given, vscode.l10n.t('Open which run?'), () => true)
    if (entry) parts.runPanels.show(entry)
  },
  pauseRun: async (parts, given) => {
    const going = ({ run }: RunEntry) => run.phase === 'running' && !run.paused
    const entry = await runOf(parts, given, vscode.l10n.t('Pause which run?'), going)
    if (entry) askControl(entry.folder, { paused: true })
  },
  continueRun: async (parts, given) => {
    const resting = ({ run }: RunEntry) => run.phase === 'running' && run.paused === true
    const entry = await runOf(parts, given, vscode.l10n.t('Let which run go on?'), resting)
    if (entry) askControl(entry.folder, { paused: false })
  },
  changeRate: async (parts, given) => {
    const entry = await runOf(parts, given, vscode.l10n.t('Change the rate of which run?'), isGoing)
    if (!entry) return
    const value = await vscode.window.showInputBox({
      title: vscode.l10n.t('Learning rate of {0}', entry.run.name),
      prompt: vscode.l10n.t('Multiply the rate of the schedule by: 0.5 halves it, 1 is as the recipe says.'),
      value: String(readControl(entry.folder).factor),
      validateInput: text => (isFactor(Number(text)) ? undefined : vscode.l10n.t('A number above 0, at most 100')),
    })
    if (value !== undefined) askControl(entry.folder, { factor: Number(value) })
  },
  stopRun: async (parts, given) => {
    const entry = await runOf(parts, given, vscode.l10n.t('Stop which run?'), isGoing)
    if (!entry) return
    const title = vscode.l10n.t('Stopping {0} after this step', entry.run.name)
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => stopRun(entry.folder))
  },
  resumeRun: async (parts, given) => {
    const ended = (entry: RunEntry) => entry.run.phase === 'stopped' || entry.run.phase === 'failed'
    const entry = await runOf(parts, given, vscode.l10n.t('Resume which run?'), ended)
    if (entry) await parts.tuning.resume(entry.folder)
  },
  tuneAgain: async (parts, given) => {
    const entry = await runOf(parts, given, vscode.l10n.t('Tune again as which run did?'), () => true)
    if (entry) await parts.tuning.again(entry.folder)
  },
  acceptSuggestions: async ({ fixes }, bound) => fixes.acceptSuggestions(typeof bound === 'number' ? bound : undefined),
  compareRuns: async (parts, a, b) => {
    const pair = typeof a === 'string' && typeof b === 'string' ? ([a, b] as const) : await pairOf(parts)
    if (pair) parts.comparePanels.show(...pair)
  },
  compareWithBase: async (parts, given) => {
    const entry = await runOf(parts, given, vscode.l10n.t('Compare which run with the model it started from?'), scored)
    if (entry) parts.comparePanels.show(`${entry.id}:base`, `${entry.id}:best`)
  },
  openRecipe: (parts, given) => withRun(parts, given, entry => openFile(entry, 'recipe.json')),
  showRunLog: (parts, given) => withRun(parts, given, entry => openFile(entry, 'stderr.log')),
  revealRun: (parts, given) => {
    // Where the files are on another machine than the window, the system's own file viewer cannot show them.
    const here = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop
    const command = here ? 'revealFileInOS' : 'revealInExplorer'
    return withRun(parts, given, entry => vscode.commands.executeCommand(command, vscode.Uri.file(entry.folder)))
  },
  copyRunPath: (parts, given) => withRun(parts, given, entry => vscode.env.clipboard.writeText(entry.folder)),
}

/** Registers every command; one that fails says so in one line, and the log keeps its stack. */
export function registerCommands(parts: Parts): Disposable {
  const store = new Store()
  for (const [id, act] of Object.entries(commands)) {
    const run = async (...args: unknown[]) => {
      try {
        return await act(parts, ...args)
      } catch (error) {
        parts.log.error(error instanceof Error ? error : String(error))
        void vscode.window.showErrorMessage(`Winnow: ${failureLine(error)}`)
      }
    }
    store.add(vscode.commands.registerCommand(`winnow.${id}`, run))
  }
  return store
}

const scored = (entry: RunEntry) => isScored(entry.run)

function findingOf(given: unknown): ReportedFinding | undefined {
  const node = given as FindingNode | ReportedFinding | undefined
  return node && 'finding' in node ? node.finding : node
}

function ruleOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given
  const node = given as RuleNode | FindingNode | undefined
  if (node?.kind === 'rule') return node.group.name
  return node?.kind === 'finding' ? node.finding.rule : undefined
}

async function pickDataset(checking: Checking): Promise<ReportedDataset | undefined> {
  const datasets = checking.last?.report.datasets ?? []
  if (datasets.length < 2) {
    if (datasets.length === 0) void vscode.window.showInformationMessage(vscode.l10n.t('No dataset was found here.'))
    return datasets[0]
  }
  const items = datasets.map(dataset => {
    const rows = dataset.splits.flatMap(split => split.files).reduce((sum, file) => sum + file.rows, 0)
    return { label: dataset.name, description: counted(rows, 'row'), dataset }
  })
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Rows of which dataset?') }))?.dataset
}

async function pickRule(checking: Checking): Promise<string | undefined> {
  const groups = byRule(checking.last?.report.findings ?? []).filter(group => group.fixable)
  const items = groups.map(({ name, findings }) => ({ label: name, description: counted(findings.length, 'finding') }))
  if (items.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('No finding has a fix that is safe to apply without looking.'),
    )
    return undefined
  }
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Fix all findings of which rule?') }))?.label
}

/** The run meant by a tree item, an id or, where nothing is given, the person: not asked where only one fits. */
async function runOf(
  { history }: Parts,
  given: unknown,
  title: string,
  fits: (entry: RunEntry) => boolean,
): Promise<RunEntry | undefined> {
  const id = typeof given === 'string' ? given : (given as RunEntry | undefined)?.id
  if (id !== undefined) {
    if (!history.find(id)) await history.refresh()
    return history.find(id)
  }
  // A run that the command line started a moment ago counts.
  await history.refresh()
  const entries = history.runs.filter(fits)
  const [only, ...others] = entries
  if (!only) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no such run in this workspace.'))
    return undefined
  }
  if (others.length === 0) return only
  const items = entries.map(entry => ({ label: entry.run.name, description: runWords(entry.run, new Date()), entry }))
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.entry
}

async function withRun(parts: Parts, given: unknown, act: (entry: RunEntry) => unknown): Promise<void> {
  const entry = await runOf(parts, given, vscode.l10n.t('Which run?'), () => true)
  if (entry) await act(entry)
}

/** The two ticked runs; one ticked or the only one against its own base; else two chosen now. */
async function pairOf(parts: Parts): Promise<[string, string] | undefined> {
  const ticked = parts.runTree.chosen
  const [first, second] = ticked.filter(scored)
  if (ticked.length === 2 && (!first || !second)) {
    const missing = ticked.filter(entry => !scored(entry)).map(entry => entry.run.name)
    const words = vscode.l10n.t('No predictions yet: {0}. They are written when a run ends.', missing.join(', '))
    void vscode.window.showInformationMessage(words)
    return undefined
  }
  if (first && second) return [`${first.id}:best`, `${second.id}:best`]
  const entries = first ? [first] : parts.history.runs.filter(scored)
  if (entries.length === 1) return [`${entries[0]?.id}:base`, `${entries[0]?.id}:best`]
  if (entries.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('No run has been scored yet. A run is scored when it ends.'),
    )
    return undefined
  }
  const items = entries.map(entry => ({ label: entry.run.name, description: runWords(entry.run, new Date()), entry }))
  const title = vscode.l10n.t('Tick two runs, or one to hold it against its base')
  const chosen = await vscode.window.showQuickPick(items, { title, canPickMany: true, matchOnDescription: true })
  // Newest first in the list; a ledger reads from the older to the newer.
  const [newer, older] = chosen?.map(item => item.entry) ?? []
  if (!newer) return undefined
  return older ? [`${older.id}:best`, `${newer.id}:best`] : [`${newer.id}:base`, `${newer.id}:best`]
}

async function openFile(entry: RunEntry, name: string): Promise<void> {
  if (!existsSync(join(entry.folder, name))) {
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} has no {1}.', entry.run.name, name))
    return
  }
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(join(entry.folder, name)))
}
