import type { Regrouping } from '../partition.ts'
import type { ReportedFinding } from '../report.ts'
import { indented, listPieces, mapped, type StreamedReport } from './pieces.ts'

/**
 * A report as one JSON document for scripts: rows 0-based, lines and columns 1-based, columns in UTF-16 units. `row` is
 * null for a finding about a whole file; `part` names the list of the file that it is counted in, where there are several; `alike`
 * says how a row is like those that are related; `confidence` how probable a suggested label is against the row's own; `suggestedSplit` stands where it was asked for. This shape is stable; `version` would change with it.
 * It comes in pieces, since it may be longer than a string can be.
 */
export function* reportJson(
  report: StreamedReport,
  path: (uri: string) => string,
  moves?: ReadonlyMap<string, Regrouping>,
): Generator<string> {
  const place = (range: { line: number; column: number }) => ({ line: range.line + 1, column: range.column + 1 })
  const datasets = report.datasets.map(({ name, splits, roles }) => ({
    name,
    splits: splits.map(split => ({
      name: split.name,
      files: split.files.map(file => ({ path: path(file.uri), rows: file.rows })),
    })),
    roles,
    ...(moves?.has(name) ? { suggestedSplit: moves.get(name) } : {}),
  }))
  const document = (finding: ReportedFinding) => ({
    rule: finding.rule,
    severity: finding.severity,
    file: path(finding.uri),
    ...(finding.part === undefined ? {} : { part: finding.part }),
    row: finding.row ?? null,
    ...place(finding.range),
    endLine: finding.range.endLine + 1,
    endColumn: finding.range.endColumn + 1,
    ...(finding.alike === undefined ? {} : { alike: finding.alike }),
    ...(finding.confidence === undefined ? {} : { confidence: Number(finding.confidence.toPrecision(6)) }),
    message: finding.message,
    related: finding.related.map(related => ({
      file: path(related.uri),
      ...(related.part === undefined ? {} : { part: related.part }),
      row: related.row,
      ...place(related.range),
      ...(related.similarity === undefined ? {} : { similarity: related.similarity }),
      ...(related.containment === undefined ? {} : { containment: related.containment }),
    })),
    fixes: finding.fixes.map(({ title }) => ({ title })),
    key: finding.key,
  })
  yield `{\n  "version": 1,\n  "datasets": ${indented(datasets, 1)},\n`
  yield* listPieces(mapped(report.findings, document), { name: 'findings', depth: 1 })
  yield `,\n  "counts": ${indented(report.counts, 1)}\n}\n`
}
