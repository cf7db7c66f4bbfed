/*
 * `npm run bench -- edits [rows] [cancels] [seconds]`: edits of a large dataset, JSON Lines and CSV, from the edit to the findings that it
 * changes, through the checker that serves the editor: words, copies, labels, rows more and less, 200 of them at once, and undone; near
 * the start, near the end and anywhere; one behind the other, and for some seconds with pauses in which a check of all begins. Asked of a million rows: findings within 50 ms and the index within 5 ms, each at the 99th
 * percentile. Then how soon a check of all of it ends when it is cancelled (asked: 200 ms), at random moments, and what it may have
 * to wait for: the longest stretches of the whole check in which nothing else could be done, in processor time of its thread.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { random } from '../../src/core/base/random.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { parseScheme } from '../../src/core/sign/scheme.ts'
import { Signatures } from '../../src/core/sign/signatures.ts'
import { Similar } from '../../src/core/sign/similar.ts'
import { parseThreshold } from '../../src/core/sign/threshold.ts'
import { Checker } from '../../src/node/checker.ts'
import { sentences, writeRows } from './sentences.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const edits = 600
const cancels = Number(process.argv[3] ?? 25)
/** So long edits are made with pauses, for each format, in ms. */
const typing = Number(process.argv[4] ?? 20) * 1000
const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'winnow-bench-'))
const quantile = (list: readonly number[], share: number) =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))]!
const shown = (list: readonly number[]) =>
  `median ${quantile(list, 0.5).toFixed(2)} ms, 99th percentile ${quantile(list, 0.99).toFixed(2)} ms, most ${Math.max(...list).toFixed(2)} ms`

/** Processor time of this thread, in ms, so that neighbours matter less; of the clock where the system does not tell. */
const told = `/proc/self/task/${process.pid}/schedstat`
const own = existsSync(told) ? () => Number(readFileSync(told, 'utf8').split(' ')[0]) / 1e6 : () => performance.now()

/** The longest time by phase between two turns of the event loop. */
class Stretches {
  phase = 'begin'
  private readonly longest = new Map<string, number>()
  private last = own()
  private before = 'begin'
  private watching = true

  constructor() {
    setImmediate(this.look)
  }

  end(): string {
    this.watching = false
    const list = [...this.longest].sort((a, b) => b[1] - a[1]).slice(0, 6)
    return list.map(([phase, time]) => `${phase} ${time.toFixed(0)} ms`).join(', ')
  }

  private readonly look = () => {
    const took = own() - this.last
    const phase = this.before === this.phase ? this.phase : `${this.before} to ${this.phase}`
    if (took > (this.longest.get(phase) ?? 0)) this.longest.set(phase, took)
    this.before = this.phase
    this.last = own()
    if (this.watching) setImmediate(this.look)
  }
}

/** Lines of a document, some hundreds together, as text: an editor's copy that is no part of what is measured. */
class Document {
  private readonly pages: { lines: string[] | undefined; text: string; count: number }[] = []

  constructor(text: string) {
    const lines = text.split('\n')
    for (let from = 0; from < lines.length; from += 500) {
      const part = lines.slice(from, from + 500)
      this.pages.push({ lines: undefined, text: part.join('\n'), count: part.length })
    }
  }

  get length(): number {
    return this.pages.reduce((sum, page) => sum + page.count, 0)
  }

  line(at: number): string {
    const { page, first } = this.page(at)
    return (page.lines ?? page.text.split('\n'))[at - first]!
  }

  /** Puts lines in the place of some, which are on one page; gives those. */
  splice(at: number, count: number, put: readonly string[]): string[] {
    const { page, first } = this.page(at)
    page.lines ??= page.text.split('\n')
    const gone = page.lines.splice(at - first, count, ...put)
    page.count = page.lines.length
    return gone
  }

  /** How many of the lines from one on are on its page. */
  left(at: number): number {
    const { page, first } = this.page(at)
    return first + page.count - at
  }

  private page(at: number) {
    let first = 0
    for (const page of this.pages) {
      if (at < first + page.count) return { page, first }
      first += page.count
    }
    throw new Error(`there is no line ${at}`)
  }
}

/** Pauses of the collector of garbage, and those that came while an edit was followed. */
const pauses: { readonly at: number; readonly ms: number }[] = []
new PerformanceObserver(list => {
  for (const { startTime, duration } of list.getEntries()) pauses.push({ at: startTime, ms: duration })
}).observe({ entryTypes: ['gc'] })

interface Format {
  readonly name: 'jsonl' | 'csv'
  /** Lines above the first row. */
  readonly head: number
  write(path: string, texts: readonly string[]): void
  parse(line: string): { readonly text: string; readonly label: string }
  print(text: string, label: string): string
}

