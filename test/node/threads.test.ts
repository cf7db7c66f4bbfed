import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { check } from '../../src/core/check/check.ts'
import { comparePairs } from '../../src/core/check/comparing.ts'
import { Corpus } from '../../src/core/check/corpus.ts'
import { Memory } from '../../src/core/check/memory.ts'
import { duplicate } from '../../src/core/check/rules/duplicate.ts'
import { leak } from '../../src/core/check/rules/leak.ts'
import { nearDuplicate } from '../../src/core/check/rules/nearDuplicate.ts'
import { type FileTable, parseTables } from '../../src/core/data/formats.ts'
import { readPaged } from '../../src/core/data/pagedRead.ts'
import { readAtOnce } from '../../src/core/data/reading.ts'
import type { Table } from '../../src/core/data/table.ts'
import { Ahead } from '../../src/core/sign/ahead.ts'
import type { Compared } from '../../src/core/sign/compareJob.ts'
import { Containment } from '../../src/core/sign/contained.ts'
import { LeanContainment } from '../../src/core/sign/leanContained.ts'
import { LeanSimilar } from '../../src/core/sign/leanSimilar.ts'
import { finishWork, type Work } from '../../src/core/sign/progress.ts'
import { leastShared, readTablesWith } from '../../src/core/sign/readTables.ts'
import { partsOf, rowsJobs } from '../../src/core/sign/rowsJob.ts'
import { parseScheme } from '../../src/core/sign/scheme.ts'
import { Signatures } from '../../src/core/sign/signatures.ts'
import { signPieces } from '../../src/core/sign/signPieces.ts'
import { Similar } from '../../src/core/sign/similar.ts'
import { HeldSpill } from '../../src/core/sign/spill.ts'
import type { Threads } from '../../src/core/sign/threads.ts'
import { parseThreshold } from '../../src/core/sign/threshold.ts'
import { windowsOf } from '../../src/core/text/windows.ts'
import { ThreadPool } from '../../src/node/threads.ts'
import { texts } from '../core/sign/texts.ts'

const root = resolve(import.meta.dirname, '../..')
let home = ''
let pool: ThreadPool
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'winnow-thread-'))
  const outfile = join(home, 'thread.cjs')
  const define = { 'import.meta.url': '""' }
  await build({
    entryPoints: [join(root, 'src/thread.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define,
    outfile,
  })
  pool = new ThreadPool(outfile, 3)
})
afterEach(() => pool.dispose())
afterAll(() => rmSync(home, { recursive: true }))

const tableOf = (rows: readonly string[], name = 'train.jsonl') => {
  // A broken row, a row without text, escapes and repeats among the others.
  const lines = rows.map((text, i) =>
    i % 997 === 5 ? '{"text": "cut o' : i % 991 === 7 ? '{"label": "a"}' : JSON.stringify({ text, label: i % 3 }),
  )
  return parseTables({
    uri: name,
    version: 0,
    bytes: new TextEncoder().encode(lines.join('\n')),
    encoding: 'utf-8',
    bom: false,
  })[0]!.table
}
const many = () => [
  ...texts('sentences', 14_000, 'threads'),
  ...texts('scripts', 6000, 'threads'),
  ...texts('templates', 6000, 'threads'),
]

test.each(['word:1+2', 'word:3', 'char:5'])(
  'signing and joining in threads gives the same slots and sets: %s',
  name => {
    const scheme = parseScheme(name)
    const table = tableOf(many())
    const roles = { text: 'text' }
    const alone = new Signatures(scheme)
    const together = new Signatures(scheme, { shared: true })
    const list = { rowCount: table.rowCount, text: (row: number) => table.text(row, 'text') }
    finishWork(alone.sign('a', list))
    const parts = partsOf(table)!
    const elsewhere = {
      sign: (from: number, to: number, take: Parameters<NonNullable<Parameters<Signatures['sign']>[3]>['sign']>[2]) =>
        pool.run(rowsJobs({ scheme, roles, table: parts, from, to }, 3000), take),
    }
    finishWork(together.sign('a', list, { head: 0, tail: 0 }, elsewhere))
    expect(together.slots('a')).toEqual(alone.slots('a'))
    expect(together.forms.count).toBe(alone.forms.count)
    const { count } = alone.forms
    const end = alone.forms.start[count]!
    for (const part of ['pool', 'start', 'bitsLow', 'bitsHigh', 'wide'] as const) {
      const size = part === 'pool' ? end : part === 'start' ? count + 1 : part === 'wide' ? count * 8 : count
      expect(Buffer.compare(bytesOf(together.forms[part], size), bytesOf(alone.forms[part], size)), part).toBe(0)
    }
    for (const incremental of [false, true]) {
      const t = parseThreshold('0.7')
      const one = new Similar(alone, t, { incremental })
      const several = new Similar(together, t, { incremental, threads: pool })
      finishWork(one.update())
      finishWork(several.update())
      expect(several.cost).toBe(one.cost)
      expect([...several.groups()].sort((a, b) => a[0]! - b[0]!)).toEqual(
        [...one.groups()].sort((a, b) => a[0]! - b[0]!),
      )
      expect([...one.groups()].length).toBeGreaterThan(300)
    }
  },
)

