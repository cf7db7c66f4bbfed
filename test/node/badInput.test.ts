import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureLine } from '../../src/core/base/failure.ts'
import { command as check } from '../../src/node/commands/check.ts'
import type { Command } from '../../src/node/commands/command.ts'
import { command as fix } from '../../src/node/commands/fix.ts'
import { command as pairs } from '../../src/node/commands/pairs.ts'
import { command as undo } from '../../src/node/commands/undo.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-bad-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(files: { readonly [name: string]: string | Uint8Array }): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

const bytes = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.parentPath.includes('.winnow'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
    .map(path => [path, readFileSync(path).toString('base64')])

/** What a person sees: the exit code, standard output, and the one line of a failure. */
async function run(command: Command, ...args: string[]) {
  let out = ''
  let err = ''
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    cwd: folder,
    isTTY: false,
    cancel: { aborted: false },
  }
  const code = await command.run(args, io).catch(error => {
    err += `${failureLine(error)}\n`
    return 2
  })
  return { code, out, err }
}

const good = '{"text":"a good row is here","label":"x"}\n{"text":"another row that is fine","label":"y"}\n'
const lines = (n: number, line: (i: number) => string) => Array.from({ length: n }, (_, i) => line(i)).join('')

const cases: {
  readonly [name: string]: [files: { readonly [name: string]: string | Uint8Array }, says: RegExp, code: number]
} = {
  'truncated CSV': [
    { 'train.csv': 'text,label\nhello there,a\n"never closed,b\nmore,c\n' },
    /row 1 +error +A quote opens here and is never closed/,
    1,
  ],
  'a NUL byte': [{ 'train.csv': 'text,label\nhe\0llo,a\nok row,b\n' }, /row 0 +error +A NUL byte/, 1],
  'bytes that are not UTF-8': [
    {
      'train.jsonl': Buffer.concat([
        Buffer.from('{"text":"caf'),
        Buffer.from([0xff]),
        Buffer.from(`","label":"x"}\n${good}`),
      ]),
    },
    /row 0 +warning +Bytes that are not UTF-8 \(ff\)/,
    0,
  ],
  'a line of 50 MB': [
    { 'train.jsonl': `${good}{"text":"${'word another '.repeat(4_000_000)}","label":"x"}\n` },
    /row 2 +error +The line is 52\.0 MB long/,
    1,
  ],
  'an empty file': [{ 'train.jsonl': '', 'test.jsonl': good }, /The file holds no rows/, 0],
  'labels missing in one split': [
    {
      'train.csv': `text,label\n${lines(30, i => `row number ${i} is this one,a\n`)}`,
      'test.csv': `text\n${lines(30, i => `test row with ${i} words\n`)}`,
    },
    /test\.csv has no column "label", which is the label of this dataset/,
    0,
  ],
  'no dataset at all': [{ 'readme.md': 'hi' }, /^No dataset was found in .*\. Name files after their split/, 2],
  'rows of another shape': [{ 'train.jsonl': '[1,2]\n[3,4]\n"x"\n' }, /row 2 +error +The row is a bare value/, 1],
  'a winnow.json that is none': [
    { 'train.jsonl': good, 'winnow.json': '{ "rules": }' },
    /winnow\.json:1:\d+: winnow\.json is not JSON/,
    2,
  ],
  'a rule that does not exist': [
    { 'train.jsonl': good, 'winnow.json': '{ "rules": { "leek": "error" } }' },
    /a rule "leek" that does not exist\. Did you mean "leak"\?/,
    2,
  ],
}

describe.each(Object.entries(cases))('%s', (_, [files, says, code]) => {
  test('is one clear error or finding, and no file is changed', async () => {
    write(files)
    const before = bytes()
    const checked = await run(check, '.')
    expect(checked.out + checked.err).toMatch(says)
    expect(checked.code).toBe(code)
    if (code === 2) {
      expect(checked.out).toBe('')
      expect(checked.err.trimEnd().split('\n')).toHaveLength(1)
    }
    for (const command of [pairs, fix]) expect([0, 2]).toContain((await run(command, '.')).code)
    expect(bytes()).toEqual(before)
  })
})

