import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import { command as check } from '../../src/node/commands/check.ts'
import { command as split } from '../../src/node/commands/split.ts'

const banking = '../shared/data/banking77/train.csv'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-split-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function run(command: typeof split, ...args: readonly string[]) {
  let out = ''
  let err = ''
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    cwd: root,
    isTTY: false,
    cancel: { aborted: false },
  }
  const code = await command.run(args, io)
  return { code, out, err }
}

const lines = (path: string) => readFileSync(join(root, path), 'utf8').split(/(?<=\n)/)

/** Rows of random words; every third says the same as one before it but for a word, and has its label. */
function rowsOf(count: number): { text: string; label: string; user: string }[] {
  const generator = random(7)
  const words = Array.from({ length: 400 }, (_, i) => `w${i}`)
  const rows: { text: string; label: string; user: string }[] = []
  for (let i = 0; i < count; i++) {
    const twin = i % 3 === 2 ? rows[generator.int(rows.length)] : undefined
    const text = twin
      ? `${twin.text} ${words[generator.int(400)]}`
      : Array.from({ length: 24 }, () => words[generator.int(400)]).join(' ')
    rows.push({ text, label: twin?.label ?? `label ${generator.int(5)}`, user: `u${generator.int(count / 4)}` })
  }
  return rows
}

