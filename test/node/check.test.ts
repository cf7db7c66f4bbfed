import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Cancelled } from '../../src/core/base/cancel.ts'
import { Failure } from '../../src/core/base/failure.ts'
import { command as check } from '../../src/node/commands/check.ts'
import type { Command } from '../../src/node/commands/command.ts'
import { command as fix } from '../../src/node/commands/fix.ts'
import { command as pairs } from '../../src/node/commands/pairs.ts'
import { command as undo } from '../../src/node/commands/undo.ts'

const root = resolve(import.meta.dirname, '../..')
const data = join(root, '../shared/data')
const hasData = existsSync(data)
if (!hasData) console.log('skipped: the optional folder ../shared/data is not there')

async function run(command: Command, args: string[], cwd: string, cancel = { aborted: false }) {
  let out = ''
  let err = ''
  const code = await command.run(args, {
    out: t => void (out += t),
    err: t => void (err += t),
    cwd,
    isTTY: false,
    cancel,
  })
  return { code, out, err }
}

const tsv = (file: string) => {
  const [head, ...lines] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => line.split('\t'))
  return lines.map(line => Object.fromEntries(head!.map((name, i) => [name, line[i]!])))
}

function groupBy<T>(list: readonly T[], key: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(key(item)!, [...(groups.get(key(item)!) ?? []), item])
  return groups
}

interface Json {
  findings: { rule: string; severity: string; file: string; row: number; related: { file: string; row: number }[] }[]
  counts: Record<string, number>
}

describe.skipIf(!hasData)('banking77', () => {
  const folder = join(data, 'banking77')

  test.each([
    ['word:3', 'truth-near-w3.tsv'],
    ['char:5', 'truth-near-c5.tsv'],
  ])('pairs by %s are those of the key, no pair more or less', async (shingle, key) => {
    const started = performance.now()
    const { out, code } = await run(
      pairs,
      ['train.csv', 'test.csv', '--shingle', shingle, '--threshold', '0.7'],
      folder,
    )
    console.log(`pairs --shingle ${shingle} on banking77: ${(performance.now() - started).toFixed(0)} ms`)
    const near = tsv(join(folder, key)).map(r =>
      [r['a_file'], r['a_row'], r['b_file'], r['b_row'], r['jaccard']].join('\t'),
    )
    const groups = groupBy(tsv(join(folder, 'truth-exact.tsv')), r => r['group'])
    const equal = [...groups.values()].flatMap(([first, ...copies]) =>
      copies.map(copy => [first!['file'], first!['row'], copy['file'], copy['row'], '1.000000'].join('\t')),
    )
    const [head, ...lines] = out.trimEnd().split('\n')
    expect(head).toBe('file_a\trow_a\tfile_b\trow_b\tjaccard')
    expect([...lines].sort()).toEqual([...near, ...equal].sort())
    const order = lines
      .map(line => line.split('\t'))
      .map(f => [f[0] === 'train.csv' ? 0 : 1, Number(f[1]), f[2] === 'train.csv' ? 0 : 1, Number(f[3])])
    expect(order).toEqual([...order].sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]! || a[3]! - b[3]!))
    expect(code).toBe(0)
  })

  test('check finds the 25 leaked test rows and both label conflicts', async () => {
    const started = performance.now()
    const { out, code } = await run(check, ['train.csv', 'test.csv', '--format', 'json'], folder)
    console.log(`check on banking77: ${(performance.now() - started).toFixed(0)} ms`)
    expect(code).toBe(1)
    const { findings } = JSON.parse(out) as Json
    const leaked = tsv(join(folder, 'truth-leakage.tsv')).filter(r => r['exact_E3'] === '1')
    expect(leaked).toHaveLength(25)
    const errors = findings.filter(f => f.rule === 'leak' && f.severity === 'error')
    expect(errors.map(f => `${f.file} ${f.row}`).sort()).toEqual(leaked.map(r => `${r['file']} ${r['row']}`).sort())
    const twins = new Map(leaked.map(r => [r['row'], r['train_exact_row']]))
    for (const { row, related } of errors) expect(`${related[0]!.file}:${related[0]!.row}`).toBe(twins.get(String(row)))
    const conflicts = new Set(findings.filter(f => f.rule === 'label-conflict').map(f => `${f.file} ${f.row}`))
    for (const r of tsv(join(folder, 'truth-label-conflict.tsv')))
      expect(conflicts).toContain(`${r['file']} ${r['row']}`)
  })
})

