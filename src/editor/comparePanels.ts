import { join } from 'node:path'
import * as vscode from 'vscode'
import { type Disposable, Store } from '../core/base/event.ts'
import { never } from '../core/base/failure.ts'
import type { ReportedFinding } from '../core/check/report.ts'
import { type Ledger, ledgerPieces } from '../core/eval/ledger.ts'
import type { Vote } from '../core/eval/votes.ts'
import { sumChanges } from '../core/run/rowChanges.ts'
import { type LabelTypo, labelTypos } from '../core/view/labelTypos.ts'
import type { FromComparePanel, RowPlace, ToComparePanel } from '../core/view/protocol.ts'
import { loadPair } from '../node/evaluations.ts'
import { changesBetween } from '../node/rowHashes.ts'
import { runsFolder } from '../node/runs.ts'
import { keepVotes, readVotes } from '../node/votes.ts'
import { breathe, inPieces, pathOf } from './adapt.ts'
import type { Checking } from './checking.ts'
import { saveExport } from './exports.ts'
import type { History, RunEntry } from './history.ts'
import { fromComparePanel, panelState, problemOf } from './messages.ts'
import { dressPanel, makePanel } from './panelPage.ts'
import type { Rows } from './rows.ts'
import { isScored } from './runTree.ts'

/** Rows sent in one message: more would keep the extension host from answering meanwhile. */
const piece = 2000

/** Training rows named of those that changed, and of those like a row. */
const shownChanges = 200
const shownNearest = 6

interface Parts {
  readonly extension: vscode.Uri
  readonly checking: Checking
  readonly history: History
  readonly rows: Rows
  readonly log: vscode.LogOutputChannel
}

/** The compare panels: each shows the ledger of two evaluations. */
export class ComparePanels implements Disposable, vscode.WebviewPanelSerializer {
  private readonly open = new Set<ComparePanel>()
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** `a` and `b` name evaluations the way the command line does: `<run>:base`, `<run>:best`. */
  show(a: string, b: string): void {
    const shown = [...this.open].find(panel => panel.a === a && panel.b === b)
    if (shown) shown.panel.reveal()
    else this.keep(makePanel(this.parts.extension, 'compare', vscode.l10n.t('Ledger')), a, b)
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const state = panelState(saved)
    if (state?.panel !== 'compare') {
      panel.dispose()
      return
    }
    dressPanel(panel, this.parts.extension, 'compare')
    this.keep(panel, state.a, state.b)
  }

  dispose(): void {
    for (const panel of this.open) panel.dispose()
  }

  private keep(panel: vscode.WebviewPanel, a: string, b: string): void {
    const shown = new ComparePanel(panel, this.parts, { a, b })
    this.open.add(shown)
    panel.onDidDispose(() => {
      shown.dispose()
      this.open.delete(shown)
    })
  }
}

class ComparePanel implements Disposable {
  readonly panel: vscode.WebviewPanel
  a: string
  b: string
  private readonly parts: Parts
  private readonly store = new Store()
  private ledger: Ledger | undefined
  /** Counts what was asked for: an answer to an older question is dropped. */
  private asked = 0

  constructor(panel: vscode.WebviewPanel, parts: Parts, { a, b }: { readonly a: string; readonly b: string }) {
    this.panel = panel
    this.parts = parts
    this.a = a
    this.b = b
    this.store.add(panel.webview.onDidReceiveMessage(message => void this.receive(message)))
  }

  dispose(): void {
    // Whatever is being made or sent has nobody left to read it.
    this.asked++
    this.store.dispose()
  }

  private send(message: ToComparePanel): void {
    void this.panel.webview.postMessage(message)
  }

  private async receive(raw: unknown): Promise<void> {
    const message = fromComparePanel(raw)
    if (!message) {
      this.parts.log.warn('A message of the compare panel was not understood', JSON.stringify(raw)?.slice(0, 200))
      return
    }
    try {
      await this.act(message)
    } catch (error) {
      this.parts.log.error(error instanceof Error ? error : String(error))
      this.send(problemOf(error))
    }
  }

