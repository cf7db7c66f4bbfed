import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../src/core/base/failure.ts'
import { contentHash } from '../../src/core/base/hash.ts'
import { expandRows } from '../../src/core/train/data.ts'
import { prepareRun, readRecipeFile } from '../../src/node/prepare.ts'
import { readRunRows } from '../../src/node/trainRows.ts'

const media = fileURLToPath(new URL('../../media/', import.meta.url))
const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-prepare-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const write = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

async function prepare(recipe: object, folder = root) {
  const path = join(folder, 'recipe.json')
  writeFileSync(path, JSON.stringify({ model: 'tiny-encoder', data: {}, ...recipe }))
  return prepareRun(await readRecipeFile(path), { folder, root, cancel: { aborted: false } })
}

const failure = (code: string, words: RegExp) => (error: unknown) => {
  expect(error).toBeInstanceOf(Failure)
  expect((error as Failure).code).toBe(code)
  expect(`${(error as Failure).message} ${(error as Failure).hint}`).toMatch(words)
}

const csv = (rows: readonly (readonly [text: string, label: string])[]) =>
  `text,label\n${rows.map(([text, label]) => `"${text}",${label}`).join('\n')}\n`

const few = csv([
  ['where is my parcel', 'delivery'],
  ['the lamp does not turn on', 'fault'],
  ['when will the desk arrive', 'delivery'],
  ['my chair broke on the first day', 'fault'],
])

describe('the sample', () => {
  test('every leaked row of its key is known, every unreadable one left out, and hashes are those of the bytes', async () => {
    cpSync(join(media, 'sample'), join(root, 'sample'), { recursive: true })
    const { recipe, data, warnings } = await prepare({ data: { dataset: 'sample' } })
    expect(recipe.model).toBe(join(media, 'models/tiny-encoder'))
    expect(data.files.map(f => [f.path, f.split])).toEqual([
      ['sample/train.jsonl', 'train'],
      ['sample/validation.jsonl', 'validation'],
      ['sample/test.csv', 'test'],
    ])
    for (const file of data.files) expect(file.hash).toBe(contentHash(readFileSync(join(root, file.path))))
    expect(data.roles).toEqual({ text: 'text', label: 'label' })
    const key = JSON.parse(readFileSync(new URL('../data/sample-key.json', import.meta.url), 'utf8')) as {
      planted: { rule: string; file: string; row: number }[]
    }
    const planted = key.planted.filter(f => f.rule === 'leak')
    for (const { file, row } of planted) {
      const index = data.files.findIndex(f => f.path.endsWith(file.split('/').at(-1) as string))
      const scored = expandRows([...data.use.validation, ...data.use.test]).some(r => r.file === index && r.row === row)
      if (scored) expect(data.leaked).toContainEqual({ file: index, row })
    }
    expect(data.leaked.length).toBeGreaterThan(5)
    expect(data.dropped.some(d => d.rule === 'broken-row')).toBe(true)
    const used = expandRows(data.use.train).length
    const left = data.dropped.filter(d => d.file === 0).length
    expect(used + left).toBe(data.files[0]?.rows)
    expect(warnings.map(w => w.code)).not.toContain('held-out')
  })

  test('rules to drop: fewer rows are trained on, the rest stays', async () => {
    cpSync(join(media, 'sample'), join(root, 'sample'), { recursive: true })
    const plain = await prepare({ data: { dataset: 'sample' } })
    const strict = await prepare({
      data: { dataset: 'sample', drop: ['broken-row', 'empty-field', 'duplicate', 'label-conflict'] },
    })
    const rules = new Set(strict.data.dropped.map(d => d.rule))
    expect(rules).toContain('duplicate')
    expect(rules).toContain('label-conflict')
    expect(expandRows(strict.data.use.train).length).toBeLessThan(expandRows(plain.data.use.train).length)
    expect(strict.data.use.test).toEqual(plain.data.use.test)
    expect(strict.data.leaked).toEqual(plain.data.leaked)
  })
})