test('what an option names wrongly is not blamed on winnow.json, and a rule that was meant is named', async () => {
  write({ 'train.jsonl': good })
  const { err } = await run(pairs, 'train.jsonl', '--column', 'txt')
  expect(err).toMatch(/has no column "txt", which --column names\. Its columns: text, label/)
  expect((await run(fix, '--rule', 'duplicat')).err).toBe('There is no rule "duplicat". Did you mean "duplicate"?\n')
})

test.skipIf(process.platform === 'win32')('a pipe is not waited for', async () => {
  expect(spawnSync('mkfifo', [join(folder, 'pipe.jsonl')]).status).toBe(0)
  for (const command of [check, pairs, fix])
    expect((await run(command, 'pipe.jsonl')).err).toMatch(/pipe\.jsonl is no file\. Write its rows to a file first\n$/)
})

test('undo in a folder within the one of the fix says where', async () => {
  write({ 'data/train.jsonl': `${good}${good}` })
  await run(fix, 'data', '--write')
  const parent = folder
  folder = join(parent, 'data')
  const within = await run(undo)
  folder = parent
  expect(within.err).toBe(`winnow: nothing to undo in this folder; ${parent} has fixes that can be undone there\n`)
  expect((await run(undo)).out).toBe('data/train.jsonl\n')
})

test('settings of rules that cannot be used are told where they stand', async () => {
  write({ 'train.jsonl': good, 'winnow.json': '{\n  "rules": { "leak": { "threshold": 2 } }\n}' })
  expect((await run(check, '.')).err).toMatch(/winnow\.json:2:14: leak: Not a threshold: "2"\. Use a number above 0/)
  write({ 'winnow.json': '{ "rules": { "leak": { "treshold": 0.5 } } }' })
  expect((await run(check, '.')).err).toMatch(
    /winnow\.json:1:14: the rule leak has no option "treshold"\. Did you mean/,
  )
  rmSync(join(folder, 'winnow.json'))
  expect((await run(check, '.', '--rule', 'leek=error')).err).toMatch(
    /^--rule sets a rule "leek" that does not exist\. Did/,
  )
  expect((await run(check, '.', '--rule', 'leak=bad')).err).toMatch(/^--rule: leak has the severity "bad"\. Use error/)
})

describe('one file is never two', () => {
  const dataset = (splits: unknown) => JSON.stringify({ datasets: [{ name: 'x', splits }] })

  test.each([
    [{ train: 'train.jsonl', test: 'train.jsonl' }, /winnow\.json:1:\d+: .*train\.jsonl is the same file as/],
    [{ train: ['train.jsonl', './train.jsonl'] }, /winnow\.json:1:\d+: .*is the same file as/],
    [{ train: 'train.jsonl', test: 'link.jsonl' }, /link\.jsonl is the same file as .*train\.jsonl\. Name it once/],
    [{ train: 'gone.jsonl' }, /winnow\.json:1:\d+: .*gone\.jsonl does not exist\. Correct it there/],
    [{ train: '*.jsonl' }, /winnow\.json:1:\d+: .*does not exist\. Name each file; patterns are not read here/],
    [{ train: 'folder' }, /winnow\.json:1:\d+: .*folder is a folder/],
  ])('in winnow.json: %j', async (splits, says) => {
    write({ 'train.jsonl': good, 'folder/a.txt': '', 'winnow.json': dataset(splits) })
    symlinkSync('train.jsonl', join(folder, 'link.jsonl'))
    for (const command of [check, fix]) {
      const { code, err } = await run(command, '.')
      expect([code, err.trimEnd().split('\n').length]).toEqual([2, 1])
      expect(err).toMatch(says)
    }
  })

  test('a link beside its file is read once, by the name that tells a split', async () => {
    write({ 'data.jsonl': good, 'test.jsonl': '{"text":"of the test","label":"x"}\n' })
    symlinkSync('data.jsonl', join(folder, 'train.jsonl'))
    const { datasets, findings } = JSON.parse((await run(check, '.', '--format', 'json')).out) as {
      datasets: { splits: { name: string }[] }[]
      findings: unknown[]
    }
    expect([datasets.map(({ splits }) => splits.map(({ name }) => name)), findings]).toEqual([[['train', 'test']], []])
    expect((await run(check, 'data.jsonl', 'train.jsonl')).out).toContain('No findings')
    symlinkSync('data.jsonl', join(folder, 'validation.jsonl'))
    expect((await run(fix, '--write')).err).toMatch(/validation\.jsonl is the same file as .*train\.jsonl/)
  })

  test('what winnow.json names outside its folder is found from there', async () => {
    write({ 'in/winnow.json': dataset({ train: '../train.jsonl' }), 'train.jsonl': `${good}${good}` })
    expect((await run(check, 'in')).out).toContain('2 findings')
  })
})

