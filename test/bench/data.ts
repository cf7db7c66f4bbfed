/*
 * `npm run bench -- data [rows]`: a million rows as JSONL and CSV, from file to table to every text, against a plain
 * pass that reads the same file and parses each line with JSON.parse. Times are CPU seconds, the best of three.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
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
  const { jsonl, csv, json } = writeFiles()
  const plain = await best('read the JSONL and JSON.parse every line', async () => plainPass(jsonl))
  const ratio = (ms: number) => `${(ms / plain).toFixed(2)} of the plain pass`
  for (const path of [jsonl, csv, json]) {
    const size = statSync(path).size
    say(`\n${basename(path)}: ${rows} rows, ${(size / 1e6).toFixed(0)} MB`)
    let table: Table | undefined
    const before = await used()
    const parse = await best('file to table (rows, columns, issues)', async () => {
      table = undefined
      table = parseTable(await readSource(path))
      return table.rowCount
    })
    const kept = (await used()) - before - size
    const scan = await best('every text and label', async () => everyCell(table!))
    const place = await best('line index and a place in every 10th row', async () => everyPlace(table!))
    const roles = await best('roles', async () => Object.keys(inferRoles([table!])).length)
    say(
      `  table ${ratio(parse)}; with every text ${ratio(parse + scan)}; places ${ratio(place)}; roles ${ratio(roles)}`,
    )
    say(`  kept beside the file's bytes: ${(kept / 1e6).toFixed(0)} MB, ${(kept / rows).toFixed(1)} bytes a row`)
  }
  say(`\npeak memory of all: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function writeFiles(): { jsonl: string; csv: string; json: string } {
  const generator = random(1)
  const paths = { jsonl: join(folder, 'train.jsonl'), csv: join(folder, 'train.csv'), json: join(folder, 'train.json') }
  writeFileSync(paths.csv, 'text,label\r\n')
  writeFileSync(paths.json, '[\n')
  // In pieces, so that the peak memory is the readers'.
  for (let from = 0; from < rows; from += 20_000) {
    const lines: string[] = []
    const records: string[] = []
    for (let i = from; i < Math.min(rows, from + 20_000); i++) {
      const words = Array.from({ length: 8 + generator.int(9) }, () => vocabulary[generator.int(vocabulary.length)])
      const text = `${words.join(' ')} ${i}`
      const label = `label-${generator.int(77)}`
      lines.push(JSON.stringify({ text, label }))
      // Every seventh row holds a line break inside quotes.
      records.push(i % 7 ? `${text},${label}` : `"${text.replace(' ', '\r\n')}",${label}`)
    }
    appendFileSync(paths.jsonl, `${lines.join('\n')}\n`)
    appendFileSync(paths.csv, `${records.join('\r\n')}\r\n`)
    appendFileSync(paths.json, `${from ? ',\n' : ''}  ${lines.join(',\n  ')}`)
  }
  appendFileSync(paths.json, '\n]\n')
  return paths
}

/** Bytes in use, after a collection where the process allows one. */
async function used(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    ;(globalThis as { gc?: () => void }).gc?.()
    // Buffers are given back a little after the collection that found them dead.
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
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
    // Of the process, not of the clock: other work on the machine then matters less.
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    least = Math.min(least, (user + system) / 1000)
  }
  say(`  ${name.padEnd(44)} ${(least / 1000).toFixed(3)} s`)
  return least
}
