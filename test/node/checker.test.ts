import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../src/core/base/failure.ts'
import { random } from '../../src/core/base/random.ts'
import type { Report } from '../../src/core/check/report.ts'
import { Checker } from '../../src/node/checker.ts'
import { type CheckerClient, startChecker } from '../../src/node/checkerClient.ts'
import { texts } from '../core/sign/texts.ts'

const root = resolve(import.meta.dirname, '../..')
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-checker-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const rowsText = (rows: readonly string[], seed: string) => {
  const r = random(seed)
  return rows.map(text => `${JSON.stringify({ text, label: ['card', 'refund', 'cards'][r.int(3)] })}\n`)
}
const path = (name: string) => join(folder, name)

/** What a report says, without how long it took. */
const said = ({ ms: _, ...report }: Report) => report

test('a check after any edits says what a fresh one says', async () => {
  const pool = texts('sentences', 900, 'checker')
  let train = rowsText(pool.slice(0, 400), 'train')
  let test = rowsText(pool.slice(300, 500), 'test')
  writeFileSync(path('train.jsonl'), train.join(''))
  writeFileSync(path('test.jsonl'), test.join(''))
  const kept = new Checker(() => {})
  const r = random('edits')
  const more = rowsText(pool.slice(500), 'more')
  const change = (lines: string[]) => {
    const at = r.int(lines.length)
    const put = Array.from({ length: r.int(3) }, () =>
      r.next() < 0.1 ? '{"text": "cut o\n' : more[r.int(more.length)]!,
    )
    return [...lines.slice(0, at), ...put, ...lines.slice(at + r.int(3))]
  }
  for (let version = 1; version <= 25; version++) {
    if (r.next() < 0.7) train = change(train)
    else test = change(test)
    const documents = [
      { uri: path('train.jsonl'), version, text: train.join('') },
      ...(r.next() < 0.7 ? [{ uri: path('test.jsonl'), version, text: test.join('') }] : []),
    ]
    // By design, label-error judges anew only once enough rows have changed.
    const request = { folders: [folder], documents, rules: { 'label-error': 'off' } }
    const report = await kept.check(request)
    const fresh = await new Checker(() => {}).check(request)
    expect(report.findings.length).toBeGreaterThan(50)
    // As text: comparing objects of this size takes longer than checking.
    expect(JSON.stringify(said(report))).toBe(JSON.stringify(said(fresh)))
  }
})

test('each folder has its own winnow.json, its own rules and its own files left out', async () => {
  const parts = ['a', 'b'].map(name => path(`several/${name}`))
  for (const [i, part] of parts.entries()) {
    mkdirSync(part, { recursive: true })
    const rows = [`{"text": "the same text ${i}", "label": "x"}`, `{"text": "the same text ${i}", "label": "x"}`]
    writeFileSync(join(part, 'train.jsonl'), `${rows.join('\n')}\n`)
    writeFileSync(join(part, 'other.jsonl'), `${rows.join('\n')}\n`)
    const dataset = { name: `named-${i}`, splits: { train: ['train.jsonl'] } }
    if (i === 1) writeFileSync(join(part, 'winnow.json'), JSON.stringify({ datasets: [dataset] }))
  }
  const [a, b] = parts as [string, string]
  const of = { [a]: { rules: { duplicate: 'off' }, exclude: ['other.*'] }, [b]: {} }
  const report = await new Checker(() => {}).check({ folders: parts, documents: [], of })
  const files = report.datasets.flatMap(({ splits }) => splits.flatMap(split => split.files.map(file => file.uri)))
  expect(files).toEqual([join(a, 'train.jsonl'), join(b, 'train.jsonl')])
  expect(report.datasets[1]?.name).toBe('named-1')
  const duplicates = report.findings.filter(finding => finding.rule === 'duplicate')
  expect(duplicates.map(finding => finding.uri)).toEqual([join(b, 'train.jsonl')])
  rmSync(path('several'), { recursive: true })
})

test('a file that changes on disk is read again, one that is gone is gone', async () => {
  const lines = rowsText(texts('sentences', 50, 'disk'), 'disk')
  writeFileSync(path('train.jsonl'), lines.join(''))
  const checker = new Checker(() => {})
  const rows = async () =>
    (await checker.check({ folders: [folder], documents: [] })).datasets[0]?.splits[0]?.files[0]?.rows
  expect(await rows()).toBe(50)
  writeFileSync(path('train.jsonl'), lines.slice(0, 40).join(''))
  expect(await rows()).toBe(40)
  rmSync(path('train.jsonl'))
  expect(await rows()).toBeUndefined()
})

test('a file that cannot be read is told beside those that can', async () => {
  writeFileSync(path('train.jsonl'), '{"text": "one row is here", "label": "a"}\n')
  writeFileSync(path('test.jsonl'), Buffer.from([0xff, 0xfe, 0, 0, 1, 0, 0, 0]))
  const { datasets } = await new Checker(() => {}).check({ folders: [folder], documents: [] })
  expect(datasets[0]!.splits.map(split => split.files[0])).toMatchObject([
    { uri: path('train.jsonl'), rows: 1 },
    { uri: path('test.jsonl'), rows: 0, problem: expect.stringContaining('UTF-32') },
  ])
})