describe.skipIf(!hasData)('clinc150', () => {
  test('check finds every leaked row and every label conflict of the key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'winnow-clinc-'))
    try {
      const splits = JSON.parse(readFileSync(join(data, 'clinc150/data_full.json'), 'utf8')) as Record<
        string,
        [string, string][]
      >
      // The key counts rows within each list; out-of-scope lists are files of their own, train files first.
      for (const [name, rows] of Object.entries(splits))
        writeFileSync(
          join(folder, `${name}.jsonl`),
          rows.map(([text, label]) => `${JSON.stringify({ text, label })}\n`).join(''),
        )
      const list = (names: string[]) => names.map(name => `${name}.jsonl`)
      const dataset = {
        name: 'clinc150',
        splits: {
          train: list(['train', 'oos_train']),
          validation: list(['val', 'oos_val']),
          test: list(['test', 'oos_test']),
        },
      }
      writeFileSync(join(folder, 'winnow.json'), JSON.stringify({ datasets: [dataset] }))
      const started = performance.now()
      const { out } = await run(check, ['.', '--format', 'json'], folder)
      console.log(`check on clinc150: ${(performance.now() - started).toFixed(0)} ms`)
      const { findings } = JSON.parse(out) as Json
      const named = (r: Record<string, string>) => `${r['file']!.split('#')[1]}.jsonl ${r['row']}`
      const leaked = tsv(join(data, 'clinc150/truth-leakage.tsv'))
        .filter(r => r['exact_E3'] === '1')
        .map(named)
      const errors = findings.filter(f => f.rule === 'leak' && f.severity === 'error').map(f => `${f.file} ${f.row}`)
      expect(errors.sort()).toEqual(leaked.sort())
      const conflicts = findings.filter(f => f.rule === 'label-conflict')
      const groups = groupBy(tsv(join(data, 'clinc150/truth-label-conflict.tsv')), r => r['group'])
      for (const rows of groups.values())
        expect(
          conflicts.some(f => rows.some(r => named(r) === `${f.file} ${f.row}`)),
          named(rows[0]!),
        ).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the sample', () => {
  interface Planted {
    readonly rule: string
    readonly file: string
    readonly row: number
    readonly twin?: { readonly file: string; readonly row: number }
  }
  const key = JSON.parse(readFileSync(join(root, 'test/data/sample-key.json'), 'utf8')) as {
    rows: Record<string, number>
    planted: Planted[]
  }
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'winnow-sample-'))
    cpSync(join(root, 'media/sample'), folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const bytes = () =>
    readdirSync(folder)
      .filter(name => name !== '.winnow')
      .map(name => [name, readFileSync(join(folder, name), 'hex')])

  test('every planted problem is found, and hardly any clean row is flagged', async () => {
    const { out } = await run(check, ['--format', 'json'], folder)
    const { findings } = JSON.parse(out) as Json
    for (const { rule, file, row, twin } of key.planted) {
      const found = findings.find(f => f.rule === rule && f.file === file && f.row === row)
      expect(found, `${rule} ${file} row ${row}`).toBeDefined()
      if (twin) expect(found!.related).toContainEqual(expect.objectContaining(twin))
    }
    const planted = new Set(key.planted.map(p => `${p.file} ${p.row}`))
    const flagged = new Set(
      findings
        .filter(f => f.severity !== 'info')
        .map(f => `${f.file} ${f.row}`)
        .filter(row => !planted.has(row)),
    )
    const rows = Object.values(key.rows).reduce((a, b) => a + b, 0)
    expect(flagged.size).toBeLessThanOrEqual(0.02 * (rows - planted.size))
  })

  test('fix shows, writes and is taken back, byte for byte; twice changes nothing', async () => {
    const before = bytes()
    const shown = await run(fix, ['.'], folder)
    expect(shown.out).toMatch(/^--- a\/test\.csv\n\+\+\+ b\/test\.csv\n@@ /)
    expect(shown.err).toMatch(/^Would fix \d+ findings in 3 files/)
    expect(bytes()).toEqual(before)
    const written = await run(fix, ['.', '--write'], folder)
    expect(written.out).toBe('test.csv\ntrain.jsonl\nvalidation.jsonl\n')
    expect(bytes()).not.toEqual(before)
    expect(await run(fix, ['.', '--write'], folder)).toEqual({ code: 0, out: '', err: 'Nothing to fix.\n' })
    const { out } = await run(check, ['.', '--format', 'json'], folder)
    expect((JSON.parse(out) as Json).findings.map(f => f.rule)).not.toContain('duplicate')
    expect((await run(undo, [], folder)).out).toBe('test.csv\ntrain.jsonl\nvalidation.jsonl\n')
    expect(bytes()).toEqual(before)
    expect((await run(undo, [], folder)).err).toContain('nothing to undo')
  })

  test('one rule alone is fixed', async () => {
    const { out } = await run(fix, ['.', '--rule', 'label-typo'], folder)
    expect(out).toContain('-{"text":')
    expect(out.match(/^-[^-]/gm)).toHaveLength(7)
    expect(out.match(/^\+[^+]/gm)).toHaveLength(7)
  })

  test('exit codes follow --fail-on', async () => {
    const code = async (...args: string[]) => (await run(check, args, folder)).code
    expect(await code()).toBe(1)
    expect(await code('--fail-on', 'never')).toBe(0)
    expect(await code('--rule', 'leak=warning', '--rule', 'broken-row=off')).toBe(0)
    expect(await code('--rule', 'leak=warning', '--rule', 'broken-row=off', '--fail-on', 'warning')).toBe(1)
    expect(await code('validation.jsonl', '--rule', 'broken-row=off')).toBe(0)
  })

  test('ignored findings are left out, and stay so when rows move', async () => {
    const find = async () =>
      (
        JSON.parse((await run(check, ['--format', 'json'], folder)).out) as {
          findings: { rule: string; key: string }[]
        }
      ).findings
    const one = (await find()).find(f => f.rule === 'near-duplicate')!
    writeFileSync(
      join(folder, 'winnow-ignore.jsonl'),
      `${JSON.stringify({ key: one.key, rule: one.rule, reason: 'meant so' })}\n`,
    )
    const train = join(folder, 'train.jsonl')
    writeFileSync(
      train,
      `{"text": "A row that was put in front of all others", "label": "bug"}\n${readFileSync(train, 'utf8')}`,
    )
    expect((await find()).map(f => f.key)).not.toContain(one.key)
  })
})

describe('what goes wrong is said in one line', () => {
  test.each([
    [check, ['nowhere.csv'], 'missing', 'nowhere.csv does not exist'],
    [check, ['--format', 'xml'], 'usage', '--format must be text, json, sarif or html'],
    [check, ['--fail-on', 'maybe'], 'usage', '--fail-on must be'],
    [check, ['.', '--rule', 'leak'], 'usage', '--rule must be <id>=<severity>'],
    [check, ['media/sample', '--rule', 'leek=off'], '', ''],
    [check, ['media/sample', '--rule', 'leak=fatal'], 'bad-severity', 'leak has the severity "fatal"'],
    [check, ['--bad'], 'usage', "Unknown option '--bad'"],
    [pairs, [], 'usage', 'an argument is missing'],
    [pairs, ['media/sample', '--threshold', '2'], 'bad-threshold', 'Not a threshold: "2"'],
    [pairs, ['media/sample', '--shingle', 'word'], 'bad-shingle', 'Unknown shingle "word"'],
    [pairs, ['media/sample', '--column', 'body'], 'no-column', 'no column "body"'],
    [fix, ['media/sample', '--rule', 'spelling'], 'unknown-rule', 'There is no rule "spelling"'],
    [undo, ['again'], 'usage', 'unexpected argument "again"'],
  ] as [Command, string[], string, string][])('%# %j', async (command, args, code, message) => {
    const result = await run(command, args, root).catch(error => error)
    if (code === '') return expect(result.code).toBe(1)
    expect(result).toBeInstanceOf(Failure)
    expect(result.message).toContain(message)
    expect((result as Failure).message).not.toContain('\n')
    if (code !== 'missing') expect((result as Failure).code).toBe(code)
  })

  test('a check that is cancelled stops', async () => {
    const work = run(check, ['media/sample'], root, { aborted: true })
    // Small data may be done before anybody looks; then there is a result.
    await work.then(
      ({ code }) => expect(code).toBe(1),
      error => expect(error).toBeInstanceOf(Cancelled),
    )
  })
})
