import type { Report } from '../report.ts'

/**
 * A report as one JSON document for scripts: rows 0-based, lines and columns 1-based, columns in UTF-16 units. `row` is
 * null for a finding about a whole file. This shape is stable; `version` would change with it.
 */
export function reportJson(report: Report, path: (uri: string) => string): string {
  const place = (range: { line: number; column: number }) => ({ line: range.line + 1, column: range.column + 1 })
  const document = {
    version: 1,
    datasets: report.datasets.map(({ name, splits, roles }) => ({
      name,
      splits: splits.map(split => ({
        name: split.name,
        files: split.files.map(file => ({ path: path(file.uri), rows: file.rows })),
      })),
      roles,
    })),
    findings: report.findings.map(finding => ({
      rule: finding.rule,
      severity: finding.severity,
      file: path(finding.uri),
      row: finding.row ?? null,
      ...place(finding.range),
      endLine: finding.range.endLine + 1,
      endColumn: finding.range.endColumn + 1,
      message: finding.message,
      related: finding.related.map(related => ({
        file: path(related.uri),
        row: related.row,
        ...place(related.range),
        ...(related.similarity === undefined ? {} : { similarity: related.similarity }),
      })),
      fixes: finding.fixes.map(({ title }) => ({ title })),
      key: finding.key,
    })),
    counts: report.counts,
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
