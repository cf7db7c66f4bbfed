import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { command as check } from '../../src/node/commands/check.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-quality-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(...args: string[]) {
  let out = ''
  let err = ''
  const code = await check.run(args, {
    out: t => void (out += t),
    err: t => void (err += t),
    cwd: folder,
    isTTY: false,
    cancel: { aborted: false },
  })
  return { code, out, err }
}

const write = (name: string, rows: readonly object[]) =>
  writeFileSync(join(folder, name), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
const old = { text: 'Write to maria.lopez@firma.de about the lamp', label: 'contact' }
const fresh = { text: 'Call jo@web.de when the chair is there', label: 'contact' }

test('a baseline lets old findings be, and new ones fail', async () => {
  write('train.jsonl', [old])
  expect((await run('--fail-on', 'warning')).code).toBe(1)
  const written = await run('--baseline', 'old.json', '--write-baseline')
  expect(written).toEqual({ code: 0, out: '', err: '1 finding written to old.json\n' })
  expect(JSON.parse(readFileSync(join(folder, 'old.json'), 'utf8'))).toMatchObject({ version: 1 })
  const again = await run('--baseline', 'old.json', '--fail-on', 'warning')
  expect(again.code).toBe(0)
  expect(again.out).toContain('1 in the baseline.')
  write('train.jsonl', [{ text: 'A clean row in front', label: 'contact' }, fresh, old])
  const later = await run('--baseline', 'old.json', '--fail-on', 'warning', '--format', 'json')
  expect(later.code).toBe(1)
  expect(JSON.parse(later.out).findings).toMatchObject([{ rule: 'personal-data', row: 1 }])
})

test('a baseline that is not there, or not named, says what to do', async () => {
  write('train.jsonl', [old])
  await expect(run('--baseline', 'none.json')).rejects.toThrow('none.json cannot be read')
  await expect(run('--write-baseline')).rejects.toThrow('--write-baseline needs a file')
})

test('benchmarks and profiles of winnow.json; a benchmark that is not there is told at its place', async () => {
  write('train.jsonl', [old])
  const config = { contamination: { files: ['none.jsonl'] }, profiles: ['gopher'] }
  writeFileSync(join(folder, 'winnow.json'), JSON.stringify(config))
  await expect(run()).rejects.toThrow(/winnow\.json:1:\d+: none\.jsonl is not there/)
  writeFileSync(join(folder, 'winnow.json'), JSON.stringify({ profiles: ['gopher'] }))
  const { out } = await run('--format', 'json')
  expect(
    JSON.parse(out)
      .findings.map((f: { rule: string }) => f.rule)
      .sort(),
  ).toEqual(['gopher', 'personal-data'])
  writeFileSync(join(folder, 'winnow.json'), JSON.stringify({ profiles: ['gofer'] }))
  await expect(run()).rejects.toThrow('profiles.0')
})
