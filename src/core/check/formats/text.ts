import { type Severity, severities } from '../finding.ts'
import type { Report, ReportedFinding } from '../report.ts'

/** How words are set off; plain where nobody sees colour. */
export interface Paint {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly severity: { readonly [S in Severity]: (text: string) => string }
}

const plain = (text: string) => text
export const noPaint: Paint = { strong: plain, faint: plain, severity: { error: plain, warning: plain, info: plain } }

const ansi = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
export const ansiPaint: Paint = {
  strong: ansi(1),
  faint: ansi(2),
  severity: { error: ansi(31), warning: ansi(33), info: ansi(36) },
}

/** A report for a terminal: findings by file, then what was checked and how often each rule found something. */
export function reportText(report: Report, path: (uri: string) => string, paint: Paint = noPaint): string {
  const lines: string[] = []
  for (const [uri, findings] of byFile(report.findings)) {
    lines.push(paint.strong(path(uri)))
    const places = findings.map(({ range }) => `${range.line + 1}:${range.column + 1}`)
    const width = longest(places)
    const rows = findings.map(({ row }) => (row === undefined ? '' : `row ${row}`))
    const rowWidth = longest(rows)
    for (const [i, { severity, message, rule }] of findings.entries()) {
      const place = paint.faint(places[i]!.padStart(width))
      const word = paint.severity[severity](severity.padEnd(7))
      lines.push(`  ${place}  ${rows[i]!.padEnd(rowWidth)}  ${word}  ${message}  ${paint.faint(rule)}`)
    }
    lines.push('')
  }
  for (const dataset of report.datasets) {
    const splits = dataset.splits.map(split => {
      const rows = split.files.reduce((sum, file) => sum + file.rows, 0)
      return `${split.name} ${counted(rows, 'row')}`
    })
    const roles = Object.entries(dataset.roles).map(([role, column]) =>
      role === column ? role : `${role} "${column}"`,
    )
    lines.push(
      `${paint.strong(dataset.name)}: ${splits.join(', ')}${roles.length ? paint.faint(` (${roles.join(', ')})`) : ''}`,
    )
  }
  for (const { name, recall } of report.datasets)
    if (recall !== undefined)
      lines.push(
        `${name}: too many alike to compare all; similar rows were estimated and verified, expected recall ${(100 * recall).toFixed(2)} % (--exact finds all)`,
      )
  const total = report.findings.length
  if (total === 0) lines.push('No findings.')
  else {
    const rules = Object.entries(report.counts).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    const width = Math.max(...rules.map(([rule]) => rule.length))
    const digits = Math.max(...rules.map(([, n]) => counted(n).length))
    lines.push('', `${counted(total, 'finding')}:`)
    for (const [rule, n] of rules) {
      const of = severities
        .map(
          severity =>
            [severity, report.findings.filter(f => f.rule === rule && f.severity === severity).length] as const,
        )
        .filter(([, count]) => count > 0)
        .map(([severity, count]) => paint.severity[severity](plural(count, severity)))
      lines.push(`  ${rule.padEnd(width)}  ${counted(n).padStart(digits)}  ${of.join(', ')}`)
    }
    const fixable = report.findings.filter(finding => finding.fixes.some(fix => fix.preferred)).length
    if (fixable > 0) lines.push('', `winnow fix mends ${fixable === total ? 'all' : counted(fixable)} of them.`)
  }
  return `${lines.join('\n')}\n`
}

function byFile(findings: readonly ReportedFinding[]): Map<string, ReportedFinding[]> {
  const files = new Map<string, ReportedFinding[]>()
  for (const finding of findings) {
    const list = files.get(finding.uri)
    if (list) list.push(finding)
    else files.set(finding.uri, [finding])
  }
  return files
}

/** `12,300 rows`; without a noun the number alone. */
export function counted(n: number, noun?: string): string {
  const number = String(n).replace(/\B(?=(\d{3})+$)/g, ',')
  return noun === undefined ? number : `${number} ${n === 1 ? noun : `${noun}s`}`
}

function longest(list: readonly string[]): number {
  return list.reduce((most, text) => Math.max(most, text.length), 0)
}

function plural(n: number, severity: Severity): string {
  return severity === 'info' ? `${counted(n)} info` : counted(n, severity)
}
