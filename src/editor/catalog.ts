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

/** Findings ordered between two yields. */
const piece = 10_000

const rank: { readonly [S in Severity]: number } = { error: 0, warning: 1, info: 2 }

/** Orders the findings of a report; `shown` says which severities take part. */
export function catalogOf(report: Pick<Report, 'findings'>, shown: ReadonlySet<Severity>): Catalog {
  const work = catalogWork(report, shown)
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** The same in pieces of a few milliseconds: it yields between them. */
export function* catalogWork(
  report: Pick<Report, 'findings'>,
  shown: ReadonlySet<Severity>,
): Generator<void, Catalog, void> {
  const bySeverity = { error: 0, warning: 0, info: 0 }
  const byRule = new Map<string, ReportedFinding[]>()
  const byFile = new Map<string, ReportedFinding[]>()
  let total = 0
  for (const [i, finding] of report.findings.entries()) {
    if (i % piece === piece - 1) yield
    if (!shown.has(finding.severity)) continue
    total++
    bySeverity[finding.severity]++
    push(byRule, finding.rule, finding)
    push(byFile, finding.uri, finding)
  }
  const rules: Group[] = []
  for (const [name, findings] of byRule) {
    yield
    rules.push(group(name, findings))
  }
  rules.sort(
    (a, b) => rank[a.worst] - rank[b.worst] || b.findings.length - a.findings.length || (a.name < b.name ? -1 : 1),
  )
  const files = new Map<string, Group>()
  for (const [name, findings] of byFile) {
    files.set(name, group(name, findings))
    if (findings.length > piece) yield
  }
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
