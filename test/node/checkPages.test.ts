import { expect, test } from 'vitest'
import type { Report, ReportedFinding } from '../../src/core/check/report.ts'
import { Pages } from '../../src/node/checkPages.ts'

const finding = (id: number) => ({ id }) as ReportedFinding
const report: Report = { datasets: [], findings: [], counts: {}, versions: {}, ms: 1 }
const ids = (whole: Report) => whole.findings.map(one => one.id)

test('a report gets its own pages back, in order, whatever else is under way', () => {
  const pages = new Pages()
  pages.found(1, [finding(1), finding(2)])
  pages.found(2, [finding(9)])
  pages.found(1, [finding(3)])
  expect(ids(pages.join({ number: 1, report }))).toEqual([1, 2, 3])
  expect(ids(pages.join({ number: 2, report }))).toEqual([9])
})

test('a report without findings has none, also after one with many', () => {
  const pages = new Pages()
  pages.found(1, [finding(1)])
  pages.join({ number: 1, report })
  expect(ids(pages.join({ number: 2, report }))).toEqual([])
})
