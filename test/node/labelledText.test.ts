import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { check } from '../../src/core/check/check.ts'
import { labelFilesOf } from '../../src/core/data/labelledText.ts'
import { discover, findDatasets, loadDataset } from '../../src/node/datasets.ts'
import { drive } from '../../src/node/drive.ts'
import { TableCache } from '../../src/node/tableCache.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-labelled-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, content: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
  return join(root, path)
}

describe('texts and labels in two files', () => {
  test('are found by their names', () => {
    expect(labelFilesOf('/d/train.txt')).toEqual([
      '/d/train.labels',
      '/d/train.label',
      '/d/train_labels.txt',
      '/d/train_label.txt',
    ])
    expect(labelFilesOf('/d/train_text.txt')).toContain('/d/train_labels.txt')
    expect(labelFilesOf('/d/train-sentences.txt')).toContain('/d/train-labels.txt')
    expect(labelFilesOf('/d/train/text.txt')).toContain('/d/train/labels.txt')
    expect(labelFilesOf('/d/train.csv')).toEqual([])
  })

  test('are one table, line by line, blank lines counted', async () => {
    put('train.txt', 'one text here\r\n\r\nanother text there\r\nand the last of them')
    put('train.labels', 'a\n\nb\na\n')
    put('test_text.txt', 'a test text\n')
    put('test_labels.txt', 'b\n')
    const datasets = await findDatasets([root])
    const train = await loadDataset(datasets.find(dataset => dataset.splits.train)!)
    const [table] = train.splits[0]!.tables
    expect(train.roles).toEqual({ text: 'text', label: 'label' })
    expect([0, 1, 2].map(row => [table!.text(row, 'text'), table!.text(row, 'label')])).toEqual([
      ['one text here', 'a'],
      ['another text there', 'b'],
      ['and the last of them', 'a'],
    ])
    expect(table!.cell(3, 'label')).toBeUndefined()
    expect(table!.issues).toEqual([])
    expect(
      datasets
        .flatMap(dataset => Object.values(dataset.splits).flat())
        .map(path => path!.slice(root.length + 1))
        .sort(),
    ).toEqual(['test_text.txt', 'train.txt'])
  })

  test('of different length are reported; findings have their place in the text and no fix', async () => {
    put('train.txt', 'the same text twice\nthe same text twice\nsomething else again\n')
    put('train.label', 'a\na\n')
    const dataset = await loadDataset((await findDatasets([root]))[0]!)
    const { findings } = await drive(check({ datasets: [dataset] }), { aborted: false }, () => {})
    const duplicate = findings.find(finding => finding.rule === 'duplicate')!
    expect([duplicate.row, duplicate.span, duplicate.fixes]).toEqual([1, { start: 20, end: 39 }, []])
    expect(findings.find(finding => finding.rule === 'broken-row')?.message).toContain(
      'train.label has 2 lines for the 3',
    )
    expect(() => dataset.splits[0]!.tables[0]!.removeRow(0)).toThrow(/labels in another file/)
  })

  test('are read again where the labels changed', async () => {
    const path = put('train.txt', 'one\ntwo\n')
    const labels = put('train.labels', 'a\nb\n')
    const cache = new TableCache()
    const label = async () => (await cache.open(path, undefined, undefined))[0]!.table.text(1, 'label')
    expect(await label()).toBe('b')
    writeFileSync(labels, 'a\nc\n')
    utimesSync(labels, new Date(), new Date(Date.now() + 5000))
    expect(await label()).toBe('c')
  })

  test('are called what a list of names calls their numbers', async () => {
    const labelsOf = async (labels: string, file: string, names: string) => {
      for (const old of ['mapping.txt', 'classes.txt']) rmSync(join(root, 'd', old), { force: true })
      put('d/train_text.txt', 'one\ntwo\nthree\n')
      put('d/train_labels.txt', labels)
      put(`d/${file}`, names)
      const { splits } = await loadDataset((await findDatasets([root]))[0]!)
      return [0, 1, 2].map(row => splits[0]!.tables[0]!.text(row, 'label'))
    }
    expect(await labelsOf('0\n1\n0\n', 'mapping.txt', '0\tanger\n1\tjoy\n2\tvery sad\n')).toEqual([
      'anger',
      'joy',
      'anger',
    ])
    expect(await labelsOf('1\n2\n1\n', 'classes.txt', 'World\nSports\n')).toEqual(['World', 'Sports', 'World'])
    expect(await labelsOf('0\n1\n0\n', 'classes.txt', 'World\nSports\n')).toEqual(['World', 'Sports', 'World'])
    // A list that leaves a label without a name is of something else.
    expect(await labelsOf('0\n7\n0\n', 'mapping.txt', '0\tanger\n1\tjoy\n')).toEqual(['0', '7', '0'])
    expect(await labelsOf('a\nb\na\n', 'classes.txt', 'World\nSports\n')).toEqual(['a', 'b', 'a'])
  })
})

