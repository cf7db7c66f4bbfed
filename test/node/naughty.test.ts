import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { command as check } from '../../src/node/commands/check.ts'
import type { Command } from '../../src/node/commands/command.ts'
import { command as fix } from '../../src/node/commands/fix.ts'
import { command as undo } from '../../src/node/commands/undo.ts'
import { readTables } from '../../src/node/tables.ts'

const collected = '../shared/data/torture/strings/blns.json'
const own = [
  '',
  ' ',
  'null',
  '-1',
  '\\',
  '"',
  "'; --",
  '<b>&amp;',
  '\u202ereversed',
  '\u0000nul',
  '\ufeffmark',
  'é\u0301',
  '😀👩‍👩‍👧',
  '한국어',
  'a\r\nb',
  '{{y}}',
  '%s',
]
const strings = existsSync(collected) ? (JSON.parse(readFileSync(collected, 'utf8')) as string[]) : own

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-naughty-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function run(command: Command, ...args: readonly string[]) {
  let out = ''
  const io = {
    out: (text: string) => void (out += text),
    err: () => {},
    cwd: root,
    isTTY: false,
    cancel: { aborted: false },
  }
  return { code: await command.run(args, io), out }
}

const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`
/** Every string twice, so that there is something to mend at each of them, and some as labels. */
const rows = strings.flatMap((text, i) => [
  { text, label: `l${i % 3}` },
  { text: `${text} and so on`, label: i % 5 === 0 ? text : `l${i % 7}` },
  { text, label: `l${i % 3}` },
])
const printed: { readonly [name: string]: string } = {
  'train.jsonl': rows.map(row => `${JSON.stringify(row)}\n`).join(''),
  'train.json': JSON.stringify(rows, null, 2),
  'train.csv': `text,label\r\n${rows.map(row => `${quote(row.text)},${quote(row.label)}`).join('\r\n')}`,
  'train.tsv': `text\tlabel\n${rows.map(row => `${quote(row.text)}\t${quote(row.label)}`).join('\n')}\n`,
  'train.txt': `${rows.map(row => row.text.replace(/[\r\n]/g, ' ')).join('\n')}\n`,
}

describe(`naughty strings${existsSync(collected) ? '' : ' (our own few: the collected ones are not there)'}`, () => {
  test.each(Object.keys(printed))('%s is read as written, checked, mended and put back byte for byte', async name => {
    mkdirSync(join(root, 'data'))
    const path = join(root, 'data', name)
    writeFileSync(path, printed[name]!)
    const before = readFileSync(path)
    const [{ table }] = (await readTables(path)) as [Awaited<ReturnType<typeof readTables>>[number]]
    if (!name.endsWith('.txt')) {
      expect(table.rowCount).toBe(rows.length)
      // A NUL or U+FEFF is a character like others.
      expect(rows.map((_, row) => table.text(row, 'text'))).toEqual(rows.map(row => row.text))
    }
    for (const format of name === 'train.csv' ? ['html', 'sarif', 'text'] : ['json'])
      expect((await run(check, 'data', '--format', format, '--fail-on', 'never')).code).toBe(0)
    await run(fix, 'data', '--write')
    const mended = readFileSync(path)
    expect(mended.length).toBeLessThan(before.length)
    expect((await run(fix, 'data')).out).toBe('')
    expect((await run(undo)).code).toBe(0)
    expect(Buffer.compare(readFileSync(path), before)).toBe(0)
    expect(readdirSync(join(root, 'data'))).toEqual([name])
  })
})
