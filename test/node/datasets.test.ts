import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failureLine } from '../../src/core/base/failure.ts'
import { parseTable } from '../../src/core/data/formats.ts'
import { LineIndex } from '../../src/core/text/lines.ts'
import { parseConfig } from '../../src/node/config.ts'
import { discover, findDatasets, loadDataset } from '../../src/node/datasets.ts'
import { planEdits } from '../../src/node/edits.ts'
import { decodeSource, readSource, textSource, walkFiles, writeAtomic } from '../../src/node/files.ts'
import { readTables } from '../../src/node/tables.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-datasets-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
  return join(root, path)
}
const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    error => failureLine(error).replaceAll(root, '~'),
  )

describe('findDatasets', () => {
  test('walks folders, past what is no data', async () => {
    put('pets/train.csv', 'text,label\na b,x\n')
    put('pets/test.jsonl', '{"text": "a b", "label": "x"}\n')
    put('pets/README.txt', 'notes')
    put('package.json', '{"name": "x"}')
    put('settings.json', '{"editor.fontSize": 12}')
    put('records.json', '[{"text": "a"}]')
    put('splits.json', '{"train": [{"text": "a"}]}')
    put('node_modules/x/train.csv', 'text\na\n')
    put('.winnow/runs/a/train.csv', 'text\na\n')
    const found = await findDatasets([root])
    expect(found.map(dataset => dataset.name).sort()).toEqual(['pets', 'records', 'splits'])
    const pets = await loadDataset(found.find(dataset => dataset.name === 'pets')!)
    expect(pets.splits.map(split => [split.name, split.tables[0]?.rowCount])).toEqual([
      ['train', 1],
      ['test', 1],
    ])
    expect(pets.roles).toEqual({ text: 'text', label: 'label' })
  })

  test('a file that is named beside its folder is checked once', async () => {
    const train = put('pets/train.csv', 'text,label\na b,x\n')
    put('pets/test.csv', 'text,label\na b,x\n')
    const notes = put('pets/more.csv', 'text\na b\n')
    const found = await findDatasets([train, notes, root])
    expect(found.map(({ splits }) => Object.keys(splits)).sort()).toEqual([['train'], ['train', 'test']])
  })

  test('the head of a README.md says which files are which split', async () => {
    const line = '{"text": "a b"}\n'
    for (const path of [
      'hub/parts/a.jsonl',
      'hub/parts/b.jsonl',
      'hub/more/c.jsonl',
      'hub/d.jsonl',
      'hub/more/d.jsonl',
    ])
      put(path, line)
    put(
      'hub/README.md',
      `---\r
language:\r
- en\r
configs:\r
- config_name: default   # the usual one\r
  data_files:\r
  - split: train\r
    path:\r
      - "parts/a.jsonl"\r
      - ./d.jsonl\r
  - split: test_sft\r
    path: parts/b*\r
- config_name: 'more'\r
  data_files: ["more/{c,x}.jsonl"]\r
- config_name: all\r
  data_files: "**"\r
license: mit\r
---\r
configs: none\r
`,
    )
    put('notes/README.md', '---\ntitle: x\n---\n')
    put('notes/train.jsonl', line)
    put('odd/README.md', '---\nconfigs: 7\n  - : [\n---\n')
    put('odd/train.jsonl', line)
    const found = (await findDatasets([root])).map(({ name, splits }) => [
      name,
      Object.entries(splits).map(([split, files]) => [split, files.map(file => file.slice(root.length + 1))]),
    ])
    expect(found).toEqual([
      [
        'hub',
        [
          ['train', ['hub/d.jsonl', 'hub/parts/a.jsonl']],
          ['test', ['hub/parts/b.jsonl']],
        ],
      ],
      ['more', [['train', ['hub/more/c.jsonl']]]],
      ['d', [['train', ['hub/more/d.jsonl']]]],
      ['notes', [['train', ['notes/train.jsonl']]]],
      ['odd', [['train', ['odd/train.jsonl']]]],
    ])
  })

  test('JSON files named after a split are found by more beginnings than others', async () => {
    put('a/train.json', '[]')
    put('b/test.json', '{"text": ["x", "y"], "label": [0, 1]}')
    put('c/dev.json', '{"version": "1.1", "data": [{"text": "x"}]}')
    put('d/train.json', Buffer.from('\ufeff[{"text": "x"}]', 'utf16le'))
    put('e/train.json', '{"learning_rate": 0.1, "epochs": 3}')
    put('f/columns.json', '{"text": ["x", "y"], "label": [0, 1]}')
    const found = await findDatasets([root])
    expect(found.map(dataset => dataset.name).sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('winnow.json names datasets, roles and format', async () => {
    put('a.txt.csv', 'x;y\nhello there;p\n')
    put('more/b.csv', 'x;y\nhello you;q\n')
    put('train.csv', 'text\nnot named\n')
    put(
      'winnow.json',
      `// ours
      { "datasets": [ { "name": "ab", "splits": { "train": "a.txt.csv", "validation": [], "test": ["more/b.csv"] },
        "roles": { "text": "x", "label": "y" }, "format": { "delimiter": ";", "header": true } } ], }`,
    )
    const { datasets, config } = await discover([root])
    expect(config?.path).toBe(join(root, 'winnow.json'))
    expect(datasets.map(d => [d.name, Object.keys(d.splits)])).toEqual([['ab', ['train', 'test']]])
    const { roles, splits } = await loadDataset(datasets[0]!)
    expect(roles).toEqual({ text: 'x', label: 'y' })
    expect(splits[1]?.tables[0]?.text(0, 'x')).toBe('hello you')
    // A folder below finds the configuration above; a file that it does not name is still taken when it is named.
    expect((await findDatasets([join(root, 'more')])).map(d => d.name)).toEqual(['ab'])
    expect((await findDatasets([join(root, 'train.csv')])).map(d => d.splits.train?.length)).toEqual([1])
  })

  test('a dataset in a format that is not read does not stand in the way of others, and says so where it is alone', async () => {
    put('both/a/train.jsonl.zst', 'not packed')
    put('both/b/train.jsonl', '{"text": "a"}\n')
    put('mixed/train.jsonl', '{"text": "a"}\n')
    put('mixed/test.parquet', 'PAR1')
    expect((await findDatasets([join(root, 'both')])).map(d => d.name)).toEqual(['a', 'b'])
    const [alone] = await findDatasets([join(root, 'both/a')])
    expect(await failure(loadDataset(alone!))).toContain('could not be unpacked')
    const [mixed] = await findDatasets([join(root, 'mixed')])
    expect(await failure(loadDataset(mixed!))).toContain('test.parquet could not be read as Parquet')
  })

  test('files that end in a split are data where they begin with labels or tags', async () => {
    put('fast/cooking.train', '__label__a how to bake\n__label__b how to fry\n')
    put('fast/cooking.valid', '__label__a how to roast\n')
    put('news/eng.train', '-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n')
    put('news/eng.testa', 'Peter NNP I-NP I-PER\nsleeps VBZ I-VP O\n')
    put('code/parser.test', 'expect 1 to be 1\n')
    put('code/packed.test.gz', 'no data')
    put('code/me.bio', 'I write parsers.\n')
    const found = await findDatasets([root])
    expect(found.map(d => [d.name, Object.keys(d.splits)])).toEqual([
      ['cooking', ['train', 'validation']],
      ['eng', ['train', 'validation']],
    ])
    const news = await loadDataset(found[1]!)
    expect(news.splits[0]!.tables[0]!.text(0, 'tags')).toBe('["I-ORG","O"]')
  })

  test('open documents win over files', async () => {
    const path = put('train.jsonl', '{"text": "old"}\n')
    const [files] = await findDatasets([root])
    const document = textSource(path, '{"text": "new"}\n{"text": "newer"}\n', 7)
    const dataset = await loadDataset(files!, new Map([[path, document]]))
    expect(dataset.splits[0]?.tables[0]?.text(1, 'text')).toBe('newer')
    expect(dataset.splits[0]?.tables[0]?.source.version).toBe(7)
  })

  test('each failure is one clear line', async () => {
    put('empty/README.md', 'hello')
    put('image.png', 'x')
    expect(await failure(findDatasets([join(root, 'nowhere')]))).toBe('~/nowhere does not exist. Check the path')
    expect(await failure(findDatasets([join(root, 'empty')]))).toBe(
      'No dataset was found in ~/empty. Name files after their split (train.jsonl, test.csv), or list them in winnow.json',
    )
    expect(await failure(findDatasets([join(root, 'image.png')]))).toContain('~/image.png is of no known format')
    expect(await failure(loadDataset({ name: 'x', splits: { train: [join(root, 'gone.csv')] } }))).toBe(
      '~/gone.csv does not exist. Check the path',
    )
    const typo = { name: 'x', splits: { train: [put('t.csv', 'text,label\na b,x\n')] }, roles: { text: 'txet' } }
    expect(await failure(loadDataset(typo))).toContain('has no column "txet", which winnow.json names as its text')
    if (process.getuid?.() !== 0) {
      chmodSync(join(root, 't.csv'), 0)
      expect(await failure(readSource(join(root, 't.csv')))).toContain('may not be read')
    }
  })
})

describe('readSource', () => {
  const text = 'text,label\r\né😀,x\r\n"漢\r\n字",y'
  const be = Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
  test.each([
    ['utf-8', Buffer.from(text), 'utf-8', false],
    ['utf-8 with a byte order mark', Buffer.from(`\ufeff${text}`), 'utf-8', true],
    ['utf-16le', Buffer.from(`\ufeff${text}`, 'utf16le'), 'utf-16le', true],
    ['utf-16be', be, 'utf-16be', true],
  ] as const)('%s: same rows, same columns, and edits keep the encoding', async (_, bytes, encoding, bom) => {
    const path = put('train.csv', bytes)
    const source = await readSource(path)
    expect(source).toMatchObject({ encoding, bom })
    const table = parseTable(source)
    expect(table.issues).toEqual([])
    expect([table.text(0, 'text'), table.text(1, 'text')]).toEqual(['é😀', '漢\r\n字'])
    const { span } = table.cell(0, 'label')!
    expect(new LineIndex(source.bytes).range(span)).toEqual({ line: 1, column: 4, endLine: 1, endColumn: 5 })
    const [change] = await planEdits(new Map([[path, [table.setCell(0, 'label', 'ü'), table.removeRow(1)]]]), { root })
    const want = 'text,label\r\né😀,ü'
    const again = Buffer.from(bom ? `\ufeff${want}` : want, encoding === 'utf-8' ? 'utf8' : 'utf16le')
    if (encoding === 'utf-16be') again.swap16()
    expect(Buffer.from(change!.after).equals(again)).toBe(true)
    expect(Buffer.from(change!.before).equals(bytes)).toBe(true)
  })

  test('broken UTF-16 stays as it is outside the edit', async () => {
    const half = Buffer.concat([
      Buffer.from('\ufefftext,label\na', 'utf16le'),
      Buffer.from([0x00, 0xd8]),
      Buffer.from(',x\nb,y\n', 'utf16le'),
    ])
    const path = put('train.csv', half)
    const table = parseTable(await readSource(path))
    const [change] = await planEdits(new Map([[path, [table.removeRow(1)]]]), { root })
    expect(Buffer.from(change!.after).equals(half.subarray(0, half.length - 8))).toBe(true)
  })

  test('gzip is unpacked, and never written', async () => {
    const path = put('train.jsonl.gz', gzipSync('{"text": "a"}\n'))
    const table = parseTable(await readSource(path))
    expect(table.text(0, 'text')).toBe('a')
    expect(await failure(planEdits(new Map([[path, [table.removeRow(0)]]])))).toContain('is compressed')
    put('bad.jsonl.gz', gzipSync('{"text": "a"}\n').subarray(0, 20))
    expect(await failure(readSource(join(root, 'bad.jsonl.gz')))).toContain('could not be unpacked')
  })

  // A row and a line feed in one raw block: magic, header, content size, block header, content.
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x0e, 0x71, 0x00, 0x00, ...Buffer.from('{"text": "a"}\n')]

  test('Zstandard is unpacked, frame by frame; what is cut off is one clear error', async () => {
    const skipped = [0x50, 0x2a, 0x4d, 0x18, 0x02, 0, 0, 0, 1, 2]
    const path = put('train.jsonl.zst', Uint8Array.from([...skipped, ...frame, ...frame, ...skipped, ...frame]))
    const table = parseTable(await readSource(path))
    expect([0, 1, 2, 3].map(row => table.text(row, 'text'))).toEqual(['a', 'a', 'a', undefined])
    const cut = put('cut.jsonl.zst', Uint8Array.from([...frame, ...frame.slice(0, -5)]))
    expect(await failure(readSource(cut))).toContain('cut.jsonl.zst could not be unpacked')
    expect(await failure(readTables(cut))).toContain('cut.jsonl.zst could not be unpacked')
    expect(await failure(readTables(put('no.jsonl.zst', 'not packed')))).toContain('no.jsonl.zst could not be unpacked')
  })

  test('members of gzip behind each other are one file', async () => {
    const packed = [gzipSync('{"text": "a"}\n{"te'), gzipSync(''), gzipSync('xt": "b"}\n')]
    const path = put('train.jsonl.gz', Buffer.concat(packed))
    const [one] = await readTables(path)
    expect([0, 1].map(row => one!.table.text(row, 'text'))).toEqual(['a', 'b'])
    expect(await failure(readTables(put('cut.jsonl.gz', Buffer.concat(packed).subarray(0, -6))))).toContain(
      'unexpected end',
    )
  })

  test('a large file in UTF-16 is transcoded in pieces', async () => {
    const row = `a😀,${'x'.repeat(96)}\n`
    const text = `text,label\n${row.repeat(350_000)}`
    const source = decodeSource('/d/x.csv', Buffer.from(`\ufeff${text}`, 'utf16le'))
    expect(Buffer.from(source.bytes).equals(Buffer.from(text))).toBe(true)
  })

  test('a file beyond 4 GB is refused before it is read', async () => {
    const path = put('train.jsonl', '')
    truncateSync(path, 5_000_000_000)
    expect(await failure(readSource(path))).toBe(
      '~/train.jsonl is 5.0 GB large; one file may have up to 4.2 GB. Split it into shards, such as train-00000-of-00002.jsonl',
    )
  })

  test('UTF-32 and folders are refused', async () => {
    put('x.csv', Uint8Array.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]))
    expect(await failure(readSource(join(root, 'x.csv')))).toContain('UTF-32')
    expect(await failure(readSource(root))).toContain('is a folder')
  })
})