test('a check with threads says what one without them says', () => {
  const rows = many()
  const dataset = {
    name: 'threads',
    splits: [
      { name: 'train' as const, tables: [tableOf(rows)] },
      { name: 'test' as const, tables: [tableOf(texts('sentences', 3000, 'threads'), 'test.jsonl')] },
    ],
  }
  const list = [duplicate, nearDuplicate, leak]
  const kinds = new Set<string>()
  const watched = {
    count: pool.count,
    share: (own: Uint8Array) => pool.share(own),
    run: ((jobs, take, meanwhile) => {
      const seen = function* () {
        for (const job of jobs) {
          kinds.add(job.kind)
          yield job
        }
      }
      return pool.run(seen(), take, meanwhile)
    }) as Threads['run'],
  }
  for (const roles of [{ text: 'text', label: 'label' }, { text: 'text' }]) {
    const said = (threads: Threads | undefined) =>
      finishWork(check({ datasets: [{ ...dataset, roles }], list, threads })).findings.map(
        ({ uri, row, rule, severity, alike, message, related, fixes, key }) =>
          JSON.stringify([uri, row, rule, severity, alike, message, related, fixes.map(({ edits }) => edits), key]),
      )
    const plain = said(undefined)
    expect(plain.length).toBeGreaterThan(1000)
    expect(said(watched)).toEqual(plain)
  }
  const asked = ['rows', 'count', 'grade', 'prefix', 'join', 'recur', 'held', 'hits', 'table', 'holders']
  expect(asked.filter(kind => !kinds.has(kind))).toEqual([])
})

test('what is given up while threads are at it is found by the next check', () => {
  const rows = many()
  const tables = [tableOf([...rows, ...rows.slice(0, 300).map(text => text.split(' ').slice(1).join(' '))])]
  const dataset = { name: 'given up', splits: [{ name: 'train' as const, tables }], roles: { text: 'text' } }
  const memory = new Memory({ incremental: true, threads: pool })
  const work = (of: Memory) => check({ datasets: [dataset], list: [duplicate, nearDuplicate], memory: () => of })
  const said = (of: Memory) => finishWork(work(of)).findings.map(({ row, rule, key }) => `${row} ${rule} ${key}`)
  const plain = said(new Memory({ incremental: true }))
  expect(plain.length).toBeGreaterThan(1000)
  for (const until of ['sign', 'compare', 'cluster', 'containment']) {
    const own = new Memory({ incremental: true, threads: pool })
    for (const of of [memory, own]) {
      const cut = work(of)
      for (let step = cut.next(); !step.done && step.value.phase !== until; step = cut.next());
      cut.return(undefined as never)
    }
    expect(said(own)).toEqual(plain)
  }
  expect(said(memory)).toEqual(plain)
})

test('rows that threads compare in pairs compare as they do here', () => {
  const rows = many().slice(0, 4000)
  const csv = `text\n${rows.map(text => `"${text.replaceAll('"', '""')}"`).join('\n')}`
  const bytes = new TextEncoder().encode(csv)
  const [{ table }] = parseTables({ uri: 'test.csv', version: 0, bytes, encoding: 'utf-8', bom: false }) as [FileTable]
  const splits = [
    { name: 'train' as const, tables: [tableOf(rows), tableOf([], 'none.jsonl')] },
    { name: 'test' as const, tables: [table] },
  ]
  let compared = 0
  const threads: Threads = {
    count: pool.count,
    share: own => pool.share(own),
    run: (jobs, take, meanwhile) => {
      const counted: typeof take = (done, job) => {
        const { kind, inter } = done as Compared
        if (kind === 'compare') compared += inter.filter(one => one >= 0).length
        take(done, job)
      }
      return pool.run(jobs, counted, meanwhile)
    },
  }
  const roles = { text: 'text' }
  const corpus = new Corpus({ name: 'pairs', splits, roles }, new Memory({ incremental: false, threads }))
  const likeness = finishWork(corpus.likeness('word:1+2', 0.8))
  const pairs = Array.from({ length: 8000 }, (_, i) => Math.floor(i / 6) * 2 + (i % 2 === 0 ? 0 : (i * 7) % 4000))
  const exact = finishWork(comparePairs(corpus, likeness, { rows: pairs }))
  for (let i = 0; i < 4000; i++)
    expect(exact(i), `${i}`).toEqual(corpus.compare(likeness, pairs[2 * i]!, pairs[2 * i + 1]!))
  expect(compared).toBeGreaterThan(1000)
  expect(compared).toBeLessThan(4000)
})