describe('which data a recipe means', () => {
  test('the only dataset beside it, or that of the workspace when it lies in a folder of recipes', async () => {
    write('train.csv', few)
    write('test.csv', few)
    expect((await prepare({})).data.files.map(f => f.path)).toEqual(['train.csv', 'test.csv'])
    mkdirSync(join(root, 'recipes'))
    expect((await prepare({}, join(root, 'recipes'))).data.files.map(f => f.path)).toEqual(['train.csv', 'test.csv'])
  })

  test('files named one by one, columns named in the recipe', async () => {
    write('a/rows.csv', few.replace('text,label', 'message,kind'))
    write('b/other.csv', few.replace('text,label', 'message,kind'))
    const { data } = await prepare({
      data: { train: 'a/rows.csv', test: ['b/other.csv'], text: 'message', label: 'kind', holdOut: 0 },
    })
    expect(data.files.map(f => [f.path, f.split])).toEqual([
      ['a/rows.csv', 'train'],
      ['b/other.csv', 'test'],
    ])
    expect(data.labels).toEqual(['delivery', 'fault'])
    expect(data.leaked).toHaveLength(4)
  })

  test('one of several, by name', async () => {
    write('one/train.csv', few)
    write('two/train.csv', few)
    expect((await prepare({ data: { dataset: 'two' } })).data.files[0]?.path).toBe('two/train.csv')
    await prepare({}).catch(failure('several-datasets', /one, two/))
    await prepare({ data: { dataset: 'three' } }).catch(failure('no-dataset', /"three".*one, two/))
    expect.assertions(7)
  })
})

describe('what cannot start says why, before anything is written', () => {
  const cases: [name: string, files: Record<string, string>, recipe: object, code: string, words: RegExp][] = [
    ['no label column', { 'train.csv': 'text\na thing\nanother thing\n' }, {}, 'no-label', /"label"/],
    [
      'a column that is not there',
      { 'train.csv': few },
      { data: { label: 'category' } },
      'no-column',
      /the recipe.*text, label/,
    ],
    ['no training split', { 'test.csv': few }, {}, 'no-train', /train\.csv/],
    [
      'one label',
      {
        'train.csv': csv([
          ['a b', 'x'],
          ['c d', 'x'],
        ]),
      },
      {},
      'one-label',
      /"x"/,
    ],
    [
      'no labels at all',
      { 'train.csv': 'text,label\na b,\nc d,\n' },
      { data: { label: 'label' } },
      'no-rows',
      /2 unlabelled/,
    ],
    ['a missing model', { 'train.csv': few }, { model: 'no-such-model' }, 'no-model', /tiny-encoder/],
    ['an unknown key', { 'train.csv': few }, { schedul: {} }, 'bad-recipe', /Did you mean "schedule"/],
    [
      'an unknown rule',
      { 'train.csv': few, 'test.csv': few },
      { data: { drop: ['duplicates'] } },
      'unknown-rule',
      /"duplicate"/,
    ],
    ['a missing file', { 'train.csv': few }, { data: { train: 'nowhere.csv' } }, 'not-found', /nowhere\.csv/],
    ['no data', {}, {}, 'no-dataset', /train\.jsonl/],
  ]
  for (const [name, files, recipe, code, words] of cases)
    test(name, async () => {
      for (const [path, text] of Object.entries(files)) write(path, text)
      await expect(prepare(recipe).catch(e => failure(code, words)(e) ?? Promise.reject(e))).rejects.toThrow(Failure)
      expect(existsSync(join(root, '.winnow'))).toBe(false)
    })

  test('a recipe that is not JSON: line and column', async () => {
    write('recipe.json', '{\n  // fine\n  "model": "tiny-encoder"\n  "data": {},\n}\n')
    await readRecipeFile(join(root, 'recipe.json')).catch(failure('bad-recipe', /recipe\.json:4:3/))
    write('recipe.json', '{ "model": "m", /* why not */ "data": {}, }')
    expect(await readRecipeFile(join(root, 'recipe.json'))).toEqual({ model: 'm', data: {} })
    await readRecipeFile(join(root, 'nothing.json')).catch(failure('not-found', /nothing\.json/))
    expect.assertions(7)
  })
})

