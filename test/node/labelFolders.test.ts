import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { check } from '../../src/core/check/check.ts'
import { labelFoldersAmong } from '../../src/core/data/labelFolders.ts'
import { columnsOf } from '../../src/core/view/rowsModel.ts'
import type { Command } from '../../src/node/commands/command.ts'
import { command as fix } from '../../src/node/commands/fix.ts'
import { command as split } from '../../src/node/commands/split.ts'
import { command as undo } from '../../src/node/commands/undo.ts'
import { filesOf, findDatasets, loadDataset } from '../../src/node/datasets.ts'
import { drive } from '../../src/node/drive.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-folders-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, content: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}
const found = (files: readonly string[], roots: readonly string[] = []) =>
  labelFoldersAmong(files, roots).map(({ name, splits }) => [name, splits])
const many = (folder: string, count = 5) => Array.from({ length: count }, (_, i) => `${folder}/${i}.txt`)

describe('folders of texts', () => {
  test('are datasets with a folder for each label, in splits or not', () => {
    const files = ['train/pos/1.txt', 'train/neg/1.txt', 'train/unsup/1.txt', 'test/pos/2.txt', 'test/neg/2.txt'].map(
      f => `/w/imdb/${f}`,
    )
    const imdb = {
      train: ['/w/imdb/train/neg/1.txt', '/w/imdb/train/pos/1.txt'],
      test: ['/w/imdb/test/neg/2.txt', '/w/imdb/test/pos/2.txt'],
    }
    expect(found([...files, '/w/imdb/train/urls_pos.txt', '/w/imdb/README'])).toEqual([['imdb', imdb]])
    const news = [
      '/n/20news-bydate-train/sci.med/1',
      '/n/20news-bydate-train/alt.a/2',
      '/n/20news-bydate-test/alt.a/3',
      '/n/20news-bydate-test/sci.med/4',
    ]
    expect(found(news)[0]![1]).toEqual({ train: [news[1], news[0]], test: [news[2], news[3]] })
    expect(found(['/bbc/sport/1.txt', '/bbc/tech/1.txt'], ['/bbc'])).toEqual([
      ['bbc', { train: ['/bbc/sport/1.txt', '/bbc/tech/1.txt'] }],
    ])
    expect(found([...many('/d/bbc/sport'), ...many('/d/bbc/tech')])).toHaveLength(1)
  })

  test('are none where the folders say something else, or hold something else', () => {
    const none = [
      ['/w/data/notes.txt'],
      ['/w/data/a/notes.txt', '/w/data/b/notes.txt'],
      [...many('/w/docs'), ...many('/w/src')],
      [...many('/w/a'), ...many('/w/b'), '/w/c/code.py'],
      [...many('/w/a'), ...many('/w/b'), '/w/train.csv'],
      [...many('/w/a'), ...many('/w/b/c')],
      [...many('/w/train/inputs'), ...many('/w/train/outputs')],
      [...many('/w/test/fixtures'), ...many('/w/test/golden'), '/w/index.js'],
      ['/w/test/ok/1.txt', '/w/test/bad/1.txt'],
      ['/w/train/1.txt', '/w/train/2.txt'],
      ['/w/train/only/1.txt'],
    ]
    for (const files of none) expect([files, found(files)]).toEqual([files, []])
  })

  test('are read a file a row, with the folder as label, and kept from other datasets', async () => {
    put('train/pos/a.txt', 'a fine film\nwith two lines\n')
    put('train/neg/b.txt', 'not for me')
    put('train/urls_pos.txt', 'about the films')
    put('test/pos/c.txt', 'a fine film\nwith two lines')
    put('test/neg/d.txt', '')
    const [files, ...others] = await findDatasets([root])
    expect(others).toEqual([])
    expect(filesOf(files!).map(path => path.slice(root.length + 1))).toEqual([
      'train/neg/b.txt',
      'train/pos/a.txt',
      'test/neg/d.txt',
      'test/pos/c.txt',
    ])
    const dataset = await loadDataset(files!)
    expect(dataset.roles).toMatchObject({ text: 'text', label: 'label' })
    const [neg, pos] = dataset.splits[0]!.tables
    expect([pos!.text(0, 'text'), pos!.text(0, 'label'), neg!.text(0, 'label')]).toEqual([
      'a fine film\nwith two lines',
      'pos',
      'neg',
    ])
    expect(dataset.splits[1]!.tables[0]!.rowCount).toBe(0)
    const columns = columnsOf([{ path: pos!.source.uri, split: 'train', table: pos!, base: 0 }], dataset.roles, {
      hasFindings: false,
    })
    expect(columns.map(({ name, editable }) => [name, editable])).toEqual([
      ['row', false],
      ['text', true],
      ['label', false],
    ])
    expect(() => pos!.setCell(0, 'label', 'neg')).toThrow(/Move the file|folder/)
    const { findings } = await drive(check({ datasets: [dataset] }), { aborted: false }, () => {})
    const leak = findings.find(finding => finding.rule === 'leak')!
    expect([leak.uri.slice(root.length + 1), leak.related[0]?.uri.slice(root.length + 1)].sort()).toEqual([
      'test/pos/c.txt',
      'train/pos/a.txt',
    ])
    expect(findings.find(finding => finding.uri.endsWith('d.txt'))?.message).toContain('The file is empty')
  })

  test('can be named in winnow.json; other folders are refused', async () => {
    put('texts/a/1.txt', 'one')
    put('texts/b/1.txt', 'two')
    put('held/a/1.txt', 'three')
    put('held/b/1.txt', 'four')
    put('winnow.json', '{"datasets": [{"name": "mine", "splits": {"train": "texts", "test": "held"}}]}')
    const [files] = await findDatasets([root])
    expect(files).toMatchObject({ name: 'mine', format: { row: 'file' } })
    expect((await loadDataset(files!)).splits.map(split => split.tables.map(table => table.text(0, 'label')))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    put('winnow.json', '{"datasets": [{"name": "mine", "splits": {"train": "texts/a"}}]}')
    await expect(findDatasets([root])).rejects.toThrow(/not one of text files in a folder for each label/)
  })

  test('are mended file by file, and taken back', async () => {
    put('train/pos/a.txt', 'a fine film with a fine cast and a fine end\n')
    put('train/pos/b.txt', 'a fine film with a fine cast and a fine end')
    put('train/neg/c.txt', 'not for me at all, and not for you')
    const content = (path: string) => readFileSync(join(root, path), 'utf8')
    const run = async (command: Command, ...args: string[]) => {
      const io = { out: () => {}, err: () => {}, cwd: root, isTTY: false, cancel: { aborted: false } }
      return command.run(args, io)
    }
    expect(await run(fix, '.', '--write')).toBe(0)
    expect([content('train/pos/a.txt'), content('train/pos/b.txt')]).toEqual([
      'a fine film with a fine cast and a fine end\n',
      '',
    ])
    expect(await run(split, '.', '--ratios', '0.5/0.5', '--to', 'parts')).toBe(0)
    const rows = ['train', 'test'].flatMap(name => content(`parts/${name}.jsonl`).trim().split('\n'))
    expect(rows.sort()).toEqual([
      '{"text": "a fine film with a fine cast and a fine end", "label": "pos"}',
      '{"text": "not for me at all, and not for you", "label": "neg"}',
    ])
    rmSync(join(root, 'parts'), { recursive: true })
    const [files] = await findDatasets([root])
    const dataset = await loadDataset(files!)
    expect(dataset.splits[0]!.tables.map(table => table.rowCount)).toEqual([1, 1, 0])
    expect(await run(undo)).toBe(0)
    expect(content('train/pos/b.txt')).toBe('a fine film with a fine cast and a fine end')
    expect(content('train/neg/c.txt')).toBe('not for me at all, and not for you')
  })
})