test('settings of winnow.json count, those of the request go before', async () => {
  writeFileSync(path('train.jsonl'), '{"text": "one and the same", "label": "a"}\n'.repeat(2))
  writeFileSync(path('winnow.json'), '{"rules": {"duplicate": "info"}}')
  const checker = new Checker(() => {})
  const severity = async (rules?: { [rule: string]: unknown }) =>
    (await checker.check({ folders: [folder], documents: [], ...(rules ? { rules } : {}) })).findings[0]?.severity
  expect(await severity()).toBe('info')
  expect(await severity({ duplicate: 'error' })).toBe('error')
  expect(await severity({ duplicate: 'off' })).toBeUndefined()
  writeFileSync(path('winnow.json'), '{"rules": {"duplicat": "info"}}')
  await expect(severity()).rejects.toThrow('sets a rule "duplicat" that does not exist')
})

test('rows are found where they are now', async () => {
  cpSync(join(root, 'media/sample'), folder, { recursive: true })
  const checker = new Checker(() => {})
  await checker.check({ folders: [folder], documents: [] })
  const uri = path('test.csv')
  const [first] = await checker.rows({ uri, wanted: [{ row: 0 }] })
  expect(first).toMatchObject({ row: 0, label: 'how_to', range: { line: 1, column: 1 } })
  const text = first!.text
  const found = await checker.rows({
    uri,
    wanted: [{ row: 3, text }, { row: 0, text: 'nobody wrote this' }, { row: 99999 }],
  })
  expect(found).toEqual([first, undefined, undefined])
  const document = { version: 2, text: `text,label\nA new first row,bug\n"${text.replaceAll('"', '""')}",how_to\n` }
  expect(await checker.rows({ uri, document, wanted: [{ row: 0, text }] })).toMatchObject([
    { row: 1, text, range: { line: 2 } },
  ])
})

test('a check that is asked to stop fails as cancelled, and the next one works', async () => {
  writeFileSync(path('train.jsonl'), rowsText(texts('paragraphs', 8000, 'cancel'), 'c').join(''))
  let asked: NodeJS.CpuUsage | undefined
  const checker = new Checker(() => {
    asked ??= process.cpuUsage()
    checker.cancel()
  })
  const failure = await checker.check({ folders: [folder], documents: [] }).catch(error => error)
  const took = process.cpuUsage(asked).user / 1000
  expect(failure).toBeInstanceOf(Failure)
  expect((failure as Failure).code).toBe('cancelled')
  expect(took).toBeLessThan(5000)
  rmSync(path('train.jsonl'))
  expect((await checker.check({ folders: [folder], documents: [] })).findings).toEqual([])
})

describe('in a process of its own', () => {
  let worker = ''
  let home = ''
  let client: CheckerClient | undefined
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'winnow-worker-'))
    worker = join(home, 'worker.cjs')
    const contents = `import { serveChecks } from './src/node/checkServer.ts'
import { parentPort } from './src/node/processPort.ts'
process.on('disconnect', () => process.exit(0))
if (process.argv[2] !== 'check') process.exit(3)
serveChecks(parentPort())
process.on('message', message => { if (message.name === 'rows' && message.args[0].uri === '/die') process.kill(process.pid, 'SIGKILL') })`
    await build({
      stdin: { contents, resolveDir: root, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      mainFields: ['module', 'main'],
      outfile: worker,
      logLevel: 'error',
    })
  })
  afterEach(() => client?.dispose())
  afterAll(() => rmSync(home, { recursive: true }))

  test('answers, survives its own crash, and ends with its owner', async () => {
    cpSync(join(root, 'media/sample'), folder, { recursive: true })
    const log: string[] = []
    client = startChecker({ worker, listener: { progress: () => {} }, log: line => void log.push(line) })
    const request = { folders: [folder], documents: [] }
    const first = await client.check(request).catch(error => Promise.reject(new Error([error, ...log].join('\n'))))
    expect(first.counts['leak']).toBe(31)
    const dying = client.rows({ uri: '/die', wanted: [] })
    await expect(dying).rejects.toThrow('the checking process ended (SIGKILL)')
    await expect.poll(() => log.join('\n')).toContain('SIGKILL')
    expect(said(await client.check(request))).toEqual(said(first))
    client.dispose()
    await expect(client.check(request)).rejects.toThrow('closed')
  })

  test('a worker that is not there is an error, not a wait', async () => {
    client = startChecker({ worker: join(home, 'missing.cjs'), listener: { progress: () => {} } })
    await expect(client.check({ folders: [folder], documents: [] })).rejects.toBeInstanceOf(Failure)
  })
})

test('settings that cannot be used in one folder do not keep another from being checked', async () => {
  const [first, second] = [path('first'), path('second')]
  for (const at of [first, second]) {
    mkdirSync(at)
    writeFileSync(join(at, 'train.jsonl'), rowsText(['the same text here', 'the same text here'], 'two').join(''))
  }
  writeFileSync(join(second, 'winnow.json'), '{\n  "rules": { "leak": "of" }\n}')
  const report = await new Checker(() => {}).check({ folders: [first, second], documents: [] })
  expect(report.datasets.map(({ name }) => name)).toEqual(['first'])
  expect(report.warnings).toHaveLength(1)
  expect(report.warnings?.[0]).toMatch(/second\/winnow\.json:2:14: rules\.leak is "of", which is no severity/)
  await expect(new Checker(() => {}).check({ folders: [second], documents: [] })).rejects.toThrow('no severity')
})