const formats: readonly Format[] = [
  {
    name: 'jsonl',
    head: 0,
    write: writeRows,
    parse: line => JSON.parse(line) as { text: string; label: string },
    print: (text, label) => JSON.stringify({ text, label }),
  },
  {
    name: 'csv',
    head: 1,
    write: (path, texts) => {
      writeFileSync(path, 'text,label\n')
      for (let from = 0; from < texts.length; from += 50_000)
        appendFileSync(
          path,
          texts
            .slice(from, from + 50_000)
            .map((text, i) => `"${text}",label${(from + i) % 7}\n`)
            .join(''),
        )
    },
    parse: line => {
      const end = line.lastIndexOf('",')
      return { text: line.slice(1, end), label: line.slice(end + 2) }
    },
    print: (text, label) => `"${text}",${label}`,
  },
]

/** Follows edits of all kinds in a dataset of so many rows, as an editor tells them. */
async function follow(format: Format, folder: string): Promise<void> {
  const r = random('edits')
  const [train, test] = [join(folder, `train.${format.name}`), join(folder, `test.${format.name}`)]
  // Larger files of CSV are read from disk as they are asked for, and no editor follows edits of them.
  const count = format.name === 'csv' ? Math.min(rows, 250_000) : rows
  format.write(train, sentences(count))
  format.write(test, sentences(Math.max(100, count / 100), 'test'))
  let stretches: Stretches | undefined
  let refreshed = 0
  const checker = new Checker(
    state => {
      if (stretches) stretches.phase = state.phase
    },
    () => void refreshed++,
  )
  const request = { folders: [folder], documents: [], rules: { 'label-error': 'off' } }
  const started = performance.now()
  stretches = new Stretches()
  const found = (await checker.check(request)).findings.length
  const longest = stretches.end()
  say(`${count} rows of ${format.name}, ${found} findings, in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  say(`  longest stretches without a turn of the event loop: ${longest}; asked: 100 ms`)
  const documents = {
    [train]: new Document(readFileSync(train, 'utf8')),
    [test]: new Document(readFileSync(test, 'utf8')),
  }
  const times: { [kind: string]: number[] } = {}
  const all: { readonly kind: string; readonly begun: number; readonly took: number }[] = []
  const spent: number[] = []
  let version = 1
  let undo: { readonly uri: string; readonly at: number; readonly count: number; readonly put: readonly string[] }
  const change = async (kind: string, uri: string, at: number, count: number, put: readonly string[]) => {
    const document = documents[uri]!
    const last = at + count === document.length - 1
    const whole = put.length === 0 || count === 0
    const range = whole
      ? { line: at, column: 0, endLine: at + count, endColumn: 0 }
      : { line: at, column: 0, endLine: at + count - 1, endColumn: document.line(at + count - 1).length }
    const text = put.join('\n') + (whole && put.length > 0 ? '\n' : '')
    if (whole && last && put.length === 0) return
    const used = own()
    const begun = performance.now()
    const done = await checker.change({ uri, version: ++version, edits: [{ range, text }] })
    const took = performance.now() - begun
    spent.push(own() - used)
    if (!done) throw new Error(`an edit was not followed: ${kind}, line ${at} of ${document.length}, ${count}`)
    undo = { uri, at, count: put.length, put: document.splice(at, count, put) }
    ;(times[kind] ??= []).push(took)
    all.push({ kind, begun, took })
  }
  const one = async (i: number) => {
    const document = documents[train]!
    // Near the start, near the end, or anywhere.
    const place = [r.int(50), document.length - 60 + r.int(50), r.int(document.length - 1), r.int(document.length - 1)][
      r.int(4)
    ]!
    const at = Math.max(format.head, place)
    const { text, label } = format.parse(document.line(at))
    const words = text.split(' ')
    words[r.int(words.length)] = `word${i}`
    const word = format.print(words.join(' '), label)
    const other = () => document.line(Math.max(format.head, r.int(document.length - 1)))
    const leak = format.head + r.int(documents[test]!.length - 1 - format.head)
    const many = Math.max(1, Math.min(200, document.left(at) - 1))
    switch (i % 10) {
      case 0:
        return change('a word', train, at, 1, [word])
      case 1:
        return change('a copy', train, at, 1, [other()])
      case 2:
        return change('a leak', test, leak, 1, [other()])
      case 3:
        return change('no leak', test, leak, 1, [word])
      case 4:
        return change('a label', train, at, 1, [format.print(text, 'other')])
      case 5:
        return change('a row more', train, at, 0, [word])
      case 6:
        return change('a row less', train, at, 1, [])
      case 7:
        return change(
          '200 rows pasted',
          train,
          at,
          0,
          Array.from({ length: 200 }, (_, j) =>
            j % 2 ? other() : format.print(`${words.join(' ')} ${i} ${j * j}`, label),
          ),
        )
      case 8:
        return change('200 rows less', train, at, many, [])
      default:
        return change('undone', undo.uri, undo.at, undo.count, undo.put)
    }
  }
  const tell = (what: string) => {
    const list = all.splice(0).sort((a, b) => b.took - a.took)
    say(
      `${what}, ${list.length} edits of ${format.name}: ${shown(list.map(({ took }) => took))}; asked: 50 ms at the 99th percentile`,
    )
    const pausesOf = ({ begun, took }: (typeof list)[number]) =>
      pauses.filter(({ at, ms }) => at + ms > begun && at < begun + took).reduce((sum, { ms }) => sum + ms, 0)
    const slowest = list
      .slice(0, 6)
      .map(edit => `${edit.kind} ${edit.took.toFixed(0)} ms (${pausesOf(edit).toFixed(0)} ms)`)
    say(`  the slowest, and how long the collector of garbage paused in each: ${slowest.join(', ')}`)
  }
  await new Promise(resolve => setTimeout(resolve, 20))
  const before = pauses.length
  const rested = process.memoryUsage().heapUsed
  // A turn of the event loop between two, in which nobody types either.
  for (let i = 0; i < edits; i++) {
    await one(i)
    await new Promise(resolve => setImmediate(resolve))
  }
  for (const [kind, list] of Object.entries(times)) say(`  ${kind.padEnd(15)} ${shown(list)}`)
  await new Promise(resolve => setTimeout(resolve, 20))
  tell('edit to findings')
  say(`  processor time of an edit, which neighbours change less: ${shown(spent)}`)
  const came = pauses.slice(before)
  say(
    `  heap ${(rested / 1e6).toFixed(0)} MB, other memory ${(process.memoryUsage().arrayBuffers / 1e6).toFixed(0)} MB; ${came.length} pauses of the collector of garbage, together ${came.reduce((sum, { ms }) => sum + ms, 0).toFixed(0)} ms`,
  )
  // A person types, and thinks now and then: a check of all begins, and the next edit ends it.
  for (const kind of Object.keys(times)) delete times[kind]
  for (let i = 0, end = performance.now() + typing; performance.now() < end; i++) {
    await new Promise(resolve => setTimeout(resolve, r.int(4) === 0 ? 400 + r.int(1500) : 30 + r.int(100)))
    await one(i)
  }
  await new Promise(resolve => setTimeout(resolve, 20))
  tell('while a check of all may be under way')
  say(`  ${refreshed} of these checks came to an end`)
  checker.dispose()
}

try {
  for (const format of formats) {
    const own = join(folder, format.name)
    mkdirSync(own)
    await follow(format, own)
    rmSync(own, { recursive: true })
  }

  const r = random('probes')
  const texts = sentences(rows)
  const signatures = new Signatures(parseScheme('word:1+2'))
  finishWork(signatures.sign('a', { rowCount: rows, text: row => texts[row] }))
  const similar = new Similar(signatures, parseThreshold(0.8), { incremental: true })
  finishWork(similar.update())
  const probes: number[] = []
  for (let i = 0; i < edits * 10; i++) {
    const words = texts[r.int(rows)]!.split(' ')
    words[r.int(words.length)] = texts[r.int(rows)]!.split(' ')[0]!
    const begun = performance.now()
    finishWork(signatures.sign(`probe ${i % 5}`, { rowCount: 1, text: () => words.join(' ') }))
    finishWork(similar.update())
    probes.push(performance.now() - begun)
  }
  say(`index, text to similar forms, ${probes.length} probes: ${shown(probes)}; asked: 5 ms at the 99th percentile`)

  const cancelled = join(folder, 'cancelled')
  mkdirSync(cancelled)
  writeRows(join(cancelled, 'train.jsonl'), texts)
  writeRows(join(cancelled, 'test.jsonl'), sentences(Math.max(100, rows / 100), 'test'))
  const request = { folders: [cancelled], documents: [], rules: { 'label-error': 'off' } }
  const waits: number[] = []
  const used: number[] = []
  for (let i = 0; i < cancels; i++) {
    const fresh = new Checker(() => {})
    let ended = 0
    let spent = 0
    const checking = fresh.check(request).then(
      () => 0,
      () => {
        ended = performance.now()
        spent = own() - spent
        return 1
      },
    )
    await new Promise(resolve => setTimeout(resolve, 50 + r.int(Math.min(8000, rows / 125))))
    const asked = performance.now()
    spent = own()
    fresh.cancel()
    if (await checking) {
      waits.push(ended - asked)
      used.push(spent)
    }
    fresh.dispose()
  }
  if (waits.length > 0)
    say(
      `cancelled at ${waits.length} random moments of a check: ${shown(waits)}; asked: 200 ms; processor time ${shown(used)}`,
    )
} finally {
  rmSync(folder, { recursive: true })
}
