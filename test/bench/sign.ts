/*
 * `npm run bench -- sign [rows...]`: the exact join on generated short rows (about 90 bytes, 17 % near-copies), against a
 * plain read-and-JSON.parse pass of the same rows, against the same join in C++ (test/bench/peers/join.cpp, where g++ is
 * there) and against the npm package minhash; then template data, which must not
 * cost more than unrelated rows. Times are processor time of this process (user), so that neighbours matter less; the
 * lists are measured in turn. Default sizes: 100000 1000000.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Random, random } from '../../src/core/base/random.ts'
import { check } from '../../src/core/check/check.ts'
import { duplicate } from '../../src/core/check/rules/duplicate.ts'
import { leak } from '../../src/core/check/rules/leak.ts'
import { nearDuplicate } from '../../src/core/check/rules/nearDuplicate.ts'
import { parseTables } from '../../src/core/data/formats.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { parseScheme } from '../../src/core/sign/scheme.ts'
import { Signatures } from '../../src/core/sign/signatures.ts'
import { Similar } from '../../src/core/sign/similar.ts'
import { parseThreshold } from '../../src/core/sign/threshold.ts'

const sizes = process.argv.slice(2).map(Number).filter(Boolean)
const counts = sizes.length > 0 ? sizes : [100_000, 1_000_000]

function vocabulary(r: Random): string[] {
  const letters = 'eeeeeeeetttttaaaaooooiiiinnnnsssshhhrrrrddllucmwfgypbvk'
  const words = new Set<string>()
  while (words.size < 30_000)
    words.add(Array.from({ length: 1 + r.int(5) + r.int(5) }, () => letters[r.int(letters.length)]).join(''))
  return [...words]
}

/** Sentences of Zipf-drawn words; 17 % are copies with a word replaced, left out or added, 8 % of those verbatim. */
function sentences(count: number): string[] {
  const r = random('bench')
  const words = vocabulary(r)
  const word = () => words[Math.floor(words.length ** (0.15 + 0.85 * r.next())) - 1]!
  const rows: string[] = []
  while (rows.length < count) {
    if (rows.length === 0 || r.next() < 0.83) {
      rows.push(Array.from({ length: 8 + r.int(14) }, word).join(' '))
      continue
    }
    const parts = rows[r.int(rows.length)]!.split(' ')
    const at = r.int(parts.length)
    const kind = r.next()
    if (kind < 0.5) parts[at] = word()
    else if (kind < 0.7) parts.splice(at, 1)
    else if (kind < 0.92) parts.splice(at, 0, word())
    rows.push(parts.join(' '))
  }
  return rows
}

/** One number differs; seven slots differ; slots of few words each. All pairs of the first kind are similar. */
const templates: { readonly [name: string]: (r: Random) => string } = {
  'one slot': r =>
    `Dear customer, your order number ${r.int(1e7)} has been shipped from our central warehouse and should arrive within three to five working days; thank you for shopping with us, and if you have any questions about this delivery please contact our support team at any time of the day.`,
  'seven slots': r =>
    `Dear Name${r.int(1e5)}, your order ${r.int(1e7)} of ${r.int(28)} May ${1990 + r.int(30)} worth ${r.int(1e5)} euros has been shipped to City${r.int(50)} ${r.int(1e5)} by carrier, thank you for shopping with us today.`,
  'few words a slot': r =>
    `Dear Name${r.int(100)}, your parcel has been shipped to City${r.int(50)} on ${['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'][r.int(5)]} by ${['air', 'sea', 'road', 'rail'][r.int(4)]} and will be handed over by our local partner Name${r.int(100)} in the ${['morning', 'evening'][r.int(2)]} without signature.`,
}

function cpu(): number {
  return process.cpuUsage().user / 1000
}

interface Timed {
  readonly sign: number
  readonly join: number
  readonly cost: number
  readonly linked: number
}

function joinAll(rows: readonly string[], scheme: string, threshold: number): Timed {
  globalThis.gc?.()
  const start = cpu()
  const signatures = new Signatures(parseScheme(scheme))
  finishWork(signatures.sign('rows', { rowCount: rows.length, text: row => rows[row] }))
  const signed = cpu()
  const similar = new Similar(signatures, parseThreshold(threshold), { incremental: false })
  finishWork(similar.update())
  const joined = cpu()
  let linked = 0
  for (const group of similar.groups()) linked += group.length - 1
  return { sign: signed - start, join: joined - signed, cost: similar.cost, linked }
}