test('a dataset_info.json names files, columns and roles', async () => {
  put('data/a.json', '[{"q": "what is it", "r": "this and that"}]')
  put('data/chats.jsonl', '{"talk": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]}\n')
  put('data/pairs.json', '[{"instruction": "do", "good": "well", "bad": "ill"}]')
  put('data/plain.json', '[{"instruction": "do this", "input": "", "output": "done as asked"}]')
  put('data/wiki.jsonl', '{"body": "text to go on learning from", "source": "somewhere"}\n')
  put('data/other.jsonl', '{"text": "not listed"}\n')
  put(
    'data/dataset_info.json',
    JSON.stringify({
      first: { file_name: 'a.json', columns: { prompt: 'q', response: 'r' } },
      talks: { file_name: 'chats.jsonl', formatting: 'sharegpt', columns: { messages: 'talk' } },
      prefer: { file_name: 'pairs.json', ranking: true, columns: { chosen: 'good', rejected: 'bad' } },
      plain: { file_name: 'plain.json' },
      wiki: { file_name: 'wiki.jsonl', columns: { prompt: 'body' } },
      remote: { hf_hub_url: 'someone/something' },
      gone: { file_name: 'gone.json' },
    }),
  )
  const { datasets } = await discover([root])
  expect(datasets.map(dataset => dataset.name)).toEqual(['first', 'talks', 'prefer', 'plain', 'wiki', 'other'])
  const roles = new Map<string, object>()
  for (const dataset of datasets) roles.set(dataset.name, (await loadDataset(dataset)).roles)
  expect(roles.get('first')).toEqual({ prompt: 'q', completion: 'r' })
  expect(roles.get('talks')).toEqual({ messages: 'talk' })
  expect(roles.get('prefer')).toEqual({ prompt: 'instruction', chosen: 'good', rejected: 'bad' })
  expect(roles.get('plain')).toMatchObject({ prompt: 'instruction', completion: 'output' })
  expect(roles.get('wiki')).toEqual({ text: 'body' })
  // The file of that name that holds features and splits names no files.
  put('hub/dataset_info.json', JSON.stringify({ features: { text: {} }, splits: { train: { num_examples: 1 } } }))
  put('hub/train-00000-of-00001.jsonl', '{"text": "a"}\n')
  expect((await findDatasets([join(root, 'hub')])).map(dataset => dataset.name)).toEqual(['hub'])
})

test('a TSV without a header has numbered columns, and its roles', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i % 2}\ta sentence about the thing number ${i * 7}`)
  put('train.tsv', `${rows.join('\n')}\n`)
  const dataset = await loadDataset((await findDatasets([root]))[0]!)
  expect(dataset.splits[0]!.tables[0]!.rowCount).toBe(40)
  const { text, label } = dataset.roles
  expect([dataset.splits[0]!.tables[0]!.text(3, text!), dataset.splits[0]!.tables[0]!.text(3, label!)]).toEqual(
    rows[3]!.split('\t').reverse(),
  )
})
