import { jaccard, overlapOf } from '../sign/exact.ts'
import { normalForm } from '../sign/normal.ts'
import { defaultScheme, parseScheme } from '../sign/scheme.ts'
import type { RowsFindings, RowsSegment } from './rowsModel.ts'

/** Rules whose related rows are like the row. */
const alikeRules = new Set(['duplicate', 'near-duplicate', 'label-conflict', 'leak', 'answer-conflict'])
/** Rows of a cluster that are looked at. */
const most = 200

/** Which rows findings say are alike: both ways, since of a pair only one row carries the finding. */
export type Neighbours = ReadonlyMap<number, readonly number[]>

/** Reads the related rows of all findings; yields now and then. */
export function* neighboursOf(
  segments: readonly RowsSegment[],
  { findings, starts, items }: RowsFindings,
): Generator<number, Map<number, number[]>, void> {
  const place = new Map(segments.map(segment => [`${segment.path}\n${segment.table.part ?? ''}`, segment.base]))
  const pairs = new Map<number, number[]>()
  const add = (a: number, b: number) => {
    const list = pairs.get(a)
    if (!list) pairs.set(a, [b])
    else if (!list.includes(b) && list.length < most) list.push(b)
  }
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let i = starts[row]!; i < starts[row + 1]!; i++) {
      const finding = findings[items[i]!]!
      if (!alikeRules.has(finding.rule)) continue
      for (const other of finding.related) {
        const base = place.get(`${other.uri}\n${other.part ?? ''}`)
        if (base === undefined || base + other.row === row) continue
        add(row, base + other.row)
        add(base + other.row, row)
      }
    }
    if (row % 4096 === 4095) yield row
  }
  return pairs
}

/** The rows that are linked to one, near ones first: rows of a cluster are linked through the row that stands for it. */
export function clusterOf(neighbours: Neighbours, row: number): number[] {
  const found = [row]
  const seen = new Set(found)
  for (let i = 0; i < found.length && found.length < most; i++)
    for (const other of neighbours.get(found[i]!) ?? [])
      if (!seen.has(other)) {
        seen.add(other)
        found.push(other)
      }
  return found.slice(1)
}

/** How alike two texts are: exact Jaccard similarity of their words and pairs of words, and whether their normal forms are equal. */
export function likeness(a: string, b: string): { readonly similarity: number; readonly equal: boolean } {
  const [left, right] = [normalForm(a), normalForm(b)]
  return { similarity: jaccard(overlapOf(parseScheme(defaultScheme), left, right)), equal: left === right }
}
