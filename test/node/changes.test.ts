import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import { countByRule } from '../../src/core/check/check.ts'
import type { Report, ReportedFinding } from '../../src/core/check/report.ts'
import { withChange } from '../../src/core/check/withChange.ts'
import { Checker } from '../../src/node/checker.ts'
import { texts } from '../core/sign/texts.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-changes-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const local = new Set(['duplicate', 'near-duplicate', 'leak', 'label-conflict'])
/** What edits keep up to date of a finding. Messages name rows by numbers, which the next check of all brings up to date. */
const said = ({ rule, uri, row, range, severity, message, related, fixes }: ReportedFinding) =>
  JSON.stringify([
    rule,
    uri.split('/').at(-1),
    row,
    range,
    severity,
    message.replace(/\brow \d+/g, 'row #'),
    related.map(other => [other.row, other.range.line, other.similarity]),
    fixes.map(fix => fix.title.replace(/\brow \d+/g, 'row #')),
  ])
const sayings = (findings: readonly ReportedFinding[]) =>
  findings
    .filter(one => local.has(one.rule) && one.alike !== 'contained')
    .map(said)
    .sort()

const placesOf = ({ edits }: ReportedFinding['fixes'][number]) =>
  JSON.stringify(edits.map(({ uri, range }) => [uri, range]))

/** How rows are written, one a line, below a head. */
const formats = {
  jsonl: {
    head: '',
    row: (text: string, label: string) => JSON.stringify({ text, label }),
    reworded: (row: string) => row.replace(/"text":"(\w+)/, '"text":"changed'),
    relabelled: (row: string, label: string) => row.replace(/"label":"\w+"/, `"label":"${label}"`),
  },
  csv: {
    head: 'text,label\n',
    row: (text: string, label: string) => `"${text.replaceAll('"', '""')}",${label}`,
    reworded: (row: string) => row.replace(/^"(\w+)/, '"changed'),
    relabelled: (row: string, label: string) => row.replace(/",\w+$/, `",${label}`),
  },
}

test.each([
  ['jsonl', 60],
  ['csv', 24],
] as const)('after any edits of %s files the findings near them are those of a fresh check', async (format, steps) => {
  const r = random('changes')
  const pool = texts('sentences', 700, 'changes')
  const { head, row: written, reworded, relabelled } = formats[format]
  const line = (text: string) => written(text, ['card', 'refund', 'cards'][r.int(3)]!)
  const [train, other] = [`train.${format}`, `test.${format}`] as const
  const lines: { [name: string]: string[] } = {
    [train]: pool.slice(0, 300).map(line),
    [other]: pool.slice(250, 350).map(line),
  }
  const versions: { [name: string]: number } = { [train]: 1, [other]: 1 }
  for (const [name, list] of Object.entries(lines)) writeFileSync(join(folder, name), head + list.join('\n'))
  const documents = () =>
    Object.entries(lines).map(([name, list]) => ({
      uri: join(folder, name),
      version: versions[name]!,
      text: head + list.join('\n'),
    }))
  const request = () => ({ folders: [folder], documents: documents(), rules: { 'label-error': 'off' } })
  let heard = () => {}
  let settled = (report: Report) => {
    shown = report
    heard()
  }
  const checker = new Checker(
    () => {},
    report => settled(report),
  )
  let shown = await checker.check(request())
  expect(sayings(shown.findings).length).toBeGreaterThan(60)
  let added = 0
  let removed = 0
  for (let step = 0; step < steps; step++) {
    const name = r.next() < 0.6 ? train : other
    const list = lines[name]!
    const at = r.int(list.length - 3)
    const [row] = [list[at]!]
    const kind = r.int(7)
    // A check of all has come to an end meanwhile, or may be under way: then the edit ends it.
    if (step === 5) await new Promise<void>(resolve => (heard = resolve))
    else if (step % 12 === 5) await new Promise(resolve => setTimeout(resolve, 400 + r.int(80)))
    const copy = lines[r.int(2) ? train : other]!
    const next =
      kind === 0
        ? [reworded(row)]
        : kind === 1
          ? [copy[r.int(copy.length)]!]
          : kind === 2
            ? [line(pool[r.int(pool.length)]!), row]
            : kind === 3
              ? []
              : kind === 4
                ? [relabelled(row, ['card', 'refund', 'other'][r.int(3)]!)]
                : kind === 5
                  ? [line(`${pool[r.int(pool.length)]} more`)]
                  : [row, ...Array.from({ length: 12 }, (_, i) => copy[(at + i * 3) % copy.length]!)]
    const removes = kind === 3 ? 1 + r.int(2) : 1
    const first = at + head.split('\n').length - 1
    // As an editor tells it: the whole lines for an insertion or removal, otherwise the line's content.
    const edit =
      next.length === 0
        ? { range: { line: first, column: 0, endLine: first + removes, endColumn: 0 }, text: '' }
        : { range: { line: first, column: 0, endLine: first, endColumn: row.length }, text: next.join('\n') }
    lines[name] = [...list.slice(0, at), ...next, ...list.slice(at + removes)]
    versions[name]!++
    const change = await checker.change({ uri: join(folder, name), version: versions[name]!, edits: [edit] })
    expect(change, `step ${step}, kind ${kind}`).toBeDefined()
    added += change!.added.length
    removed += change!.removed.length
    shown = withChange(shown, change!, [edit])
    if (step % 4 !== 3) continue
    const fresh = await new Checker(() => {}).check(request())
    expect(sayings(shown.findings), `step ${step}, kind ${kind}`).toEqual(sayings(fresh.findings))
    expect(shown.counts).toEqual(countByRule(shown.findings))
    // What can be applied stands where it would in a fresh report.
    const edits = new Set(fresh.findings.flatMap(({ fixes }) => fixes).map(placesOf))
    for (const { rule, alike, fixes } of shown.findings)
      if (local.has(rule) && alike !== 'contained') for (const fix of fixes) expect(edits).toContain(placesOf(fix))
  }
  expect(added).toBeGreaterThan(steps)
  expect(removed).toBeGreaterThan(steps)
  // A while later everything is checked, as if the documents had been given again.
  const report = await new Promise<Report>(resolve => {
    settled = resolve
  })
  const fresh = await new Checker(() => {}).check(request())
  const plain = ({ ms: _, ...rest }: Report) => JSON.stringify(rest)
  expect(plain(report)).toBe(plain(fresh))
})

test('what an edit cannot tell by itself is left to a check', async () => {
  writeFileSync(join(folder, 'train.jsonl'), '{"text": "one row"}\n{"text": "another row"}\n')
  const checker = new Checker(() => {})
  const uri = join(folder, 'train.jsonl')
  const edit = (text: string) => [{ range: { line: 0, column: 0, endLine: 0, endColumn: 3 }, text }]
  expect(await checker.change({ uri, version: 2, edits: edit('x') })).toBeUndefined()
  await checker.check({ folders: [folder], documents: [] })
  expect(await checker.change({ uri, version: 2, edits: edit('broken') })).toBeUndefined()
  expect(await checker.change({ uri: join(folder, 'other.jsonl'), version: 2, edits: edit('x') })).toBeUndefined()
})
