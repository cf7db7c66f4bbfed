import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { histogram } from '../../src/core/check/histogram.ts'
import { command as profile } from '../../src/node/commands/profile.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-profile-'))
  const rows = [
    { text: 'the cat sat on the mat with the other cat', label: 'x', note: null },
    { text: 'it was a dark and stormy night for all of us', label: 'y' },
    { text: 'It was a dark and stormy night for all of us!', label: 'y', note: 'copy' },
    { text: '你好😀', label: '<b>&', note: ' ' },
    { text: '', label: '' },
  ]
  writeFileSync(join(root, 'train.jsonl'), `${rows.map(row => JSON.stringify(row)).join('\n')}\n{broken\n`)
  writeFileSync(
    join(root, 'test.jsonl'),
    `${JSON.stringify({ text: 'the cat sat on the mat with the other cat', label: 'x' })}\n${JSON.stringify({ text: 'the cat sat on the mat with the other cat cat', label: 'x' })}\n`,
  )
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function card(format: string): Promise<string> {
  let out = ''
  const io = {
    out: (text: string) => void (out += text),
    err: () => {},
    cwd: root,
    isTTY: false,
    cancel: { aborted: false },
  }
  expect(await profile.run(['.', '--format', format], io)).toBe(0)
  return out
}

describe('winnow profile', () => {
  test('knows which list of a JSON file a finding is in', async () => {
    rmSync(join(root, 'train.jsonl'))
    const lists = {
      train: [
        { text: 'a row of training', label: 'x' },
        { text: '', label: 'x' },
      ],
      test: [{ text: '', label: 'y' }],
    }
    rmSync(join(root, 'test.jsonl'))
    writeFileSync(join(root, 'data.json'), JSON.stringify(lists))
    const [{ splits }] = JSON.parse(await card('json')).datasets
    expect(splits.map(({ findings }: { findings: unknown }) => findings)).toEqual([
      { 'empty-field': 1 },
      { 'empty-field': 1 },
    ])
  })

  test('says which labels texts do not fit, and which are taken for each other', async () => {
    expect(JSON.parse(await card('json')).datasets[0].labelHealth).toBe(null)
    for (const name of ['train.jsonl', 'test.jsonl']) rmSync(join(root, name))
    copyFileSync('test/data/rules/label-overlap/train.jsonl', join(root, 'train.jsonl'))
    const { rows, noise, labels, overlaps } = JSON.parse(await card('json')).datasets[0].labelHealth
    expect([rows, labels.length]).toEqual([180, 5])
    // What is wrong in one label is lacking in another.
    const sum = (of: 'wrong' | 'lacking') =>
      labels.reduce((all: number, one: { wrong: number; lacking: number }) => all + one[of], 0)
    expect(sum('wrong')).toBe(sum('lacking'))
    expect(noise).toBeCloseTo(sum('wrong') / rows, 9)
    expect(overlaps).toEqual([{ a: 'transfer_missing', b: 'transfer_pending', rows: sum('wrong'), of: 72 }])
    const share = `${(100 * noise).toFixed(1)} %`
    expect(await card('text')).toContain(`Labels that do not fit: about ${share} of 180 judged\n`)
    expect(await card('text')).toContain('transfer_missing and transfer_pending')
    expect(await card('html')).toContain(`<h2>Labels that do not fit: about ${share} of 180 judged</h2>`)
  })

  test('counts rows, columns, labels, lengths, languages and leaks', async () => {
    const { datasets } = JSON.parse(await card('json'))
    const [{ splits, columns, labels, unlabelled, characters, words, languages, leaks, rows, schema }] = datasets
    expect([rows, schema, unlabelled]).toEqual([8, 'classification', 1])
    expect(
      splits.map((split: { name: string; rows: number; broken: number }) => [split.name, split.rows, split.broken]),
    ).toEqual([
      ['train', 6, 1],
      ['test', 2, 0],
    ])
    expect(splits[0].findings).toMatchObject({ duplicate: 1, 'broken-row': 1 })
    expect(columns).toEqual([
      { name: 'text', missing: 1, distinct: 5, distinctIsLeast: false },
      { name: 'label', missing: 1, distinct: 3, distinctIsLeast: false },
      { name: 'note', missing: 6, distinct: 1, distinctIsLeast: false },
    ])
    expect(labels).toEqual([
      { label: 'x', rows: 3, splits: { train: 1, test: 2 } },
      { label: 'y', rows: 2, splits: { train: 2, test: 0 } },
      { label: '<b>&', rows: 1, splits: { train: 1, test: 0 } },
    ])
    expect(characters).toMatchObject({ count: 6, min: 3, max: 45 })
    expect(words).toMatchObject({ count: 6, min: 2, max: 11 })
    expect(languages[0]).toEqual({ language: 'English', rows: 5 })
    expect(leaks).toEqual([{ split: 'test', from: 'train', equal: 1, near: 1 }])
  })

  test('as a page holds no script and no address, and none of the data unescaped', async () => {
    const html = await card('html')
    expect(html).toContain('&lt;b&gt;&amp;')
    expect(html).not.toContain('<b>&')
    expect(html).not.toMatch(/<script|https?:|\son\w+=/)
    expect(html.match(/<svg /g)!.length).toBe(2 + 3)
    // Every element that is opened is closed.
    for (const tag of ['article', 'section', 'table', 'tr', 'td', 'th', 'svg', 'details'])
      expect(html.match(new RegExp(`<${tag}[ >]`, 'g'))?.length, tag).toBe(html.split(`</${tag}>`).length - 1)
  })

  test('as text says the same', async () => {
    const text = await card('text')
    expect(text).toMatch(/test in train +1 equal +1 near/)
    expect(text).toMatch(/note +6 +1\n/)
  })
})

test('a histogram has ten bins of round width that hold every number, far ones in the last', () => {
  const numbers = Uint32Array.from({ length: 1000 }, (_, i) => (i === 0 ? 1_000_000 : i % 87))
  const { bins, count, min, max, median } = histogram(numbers)
  expect(bins.map(bin => bin.from)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
  expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(1000)
  expect(bins.at(-1)!.count).toBe(1)
  expect([count, min, max]).toEqual([1000, 0, 1_000_000])
  expect(median).toBe([...numbers].sort((a, b) => a - b)[500])
  expect(histogram(new Uint32Array(0))).toMatchObject({ count: 0, mean: 0, max: 0 })
  expect(histogram(Uint32Array.of(7, 7, 7)).bins[0]).toEqual({ from: 7, count: 3 })
})