test('a file that threads read in parts is the table that it is when it is read at once', () => {
  const row = (i: number) =>
    i % 9973 === 5 ? '{"text": "cut o' : JSON.stringify({ text: `row ${i} é "x"`, label: i % 7 })
  const lines = (count: number, other = '') =>
    Array.from({ length: count }, (_, i) => (i === count - 3 && other ? other : row(i))).join('\n')
  for (const text of [lines(110_000), lines(110_000, '{"late": 1, "late": 2}'), lines(110_000, '["another shape"]')]) {
    const bytes = new Uint8Array(new SharedArrayBuffer(Buffer.byteLength(text)))
    bytes.set(Buffer.from(text))
    expect(bytes.length).toBeGreaterThan(leastShared)
    const source = { uri: 'a.jsonl', version: 0, bytes, encoding: 'utf-8' as const, bom: false }
    const [one] = parseTables(source)
    const [several] = finishWork(readTablesWith(pool, source))
    const facts = ({ table }: NonNullable<typeof one>) => {
      const { starts, ends, broken } = partsOf(table)!
      const places = [starts, ends].map(list => createHash('sha256').update(list).digest('hex'))
      return { columns: table.columns, issues: table.issues, broken, places, text: table.text(100_001, 'text') }
    }
    expect(facts(several!)).toEqual(facts(one!))
  }
})

const files = {
  'a.jsonl': (list: readonly string[]) => list.map(text => JSON.stringify({ text })).join('\n'),
  'a.csv': (list: readonly string[]) =>
    `text,label\n${list.map((text, i) => (i % 993 === 5 ? 'one field' : `"${text.replaceAll('"', '""')}",${i % 3}`)).join('\n')}`,
  'a.txt': (list: readonly string[]) => list.map(text => text.replaceAll(/[\r\n]/g, ' ')).join('\n'),
}

test.each(Object.entries(files))('a file that is read page by page is signed in threads, too: %s', (uri, written) => {
  const bytes = new TextEncoder().encode(written(many()))
  const about = { uri, version: 0, encoding: 'utf-8' as const, bom: false }
  const source = { ...about, bytes: new Uint8Array(0), windows: windowsOf(bytes) }
  const paged = readAtOnce(readPaged({ source, pageBytes: 1 << 18 }))
  const held = parseTables({ ...about, bytes })[0]!.table
  const said = (table: Table, threads: ThreadPool | undefined) => {
    let jobs = 0
    // Whether they take part at all.
    const counted = threads && {
      count: threads.count,
      share: (own: Uint8Array) => threads.share(own),
      run: ((list, take, meanwhile) => {
        jobs++
        return threads.run(list, take, meanwhile)
      }) as Threads['run'],
    }
    const dataset = { name: 'paged', splits: [{ name: 'train' as const, tables: [table] }], roles: { text: 'text' } }
    const { findings } = finishWork(check({ datasets: [dataset], list: [duplicate, nearDuplicate], threads: counted }))
    expect(jobs > 1).toBe(threads !== undefined)
    return findings.map(({ row, rule, message }) => [row, rule, message])
  }
  const plain = said(paged, undefined)
  expect(plain.length).toBeGreaterThan(1000)
  expect(said(paged, pool)).toEqual(plain)
  expect(said(held, pool)).toEqual(plain)
})

test('a run that was begun goes on beside others, and when others are given up', () => {
  const table = tableOf(texts('sentences', 3000, 'runs'))
  const parts = partsOf(table)!
  const shared = { ...parts, source: { ...parts.source, bytes: pool.share(parts.source.bytes) } }
  const of = { scheme: parseScheme('word:3'), roles: { text: 'text' }, table: shared, from: 0, to: table.rowCount }
  const run = (rows: number) => {
    const said: string[] = []
    const work = pool.run(rowsJobs(of, rows), ({ from, slots, forms }) =>
      said.push(
        `${from} ${slots.join()} ${createHash('md5').update(bytesOf(forms.pool, forms.start[forms.count]!)).digest('hex')}`,
      ),
    )
    return { said, work }
  }
  const alone = (rows: number) => {
    const { said, work } = run(rows)
    finishWork(work)
    return said
  }
  const [wide, narrow] = [alone(700), alone(90)]
  expect([wide.length, narrow.length]).toEqual([5, 34])

  const begun = run(700)
  begun.work.next()
  expect(alone(90)).toEqual(narrow)
  expect(alone(90)).toEqual(narrow)
  finishWork(begun.work)
  expect(begun.said).toEqual(wide)

  const other = run(700)
  other.work.next()
  const givenUp = run(90)
  givenUp.work.next()
  givenUp.work.return()
  expect(alone(90)).toEqual(narrow)
  finishWork(other.work)
  expect(other.said).toEqual(wide)
  expect(other.work.next().done).toBe(true)
})

