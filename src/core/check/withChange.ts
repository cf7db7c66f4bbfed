import type { DocumentChange, Range, Report, ReportChange, ReportedFinding } from './report.ts'

/** Findings that are moved between two yields: a few milliseconds. */
const piece = 2000

/**
 * A report after an edit that was followed. Findings that stand where the edit was made and that it does not speak of are left
 * out until the next report: their places are no longer true.
 */
export function withChange(report: Report, change: ReportChange, edits: DocumentChange['edits']): Report {
  const work = withChangeWork(report, change, edits)
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** The same in pieces of a few milliseconds: it yields between them. */
export function* withChangeWork(
  report: Report,
  change: ReportChange,
  edits: DocumentChange['edits'],
): Generator<void, Report, void> {
  const { uri, version, moved, added } = change
  const removed = new Set(change.removed)
  const counts: { [rule: string]: number } = { ...report.counts }
  const findings: ReportedFinding[] = []
  // From the first line of an edit to the first one behind all of them. Removing the row before ends where this one begins.
  const first = edits.reduce((least, { range }) => Math.min(least, range.line), Number.POSITIVE_INFINITY)
  const isEdited = ({ line, endLine, endColumn }: Range) =>
    line < moved.line && (endLine > first || (endLine === first && (endColumn > 0 || line === endLine)))
  const touched = (finding: ReportedFinding) =>
    (finding.uri === uri && isEdited(finding.range)) ||
    finding.fixes.some(fix => fix.edits.some(edit => edit.uri === uri && isEdited(edit.range)))
  for (const [i, finding] of report.findings.entries()) {
    if (i % piece === piece - 1) yield
    if (removed.has(finding.id) || touched(finding)) counts[finding.rule] = (counts[finding.rule] ?? 1) - 1
    else findings.push(moved.lines === 0 && moved.rows === 0 ? finding : shifted(finding, uri, moved))
  }
  for (const finding of added) {
    counts[finding.rule] = (counts[finding.rule] ?? 0) + 1
    findings.splice(placeOf(findings, finding), 0, finding)
  }
  for (const rule of Object.keys(counts)) if (counts[rule] === 0) delete counts[rule]
  return { ...report, findings, counts, versions: { ...report.versions, [uri]: version }, ms: change.ms }
}

type Moved = ReportChange['moved']

/** A finding whose places have moved along; itself, where none has: of a report of many only what lies behind an edit is made anew. */
function shifted(finding: ReportedFinding, uri: string, moved: Moved): ReportedFinding {
  const range = (of: string, one: Range): Range => {
    if (of !== uri || moved.lines === 0 || one.endLine < moved.line) return one
    const { line, column, endLine, endColumn } = one
    return {
      line: line < moved.line ? line : line + moved.lines,
      column,
      endLine: endLine + moved.lines,
      endColumn,
    }
  }
  const row = (of: string, one: number) => (of === uri && one >= moved.row ? one + moved.rows : one)
  const related = changed(finding.related, one => {
    const to = range(one.uri, one.range)
    const at = row(one.uri, one.row)
    return to === one.range && at === one.row ? one : { ...one, row: at, range: to }
  })
  const fixes = changed(finding.fixes, fix => {
    const edits = changed(fix.edits, edit => {
      const to = range(edit.uri, edit.range)
      return to === edit.range ? edit : { ...edit, range: to }
    })
    return edits === fix.edits ? fix : { ...fix, edits }
  })
  const to = range(finding.uri, finding.range)
  const at = finding.row === undefined ? undefined : row(finding.uri, finding.row)
  if (to === finding.range && at === finding.row && related === finding.related && fixes === finding.fixes)
    return finding
  return at === undefined
    ? { ...finding, range: to, related, fixes }
    : { ...finding, row: at, range: to, related, fixes }
}

/** The list with what becomes of each item; itself, where all stay. */
function changed<T>(list: readonly T[], become: (one: T) => T): readonly T[] {
  let out: T[] | undefined
  for (let i = 0; i < list.length; i++) {
    const now = become(list[i]!)
    if (out) out.push(now)
    else if (now !== list[i]) out = [...list.slice(0, i), now]
  }
  return out ?? list
}

/** Where a finding belongs among others that are in order. */
function placeOf(findings: readonly ReportedFinding[], finding: ReportedFinding): number {
  let low = 0
  let high = findings.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(findings[middle]!, finding) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a: ReportedFinding, b: ReportedFinding): number {
  if (a.uri !== b.uri) return a.uri < b.uri ? -1 : 1
  const [x, y] = [a.range, b.range]
  return (
    x.line - y.line ||
    x.column - y.column ||
    x.endLine - y.endLine ||
    x.endColumn - y.endColumn ||
    (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0)
  )
}
