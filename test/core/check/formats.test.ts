import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import { reportHtml } from '../../../src/core/check/formats/html.ts'
import { reportJson } from '../../../src/core/check/formats/json.ts'
import { reportSarif } from '../../../src/core/check/formats/sarif.ts'
import { ansiPaint, reportText } from '../../../src/core/check/formats/text.ts'
import { rules } from '../../../src/core/check/rules.ts'
import { toReport } from '../../../src/core/check/toReport.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { wordDiff } from '../../../src/node/wordDiff.ts'

const uri = '/data/über train.csv'
const text =
  'text,label\r\n"<b>Where</b> is, ""my"" 😀 parcel?",delivery\r\nwhere is my parcel b where b,x\r\n"b where b\nis my 😀 parcel",delivery\r\n"<b>where</b> is my 😀 parcel",delivery\r\nonly one\r\n'
const source = { uri, version: 7, bytes: Buffer.from(text), encoding: 'utf-8' as const, bom: false }
const dataset = {
  name: 'letters & <more>',
  splits: [{ name: 'train' as const, tables: parseTables(source).map(({ table }) => table) }],
  roles: { text: 'text', label: 'label' },
}
const report = toReport(finishWork(check({ datasets: [dataset], rules: { 'label-typo': 'off' } })), 12.5)
const path = (full: string) => full.slice(1)

test('a report has places as editors count them', () => {
  const copy = report.findings.find(finding => finding.rule === 'duplicate' && finding.row === 3)!
  // The quoted newline of row 2 makes row 3 start on line 5; the span is inside the quotes.
  expect(copy.range).toEqual({ line: 5, column: 1, endLine: 5, endColumn: 1 + '<b>where</b> is my 😀 parcel'.length })
  expect(copy.related[0]!.range).toMatchObject({ line: 1, column: 1 })
  expect(report.findings.map(f => f.id)).toEqual(report.findings.map((_, i) => i))
  expect(report.versions).toEqual({ [uri]: 7 })
  expect(report.datasets[0]).toMatchObject({
    name: dataset.name,
    labels: [
      { label: 'delivery', rows: 3 },
      { label: 'x', rows: 1 },
    ],
    splits: [{ name: 'train', files: [{ uri, rows: 5, bytes: source.bytes.length }] }],
  })
  expect(report.counts).toEqual({ 'broken-row': 1, duplicate: 2 })
})

test('documents in pieces are laid out as whole ones', () => {
  const clean = { ...report, findings: [], counts: {} }
  for (const one of [report, clean])
    for (const pieces of [reportJson(one, path), reportSarif(one, path, { rules, version: '1.2.3' })]) {
      const text = [...pieces].join('')
      expect(text).toBe(`${JSON.stringify(JSON.parse(text), undefined, 2)}\n`)
    }
})

test('JSON for scripts', () => {
  const document = JSON.parse([...reportJson(report, path)].join(''))
  expect(document).toMatchObject({
    version: 1,
    datasets: [
      { name: dataset.name, splits: [{ name: 'train', files: [{ path: path(uri), rows: 5 }] }], roles: dataset.roles },
    ],
    counts: { duplicate: 2 },
  })
  expect(document.findings[1]).toMatchObject({
    rule: 'duplicate',
    severity: 'warning',
    file: path(uri),
    row: 3,
    line: 6,
    column: 2,
    endLine: 6,
    endColumn: 30,
    related: [{ file: path(uri), row: 0, line: 2, column: 2 }],
    fixes: [{ title: 'Remove this row' }, { title: 'Keep only this row of the 3 alike' }],
  })
})

