import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import { check } from '../../src/core/check/check.ts'
import { duplicate } from '../../src/core/check/rules/duplicate.ts'
import { labelConflict } from '../../src/core/check/rules/labelConflict.ts'
import { leak } from '../../src/core/check/rules/leak.ts'
import { nearDuplicate } from '../../src/core/check/rules/nearDuplicate.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { HeldSpill, type Spill } from '../../src/core/sign/spill.ts'
import { discover, loadDataset } from '../../src/node/datasets.ts'
import { FileSpill } from '../../src/node/fileSpill.ts'

const scratch = mkdtempSync(join(tmpdir(), 'winnow-spill-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const folder = join(scratch, 'cache')

test.each<[string, () => Spill]>([
  ['a file', () => new FileSpill([folder])],
  ['memory', () => new HeldSpill()],
])('words that were put away come back: %s', (_, open) => {
  const r = random('spill')
  const spill = open()
  const all: number[] = []
  for (let i = 0; i < 60; i++) {
    const words = Uint32Array.from({ length: r.int(i % 10 === 0 ? 90_000 : 300) }, () => r.int(2 ** 32))
    for (const word of words) all.push(word)
    spill.append(words)
    expect(spill.length).toBe(all.length)
    const from = r.int(all.length + 1)
    const to = from + r.int(Math.min(all.length - from, 70_000) + 1)
    expect(
      Buffer.compare(
        Buffer.from(spill.read(from, to).buffer),
        Buffer.from(Uint32Array.from(all.slice(from, to)).buffer),
      ),
    ).toBe(0)
  }
  // Nothing has a name that somebody would have to delete.
  if (existsSync(folder)) expect(readdirSync(folder)).toEqual(process.platform === 'win32' ? expect.anything() : [])
  spill.close()
  spill.close()
})

test('what processes left that are no more is deleted; where nothing can be written, that is one clear failure', () => {
  mkdirSync(folder, { recursive: true })
  // No process has this number.
  const left = join(folder, `spill-${2 ** 30}-abc123`)
  const other = join(folder, 'notes.txt')
  for (const path of [left, other]) writeFileSync(path, 'x')
  new FileSpill([folder]).close()
  expect([existsSync(left), existsSync(other)]).toEqual([false, true])
  expect(() => new FileSpill([join(other, 'below')])).toThrow(/--memory|cannot be put away/)
  // The second folder is taken where the first cannot be.
  new FileSpill([join(other, 'below'), folder]).close()
})

const shared = resolve('../shared/data')
const places = ['banking77', 'clinc150'].map(name => join(shared, name))

test.each(places)('with hardly any memory a check says what it says with all: %s', async path => {
  if (!existsSync(path)) return console.log(`skipped: ${path} is not there`)
  const list = [duplicate, nearDuplicate, leak, labelConflict]
  for (const files of (await discover([path])).datasets) {
    const dataset = await loadDataset(files)
    let spills = 0
    const said = (budget: number | undefined) =>
      finishWork(
        check({
          datasets: [dataset],
          list,
          budget,
          spill: () => {
            spills++
            return new FileSpill([folder])
          },
        }),
      ).findings.map(({ uri, row, rule, message, severity, related, key, alike }) => {
        return { uri, row, rule, message, severity, related, key, alike }
      })
    const whole = said(undefined)
    expect(spills).toBe(0)
    const spare = said(1024)
    expect(spills).toBeGreaterThan(0)
    expect(spare).toEqual(whole)
    expect(new Set(whole.map(finding => finding.rule)).size).toBeGreaterThan(1)
  }
})
