import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import type { Finding } from '../../../src/core/check/finding.ts'
import { mend } from '../../../src/core/check/mend.ts'
import { rules } from '../../../src/core/check/rules.ts'
import type { Dataset } from '../../../src/core/data/dataset.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'
import { readForCheck } from '../../../src/node/checkInput.ts'
import { planEdits } from '../../../src/node/edits.ts'

/**
 * Each folder of test/data/rules is a dataset; findings.txt says what must be found in it, fixed/ what the preferred
 * fixes make of it. UPDATE=1 rewrites both: read the difference.
 */
const root = new URL('../../data/rules/', import.meta.url).pathname
const update = process.env['UPDATE'] === '1'
const cases = readdirSync(root).sort()

/** One line a finding: what, where (the bytes of its span in angle quotes), and its fixes, the preferred one starred. */
function line(finding: Finding, datasets: readonly Dataset[]): string {
  const table = datasets
    .flatMap(({ splits }) => splits.flatMap(split => split.tables))
    .find(({ source }) => source.uri === finding.uri)!
  const bytes = table.source.bytes.subarray(finding.span.start, finding.span.end)
  const file = finding.uri.split('/').at(-1)
  const related = finding.related.map(r => `${r.uri.split('/').at(-1)}:${r.row}`)
  const fixes = finding.fixes.map(fix => `${fix.title}${fix.preferred ? '*' : ''}`)
  return [
    `${finding.rule} ${finding.severity} ${file}:${finding.row ?? ''} «${Buffer.from(bytes).toString('utf8')}»`,
    `  ${finding.message}`,
    ...(related.length > 0 ? [`  -> ${related.join(', ')}`] : []),
    ...(fixes.length > 0 ? [`  fix: ${fixes.join(' | ')}`] : []),
  ].join('\n')
}

async function read(folder: string) {
  return readForCheck([folder], { cwd: root })
}

const reread = (source: Parameters<typeof parseTables>[0]) => parseTables(source).map(({ table }) => table)

async function fixedFiles(folder: string) {
  const input = await read(folder)
  const mended = finishWork(mend({ ...input, reread }))
  return planEdits(mended.edits, { root: folder })
}

describe.each(cases)('%s', name => {
  const folder = join(root, name)
  const goldens = { findings: join(folder, 'findings.txt'), fixed: join(folder, 'fixed') }

  test('finds', async () => {
    const input = await read(folder)
    const { findings } = finishWork(check(input))
    const text = findings.map(finding => `${line(finding, input.datasets)}\n`).join('')
    if (update) writeFileSync(goldens.findings, text)
    expect(text).toBe(readFileSync(goldens.findings, 'utf8'))
  })

  test('mends, and mending again changes nothing', async () => {
    const plan = await fixedFiles(folder)
    if (update) {
      rmSync(goldens.fixed, { recursive: true, force: true })
      for (const { path, after } of plan) {
        mkdirSync(goldens.fixed, { recursive: true })
        writeFileSync(join(goldens.fixed, path.split('/').at(-1)!), after)
      }
    }
    const known = existsSync(goldens.fixed) ? readdirSync(goldens.fixed).sort() : []
    expect(plan.map(({ path }) => path.split('/').at(-1)).sort()).toEqual(known)
    for (const { path, after } of plan)
      expect(Buffer.from(after)).toEqual(readFileSync(join(goldens.fixed, path.split('/').at(-1)!)))
    // The other files of the dataset stay beside the mended ones.
    const input = await read(folder)
    const mended = new Map(plan.map(({ path, after }) => [path, after]))
    const datasets = input.datasets.map(dataset => ({
      ...dataset,
      splits: dataset.splits.map(split => ({
        ...split,
        tables: split.tables.map(table => {
          const bytes = mended.get(table.source.uri)
          return bytes ? (reread({ ...table.source, bytes })[0] ?? table) : table
        }),
      })),
    }))
    expect([...finishWork(mend({ ...input, datasets, reread })).edits]).toEqual([])
  })
})

test('every rule has a case in which it finds something', () => {
  const all = cases.map(name => readFileSync(join(root, name, 'findings.txt'), 'utf8')).join('\n')
  for (const { meta } of rules) expect(all).toMatch(new RegExp(`^${meta.id} `, 'm'))
})
