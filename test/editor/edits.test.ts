import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReportedEdit, ReportedFinding } from '../../src/core/check/report.ts'
import { combine } from '../../src/editor/edits.ts'

const edit = (line: number, endLine: number, text = '', uri = '/a.csv'): ReportedEdit => ({
  uri,
  range: { line, column: 0, endLine, endColumn: 0 },
  text,
})

const finding = (edits: readonly ReportedEdit[], preferred = true): ReportedFinding => ({
  id: 0,
  key: '',
  rule: 'duplicate',
  severity: 'warning',
  uri: '/a.csv',
  range: { line: 0, column: 0, endLine: 0, endColumn: 1 },
  message: '',
  related: [],
  fixes: [{ kind: 'remove-row', title: 'Remove this row', preferred, edits }],
})

describe('combining fixes', () => {
  test('a row that two findings want removed is removed once', () => {
    const combined = combine([finding([edit(3, 4)]), finding([edit(3, 4)])])
    expect(combined).toEqual({ edits: [edit(3, 4)], mended: 2, left: 0 })
  })

  test('neighbouring rows do not overlap', () => {
    const combined = combine([finding([edit(4, 5)]), finding([edit(3, 4)]), finding([edit(5, 6)])])
    expect(combined.edits.map(one => one.range.line)).toEqual([3, 4, 5])
    expect(combined.left).toBe(0)
  })

  test('of two fixes that touch one place the first is taken, the other left as a whole', () => {
    const relabel = edit(3, 3, 'billing')
    const both = finding([edit(9, 10), edit(2, 4)])
    const combined = combine([finding([{ ...relabel, range: { line: 3, column: 2, endLine: 3, endColumn: 5 } }]), both])
    expect(combined.edits).toHaveLength(1)
    expect(combined.left).toBe(1)
  })

  test('only what is safe to apply without looking takes part', () => {
    expect(combine([finding([edit(1, 2)], false)])).toEqual({ edits: [], mended: 0, left: 0 })
  })

  test('whatever comes, no two edits of a file overlap, and every finding is mended or left', () => {
    const place = fc.tuple(
      fc.nat(30),
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom('/a.csv', '/b.csv'),
      fc.constantFrom('', 'x'),
    )
    const one = fc
      .array(place, { minLength: 1, maxLength: 3 })
      .map(list => finding(list.map(([line, more, uri, text]) => edit(line, line + more, text, uri))))
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), findings => {
        // The edits of one fix are disjoint by contract.
        const fair = findings.filter(({ fixes }) => disjoint(fixes[0]?.edits ?? []))
        const combined = combine(fair)
        expect(disjoint(combined.edits)).toBe(true)
        expect(combined.mended + combined.left).toBe(fair.length)
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})

/** By brute force: do any two edits of one file share a place? */
function disjoint(edits: readonly ReportedEdit[]): boolean {
  return edits.every((a, i) =>
    edits.every(
      (b, k) =>
        k <= i ||
        a.uri !== b.uri ||
        (a.range.endLine <= b.range.line && a.range.line !== b.range.line) ||
        (b.range.endLine <= a.range.line && a.range.line !== b.range.line),
    ),
  )
}
