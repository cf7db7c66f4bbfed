import type { Table } from '../data/table.ts'
import { tableLines } from '../data/tableLines.ts'
import { finishWork, type Work } from '../sign/progress.ts'
import type { Span } from '../text/span.ts'
import { type Checked, countByRule } from './check.ts'
import { type Finding, LazyFinding } from './finding.ts'
import type { StreamedReport } from './formats/pieces.ts'
import type { Range, Report, ReportedDataset, ReportedFinding } from './report.ts'

/** Lines of the tables that were checked. A file that did not change is not read again. */
export class Places {
  private tables = new Map<string, Table>()

  /** The tables that places are asked of from now on. */
  use(checked: Pick<Checked, 'datasets'>): void {
    this.tables = new Map(
      checked.datasets.flatMap(({ dataset }) =>
        dataset.splits.flatMap(split => split.tables.map(table => [table.source.uri, table] as const)),
      ),
    )
  }

  range(uri: string, span: Span): Range {
    const table = this.tables.get(uri)
    if (!table) throw new Error(`a finding is in a file that was not checked: ${uri}`)
    return tableLines(table).range(span)
  }
}

/** Turns what a check found into plain data with lines and columns. `ms` is how long it took. */
export function toReport(checked: Checked, ms: number, places: Places = new Places()): Report {
  return finishWork(reportOf(checked, () => ms, places))
}

/** As `toReport`, piece by piece: the words of hundreds of thousands of findings take a second. */
export function* reportOf(checked: Checked, ms: () => number, places: Places): Work<Report> {
  places.use(checked)
  const findings: ReportedFinding[] = []
  for (const [id, finding] of checked.findings.entries()) {
    findings.push(reported(finding, id, places))
    if (finding instanceof LazyFinding) finding.forget()
    if (id % 200 === 199) yield { phase: 'report', done: id, total: checked.findings.length }
  }
  const versions: { [uri: string]: number } = {}
  for (const { dataset } of checked.datasets)
    for (const { tables } of dataset.splits)
      for (const { source } of tables) if (source.version > 0) versions[source.uri] = source.version
  return {
    datasets: reportedDatasets(checked),
    findings,
    counts: countByRule(checked.findings),
    versions,
    ms: ms(),
  }
}

function reportedDatasets(checked: Checked): ReportedDataset[] {
  return checked.datasets.map(
    ({ dataset, labels, recall }): ReportedDataset => ({
      name: dataset.name,
      roles: dataset.roles,
      ...(labels ? { labels } : {}),
      ...(recall === undefined ? {} : { recall }),
      splits: dataset.splits.map(({ name, tables }) => ({
        name,
        files: tables.map(table => {
          const problem = table.issues.find(issue => issue.row === undefined)?.message
          return {
            uri: table.source.uri,
            rows: table.rowCount,
            bytes: table.source.size ?? table.source.bytes.length,
            ...(problem === undefined ? {} : { problem }),
          }
        }),
      })),
    }),
  )
}

/** As `reportOf`, of which the findings come one after the other: nothing of them is kept. */
export function streamOf(checked: Checked, places: Places): StreamedReport {
  places.use(checked)
  return { datasets: reportedDatasets(checked), counts: countByRule(checked.findings), findings: each(checked, places) }
}

function* each({ findings }: Checked, places: Places): Generator<ReportedFinding> {
  for (const [id, finding] of findings.entries()) {
    yield reported(finding, id, places)
    if (finding instanceof LazyFinding) finding.forget()
  }
}

/** One finding with lines and columns. */
export function reported(finding: Finding, id: number, places: Places): ReportedFinding {
  const { key, rule, severity, uri, part, row, alike, confidence, message } = finding
  return {
    id,
    key,
    rule,
    severity,
    uri,
    ...(part === undefined ? {} : { part }),
    ...(row === undefined ? {} : { row }),
    range: places.range(uri, finding.span),
    ...(alike === undefined ? {} : { alike }),
    ...(confidence === undefined ? {} : { confidence }),
    message,
    related: finding.related.map(other => ({
      uri: other.uri,
      ...(other.part === undefined ? {} : { part: other.part }),
      row: other.row,
      range: places.range(other.uri, other.span),
      ...(other.similarity === undefined ? {} : { similarity: other.similarity }),
      ...(other.containment === undefined ? {} : { containment: other.containment }),
      message: other.message,
    })),
    fixes: finding.fixes.map(({ kind, title, preferred, edits }) => ({
      kind,
      title,
      preferred,
      edits: edits.map(({ uri: of, edit }) => ({ uri: of, range: places.range(of, edit.span), text: edit.text })),
    })),
  }
}
