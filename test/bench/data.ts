/*
 * `npm run bench -- data [rows]`: a million rows as JSONL and CSV, from file to table to every text, against a plain
 * pass that reads the same file and parses each line with JSON.parse. Times are the best of three.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import { parseTable } from '../../src/core/data/formats.ts'
import { inferRoles } from '../../src/core/data/roles.ts'
import type { Table } from '../../src/core/data/table.ts'
import { LineIndex } from '../../src/core/text/lines.ts'
import { readSource } from '../../src/node/files.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'winnow-bench-'))
const say = (text: string) => process.stdout.write(`${text}\n`)
const vocabulary =
  'the card account my transfer is pending why was I charged how do get money back today please café'.split(' ')

try {
  const { jsonl, csv } = writeFiles()
  let plain = 0
  for (const path of [jsonl, csv]) {
    const size = statSync(path).size
    say(`\n${path.slice(folder.length + 1)}: ${rows} rows, ${(size / 1e6).toFixed(0)} MB`)
    if (path === jsonl) {
      plain = await best('read and JSON.parse every line', async () => plainPass(path))
    }
    let table: Table | undefined
    const parse = await best('file to table (rows, columns, issues)', async () => {
      table = parseTable(await readSource(path))
      return table.rowCount
    })
    const scan = await best('every text and label', async () => everyCell(table!))
    const place = await best('line index and a place in every 10th row', async () => everyPlace(table!))
    await best('roles', async () => Object.keys(inferRoles([table!])).length)
    if (path === jsonl)
      say(
        `ratio to the plain pass: table ${(parse / plain).toFixed(2)}, table and every text ${((parse + scan) / plain).toFixed(2)}`,
      )
    else
      say(
        `ratio to the plain pass of the JSONL: table ${(parse / plain).toFixed(2)}, with every text ${((parse + scan) / plain).toFixed(2)}`,
      )
    say(`places: ${(place / plain).toFixed(2)}`)
  }
  say(
    `\npeak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB (files ${((statSync(jsonl).size + statSync(csv).size) / 1e6).toFixed(0)} MB)`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function writeFiles(): { jsonl: string; csv: string } {
  const generator = random(1)
  const lines: string[] = []
  const records: string[] = ['text,label']
  for (let i = 0; i < rows; i++) {
    const words = Array.from({ length: 8 + generator.int(9) }, () => vocabulary[generator.int(vocabulary.length)])
    const text = `${words.join(' ')} ${i}`
    const label = `label-${generator.int(77)}`
    lines.push(JSON.stringify({ text, label }))
    // Every seventh row holds a line break inside quotes.
    records.push(i % 7 ? `${text},${label}` : `"${text.replace(' ', '\r\n')}",${label}`)
  }
  const jsonl = join(folder, 'train.jsonl')
  const csv = join(folder, 'train.csv')
  writeFileSync(jsonl, `${lines.join('\n')}\n`)
  writeFileSync(csv, `${records.join('\r\n')}\r\n`)
  return { jsonl, csv }
}

function plainPass(path: string): number {
  const bytes = readFileSync(path)
  let characters = 0
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    const stop = end < 0 ? bytes.length : end
    if (stop > at) characters += JSON.parse(bytes.toString('utf8', at, stop)).text.length
    at = stop + 1
  }
  return characters
}

function everyCell(table: Table): number {
  let characters = 0
  for (let row = 0; row < table.rowCount; row++)
    characters += table.text(row, 'text')!.length + table.text(row, 'label')!.length
  return characters
}

function everyPlace(table: Table): number {
  const lines = new LineIndex(table.source.bytes)
  let sum = 0
  for (let row = 0; row < table.rowCount; row += 10) sum += lines.range(table.cell(row, 'text')!.span).column
  return sum
}

async function best(name: string, work: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let n = 0; n < 3; n++) {
    const start = performance.now()
    await work()
    least = Math.min(least, performance.now() - start)
  }
  say(`  ${name.padEnd(44)} ${(least / 1000).toFixed(3)} s`)
  return least
}