  private async act(message: FromComparePanel): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.hydrate()
      case 'choose':
        this.a = message.a
        this.b = message.b
        return this.hydrate()
      case 'openRow': {
        const root = this.rootOf(this.b) ?? this.rootOf(this.a)
        const row = this.ledger?.rows.find(one => one.file === message.place.file && one.row === message.place.row)
        return this.parts.rows.open(root, message.place, row?.text)
      }
      case 'nearest':
        return this.showNearest(message.place)
      case 'fixLabel': {
        const finding = this.typos().find(({ label }) => label === message.label)?.finding
        // Mended meanwhile, or changed since it was checked: the rule's page of the Findings view says more.
        return void (await (finding
          ? vscode.commands.executeCommand('winnow.quickFix', finding)
          : vscode.commands.executeCommand('winnow.openFindings')))
      }
      case 'tuneAgain':
        return void (await vscode.commands.executeCommand('winnow.tuneAgain', idOf(this.b)))
      case 'vote':
        return this.keepVote(message.vote)
      case 'tune':
        return void (await vscode.commands.executeCommand('winnow.tune'))
      case 'showLog':
        return void (await vscode.commands.executeCommand('winnow.showLog'))
      case 'export':
        return saveExport(message)
      default:
        return never(message)
    }
  }

  private async hydrate(): Promise<void> {
    const asked = ++this.asked
    await this.parts.history.refresh()
    if (asked !== this.asked) return
    const choices = choicesOf(this.parts.history.runs)
    const root = this.rootOf(this.b) ?? this.rootOf(this.a)
    if (choices.length < 2 || root === undefined) {
      this.send({ kind: 'empty', choices })
      return
    }
    this.send({ kind: 'loading', what: vscode.l10n.t('Predictions') })
    const [a, b] = await loadPair(root, [this.a, this.b], { cwd: root })
    if (asked !== this.asked) return
    const ledger = await inPieces(ledgerPieces(a, b))
    if (asked !== this.asked) return
    this.ledger = ledger
    // Runs of one name are told apart by their times, as where they are chosen.
    const named = ({ name, run }: Ledger['a'], id: string) =>
      name === run ? (choices.find(one => one.id === id)?.name ?? name) : name
    const sides = {
      a: { ...ledger.a, name: named(ledger.a, this.a) },
      b: { ...ledger.b, name: named(ledger.b, this.b) },
    }
    this.panel.title = `${sides.a.name} → ${sides.b.name}`
    const { rows } = ledger
    const votes = await this.votesOn(ledger)
    const changes = await changesBetween(root, ledger.a, ledger.b)
    if (asked !== this.asked) return
    const first = { ...ledger, ...sides, rows: rows.slice(0, piece) }
    const changed = changes ? { changes: sumChanges(changes, shownChanges) } : {}
    const found = this.typos().map(({ label, like }) => ({ label, like }))
    const typos = found.length > 0 ? { typos: found } : {}
    this.send({ kind: 'hydrate', ledger: first, choices, a: this.a, b: this.b, ...votes, ...changed, ...typos })
    for (let i = piece; i < rows.length; i += piece) {
      await breathe()
      if (asked !== this.asked) return
      this.send({ kind: 'rows', rows: rows.slice(i, i + piece) })
    }
    await this.sendFacets(ledger, { root, asked })
  }

  /** Languages, topics and columns of the rows, found in the checking process. Without them the ledger stands as well. */
  private async sendFacets(
    ledger: Ledger,
    { root, asked }: { readonly root: string; readonly asked: number },
  ): Promise<void> {
    const rows = ledger.rows.map(({ file, row, gold, text, leaked }) => ({
      file,
      row,
      gold,
      text,
      leaked,
      probabilities: [],
    }))
    const found = await this.parts.checking.ask('facets', { root, rows }).catch(error => {
      this.parts.log.warn(
        'No slices by language, topic or column',
        error instanceof Error ? error.message : String(error),
      )
      return []
    })
    if (asked !== this.asked || found.length === 0) return
    const facets = found.map(({ name, values }) => ({ name, values: values.map(value => value ?? null) }))
    this.send({ kind: 'facets', facets })
  }

  /** Asks the checking process: reading the training files takes a while. */
  private async showNearest(place: RowPlace): Promise<void> {
    const { asked, ledger, parts } = this
    const root = this.rootOf(this.b)
    const row = ledger?.rows.find(one => one.file === place.file && one.row === place.row)
    if (!row || ledger?.b.run === undefined || root === undefined)
      return this.send({ kind: 'nearest', place, rows: [] })
    const folder = join(runsFolder(root), ledger.b.run)
    const rows = [{ text: row.text, gold: row.gold }]
    const found = await parts.checking.ask('nearest', { folder, rows, most: shownNearest })
    if (asked === this.asked) this.send({ kind: 'nearest', place, rows: found?.[0] ?? [] })
  }

  /** Labels of the ledger that look misspelt to the last check of its workspace folder. */
  private typos(): readonly LabelTypo<ReportedFinding>[] {
    const root = this.rootOf(this.b) ?? this.rootOf(this.a)
    const report = this.parts.checking.last?.report
    if (!this.ledger || this.ledger.graded || !report || root === undefined) return []
    const under = `${pathOf(vscode.Uri.file(root))}/`
    return labelTypos(
      report.findings.filter(({ uri }) => uri.startsWith(under)),
      this.ledger.labels,
    )
  }

  /** The run folder of b, where its votes are. */
  private votesFolder({ b }: Ledger): string | undefined {
    const root = this.rootOf(this.b)
    return b.run === undefined || root === undefined ? undefined : join(runsFolder(root), b.run)
  }

  private async votesOn(ledger: Ledger): Promise<{ readonly votes?: readonly Vote[] }> {
    const folder = ledger.graded && this.votesFolder(ledger)
    return folder ? { votes: await readVotes(folder, { a: ledger.a.name, b: ledger.b.name }) } : {}
  }

  private async keepVote(vote: Vote): Promise<void> {
    const folder = this.ledger && this.votesFolder(this.ledger)
    if (this.ledger && folder) await keepVotes(folder, { a: this.ledger.a.name, b: this.ledger.b.name }, [vote])
  }

  private rootOf(reference: string): string | undefined {
    return this.parts.history.find(idOf(reference))?.root
  }
}

/** The run that a reference is of. */
const idOf = (reference: string) => reference.replace(/:[^:]*$/, '')

/** What a ledger can be made of: each scored run's best weights, and the model it started from. */
function choicesOf(runs: readonly RunEntry[]): { readonly id: string; readonly name: string }[] {
  const shown = runs.filter(({ run }) => isScored(run))
  return shown.flatMap(({ id, run }) => {
    const base = run.evaluated.some(e => e.of === 'base' && e.path !== undefined)
    // Runs that were tuned again have one name: their times tell them apart.
    const alike = shown.filter(other => other.run.name === run.name).length > 1
    const name = alike ? `${run.name} ${id.slice(9, 11)}:${id.slice(11, 13)}:${id.slice(13, 15)}` : run.name
    const best = { id: `${id}:best`, name }
    return base ? [best, { id: `${id}:base`, name: vscode.l10n.t('Base of {0}', name) }] : [best]
  })
}
