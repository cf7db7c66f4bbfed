import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { command as check } from '../../src/node/commands/check.ts'
import { rowsHash } from '../../src/node/labelFile.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-options-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string | Uint8Array) => writeFileSync(join(folder, name), text)
const lines = (rows: readonly object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')

async function run(...args: string[]) {
  let out = ''
  let err = ''
  const io = { cwd: folder, isTTY: false, cancel: { aborted: false } }
  const code = await check.run(args, { ...io, out: t => void (out += t), err: t => void (err += t) })
  return { code, out, err }
}

const long =
  'Hello, I hope you are well. My new card has still not arrived, what can I do about it now? I ordered it in May.'

test('a rule that does not exist is not switched off without a word', async () => {
  write('train.jsonl', lines([{ text: long }]))
  const { code, err } = await run('.', '--rule', 'near-duplicates=off', '--rule', 'zzz=off', '--rule', 'leak=off')
  expect(code).toBe(0)
  expect(err).toContain('There is no rule "near-duplicates" to switch off; did you mean "near-duplicate"?')
  expect(err).toContain('There is no rule "zzz" to switch off\n')
  expect(err).not.toContain('"leak"')
})

test('--suggest-split moves what stands in very many rows of another split, by the settings of the rule', async () => {
  const held = Array.from({ length: 12 }, (_, w) => `h${w}`).join(' ')
  const own = (row: number) => Array.from({ length: 14 }, (_, w) => `r${row}w${w}`).join(' ')
  write('train.jsonl', lines(Array.from({ length: 30 }, (_, row) => ({ text: `${own(row)} ${held}` }))))
  write('test.jsonl', lines([{ text: held }, { text: own(31) }]))
  const { out } = await run('.', '--suggest-split')
  expect(out).toContain('Moving 1 from test to train would keep each in one: train 30 -> 31, test 2 -> 1.')
  write('winnow.json', JSON.stringify({ rules: { leak: { containment: 0 } } }))
  expect((await run('.', '--suggest-split')).out).toContain('no rows that are alike stand in different splits')
})

test('--suggest-split says what would have to move so that nothing leaks', async () => {
  write(
    'train.jsonl',
    lines([
      { text: long, label: 'card' },
      { text: 'The lamp flickers when I plug in the second screen', label: 'bug' },
      { text: 'the lamp flickers, when I plug in the second screen', label: 'bug' },
      { text: 'Which colours does the chair come in', label: 'product' },
    ]),
  )
  write(
    'test.jsonl',
    lines([
      { text: 'My new card has still not arrived, what can I do about it now?', label: 'card' },
      { text: 'The lamp flickers when I plug in the second screen!', label: 'bug' },
      { text: 'Please cancel my plan by the end of May', label: 'plan' },
    ]),
  )
  const text = await run('.', '--suggest-split')
  expect(text.out).toContain(
    '2 sets of rows that are alike stand in several splits. Moving 2 from test to train would keep each in one: train 4 -> 6, test 3 -> 1.',
  )
  const json = JSON.parse((await run('.', '--suggest-split', '--format', 'json')).out)
  expect(json.datasets[0].suggestedSplit).toEqual({
    sets: 2,
    moves: [{ from: 'test', to: 'train', rows: 2 }],
    splits: [
      { name: 'train', before: 4, after: 6 },
      { name: 'test', before: 3, after: 1 },
    ],
  })
  const leaks = json.findings.filter((f: { rule: string }) => f.rule === 'leak')
  expect(leaks.map((f: { alike: string }) => f.alike)).toEqual(['contained', 'equal'])
  expect(leaks[0].related[0]).toMatchObject({ containment: 1 })
  expect(JSON.parse((await run('.', '--format', 'json')).out).datasets[0]).not.toHaveProperty('suggestedSplit')
})

test('rows of a list in a file are told with the list, in JSON and beside others', async () => {
  const row = { text: 'The lamp flickers when I plug in the second screen', label: 'bug' }
  write('data.json', JSON.stringify({ train: [row, { text: 'Where is it', label: 'x' }], test: [row] }))
  const { out } = await run('.', '--format', 'json')
  const leak = JSON.parse(out).findings.find((f: { rule: string }) => f.rule === 'leak')
  expect(leak).toMatchObject({ file: 'data.json', part: 'test', row: 0, related: [{ part: 'train', row: 0 }] })
})

test('a dataset that cannot be read is told, and the others are checked', async () => {
  write('dataset_info.json', JSON.stringify({ good: { file_name: 'good.jsonl' }, bad: { file_name: 'bad.parquet' } }))
  write(
    'good.jsonl',
    lines([
      { instruction: 'Name a colour', output: '' },
      { instruction: 'Name a fruit', output: 'Fig' },
    ]),
  )
  write('bad.parquet', 'no such thing')
  const { code, out, err } = await run('.', '--format', 'json')
  expect(JSON.parse(out).counts).toMatchObject({ 'empty-field': 1 })
  expect(err).toMatch(/^winnow: .*bad\.parquet/m)
  expect(code).toBe(2)
  rmSync(join(folder, 'good.jsonl'))
  write('dataset_info.json', JSON.stringify({ bad: { file_name: 'bad.parquet' } }))
  await expect(run('.')).rejects.toThrow('bad.parquet')
})

test('the hash of a file whose labels stand in another one changes with either', async () => {
  const bytes = Buffer.from('where is my parcel\nthe lamp is broken\n')
  const path = join(folder, 'train.txt')
  write('train.txt', bytes)
  const alone = await rowsHash(path, bytes)
  write('train.labels', 'delivery\nbug\n')
  const labelled = await rowsHash(path, bytes)
  write('train.labels', 'delivery\nfault\n')
  const changed = await rowsHash(path, bytes)
  expect(new Set([alone, labelled, changed]).size).toBe(3)
  write('train.labels', 'delivery\nbug\n')
  expect(await rowsHash(path, bytes)).toBe(labelled)
})
