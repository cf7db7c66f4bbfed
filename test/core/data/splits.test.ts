import { describe, expect, test } from 'vitest'
import { groupFiles, groupGiven, isDataName, nameFile } from '../../../src/core/data/splits.ts'

/** `name: train=a,b test=c`, paths relative to /w. */
const shown = (paths: string[], group = groupFiles) =>
  group(paths.map(path => `/w/${path}`)).map(dataset => {
    const splits = Object.entries(dataset.splits).map(
      ([split, files]) => `${split}=${files.map(f => f.slice(3)).join(',')}`,
    )
    return `${dataset.name}: ${splits.join(' ')}`
  })

describe('groupFiles', () => {
  test.each([
    [['d/train.csv', 'd/test.csv'], ['d: train=d/train.csv test=d/test.csv']],
    [
      ['d/training.jsonl', 'd/dev.jsonl', 'd/held-out.jsonl'],
      ['d: train=d/training.jsonl validation=d/dev.jsonl test=d/held-out.jsonl'],
    ],
    [['d/train.csv', 'd/notes.csv', 'd/truth-near.tsv'], ['d: train=d/train.csv']],
    [
      ['d/a.jsonl', 'd/b.jsonl'],
      ['a: train=d/a.jsonl', 'b: train=d/b.jsonl'],
    ],
    [
      [
        'd/data/train-00000-of-00002.parquet',
        'd/data/train-00001-of-00002.parquet',
        'd/data/test-00000-of-00001-b42a775f407cee45.parquet',
      ],
      [
        'd: train=d/data/train-00000-of-00002.parquet,d/data/train-00001-of-00002.parquet test=d/data/test-00000-of-00001-b42a775f407cee45.parquet',
      ],
    ],
    [
      ['d/train/0.jsonl', 'd/train/1.jsonl', 'd/valid/0.jsonl'],
      ['d: train=d/train/0.jsonl,d/train/1.jsonl validation=d/valid/0.jsonl'],
    ],
    [
      ['d/spam_train.csv', 'd/spam_test.csv', 'd/ham-train.csv'],
      ['ham: train=d/ham-train.csv', 'spam: train=d/spam_train.csv test=d/spam_test.csv'],
    ],
    [['d/train_data.csv', 'd/test_data.csv'], ['d: train=d/train_data.csv test=d/test_data.csv']],
    [
      ['d/dev.tsv', 'd/test.tsv', 'd/train_clean.tsv'],
      ['d: train=d/train_clean.tsv validation=d/dev.tsv test=d/test.tsv'],
    ],
    [['d/train.jsonl', 'd/train.jsonl.gz'], ['d: train=d/train.jsonl']],
    [
      ['a/x.csv', 'b/x.csv'],
      ['a/x: train=a/x.csv', 'b/x: train=b/x.csv'],
    ],
    [
      ['a/data/train.csv', 'b/data/train.csv'],
      ['a/data: train=a/data/train.csv', 'b/data: train=b/data/train.csv'],
    ],
    [
      [
        'd/train.jsonl',
        'd/validation_matched.jsonl',
        'd/validation_hard.jsonl',
        'd/test_matched.jsonl',
        'd/eval_notes.csv',
      ],
      [
        'notes: validation=d/eval_notes.csv',
        'd: train=d/train.jsonl validation=d/validation_hard.jsonl,d/validation_matched.jsonl test=d/test_matched.jsonl',
      ],
    ],
    [
      ['d/a_test.csv', 'd/b_train.csv'],
      ['a: test=d/a_test.csv', 'b: train=d/b_train.csv'],
    ],
    [['d/trainset.csv', 'd/test2019.csv'], ['d: train=d/trainset.csv test=d/test2019.csv']],
    [
      ['d/default/train/0000.parquet', 'd/default/partial-test/0000.parquet'],
      ['default: train=d/default/train/0000.parquet test=d/default/partial-test/0000.parquet'],
    ],
    [['d/x.train', 'd/x.testa', 'd/x.testb.gz'], ['x: train=d/x.train validation=d/x.testa test=d/x.testb.gz']],
    [['d/train.ft.txt', 'd/test.ft.txt'], ['d: train=d/train.ft.txt test=d/test.ft.txt']],
  ])('%j', (paths, want) => {
    expect(shown(paths)).toEqual(want)
  })
})

describe('groupGiven', () => {
  test.each([
    [['a/train.csv', 'b/test.csv'], ['a: train=a/train.csv test=b/test.csv']],
    [
      ['a/train.csv', 'b/train.csv'],
      ['a: train=a/train.csv', 'b: train=b/train.csv'],
    ],
    [
      ['a/train.csv', 'a/test.csv', 'b/train.csv'],
      ['a: train=a/train.csv test=a/test.csv', 'b: train=b/train.csv'],
    ],
    [
      ['a/x.csv', 'a/y.csv'],
      ['x: train=a/x.csv', 'y: train=a/y.csv'],
    ],
    [['a/test.csv'], ['a: test=a/test.csv']],
    [['a/train.csv', 'a/test_hard.csv'], ['a: train=a/train.csv test=a/test_hard.csv']],
  ])('%j', (paths, want) => {
    expect(shown(paths, groupGiven)).toEqual(want)
  })
})

test.each([
  ['train.csv', true],
  ['x.jsonl', true],
  ['x.jsonl.gz', true],
  ['train.parquet', true],
  ['train.txt', true],
  ['notes.txt', false],
  ['package.json', false],
  ['tsconfig.json', false],
  ['tsconfig.build.json', false],
  ['winnow.json', false],
  ['winnow-ignore.jsonl', false],
  ['recipe.json', false],
  ['banking.recipe.json', false],
  ['config.json', false],
  ['model.safetensors.index.json', false],
  ['README.md', false],
  ['.hidden.csv', false],
])('isDataName(%j) is %j', (name, want) => {
  expect(isDataName(`/w/${name}`)).toBe(want)
})

test('a name with two split words names none', () => {
  expect(nameFile('/w/d/train-test.csv')).toEqual({ path: '/w/d/train-test.csv', folder: '/w/d', group: 'train-test' })
})
