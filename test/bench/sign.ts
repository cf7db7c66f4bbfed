/*
 * `npm run bench -- sign [rows...]`: generated short rows (about 90 bytes, 17 % near-copies), from the file to the findings
 * about duplicates, near-duplicates and leaks, against a plain read-and-JSON.parse pass of the same file and the same join in C++
 * (test/bench/peers/join.cpp, where g++ is there); with one thread and with two; with the index kept from the check before; then
 * rows of templates, and the npm package minhash. Times are processor time, so that neighbours matter less; of threads the
 * critical path: the thread that waits for the others, and the longest of them. Default sizes: 100000 1000000.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
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
import { readTablesWith } from '../../src/core/sign/readTables.ts'
import { partsOf, rowsJobs } from '../../src/core/sign/rowsJob.ts'
import { parseScheme } from '../../src/core/sign/scheme.ts'
import type { Shelf } from '../../src/core/sign/shelf.ts'
import { type Elsewhere, Signatures } from '../../src/core/sign/signatures.ts'
import { Similar } from '../../src/core/sign/similar.ts'
import { parseThreshold } from '../../src/core/sign/threshold.ts'
import { FileShelf } from '../../src/node/fileShelf.ts'
import { ThreadPool } from '../../src/node/threads.ts'
import { sentences, writeRows } from './sentences.ts'

const sizes = process.argv.slice(2).map(Number).filter(Boolean)
const counts = sizes.length > 0 ? sizes : [100_000, 1_000_000]

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

/** Processor time of each thread so far, in ms; none where the system does not tell. */
function threadTimes(): ReadonlyMap<string, number> {
  const folder = '/proc/self/task'
  if (!existsSync(folder)) return new Map()
  return new Map(
    readdirSync(folder).map(id => [id, Number(readFileSync(`${folder}/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e6]),
  )
}

/** The time of this thread, and that of the busiest other one. */
function criticalPath(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  const own = String(process.pid)
  let main = 0
  let other = 0
  for (const [id, time] of after) {
    const spent = time - (before.get(id) ?? 0)
    if (id === own) main = spent
    else other = Math.max(other, spent)
  }
  return { main, other }
}

interface Timed {
  readonly sign: number
  readonly join: number
  readonly cost: number
  readonly linked: number
}

/** Rows as they stand in a file: bytes, and where each begins and ends. */
function bytesOfRows(rows: readonly string[]) {
  const bytes = Buffer.from(rows.join('\n'))
  const starts = new Uint32Array(rows.length + 1)
  for (const [i, row] of rows.entries()) starts[i + 1] = starts[i]! + Buffer.byteLength(row) + 1
  const span = (row: number) => ({ start: starts[row]!, end: starts[row + 1]! - 1 })
  return { rowCount: rows.length, text: (row: number) => rows[row], plain: { bytes, span } }
}

function joinAll(rows: readonly string[], scheme: string, threshold: number): Timed {
  const texts = bytesOfRows(rows)
  const start = cpu()
  const signatures = new Signatures(parseScheme(scheme))
  finishWork(signatures.sign('rows', texts))
  const signed = cpu()
  const similar = new Similar(signatures, parseThreshold(threshold), { incremental: false })
  finishWork(similar.update())
  const joined = cpu()
  let linked = 0
  for (const group of similar.groups()) linked += group.length - 1
  return { sign: signed - start, join: joined - signed, cost: similar.cost, linked }
}

const rules = [duplicate, nearDuplicate, leak]

/** The bytes of a file where other threads see them. */
function readShared(path: string): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(file).size))
    for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, bytes.length - at, at)
    return bytes
  } finally {
    closeSync(file)
  }
}

/** File to findings. */
function wholeCheck(file: string, options: { readonly threads?: ThreadPool; readonly shelf?: Shelf } = {}) {
  globalThis.gc?.()
  const threads = threadTimes()
  const begun = performance.now()
  const start = cpu()
  const bytes = options.threads ? readShared(file) : readFileSync(file)
  const source = { uri: file, version: 0, bytes, encoding: 'utf-8' as const, bom: false }
  const tables = finishWork(readTablesWith(options.threads, source)).map(({ table }) => table)
  const dataset = { name: 'bench', splits: [{ name: 'train' as const, tables }], roles: { text: 'text' } }
  const { findings } = finishWork(check({ datasets: [dataset], list: rules, ...options }))
  return {
    cpu: cpu() - start,
    wall: performance.now() - begun,
    path: criticalPath(threads, threadTimes()),
    findings: findings.length,
  }
}

/** Signing and joining alone, with so many threads. */
function signAndJoin(file: string, threads: ThreadPool | undefined) {
  const source = { uri: file, version: 0, bytes: readFileSync(file), encoding: 'utf-8' as const, bom: false }
  const [{ table }] = parseTables(source) as [ReturnType<typeof parseTables>[number]]
  const scheme = parseScheme('word:1+2')
  const roles = { text: 'text' }
  const texts = {
    rowCount: table.rowCount,
    text: (row: number) => table.text(row, 'text'),
    plain: { bytes: source.bytes, span: (row: number) => table.plainSpan!(row, 'text') },
  }
  const elsewhere: Elsewhere | undefined = threads && {
    sign: (from, to, take) => {
      const parts = partsOf(table)!
      const own = { ...parts, source: { ...parts.source, bytes: threads.share(parts.source.bytes) } }
      return threads.run(rowsJobs({ scheme, roles, table: own, from, to }, Math.ceil((to - from) / 16)), take)
    },
  }
  globalThis.gc?.()
  const before = threadTimes()
  const begun = performance.now()
  const signatures = new Signatures(scheme, { shared: threads !== undefined })
  finishWork(signatures.sign('rows', texts, { head: 0, tail: 0 }, elsewhere))
  const similar = new Similar(signatures, parseThreshold(0.8), { incremental: false, threads })
  finishWork(similar.update())
  return { wall: performance.now() - begun, path: criticalPath(before, threadTimes()) }
}

/** How long so many programs take that run side by side, by the clock. */
async function sideBySide(count: number, program: string, args: readonly string[]): Promise<number> {
  const begun = performance.now()
  await Promise.all(
    Array.from(
      { length: count },
      () => new Promise(resolve => spawn(program, args, { stdio: 'ignore' }).on('close', resolve)),
    ),
  )
  return performance.now() - begun
}

/** How many times as much two programs do as one in the same time: what the machine gives, in the best of three turns. */
async function mostOfTwo(program: string, args: readonly string[]): Promise<number> {
  let most = 0
  for (let turn = 0; turn < 3; turn++) {
    const one = await sideBySide(1, program, args)
    most = Math.max(most, (2 * one) / (await sideBySide(2, program, args)))
  }
  return most
}

const ms = (value: number) => value.toFixed(0).padStart(7)
const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'winnow-bench-'))
const pool = new ThreadPool(fileURLToPath(new URL('../../dist/thread.cjs', import.meta.url)), 2)
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
    writeRows(file, rows)
    joinAll(rows.slice(0, 20_000), 'word:1+2', 0.8) // warm
    globalThis.gc?.()
    const before = cpu()
    for (const line of readFileSync(file, 'utf8').split('\n')) if (line) JSON.parse(line)
    const pass = cpu() - before
    say(
      `\n${count} rows of ${(rows.reduce((sum, row) => sum + row.length, 0) / count).toFixed(0)} bytes; read and JSON.parse: ${ms(pass)} ms`,
    )
    for (const scheme of ['word:3', 'word:1+2']) {
      globalThis.gc?.()
      const { sign, join: joined, cost, linked } = joinAll(rows, scheme, 0.8)
      say(
        `  ${scheme.padEnd(9)} sign ${ms(sign)}  join ${ms(joined)}  sum ${ms(sign + joined)} ms = ${((sign + joined) / pass).toFixed(2)} passes; ${linked} rows linked, ${(cost / 1e6).toFixed(1)} M candidates`,
      )
      if (scheme === 'word:1+2') totals.push(sign + joined)
    }
    const whole = wholeCheck(file)
    wholes.push(whole.cpu)
    say(
      `  file to findings ${ms(whole.cpu)} ms = ${(whole.cpu / pass).toFixed(2)} passes; ${whole.findings} findings; ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB at most (asked: 1500)`,
    )
    if (built) {
      const { sign, join: joined, linked } = JSON.parse(spawnSync(peer, [file, '4', '5'], { encoding: 'utf8' }).stdout)
      const allowed = 3 * pass + 3 * (sign + joined)
      say(
        `  join in C++      ${ms(sign + joined)} ms (sign ${ms(sign)}, join ${ms(joined)}; ${linked} rows linked, equal ones too); ours = ${(totals.at(-1)! / (sign + joined)).toFixed(2)} times; file to findings / (3 passes + 3 joins) = ${(whole.cpu / allowed).toFixed(2)} (asked: 1)`,
      )
    }
    signAndJoin(file, pool) // the threads start, and warm up
    const [one, two] = [signAndJoin(file, undefined), signAndJoin(file, pool)]
    const path = ({ main, other }: { main: number; other: number }) => main + other
    say(
      `  two threads, sign and join: wall ${ms(one.wall)} -> ${ms(two.wall)} ms = ${(one.wall / two.wall).toFixed(2)} times; ${ms(one.path.main)} ms of processor time -> ${ms(two.path.main)} in the main thread and ${ms(two.path.other)} in the longer of the two: ${(one.path.main / path(two.path)).toFixed(2)} times where they follow each other, ${(one.path.main / Math.max(two.path.main, two.path.other)).toFixed(2)} where they overlap (asked: 1.6)`,
    )
    // Each thread compiles for itself what it does often: until that is done, as it is in the one thread by now, they gain less.
    const { wall: first } = wholeCheck(file, { threads: pool })
    for (let turn = 0; turn < 4; turn++) wholeCheck(file, { threads: pool })
    // In turns, so that neighbours disturb both alike.
    const walls = { one: [] as number[], two: [] as number[] }
    let threaded = whole
    for (let turn = 0; turn < 7; turn++) {
      walls.one.push(wholeCheck(file).wall)
      threaded = wholeCheck(file, { threads: pool })
      walls.two.push(threaded.wall)
    }
    const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!
    const [alone, together] = [median(walls.one), median(walls.two)]
    const [least, leastOfTwo] = [Math.min(...walls.one), Math.min(...walls.two)]
    const { main, other } = threaded.path
    const possible = built
      ? `; two programs do ${(await mostOfTwo(peer, [])).toFixed(2)} times as much as one where they only count, ${(await mostOfTwo(peer, [file, '4', '5'])).toFixed(2)} where they are the join in C++: what this machine gives`
      : ''
    say(
      `  two threads, file to findings: wall ${ms(alone)} -> ${ms(together)} ms = ${(alone / together).toFixed(2)} times (asked: 1.6; medians of seven turns each, once warm; the shortest ${ms(least)} -> ${ms(leastOfTwo)} ms = ${(least / leastOfTwo).toFixed(2)} times; the first check of these threads took ${ms(first)} ms); ${ms(main)} ms of processor time in the main thread, ${ms(other)} in the longer of the two, ${ms(threaded.cpu)} in all; ${threaded.findings} findings${possible}`,
    )
    const shelf = new FileShelf(join(folder, 'cache'))
    wholeCheck(file, { shelf })
    const again = wholeCheck(file, { shelf })
    say(`  with the index kept from the check before: ${ms(again.cpu)} ms; ${again.findings} findings`)
  }
  if (totals.length > 1)
    say(
      `\ntime(${counts.at(-1)}) / time(${counts[0]}) = ${(totals.at(-1)! / totals[0]!).toFixed(1)} (join), ${(wholes.at(-1)! / wholes[0]!).toFixed(1)} (file to findings; asked: 11)`,
    )

  say('\n100000 rows of templates, file to findings (asked: 3 times as long as unrelated rows)')
  const file = join(folder, 'train.jsonl')
  const longer = sentences(300_000)
  const unrelated = {
    sentences: longer.slice(0, 100_000),
    'three in a row': Array.from({ length: 100_000 }, (_, i) => longer.slice(i * 3, i * 3 + 3).join(' ')),
  }
  const limits: number[] = []
  for (const [name, rows] of Object.entries(unrelated)) {
    writeRows(file, rows)
    const { cpu: took, findings } = wholeCheck(file)
    limits.push(took)
    const bytes = rows.reduce((sum, row) => sum + row.length, 0) / rows.length
    say(`  ${name.padEnd(18)} ${ms(took)} ms; ${bytes.toFixed(0)} bytes a row; ${findings} findings`)
  }
  for (const [name, make] of Object.entries(templates)) {
    const r = random(name)
    const rows = Array.from({ length: 100_000 }, () => make(r))
    writeRows(file, rows)
    const { cpu: took, findings } = wholeCheck(file)
    const bytes = rows.reduce((sum, row) => sum + row.length, 0) / rows.length
    say(
      `  ${name.padEnd(18)} ${ms(took)} ms = ${(took / limits[0]!).toFixed(1)} times the sentences, ${(took / limits[1]!).toFixed(1)} times three in a row; ${bytes.toFixed(0)} bytes a row; ${findings} findings`,
    )
  }

  // The same rows, from texts to similar ones: theirs finds candidates, ours verified sets.
  const rows = sentences(100_000)
  const { Minhash, LshIndex } = createRequire(import.meta.url)('minhash') as MinhashPackage
  const spent = () => {
    const { sign, join: joined } = joinAll(rows, 'word:3', 0.8)
    return sign + joined
  }
  const took = [spent(), spent(), spent()]
  const start = cpu()
  const index = new LshIndex({ bandSize: 4 })
  let candidates = 0
  for (const [i, row] of rows.entries()) {
    const hash = new Minhash({ numPerm: 128 })
    const words = row.toLowerCase().split(/\W+/).filter(Boolean)
    for (let k = 0; k + 3 <= words.length; k++) hash.update(words.slice(k, k + 3).join(' '))
    index.insert(String(i), hash)
    candidates += index.query(hash).length
  }
  const theirs = rows.length / (cpu() - start)
  took.push(spent(), spent())
  const ours = rows.length / took.sort((a, b) => a - b)[2]!
  say(
    `\n100000 rows, word 3-grams: minhash 0.0.9 (128 permutations, insert and query; ${candidates} candidates) ${(theirs * 1000).toFixed(0)} rows/s, exact join ${(ours * 1000).toFixed(0)} rows/s: ${(ours / theirs).toFixed(0)} times (asked: 100)`,
  )
} finally {
  pool.dispose()
  rmSync(folder, { recursive: true })
}

interface MinhashPackage {
  Minhash: new (options: { numPerm: number }) => { update(text: string): void }
  LshIndex: new (options: {
    bandSize: number
  }) => {
    insert(key: string, hash: unknown): void
    query(hash: unknown): string[]
  }
}
