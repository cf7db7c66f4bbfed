import type { Severity } from '../core/check/finding.ts'
import type { Report, ReportedFinding } from '../core/check/report.ts'

/** The findings of a file or of a rule, worst first, and how many there are of each severity. */
export interface Group {
  readonly name: string
  readonly findings: readonly ReportedFinding[]
  readonly worst: Severity
  /** Is there a finding that "fix all" would mend? */
  readonly fixable: boolean
}

/** A report, ordered the ways the views need it. */
export interface Catalog {
  readonly total: number
  readonly bySeverity: { readonly [S in Severity]: number }
  /** Rules with the worst severity first, then by count. */
  readonly rules: readonly Group[]
  readonly files: ReadonlyMap<string, Group>
}

const rank: { readonly [S in Severity]: number } = { error: 0, warning: 1, info: 2 }

/** Orders the findings of a report; `shown` says which severities take part. */
export function catalogOf(report: Pick<Report, 'findings'>, shown: ReadonlySet<Severity>): Catalog {
  const bySeverity = { error: 0, warning: 0, info: 0 }
  const byRule = new Map<string, ReportedFinding[]>()
  const byFile = new Map<string, ReportedFinding[]>()
  let total = 0
  for (const finding of report.findings) {
    if (!shown.has(finding.severity)) continue
    total++
    bySeverity[finding.severity]++
    push(byRule, finding.rule, finding)
    push(byFile, finding.uri, finding)
  }
  const rules = [...byRule].map(([name, findings]) => group(name, findings))
  rules.sort(
    (a, b) => rank[a.worst] - rank[b.worst] || b.findings.length - a.findings.length || (a.name < b.name ? -1 : 1),
  )
  const files = new Map([...byFile].map(([name, findings]) => [name, group(name, findings)]))
  return { total, bySeverity, rules, files }
}

/** The same findings by rule, worst rule first. */
export function byRule(findings: readonly ReportedFinding[]): readonly Group[] {
  return catalogOf({ findings }, new Set<Severity>(['error', 'warning', 'info'])).rules
}

function push(map: Map<string, ReportedFinding[]>, key: string, finding: ReportedFinding): void {
  const list = map.get(key)
  if (list) list.push(finding)
  else map.set(key, [finding])
}

function group(name: string, findings: readonly ReportedFinding[]): Group {
  let worst: Severity = 'info'
  let fixable = false
  for (const finding of findings) {
    if (rank[finding.severity] < rank[worst]) worst = finding.severity
    fixable ||= finding.fixes.some(fix => fix.preferred)
  }
  return { name, findings, worst, fixable }
}