test('SARIF 2.1.0 is whole and consistent', () => {
  const sarif = JSON.parse([...reportSarif(report, path, { rules, version: '1.2.3' })].join(''))
  expect(sarif).toMatchObject({ version: '2.1.0', runs: [{ columnKind: 'utf16CodeUnits' }] })
  const [run] = sarif.runs
  const { driver } = run.tool
  expect(driver).toMatchObject({ name: 'Winnow', semanticVersion: '1.2.3' })
  expect(driver.rules.map((rule: { id: string }) => rule.id)).toEqual(rules.map(rule => rule.meta.id))
  const region = (r: Record<string, number>) => {
    expect(Object.keys(r).sort()).toEqual(['endColumn', 'endLine', 'startColumn', 'startLine'])
    for (const value of Object.values(r)) expect(value).toBeGreaterThanOrEqual(1)
    expect(r['endLine']! > r['startLine']! || r['endColumn']! >= r['startColumn']!).toBe(true)
  }
  expect(run.results).toHaveLength(report.findings.length)
  for (const result of run.results) {
    expect(driver.rules[result.ruleIndex].id).toBe(result.ruleId)
    expect(['error', 'warning', 'note']).toContain(result.level)
    expect(result.message.text).toMatch(/\.$/)
    expect(Object.values(result.partialFingerprints)[0]).toMatch(/^[0-9a-f]{20}$/)
    for (const location of [...result.locations, ...(result.relatedLocations ?? [])]) {
      expect(location.physicalLocation.artifactLocation.uri).toBe('data/%C3%BCber%20train.csv')
      region(location.physicalLocation.region)
    }
    for (const fix of result.fixes ?? [])
      for (const change of fix.artifactChanges) for (const one of change.replacements) region(one.deletedRegion)
  }
})

/** The schema of the standard as a package carries it; of draft 4, of which it uses nothing that later drafts read otherwise. */
function sarifSchema() {
  const require = createRequire(import.meta.url)
  const { $schema, id, ...schema } = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json')
  return schema
}

test('SARIF validates against the schema of the standard', () => {
  const ajv = new Ajv({ strict: false, unicodeRegExp: false })
  ajv.addFormat('uri', value => URL.canParse(value))
  ajv.addFormat('uri-reference', value => URL.canParse(value, 'file:///'))
  ajv.addFormat('date-time', value => !Number.isNaN(Date.parse(value)))
  const validate = ajv.compile(sarifSchema())
  const sarif = JSON.parse([...reportSarif(report, path, { rules, version: '1.2.3' })].join(''))
  expect(validate(sarif), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  expect(sarif.runs[0].results.length).toBeGreaterThan(2)
  // It would tell what is wrong.
  expect(validate({ ...sarif, version: '2.2.0' })).toBe(false)
  sarif.runs[0].results[0].level = 'fatal'
  expect(validate(sarif)).toBe(false)
})

test('the page needs nothing from elsewhere and escapes what is not its own', () => {
  const html = reportHtml(report, path, { rules, excerpt: () => '<script>alert("x")</script>' })
  expect(html).not.toMatch(/<script|https?:|src=|@import|url\(/)
  expect(html).toContain('&lt;script&gt;alert')
  expect(html).toContain("default-src 'none'")
  expect(html).toContain('letters &amp; &lt;more&gt;')
  expect(html).toContain('data/über train.csv row 3')
})

test('the page marks the words that differ between rows that are alike', () => {
  const [copy] = report.findings.filter(finding => finding.rule === 'duplicate')
  const near = {
    ...copy!,
    alike: 'near' as const,
    related: [{ ...copy!.related[0]!, similarity: 0.8571, containment: 0.9 }],
  }
  const texts = ['a <small> lamp', 'a <large> lamp']
  const excerpt = (_: string, row: number) => texts[row === near.row ? 0 : 1]!
  const html = reportHtml({ ...report, findings: [near] }, path, { rules, excerpt, diff: wordDiff })
  expect(html).toContain('<small>Jaccard 0.86, containment 0.90</small>')
  expect(html).toContain('a &lt;<del>small</del><ins>large</ins>&gt; lamp')
  expect(reportHtml({ ...report, findings: [near] }, path, { rules, excerpt })).toContain('a &lt;large&gt; lamp')
})

test('text for a terminal, with colour only where somebody sees it', () => {
  const plain = reportText(report, path)
  expect(plain).toContain('data/über train.csv\n')
  expect(plain).toMatch(
    /6:2 +row 3 +warning +Duplicate of über train\.csv row 0, apart from case, spaces or punctuation\. +duplicate/,
  )
  expect(plain).toContain('winnow fix mends 1 of them.')
  expect(plain).not.toContain('\u001b')
  expect(reportText(report, path, ansiPaint)).toContain('\u001b[33mwarning\u001b[0m')
  const clean = { ...report, findings: [], counts: {} }
  expect(reportText(clean, path)).toContain('No findings.')
})