describe.skipIf(!existsSync(join(shared, 'banking77/train.csv')))('banking77 (optional data folder)', () => {
  test('all 25 leaked test rows of the key', async () => {
    const { data } = await prepare({ data: { dataset: join(shared, 'banking77') } })
    expect(data.labels).toHaveLength(77)
    const lines = readFileSync(join(shared, 'banking77/truth-leakage.tsv'), 'utf8').trimEnd().split('\n').slice(1)
    const rows = lines.map(line => line.split('\t')).filter(cells => cells[5] === '1')
    expect(rows).toHaveLength(25)
    const leaked = new Set(data.leaked.map(r => r.row))
    for (const cells of rows) expect(leaked).toContain(Number(cells[2]))
  })
})

describe('a file of several lists', () => {
  const rows = (...texts: readonly string[]) => texts.map((text, i) => ({ text, label: i % 2 === 0 ? 'a' : 'b' }))

  test('is trained on a list at a time: rows are counted, leaked and read within their list', async () => {
    const lists = {
      test: rows('nothing of the kind', 'the second row of the training list', 'the third one is alone'),
      train: rows(
        'a first row to learn from',
        'the second row of the training list',
        'the third row to learn from',
        'the last',
      ),
    }
    write('splits.json', JSON.stringify(lists, null, 1))
    const { data } = await prepare({})
    expect(data.files.map(({ path, split, part, rows: count }) => [path, split, part, count])).toEqual([
      ['splits.json', 'train', 'train', 4],
      ['splits.json', 'test', 'test', 3],
    ])
    expect(data.leaked).toEqual([{ file: 1, row: 1 }])
    const read = await readRunRows(data, ['train', 'test'])
    // One training row in ten, and at least none, is held out for validation.
    expect(read.test.samples.map(s => s.text)).toEqual(lists.test.map(row => row.text))
    expect(read.test.leaked).toEqual([false, true, false])
    expect(read.train.samples.map(s => s.text).every(text => lists.train.some(row => row.text === text))).toBe(true)
    expect(
      read.train.samples.map(s => s.text).length + data.use.validation.flatMap(set => set.ranges).length,
    ).toBeGreaterThanOrEqual(3)
    const { part: _, ...unnamed } = data.files[1]!
    await expect(readRunRows({ ...data, files: [data.files[0]!, unnamed] }, ['test'])).rejects.toThrow(/several lists/)
  })
})

describe('layouts of files', () => {
  test('texts in a folder for each label are rows with that label, by dataset or by split', async () => {
    for (const [label, texts] of Object.entries({
      delivery: ['where is my parcel', 'when will it come'],
      fault: ['the lamp is broken', 'it does not turn on'],
    }))
      for (const [i, text] of texts.entries()) write(`mails/train/${label}/${i}.txt`, `${text}\n`)
    for (const data of [{ dataset: 'mails' }, { train: 'mails/train' }]) {
      const { data: run } = await prepare({ data })
      expect(run.labels).toEqual(['delivery', 'fault'])
      const { train, validation } = await readRunRows(run, ['train', 'validation'])
      const rows = [...train.samples, ...validation.samples].map(({ text, gold }) => `${gold}: ${text}`)
      expect(rows).toContain('fault: the lamp is broken')
      expect(rows).toHaveLength(4)
    }
    write('plain/a.txt', 'no label')
    await expect(prepare({ data: { train: 'plain' } })).rejects.toSatisfy(error => {
      failure('is-folder', /folder for each label/)(error)
      return true
    })
  })

  test('lines of fastText with several labels, and files of words and tags, are what their tasks learn from', async () => {
    write('fast/train.txt', '__label__a __label__b one text\n__label__b two texts\n__label__a three\n__label__b four\n')
    const several = await prepare({ task: 'multi-label', data: { train: 'fast/train.txt' } })
    expect(several.data.labels).toEqual(['a', 'b'])
    const sentences = [
      'EU B-ORG\nrejects O\n\n',
      'Peter B-PER\nsleeps O\n\n',
      'Paris B-LOC\n. O\n\n',
      'no O\nnames O\n\n',
    ]
    write('conll/train.conll', sentences.join(''))
    const tagged = await prepare({ task: 'token-classification', data: { train: 'conll/train.conll' } })
    expect(tagged.data.labels).toEqual(['B-LOC', 'B-ORG', 'B-PER', 'O'])
    expect(tagged.data.roles).toMatchObject({ words: 'tokens', tags: 'tags' })
  })
})
