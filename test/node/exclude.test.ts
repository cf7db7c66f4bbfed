import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Checker } from '../../src/node/checker.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'winnow-exclude-'))
  mkdirSync(join(folder, 'archive'))
  for (const name of ['train.csv', 'test.csv', 'archive/train.csv'])
    writeFileSync(join(folder, name), 'text,label\nWhere is my card,card\nI want my money back,refund\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

const files = async (exclude: readonly string[]) =>
  (await new Checker(() => {}).check({ folders: [folder], documents: [], exclude })).datasets.flatMap(dataset =>
    dataset.splits.flatMap(split => split.files.map(file => file.uri.slice(folder.length + 1))),
  )

test('excluded files make no dataset, and leave no empty one behind', async () => {
  expect(await files([])).toEqual(expect.arrayContaining(['train.csv', 'test.csv', 'archive/train.csv']))
  expect(await files(['archive/**'])).toEqual(['train.csv', 'test.csv'])
  expect(await files(['**'])).toEqual([])
})

test('files that winnow.json names are read whatever is excluded', async () => {
  const config = { datasets: [{ name: 'old', splits: { train: 'archive/train.csv' } }] }
  writeFileSync(join(folder, 'winnow.json'), JSON.stringify(config))
  expect(await files(['archive/**'])).toEqual(['archive/train.csv'])
})