const ms = (value: number) => value.toFixed(0).padStart(7)
const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'winnow-bench-'))
try {
  const totals: number[] = []
  const wholes: number[] = []
  const peer = join(folder, 'join')
  const source = fileURLToPath(new URL('../../test/bench/peers/join.cpp', import.meta.url))
  const built = spawnSync('g++', ['-O3', '-march=native', '-std=c++17', '-o', peer, source]).status === 0
  if (!built) say('no g++: the join in C++ is left out')
  for (const count of counts) {
    const rows = sentences(count)
    const file = join(folder, 'train.jsonl')
    writeFileSync(file, rows.map((text, i) => `${JSON.stringify({ text, label: `label${i % 7}` })}\n`).join(''))
    joinAll(rows.slice(0, 20_000), 'word:1+2', 0.8) // warm
    globalThis.gc?.()
    const before = cpu()
    for (const line of readFileSync(file, 'utf8').split('\n')) if (line) JSON.parse(line)
    const pass = cpu() - before
    say(
      `\n${count} rows of ${(rows.reduce((sum, row) => sum + row.length, 0) / count).toFixed(0)} bytes; read and JSON.parse: ${ms(pass)} ms`,
    )
    for (const scheme of ['word:3', 'word:1+2']) {
      const { sign, join: joined, cost, linked } = joinAll(rows, scheme, 0.8)
      say(
        `  ${scheme.padEnd(9)} sign ${ms(sign)}  join ${ms(joined)}  sum ${ms(sign + joined)} ms = ${((sign + joined) / pass).toFixed(2)} passes; ${linked} rows linked, ${(cost / 1e6).toFixed(1)} M candidates`,
      )
      if (scheme === 'word:1+2') totals.push(sign + joined)
    }
    globalThis.gc?.()
    const start = cpu()
    const rowsSource = { uri: file, version: 0, bytes: readFileSync(file), encoding: 'utf-8' as const, bom: false }
    const tables = parseTables(rowsSource).map(({ table }) => table)
    const dataset = { name: 'bench', splits: [{ name: 'train' as const, tables }], roles: { text: 'text' } }
    const { findings } = finishWork(check({ datasets: [dataset], list: [duplicate, nearDuplicate, leak] }))
    const whole = cpu() - start
    wholes.push(whole)
    say(
      `  file to findings ${ms(whole)} ms = ${(whole / pass).toFixed(2)} passes; ${findings.length} findings; ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB at most`,
    )
    if (built) {
      const { sign, join: joined, linked } = JSON.parse(spawnSync(peer, [file, '4', '5'], { encoding: 'utf8' }).stdout)
      const allowed = 3 * pass + 3 * (sign + joined)
      say(
        `  join in C++      ${ms(sign + joined)} ms (sign ${ms(sign)}, join ${ms(joined)}; ${linked} rows linked, equal ones too); ours = ${(totals.at(-1)! / (sign + joined)).toFixed(2)} times; file to findings / (3 passes + 3 joins) = ${(whole / allowed).toFixed(2)}`,
      )
    }
  }
  if (totals.length > 1)
    say(
      `\ntime(${counts.at(-1)}) / time(${counts[0]}) = ${(totals.at(-1)! / totals[0]!).toFixed(1)} (join), ${(wholes.at(-1)! / wholes[0]!).toFixed(1)} (file to findings)`,
    )

  say('\n100000 rows of templates, word:1+2 at 0.8')
  const unrelated = joinAll(sentences(100_000), 'word:1+2', 0.8)
  say(`  ${'sentences'.padEnd(18)} ${ms(unrelated.sign + unrelated.join)} ms`)
  for (const [name, make] of Object.entries(templates)) {
    const r = random(name)
    const {
      sign,
      join: joined,
      cost,
    } = joinAll(
      Array.from({ length: 100_000 }, () => make(r)),
      'word:1+2',
      0.8,
    )
    say(
      `  ${name.padEnd(18)} ${ms(sign + joined)} ms = ${((sign + joined) / (unrelated.sign + unrelated.join)).toFixed(1)} times; sign ${ms(sign)}, join ${ms(joined)}; ${(cost / 1e6).toFixed(0)} M candidates`,
    )
  }

  // The package is far too slow for the sizes above: its rate on a part, beside ours on the same part.
  const part = sentences(5000)
  const { Minhash, LshIndex } = createRequire(import.meta.url)('minhash') as MinhashPackage
  const start = cpu()
  const index = new LshIndex({ bandSize: 4 })
  for (const [i, row] of part.entries()) {
    const hash = new Minhash({ numPerm: 128 })
    const words = row.toLowerCase().split(/\W+/).filter(Boolean)
    for (let k = 0; k + 3 <= words.length; k++) hash.update(words.slice(k, k + 3).join(' '))
    index.insert(String(i), hash)
  }
  const theirs = part.length / (cpu() - start)
  const large = sentences(100_000)
  const { sign, join: joined } = joinAll(large, 'word:3', 0.8)
  const ours = large.length / (sign + joined)
  say(
    `\nword 3-grams: minhash 0.0.9 (128 permutations, index; 5000 rows) ${(theirs * 1000).toFixed(0)} rows/s, exact join (100000 rows) ${(ours * 1000).toFixed(0)} rows/s: ${(ours / theirs).toFixed(0)} times`,
  )
} finally {
  rmSync(folder, { recursive: true })
}

interface MinhashPackage {
  Minhash: new (options: { numPerm: number }) => { update(text: string): void }
  LshIndex: new (options: { bandSize: number }) => { insert(key: string, hash: unknown): void }
}
