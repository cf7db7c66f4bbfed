import type { Finding } from '../check/finding.ts'
import { quoted } from '../check/labels.ts'
import type { RowsFindings, RowsSegment } from './rowsModel.ts'
import { columnName, findingsOf, segmentOf } from './rowsModel.ts'
import type { RowsColumn, RowsLine, RowsSuggestion } from './rowsProtocol.ts'

/** Characters of a cell that a grid can show at most. */
const longest = 300

/** Changed cells that are not written yet, by row of the view and column id. */
export type Pending = ReadonlyMap<number, ReadonlyMap<string, string>>

export interface LineParts {
  readonly segments: readonly RowsSegment[]
  readonly columns: readonly RowsColumn[]
  readonly findings: RowsFindings
  readonly pending: Pending
  /** Label names by how fixes quote them. */
  readonly labels: ReadonlyMap<string, string>
  /** What a model said of rows, by their numbers in the view. */
  readonly predicted: ReadonlyMap<number, RowsSuggestion>
}

/** A row as the grid draws it. */
export function lineOf(parts: LineParts, at: number): RowsLine {
  const { segments, columns, pending } = parts
  const segment = segmentOf(segments, at)
  const row = at - segment.base
  const found = findingsOf(parts.findings, at)
  const suggestion = suggestionOf(found, parts.labels) ?? parts.predicted.get(at)
  const changed = pending.get(at)
  return {
    at,
    file: segments.indexOf(segment),
    row,
    cells: columns.map(column => {
      const text = cellOf(segment, row, column, changed)
      return text !== null && text.length > longest ? text.slice(0, longest) : text
    }),
    ...(segment.table.broken(row) ? { broken: true as const } : {}),
    findings: found.map(({ rule, severity, message }) => ({ rule, severity, message })),
    ...(suggestion ? { suggestion } : {}),
    ...(changed ? { pending: true as const } : {}),
  }
}

/** The whole text of a cell; null where the row has none. Columns that are no data say nothing. */
export function cellOf(
  { table, split }: RowsSegment,
  row: number,
  { id }: RowsColumn,
  changed: ReadonlyMap<string, string> | undefined,
): string | null {
  if (id === 'split') return split ?? null
  if (!id.startsWith('column:')) return null
  return changed?.get(id) ?? table.text(row, columnName(id)) ?? null
}

/** The label that one of the findings would give the row: that of the classifier first, since it says how sure it is. */
export function suggestionOf(
  found: readonly Finding[],
  labels: ReadonlyMap<string, string>,
): RowsSuggestion | undefined {
  const sorted = [...found].sort((a, b) => Number(b.rule === 'label-error') - Number(a.rule === 'label-error'))
  for (const { rule, fixes, message } of sorted)
    for (const { kind, title } of fixes) {
      if (kind !== 'relabel') continue
      const label = labels.get(/"(.*)"/s.exec(title)?.[0] ?? '')
      if (label === undefined) continue
      const probability = rule === 'label-error' ? /probability ([\d.]+)/.exec(message)?.[1] : undefined
      return { label, from: rule, ...(probability === undefined ? {} : { probability: Number(probability) }) }
    }
  return undefined
}

export function quotedLabels(labels: Iterable<string>): Map<string, string> {
  return new Map(Array.from(labels, label => [quoted(label), label]))
}