describe('winnow split', () => {
  test('objects of several lines, and sentences of words and tags, stay what they are', async () => {
    const objects = ['{\n  "text": "one of them"\n}', '{\n  "text": "another thing"\n}']
    writeFileSync(join(root, 'notes.json'), `${objects.join('\n')}\n`)
    expect((await run(split, 'notes.json', '--ratios', '1/1')).code).toBe(0)
    const parts = ['train', 'test'].map(name => readFileSync(join(root, `notes-split/${name}.jsonl`), 'utf8'))
    expect(parts.sort()).toEqual(objects.map(text => `${text}\n`).sort())
    const sentences = ['EU B-ORG\nrejects O\n\n', 'Peter B-PER\nsleeps O\n\n']
    writeFileSync(join(root, 'news.conll'), sentences.join(''))
    expect((await run(split, 'news.conll', '--ratios', '1/1')).code).toBe(0)
    const halves = ['train', 'test'].map(name => readFileSync(join(root, `news-split/${name}.conll`), 'utf8'))
    expect(halves.sort()).toEqual([...sentences].sort())
    expect((await run(check, 'notes-split')).out).toContain('train 1 row')
  })

  test('keeps what is alike together, every label in its share, and the bytes of every row', async () => {
    const rows = rowsOf(900)
    const text = rows.map(({ text, label }, i) => `{"text":"${text}",${' '.repeat(i % 3)}"label":"${label}"}\r\n`)
    writeFileSync(join(root, 'tickets.jsonl'), text.join(''))
    const { code, out, err } = await run(split, 'tickets.jsonl')
    expect(code).toBe(0)
    expect(out.split('\n').map(line => line.split(/\s+/)[0])).toEqual([
      'tickets-split/train.jsonl',
      'tickets-split/validation.jsonl',
      'tickets-split/test.jsonl',
      '',
    ])
    const parts = ['train', 'validation', 'test'].map(name => lines(`tickets-split/${name}.jsonl`).filter(Boolean))
    expect(parts.map(part => part.length)).toEqual([720, 90, 90])
    expect(parts.flat().sort()).toEqual([...text].sort())
    // In the order of the file.
    for (const part of parts) expect(part).toEqual(text.filter(line => part.includes(line)))
    for (let l = 0; l < 5; l++) {
      const [train, validation, rest] = parts.map(part => part.filter(line => line.includes(`"label ${l}"`)).length)
      const all = train! + validation! + rest!
      expect(Math.abs(validation! - all / 10)).toBeLessThanOrEqual(2)
      expect(Math.abs(rest! - all / 10)).toBeLessThanOrEqual(2)
    }
    expect(err).toContain('900 rows in ')
    const leaks = await run(check, 'tickets-split', '--format', 'json', '--fail-on', 'never')
    const report = JSON.parse(leaks.out) as { findings: { rule: string }[]; datasets: { splits: object[] }[] }
    expect(report.datasets[0]!.splits).toHaveLength(3)
    expect(report.findings.filter(finding => finding.rule === 'leak')).toEqual([])
    expect(report.findings.filter(finding => finding.rule === 'near-duplicate').length).toBeGreaterThan(50)
  })

  test('is the same with the same seed, another with another, and holds groups together', async () => {
    const rows = rowsOf(400)
    writeFileSync(
      join(root, 'a.csv'),
      `text,label,user\n${rows.map(row => `${row.text},${row.label},${row.user}`).join('\n')}\n`,
    )
    const contents = async (to: string, ...more: readonly string[]) => {
      await run(split, 'a.csv', '--to', to, '--ratios', '70/30', ...more)
      return ['train.csv', 'test.csv'].map(name => readFileSync(join(root, to, name), 'utf8'))
    }
    const one = await contents('one')
    expect(await contents('two')).toEqual(one)
    expect(await contents('three', '--seed', '2')).not.toEqual(one)
    const [train, rest] = (await contents('four', '--group', 'user')).map(
      text =>
        new Set(
          text
            .trim()
            .split('\n')
            .slice(1)
            .map(line => line.split(',')[2]),
        ),
    )
    expect([...train!].filter(user => rest!.has(user))).toEqual([])
    expect(one[0]!.startsWith('text,label,user\n')).toBe(true)
  })

  test('rows without a value in the group column are free', async () => {
    const rows = rowsOf(300).map(({ text, label }, i) => ({ text, label, user: ['', ' ', '\t'][i % 4] ?? 'ada' }))
    writeFileSync(join(root, 'b.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
    const { out } = await run(split, 'b.jsonl', '--ratios', '70/30', '--group', 'user')
    const sizes = out.split('\n').flatMap(line => (line === '' ? [] : [Number(/(\d+) rows/.exec(line)![1])]))
    expect(sizes).toEqual([210, 90])
    const users = ['train', 'test'].map(name =>
      lines(`b-split/${name}.jsonl`).map(line => (line ? JSON.parse(line).user : '')),
    )
    expect(users.map(list => list.includes('ada'))).toEqual([true, false])
    for (const list of users)
      expect(new Set(list)).toEqual(new Set([...list.filter(user => user === 'ada'), '', ' ', '\t']))
  })

  test('where all rows stay together it says so', async () => {
    writeFileSync(join(root, 'same.jsonl'), '{"text":"always the same words"}\n'.repeat(20))
    const { err } = await run(split, 'same.jsonl', '--dry-run')
    expect(err).toContain('Too few groups for these ratios: none in')
    writeFileSync(join(root, 'one.jsonl'), '{"text":"a single row of its own"}\n')
    expect((await run(split, 'one.jsonl', '--dry-run')).err).toContain('Too few rows for these ratios: none in')
  })

  test('writes the format it read: quoting, encoding, brackets; Parquet becomes JSON Lines', async () => {
    const records = ['"a ""b"", c",x', '"two\r\nlines",y', 'plain,x', 'another one,y', 'the last,x']
    const csv = `\ufefftext,label\r\n${records.join('\r\n')}`
    writeFileSync(join(root, 'wide.csv'), Buffer.from(csv, 'utf16le'))
    await run(split, 'wide.csv', '--ratios', '0.6/0.4')
    const parts = ['train', 'test'].map(name => readFileSync(join(root, `wide-split/${name}.csv`)).toString('utf16le'))
    for (const part of parts) expect(part.startsWith('\ufefftext,label\r\n')).toBe(true)
    for (const record of records) expect(parts.filter(part => part.includes(`${record}\r\n`))).toHaveLength(1)

    const list = `[\n  { "text": "eins", "label": 1 },\n  { "text": "zwei", "label": 2 },\n  { "text": "drei", "label": 1 }\n]\n`
    writeFileSync(join(root, 'list.json'), list)
    await run(split, 'list.json', '--ratios', '2/1')
    const read = ['train', 'test'].map(name => readFileSync(join(root, `list-split/${name}.json`), 'utf8'))
    expect(read.flatMap(text => JSON.parse(text) as object[])).toHaveLength(3)
    expect(read[0]).toMatch(/^\[\n {2}\{ "text": "\w+", "label": \d \},\n {2}\{ "text": "\w+", "label": \d \}\n\]\n$/)

    const columnData = [
      { name: 'text', data: ['one thing', 'another', 'quite else'] },
      { name: 'n', data: [9007199254740993n, 2n, 3n] },
    ]
    writeFileSync(join(root, 'p.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })))
    await run(split, 'p.parquet', '--ratios', '2/1', '--to', 'p')
    const all = [...lines('p/train.jsonl'), ...lines('p/test.jsonl')].filter(Boolean).sort()
    expect(all).toEqual([
      '{"text": "another", "n": 2}\n',
      '{"text": "one thing", "n": 9007199254740993}\n',
      '{"text": "quite else", "n": 3}\n',
    ])
  })

  test('leaves out rows that cannot be read, writes nothing on a dry run, and over nothing', async () => {
    writeFileSync(join(root, 'b.jsonl'), '{"text":"one"}\n{broken\n{"text":"two"}\n{"text":"three"}')
    const dry = await run(split, 'b.jsonl', '--dry-run', '--ratios', '1/1')
    expect(dry.err).toContain('1 row that cannot be read is left out.\nNothing was written.')
    expect(readdirSync(root)).toEqual(['b.jsonl'])
    await run(split, 'b.jsonl', '--ratios', '1/1')
    const all = [...lines('b-split/train.jsonl'), ...lines('b-split/test.jsonl')].filter(Boolean)
    expect(all.sort()).toEqual(['{"text":"one"}\n', '{"text":"three"}\n', '{"text":"two"}\n'])
    await expect(run(split, 'b.jsonl', '--ratios', '1/1')).rejects.toThrow(/exists/)
    await expect(run(split, 'b.jsonl', '--ratios', '1')).rejects.toThrow(/--ratios/)
    await expect(run(split, 'b.jsonl', '--group', 'user', '--to', 'x')).rejects.toThrow(/no column "user"/)
    await expect(run(split, '.')).rejects.toThrow(/is a folder/)
  })

  test('labels of few rows fill every part, and training has some of each', async () => {
    const rows = rowsOf(600).map(({ text }, i) => ({ text: `${text} r${i}`, label: `label ${i % 220}` }))
    writeFileSync(join(root, 'tail.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
    await run(split, 'tail.jsonl')
    const parts = ['train', 'validation', 'test'].map(name => lines(`tail-split/${name}.jsonl`).filter(Boolean))
    const sizes = parts.map(part => part.length)
    for (const [i, size] of sizes.entries()) expect(Math.abs(size - [480, 60, 60][i]!)).toBeLessThanOrEqual(6)
    const labels = new Set(parts[0]!.map(line => (JSON.parse(line) as { label: string }).label))
    expect(labels.size).toBe(220)
  })

  test('what stands in very many longer rows leaks into none, by the settings of the rule that looks for leaks', async () => {
    const held = Array.from({ length: 12 }, (_, c) => Array.from({ length: 12 }, (_, w) => `c${c}w${w}`).join(' '))
    const longer = Array.from({ length: 480 }, (_, i) => {
      const own = Array.from({ length: 9 }, (_, w) => `r${i}w${w}`).join(' ')
      return `${own} ${held[i % 12]} ${own.replaceAll('w', 'v')}`
    })
    writeFileSync(join(root, 'b.jsonl'), [...held, ...longer].map(text => `${JSON.stringify({ text })}\n`).join(''))
    const rule = { threshold: 0.5, containment: 0.8, least: 10 }
    writeFileSync(join(root, 'winnow.json'), JSON.stringify({ rules: { leak: rule } }))
    for (const seed of ['1', '2', '3']) {
      await run(split, 'b.jsonl', '--ratios', '1/1/1', '--seed', seed, '--to', `s${seed}`)
      const { out } = await run(check, `s${seed}`, '--format', 'json', '--fail-on', 'never')
      const { counts, datasets } = JSON.parse(out) as {
        counts: { [rule: string]: number }
        datasets: { splits: { files: { rows: number }[] }[] }[]
      }
      expect(counts['leak'] ?? 0).toBe(0)
      for (const { files } of datasets[0]!.splits) expect(files[0]!.rows).toBe(164)
    }
  })

  test.skipIf(!existsSync(banking))('banking77: no leak is left, every label within one row of its share', async () => {
    writeFileSync(join(root, 'all.csv'), readFileSync(banking))
    const { err } = await run(split, 'all.csv')
    const counts = ['train', 'validation', 'test'].map(name => lines(`all-split/${name}.csv`).length - 1)
    expect(counts.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(10_003)
    const { out } = await run(check, 'all-split', '--format', 'json', '--fail-on', 'never')
    const { counts: found } = JSON.parse(out) as { counts: { [rule: string]: number } }
    expect(found['leak'] ?? 0).toBe(0)
    expect(err).toMatch(/Every label has its share|furthest from its shares is .*: [123] rows? of/)
  })
})
