import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import type { ReportedDataset, ReportedFinding } from '../core/check/report.ts'
import { type Gate, gateResult, gateText } from '../core/run/gates.ts'
import { type ConfigFile, findConfig } from '../node/config.ts'
import { readData } from '../node/runs.ts'
import { activeRules } from './activeRules.ts'
import { folderOf, toRange, uriOf } from './adapt.ts'
import type { Checking } from './checking.ts'
import type { History } from './history.ts'
import { setting } from './settings.ts'

/** Findings of one test that are told one by one. */
const most = 100

type Case =
  | { readonly kind: 'rule'; readonly dataset: string; readonly rule: string }
  | { readonly kind: 'gate'; readonly gate: Gate; readonly root: string }

/** Test items: the rules of each dataset, which pass where they find nothing, and the gates of `winnow.json`. */
export class Tests implements Disposable {
  private readonly store = new Store()
  private readonly controller = vscode.tests.createTestController('winnow', 'Winnow')
  private readonly cases = new WeakMap<vscode.TestItem, Case>()
  private readonly checking: Checking
  private readonly history: History

  constructor(checking: Checking, history: History) {
    this.checking = checking
    this.history = history
    this.store.add(this.controller)
    this.controller.createRunProfile(
      vscode.l10n.t('Check'),
      vscode.TestRunProfileKind.Run,
      (request, token) => this.run(request, token),
      true,
    )
    this.controller.refreshHandler = async () => {
      await this.checking.check()
    }
    this.store.add(checking.onReport(({ report }) => void this.list(report.datasets)))
  }

  dispose(): void {
    this.store.dispose()
  }

  private async list(datasets: readonly ReportedDataset[]): Promise<void> {
    // A broken winnow.json is told by the check itself.
    const configs = new Map<string | undefined, ConfigFile | undefined>([[undefined, undefined]])
    for (const root of new Set(datasets.flatMap(dataset => rootOf(dataset) ?? [])))
      configs.set(root, await findConfig(root).catch(() => undefined))
    const items = datasets.map(dataset => this.datasetItem(dataset, configs.get(rootOf(dataset))))
    const read = new Set<string>()
    for (const [root, config] of configs) {
      if (root === undefined || !config || read.has(config.path)) continue
      read.add(config.path)
      items.push(...this.gateItems(config, root))
    }
    this.controller.items.replace(items)
  }

  private datasetItem(dataset: ReportedDataset, config: ConfigFile | undefined): vscode.TestItem {
    const file = dataset.splits[0]?.files[0]?.uri
    const uri = file ? uriOf(file) : undefined
    const item = this.controller.createTestItem(`dataset/${dataset.name}/${file}`, dataset.name, uri)
    for (const { id, title } of activeRules(config?.config, setting('rules', uri))) {
      const child = this.controller.createTestItem(`${item.id}/${id}`, id, item.uri)
      child.description = title
      this.cases.set(child, { kind: 'rule', dataset: dataset.name, rule: id })
      item.children.add(child)
    }
    return item
  }

  private gateItems(config: ConfigFile, root: string): vscode.TestItem[] {
    const gates = config.config.gates ?? []
    if (gates.length === 0) return []
    const item = this.controller.createTestItem(`gates/${config.path}`, vscode.l10n.t('gates'), uriOf(config.path))
    gates.forEach((given, i) => {
      const gate = given as Gate
      const child = this.controller.createTestItem(`${item.id}/${i}`, gateText(gate), item.uri)
      this.cases.set(child, { kind: 'gate', gate, root })
      item.children.add(child)
    })
    return [item]
  }

  private async run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const excluded = new Set(request.exclude ?? [])
    const wanted = leaves(request.include ?? all(this.controller.items), excluded)
    const run = this.controller.createTestRun(request)
    for (const item of wanted) run.enqueued(item)
    token.onCancellationRequested(() => this.checking.cancel())
    const checked = wanted.some(item => this.cases.get(item)?.kind === 'rule') ? await this.checking.check() : undefined
    await this.history.refresh()
    for (const item of wanted) {
      const one = this.cases.get(item)
      if (!one || token.isCancellationRequested) run.skipped(item)
      else if (one.kind === 'gate') await this.judgeGate(run, item, one)
      else if (!checked) run.errored(item, new vscode.TestMessage(vscode.l10n.t('The datasets could not be checked.')))
      else this.judgeRule(run, item, one, checked.report)
    }
    run.end()
  }

  private judgeRule(
    run: vscode.TestRun,
    item: vscode.TestItem,
    { dataset: name, rule }: Extract<Case, { kind: 'rule' }>,
    { datasets, findings }: { datasets: readonly ReportedDataset[]; findings: readonly ReportedFinding[] },
  ): void {
    const dataset = datasets.find(one => one.name === name)
    const files = new Set(dataset?.splits.flatMap(split => split.files.map(file => file.uri)))
    const found = findings.filter(one => one.rule === rule && files.has(one.uri))
    const graver = found.filter(one => one.severity !== 'info')
    for (const one of found.length > graver.length ? found : [])
      if (one.severity === 'info') run.appendOutput(`${one.message}\r\n`, placeOf(one), item)
    if (graver.length === 0) run.passed(item)
    else run.failed(item, graver.slice(0, most).map(messageOf))
  }

  private async judgeGate(
    run: vscode.TestRun,
    item: vscode.TestItem,
    { gate, root }: Extract<Case, { kind: 'gate' }>,
  ): Promise<void> {
    const own = this.history.runs.filter(entry => entry.root === root || root.startsWith(`${entry.root}/`))
    const runs = await Promise.all(
      own.map(async ({ id, run: state, folder }) => {
        const dataset = gate.dataset === undefined ? undefined : await datasetOf(folder)
        return { id, run: state, ...(dataset === undefined ? {} : { dataset }) }
      }),
    )
    const result = gateResult(gate, runs)
    if (result.kind === 'passed') run.passed(item)
    else if (result.kind === 'failed') run.failed(item, new vscode.TestMessage(result.reason))
    else {
      run.appendOutput(`${item.label}: ${result.reason}\r\n`, undefined, item)
      run.skipped(item)
    }
  }
}

function messageOf(finding: ReportedFinding): vscode.TestMessage {
  const message = new vscode.TestMessage(finding.message)
  message.location = placeOf(finding)
  return message
}

function placeOf(finding: ReportedFinding): vscode.Location {
  return new vscode.Location(uriOf(finding.uri), toRange(finding.range))
}

function rootOf(dataset: ReportedDataset): string | undefined {
  const file = dataset.splits[0]?.files[0]?.uri
  return file && folderOf(file)
}

/** The dataset that a run learnt from; undefined where its folder is incomplete. */
function datasetOf(folder: string): Promise<string | undefined> {
  return readData(folder).then(
    data => data.dataset,
    () => undefined,
  )
}

function all(items: vscode.TestItemCollection): vscode.TestItem[] {
  return [...items].map(([, item]) => item)
}

/** The tests at or under these items. */
function leaves(items: readonly vscode.TestItem[], excluded: ReadonlySet<vscode.TestItem>): vscode.TestItem[] {
  return items.flatMap(item => {
    if (excluded.has(item)) return []
    return item.children.size === 0 ? [item] : leaves(all(item.children), excluded)
  })
}
