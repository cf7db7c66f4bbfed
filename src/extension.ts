import { join } from 'node:path'
import * as vscode from 'vscode'
import { Store } from './core/base/event.ts'
import { severities } from './core/check/finding.ts'
import type { ReportedFinding } from './core/check/report.ts'
import type { Run } from './core/run/run.ts'
import { breathe } from './editor/adapt.ts'
import { catalogWork } from './editor/catalog.ts'
import { checkerIn, summaryOf } from './editor/checker.ts'
import { type Checked, Checking, type CheckState } from './editor/checking.ts'
import { registerCommands } from './editor/commands.ts'
import { ComparePanels } from './editor/comparePanels.ts'
import { Contexts } from './editor/contexts.ts'
import { Diagnostics } from './editor/diagnostics.ts'
import { Explorer } from './editor/explorer.ts'
import { Pages } from './editor/findingNodes.ts'
import { Findings } from './editor/findings.ts'
import { Fixes } from './editor/fixes.ts'
import { History } from './editor/history.ts'
import { registerTools } from './editor/languageTools.ts'
import { Lenses } from './editor/lenses.ts'
import { Meter } from './editor/meter.ts'
import { viewType } from './editor/panelPage.ts'
import { PreflightPanels } from './editor/preflightPanels.ts'
import { showInView } from './editor/progress.ts'
import { RecipeWords } from './editor/recipeWords.ts'
import { Rows } from './editor/rows.ts'
import { parquetEditor, RowsPanels } from './editor/rowsPanels.ts'
import { RunPanels } from './editor/runPanels.ts'
import { RunTree } from './editor/runTree.ts'
import { setting } from './editor/settings.ts'
import { Status } from './editor/status.ts'
import { tellEnds } from './editor/tellEnds.ts'
import { Tests } from './editor/testing.ts'
import { Tuning } from './editor/tune.ts'

/** What other extensions, and the tests, may ask. */
export interface Api {
  /** The longest time the extension host was kept busy since `resetMeter`, in milliseconds, by the clock. */
  maxBlockMs(): number
  /** The same, but no more than the processor time used meanwhile. */
  maxBusyMs(): number
  resetMeter(): void
  /** Checks now; false where the check could not be made. */
  check(): Promise<boolean>
  /** What the checking is doing, or why it failed. */
  state(): CheckState
  findings(): readonly ReportedFinding[]
  datasets(): readonly { readonly name: string; readonly rows: number }[]
  runs(): readonly { readonly id: string; readonly folder: string; readonly run: Run }[]
}

/** Makes the parts and joins them. What each does is in its own file. */
export function activate(context: vscode.ExtensionContext): { readonly api: Api } {
  const store = new Store()
  context.subscriptions.push(store)
  const extension = context.extensionUri
  const log = store.add(vscode.window.createOutputChannel('Winnow', { log: true }))
  const meter = store.add(new Meter())

  const checking = store.add(new Checking(checkerIn(join(extension.fsPath, 'dist', 'worker.cjs'), log), log))
  const history = store.add(new History(log))
  const diagnostics = store.add(new Diagnostics())
  const fixes = new Fixes(diagnostics, checking)
  const rows = new Rows(checking)
  const pages = new Pages()
  const explorer = store.add(new Explorer({ checking, pages, summary: summaryOf }))
  const findings = store.add(new Findings({ checking, pages, summary: summaryOf, memory: context.workspaceState }))
  const runTree = store.add(new RunTree(history))
  const shown = { extension, history, rows, log }
  const runPanels = store.add(new RunPanels(shown))
  const comparePanels = store.add(new ComparePanels({ ...shown, checking }))
  const rowsPanels = store.add(new RowsPanels({ extension, checking, fixes, rows, history, log }))
  const cli = { path: join(extension.fsPath, 'dist', 'cli.cjs'), log }
  const preflightPanels = store.add(new PreflightPanels({ extension, rows, log, cli: cli.path }))
  const tuning = new Tuning({
    checking,
    cli,
    started: async id => {
      await history.refresh()
      await vscode.commands.executeCommand('winnow.openRun', id)
    },
  })

  // What a run saw of its rows is a witness for their labels.
  store.add(
    history.onEnd(() => {
      if (setting('check.automatic')) checking.soon()
    }),
  )
  store.add(checking.onReport(checked => void show(checked)))
  store.add(
    checking.onState(state => {
      if (state.kind === 'checking') return
      explorer.say(state)
      const failure = state.kind === 'failed' ? [state.message, state.hint].filter(Boolean).join('. ') : undefined
      diagnostics.publishSettings(failure, checking.last?.report.warnings)
    }),
  )
  store.add(new Status(checking, history))
  store.add(new Lenses(checking))
  store.add(new Contexts(checking, history))
  store.add(showInView(checking, 'winnow.datasets'))
  store.add(tellEnds(history))
  store.add(new RecipeWords(checking))
  store.add(new Tests(checking, history))
  store.add(registerTools(cli.path, context.extension.packageJSON.contributes.languageModelTools))
  store.add(
    vscode.languages.registerCodeActionsProvider({ scheme: 'file' }, fixes, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  )
  store.add(vscode.window.registerWebviewPanelSerializer(viewType('run'), runPanels))
  store.add(vscode.window.registerWebviewPanelSerializer(viewType('compare'), comparePanels))
  store.add(vscode.window.registerWebviewPanelSerializer(viewType('rows'), rowsPanels))
  store.add(vscode.window.registerWebviewPanelSerializer(viewType('preflight'), preflightPanels))
  store.add(
    vscode.window.registerCustomEditorProvider(parquetEditor, rowsPanels, { supportsMultipleEditorsPerDocument: true }),
  )
  store.add(
    registerCommands({
      extension,
      checking,
      explorer,
      findings,
      pages,
      fixes,
      history,
      runTree,
      runPanels,
      comparePanels,
      rowsPanels,
      preflightPanels,
      tuning,
      cli,
      log,
    }),
  )
  /** What was found goes to the views, in pieces that keep nobody waiting; a newer report takes over. */
  async function show(checked: Checked): Promise<void> {
    const work = catalogWork(checked.report, new Set(severities))
    let step = work.next()
    for (; !step.done; step = work.next()) {
      await breathe()
      if (checking.last?.report !== checked.report) return
    }
    explorer.show(step.value)
    findings.show(step.value)
    await diagnostics.publish(step.value, checked.stale, checked.versions)
  }

  void history.refresh()
  if (setting('check.automatic')) void checking.check()

  return {
    api: {
      maxBlockMs: () => meter.maxBlockMs(),
      maxBusyMs: () => meter.maxBusyMs(),
      resetMeter: () => meter.reset(),
      check: async () => (await checking.check()) !== undefined,
      state: () => checking.state,
      findings: () => checking.last?.report.findings ?? [],
      datasets: () =>
        (checking.last?.report.datasets ?? []).map(({ name, splits }) => ({
          name,
          rows: splits.flatMap(split => split.files).reduce((sum, file) => sum + file.rows, 0),
        })),
      runs: () => history.runs.map(({ id, folder, run }) => ({ id, folder, run })),
    },
  }
}