test('what stands in compressed files is told and left alone, and the rest is fixed', async () => {
  const packed = gzipSync(good)
  write({ 'train.jsonl': `${good}${good}`, 'validation.jsonl.gz': packed })
  const checked = await run(check, '.', '--format', 'json')
  const { findings } = JSON.parse(checked.out) as { findings: { file: string; fixes: { title: string }[] }[] }
  const inPacked = findings.filter(({ file }) => file.endsWith('.gz'))
  expect(inPacked.map(({ fixes }) => fixes.map(({ title }) => title))).toEqual([
    ['Remove train.jsonl row 0 instead'],
    ['Remove train.jsonl row 1 instead'],
  ])
  expect((await run(check, '.')).out).toContain('winnow fix mends 2 of them.')
  const fixed = await run(fix, '--write')
  expect(fixed.err).toContain('validation.jsonl.gz is read, never written')
  expect(fixed.code).toBe(0)
  expect(readFileSync(join(folder, 'train.jsonl'), 'utf8')).toBe(good)
  expect(readFileSync(join(folder, 'validation.jsonl.gz')).equals(packed)).toBe(true)
})

const naughty = resolve(import.meta.dirname, '../../../shared/data/torture/strings')

describe.skipIf(!existsSync(naughty))('naughty strings', () => {
  test('go through check, fix and undo with bytes equal', async () => {
    const file = readdirSync(naughty, { recursive: true, encoding: 'utf8' }).find(name => name.endsWith('blns.json'))!
    const strings = JSON.parse(readFileSync(join(naughty, file), 'utf8')) as string[]
    expect(strings.length).toBeGreaterThan(400)
    const row = (text: string, label: string) => `${JSON.stringify({ text, label })}\n`
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
    write({
      'train.jsonl': strings
        .map((s, i) => row(s, strings[(i * 7) % 40] || 'none') + (i % 5 === 0 ? row(`${s} `, 'none') : ''))
        .join(''),
      'test.csv': `text,label\r\n${strings.map(s => `${quoted(s)},${quoted(`${s}?`)}\r\n`).join('')}`,
    })
    const before = bytes()
    for (const format of ['text', 'json', 'sarif', 'html']) {
      const { code, out } = await run(check, '--format', format)
      expect(code).toBe(1)
      // Nothing of the data may steer a terminal.
      if (format === 'text') expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
      if (format === 'html') expect(out).not.toMatch(/<script|<img|<iframe/i)
    }
    expect((await run(pairs, '.')).code).toBe(0)
    const written = await run(fix, '--write')
    expect(written.err).toMatch(/^Fixed \d+ findings/)
    expect(bytes()).not.toEqual(before)
    expect((await run(fix)).err).toBe('Nothing to fix.\n')
    expect((await run(undo)).code).toBe(0)
    expect(bytes()).toEqual(before)
  })
})