test('rows within others that threads begin to look for before anybody waits are those that are found later', () => {
  const list = texts('sentences', 24_000, 'ahead')
  for (let i = 0; i < 4000; i++) list.push(list[i * 5]!.split(' ').slice(1).join(' '))
  const scheme = parseScheme('word:1+2')
  const t = parseThreshold(0.8)
  const signatures = new Signatures(scheme, { shared: true })
  finishWork(signatures.sign('rows', { rowCount: list.length, text: row => list[row] }))
  const said: string[] = []
  /** Goes on with it so often, and then waits; or only asks for it at the end. */
  const by = (threads: Threads | undefined, steps?: number) => {
    let ahead: Ahead | undefined
    let contained: Containment | undefined
    const similar = new Similar(signatures, t, { incremental: false, threads })
    const newJoin = ({ levels }: Similar) => new Containment(signatures.forms, t, { least: 8, levels, threads })
    const begin = (similar: Similar) => {
      contained = newJoin(similar)
      const prefixes = similar.takePrefixes()
      expect(prefixes?.length).toBe(pool.count)
      ahead = new Ahead(meanwhile => contained!.update({ prefixes, meanwhile }))
      ahead.step()
    }
    finishWork(similar.update(steps === undefined ? undefined : begin))
    expect(ahead === undefined).toBe(threads === undefined || steps === undefined)
    for (let step = 0; step < steps!; step++) ahead?.step()
    let done = 0
    function* meanwhile(): Work<void> {
      for (; done < 5; done++) yield { phase: 'meanwhile', done, total: 5 }
    }
    if (ahead) finishWork(ahead.finish(meanwhile()))
    contained ??= newJoin(similar)
    finishWork(contained.update({ prefixes: similar.takePrefixes() }))
    said.push(`${steps}: ${done}`)
    return [...contained.held()].map(slot => [slot, contained!.holdersOf(slot)])
  }
  const alone = by(undefined, 3)
  expect(alone.length).toBeGreaterThan(1000)
  expect(by(pool)).toEqual(alone)
  expect(by(pool, 0)).toEqual(alone)
  expect(by(pool, 2)).toEqual(alone)
  expect(by(pool, 200_000)).toEqual(alone)
  expect(said.slice(0, 4)).toEqual(['3: 0', 'undefined: 0', '0: 5', '2: 5'])
})

test('a job that fails is an error, and the threads start anew', () => {
  const jobs = [{ kind: 'rows', scheme: parseScheme('word:3'), from: 0, to: 1 } as never]
  expect(() => finishWork(pool.run(jobs, () => {}))).toThrow()
  expect(() => finishWork(pool.run([{ kind: 'x' } as never], () => {}))).toThrow()
})

function bytesOf(list: Int32Array | Uint32Array, size: number): Buffer {
  return Buffer.from(list.buffer, 0, size * 4)
}

test.each([1e6, 4000])(
  'rows within others are found by threads as by one, where sets are put away, %i pairs at a time',
  most => {
    const list = texts('sentences', 3000, 'put away')
    for (let i = 0; i < 600; i++) list.push(list[i * 4]!.split(' ').slice(1).join(' '))
    const scheme = parseScheme('word:1+2')
    const t = parseThreshold(0.8)
    const similar = finishWork(
      LeanSimilar.join({
        t,
        exact: true,
        rowCount: list.length,
        most,
        spill: () => new HeldSpill(),
        sign: take => signPieces({ rowCount: list.length, text: row => list[row] }, scheme, take),
      }),
    )
    const by = (threads: Threads | undefined) => {
      const { forms, levels } = similar
      const contained = new LeanContainment(forms, t, { least: 5, levels, most, threads })
      finishWork(contained.update())
      return { all: [...contained.held()].map(slot => [slot, contained.holdersOf(slot)]), left: contained.unsearched }
    }
    const alone = by(undefined)
    expect(alone.all.length).toBeGreaterThan(20)
    expect(by(pool)).toEqual(alone)
  },
)
