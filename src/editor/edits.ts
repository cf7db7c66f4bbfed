import type { ReportedEdit, ReportedFinding } from '../core/check/report.ts'

/** The edits of many fixes, ready to be applied together. */
export interface Combined {
  readonly edits: readonly ReportedEdit[]
  /** Findings whose fix is among the edits. */
  readonly mended: number
  /** Findings left alone because their fix touches what another one changes; the next check says whether they remain. */
  readonly left: number
}

/**
 * The preferred fixes of these findings as one set of edits that do not touch each other. Equal edits count once (a
 * row that two findings want removed); a fix of which any edit overlaps another fix's is left out as a whole.
 */
export function combine(findings: readonly ReportedFinding[]): Combined {
  const files = new Map<string, ReportedEdit[]>()
  let mended = 0
  let left = 0
  for (const finding of findings) {
    const fix = finding.fixes.find(one => one.preferred)
    if (!fix) continue
    const fresh = fix.edits.filter(edit => !isTaken(files.get(edit.uri), edit))
    if (fresh.some(edit => !isFree(files.get(edit.uri), edit))) {
      left++
      continue
    }
    mended++
    for (const edit of fresh) take(files, edit)
  }
  return { edits: [...files.values()].flat(), mended, left }
}

function isTaken(sorted: readonly ReportedEdit[] | undefined, edit: ReportedEdit): boolean {
  const there = sorted?.[placeIn(sorted, edit)]
  return there !== undefined && order(there, edit) === 0 && sameEnd(there, edit) && there.text === edit.text
}

/** Free of its neighbours: what is sorted and does not overlap can only touch those. */
function isFree(sorted: readonly ReportedEdit[] | undefined, edit: ReportedEdit): boolean {
  if (!sorted) return true
  const at = placeIn(sorted, edit)
  return [sorted[at - 1], sorted[at]].every(other => !other || !overlap(edit, other))
}

function take(files: Map<string, ReportedEdit[]>, edit: ReportedEdit): void {
  const sorted = files.get(edit.uri)
  if (sorted) sorted.splice(placeIn(sorted, edit), 0, edit)
  else files.set(edit.uri, [edit])
}

/** Index of the first edit that starts at or after this one. */
function placeIn(sorted: readonly ReportedEdit[], edit: ReportedEdit): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (order(sorted[middle] as ReportedEdit, edit) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function order(a: ReportedEdit, b: ReportedEdit): number {
  return a.range.line - b.range.line || a.range.column - b.range.column
}

function sameEnd(a: ReportedEdit, b: ReportedEdit): boolean {
  return a.range.endLine === b.range.endLine && a.range.endColumn === b.range.endColumn
}

/** Half-open ranges that share a place; two that start at one place do too. */
function overlap(a: ReportedEdit, b: ReportedEdit): boolean {
  if (order(a, b) === 0) return true
  const [first, second] = order(a, b) < 0 ? [a, b] : [b, a]
  const { endLine, endColumn } = first.range
  return endLine > second.range.line || (endLine === second.range.line && endColumn > second.range.column)
}
