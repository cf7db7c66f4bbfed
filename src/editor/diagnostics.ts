import * as vscode from 'vscode'
import type { Disposable } from '../core/base/event.ts'
import { count } from '../core/base/words.ts'
import { type Severity, severities } from '../core/check/finding.ts'
import type { ReportedFinding } from '../core/check/report.ts'
import { breathe, toRange, uriOf } from './adapt.ts'
import type { Catalog } from './catalog.ts'

/** The editor itself shows no more than this for a file, and says nothing about what it leaves out. */
const most = 1000

const severity: { readonly [S in Severity]: vscode.DiagnosticSeverity } = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
}

/** Findings as squiggles and Problems. A diagnostic leads back to its finding, so that a quick fix needs no search. */
export class Diagnostics implements Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('winnow')
  private readonly failures = vscode.languages.createDiagnosticCollection('winnow-failures')
  private readonly places = new WeakMap<vscode.Diagnostic, { readonly path: string; readonly index: number }>()
  private shown = new Map<string, readonly ReportedFinding[]>()
  private drawn = new Map<string, number | undefined>()
  private generation = 0

  /**
   * Shows what was found, a file at a time so that nothing else waits. Files in `stale` have been edited since they
   * were checked: what they show stays until they are checked again. A later call ends an earlier one.
   */
  async publish(catalog: Catalog, stale: ReadonlySet<string>, versions: ReadonlyMap<string, number>): Promise<void> {
    const generation = ++this.generation
    for (const path of [...this.shown.keys()]) {
      if (catalog.files.has(path) || stale.has(path)) continue
      this.shown.delete(path)
      this.drawn.delete(path)
      this.collection.delete(uriOf(path))
    }
    for (const [path, { findings }] of catalog.files) {
      if (stale.has(path)) continue
      const before = this.shown.get(path)
      const now = foremost(findings)
      this.shown.set(path, now)
      const version = versions.get(path)
      const untouched = this.drawn.get(path) === version
      this.drawn.set(path, version)
      // Equal places and words in an equal text: the diagnostics stay, and lead to the new findings with their edits.
      // In an edited text they are set again, since squiggles move and vanish with the text under them.
      if (before && untouched && before.length === findings.length && sameWords(before, now)) continue
      this.collection.set(uriOf(path), this.diagnosticsOf(path, now, findings.length - now.length))
      await breathe()
      if (generation !== this.generation) return
    }
  }

  /** A check that fails at a place, as in `winnow.json:3:12`, says so there too, and so does what is wrong without stopping it. */
  publishSettings(failure: string | undefined, warnings: readonly string[] = []): void {
    this.failures.clear()
    const byFile = new Map<string, vscode.Diagnostic[]>()
    const add = (message: string, severity: vscode.DiagnosticSeverity) => {
      const [, path, line, column, words] = /^(.+?):(\d+):(\d+): ([\s\S]*)$/.exec(message) ?? []
      if (!path || !words) return
      const at = new vscode.Position(Number(line) - 1, Number(column) - 1)
      const diagnostic = new vscode.Diagnostic(new vscode.Range(at, at), words, severity)
      diagnostic.source = 'Winnow'
      byFile.set(path, [...(byFile.get(path) ?? []), diagnostic])
    }
    if (failure !== undefined) add(failure, vscode.DiagnosticSeverity.Error)
    for (const warning of warnings) add(warning, vscode.DiagnosticSeverity.Warning)
    for (const [path, list] of byFile) this.failures.set(uriOf(path), list)
  }

  /** The finding that a diagnostic of ours stands for. */
  findingOf(diagnostic: vscode.Diagnostic): ReportedFinding | undefined {
    const place = this.places.get(diagnostic)
    return place && this.shown.get(place.path)?.[place.index]
  }

  dispose(): void {
    this.generation++
    this.collection.dispose()
    this.failures.dispose()
  }

  private diagnosticsOf(path: string, findings: readonly ReportedFinding[], left: number): vscode.Diagnostic[] {
    const all = findings.map((finding, index) => {
      const diagnostic = new vscode.Diagnostic(toRange(finding.range), finding.message, severity[finding.severity])
      diagnostic.source = 'Winnow'
      diagnostic.code = { value: finding.rule, target: ruleLink(finding.rule) }
      if (finding.related.length > 0) {
        diagnostic.relatedInformation = finding.related.map(
          other =>
            new vscode.DiagnosticRelatedInformation(
              new vscode.Location(uriOf(other.uri), toRange(other.range)),
              other.message,
            ),
        )
      }
      if (finding.rule === 'duplicate') diagnostic.tags = [vscode.DiagnosticTag.Unnecessary]
      this.places.set(diagnostic, { path, index })
      return diagnostic
    })
    if (left > 0) {
      const words = vscode.l10n.t('{0} more findings in this file are listed in the Findings view.', count(left))
      const rest = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), words, vscode.DiagnosticSeverity.Information)
      rest.source = 'Winnow'
      all.push(rest)
    }
    return all
  }
}

/** The link of a rule's name: opens the page about the rule. */
function ruleLink(rule: string): vscode.Uri {
  return vscode.Uri.parse(`command:winnow.showRule?${encodeURIComponent(JSON.stringify([rule]))}`)
}

/** At most as many as the editor shows, the worst of them, in the order of their places. */
function foremost(findings: readonly ReportedFinding[]): readonly ReportedFinding[] {
  if (findings.length <= most) return findings
  const room = { error: 0, warning: 0, info: 0 }
  for (const finding of findings) room[finding.severity]++
  let left = most - 1
  for (const severity of severities) {
    room[severity] = Math.min(room[severity], left)
    left -= room[severity]
  }
  return findings.filter(finding => room[finding.severity]-- > 0)
}

function sameWords(a: readonly ReportedFinding[], b: readonly ReportedFinding[]): boolean {
  return a.length === b.length && a.every((finding, i) => sameFinding(finding, b[i] as ReportedFinding))
}

function sameFinding(a: ReportedFinding, b: ReportedFinding): boolean {
  return (
    a.rule === b.rule &&
    a.severity === b.severity &&
    a.message === b.message &&
    sameRange(a.range, b.range) &&
    a.related.length === b.related.length &&
    a.related.every((other, i) => {
      const twin = b.related[i]
      return twin !== undefined && other.uri === twin.uri && sameRange(other.range, twin.range)
    })
  )
}

function sameRange(a: ReportedFinding['range'], b: ReportedFinding['range']): boolean {
  return a.line === b.line && a.column === b.column && a.endLine === b.endLine && a.endColumn === b.endColumn
}
