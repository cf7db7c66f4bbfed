import { expect, test } from 'vitest'
import { type Severity, severities } from '../../src/core/check/finding.ts'
import type { ReportedFinding } from '../../src/core/check/report.ts'
import { catalogOf } from '../../src/editor/catalog.ts'

const finding = (rule: string, severity: Severity, uri: string): ReportedFinding => ({
  id: 0,
  key: `${rule}${uri}`,
  rule,
  severity,
  uri,
  range: { line: 0, column: 0, endLine: 0, endColumn: 1 },
  message: '',
  related: [],
  fixes: [],
})

const findings = [
  finding('near-duplicate', 'info', '/train.csv'),
  finding('near-duplicate', 'warning', '/train.csv'),
  finding('empty-field', 'warning', '/test.csv'),
  finding('leak', 'error', '/test.csv'),
]

test('rules stand with the worst first, then the most frequent', () => {
  const { rules, total, bySeverity } = catalogOf({ findings }, new Set(severities))
  expect(rules.map(rule => [rule.name, rule.findings.length, rule.worst])).toEqual([
    ['leak', 1, 'error'],
    ['near-duplicate', 2, 'warning'],
    ['empty-field', 1, 'warning'],
  ])
  expect(total).toBe(4)
  expect(bySeverity).toEqual({ error: 1, warning: 2, info: 1 })
})

test('a filter counts only what it shows', () => {
  const { rules, total, files } = catalogOf({ findings }, new Set<Severity>(['error']))
  expect(rules.map(rule => rule.name)).toEqual(['leak'])
  expect(total).toBe(1)
  expect([...files.keys()]).toEqual(['/test.csv'])
})