describe('writeAtomic', () => {
  test('keeps the mode, follows links, leaves nothing behind', async () => {
    const path = put('a.txt', 'old')
    chmodSync(path, 0o600)
    symlinkSync('a.txt', join(root, 'link'))
    await writeAtomic(join(root, 'link'), 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(root).sort()).toEqual(['a.txt', 'link'])
    expect(await failure(writeAtomic(join(root, 'nowhere/x'), 'y'))).toContain('does not exist')
  })
})

test('walkFiles stops at a limit', async () => {
  for (const name of ['a', 'b', 'c']) put(name, '')
  expect((await walkFiles(root)).map(path => path.slice(root.length))).toEqual(['/a', '/b', '/c'])
  expect(await failure(walkFiles(root, 2))).toContain('more than 2 files')
})

describe('winnow.json', () => {
  const read = (text: string) => {
    try {
      return parseConfig('/w/winnow.json', Buffer.from(text)).config
    } catch (error) {
      return failureLine(error)
    }
  }
  test.each([
    ['{', '/w/winnow.json:1:2: winnow.json is not JSON: close brace expected. Mend it there'],
    ['', '/w/winnow.json:1:1: winnow.json is not JSON: value expected. Mend it there'],
    ['{\n  "dataset": []\n}', '/w/winnow.json:2:3: Unknown key "dataset". Did you mean "datasets"?'],
    [
      '{"datasets": [{"name": "é", "spltis": {}, "splits": {}}]}',
      '/w/winnow.json:1:29: Unknown key "spltis". Did you mean "splits"?',
    ],
    ['{"datasets": [{"name": "a"}]}', '/w/winnow.json:1:15: The key "splits" is missing. Add it'],
    [
      '{"datasets": [{"name": "a", "splits": {"trian": "x"}}]}',
      '/w/winnow.json:1:40: Unknown key "trian". Did you mean "train"?',
    ],
    [
      '{"datasets": [{"name": "a", "splits": {"train": 3}}]}',
      '/w/winnow.json:1:40: datasets.0.splits.train is 3, expected (string | Array). Correct it',
    ],
    [
      '{"rules": {"secret": "eror"}}',
      '/w/winnow.json:1:12: rules.secret is "eror", which is no severity. Did you mean "error"?',
    ],
    [
      '{"rules": {"leak": {"severity": "of"}}}',
      '/w/winnow.json:1:21: rules.leak.severity is "of", which is no severity. Did you mean "off"?',
    ],
    ['{"ignore": 1}', '/w/winnow.json:1:2: ignore is 1, expected string. Correct it'],
    ['[]', '/w/winnow.json:1:1: winnow.json holds an array, expected an object. Correct it'],
    [
      '{"datasets": [{"name": "a", "splits": {}, "format": {"delimiter": "ab"}}]}',
      '/w/winnow.json:1:54: datasets.0.format.delimiter is "ab", expected 1 character. Correct it',
    ],
    [
      '{"datasets": [{"name": "a", "splits": {}}, {"name": "a", "splits": {}}]}',
      '/w/winnow.json:1:45: Two datasets are called a. Rename one',
    ],
  ])('%s', (text, want) => {
    expect(read(text)).toBe(want)
  })

  test('comments, trailing commas, severities and options are fine', () => {
    const rules = { 'near-duplicate': { severity: 'warning', threshold: 0.8, shingle: 'word:1+2' }, secret: 'off' }
    expect(read(`{ /* x */ "rules": ${JSON.stringify(rules)}, "ignore": "winnow-ignore.jsonl", }`)).toEqual({
      rules,
      ignore: 'winnow-ignore.jsonl',
    })
  })
})
