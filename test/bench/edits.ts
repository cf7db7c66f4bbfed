/*
 * `npm run bench -- edits [rows] [cancels]`: one-row edits of a large dataset, from the edit to the findings that it changes, through the
 * checker that serves the editor. Asked of a million rows: findings within 50 ms and the index within 5 ms, each at the 99th
 * percentile. Then how soon a check of all of it ends when it is cancelled (asked: 200 ms), at random moments, and what it may have
 * to wait for: the longest stretches of the whole check in which nothing else could be done, in processor time of its thread.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { parseScheme } from '../../src/core/sign/scheme.ts'
import { Signatures } from '../../src/core/sign/signatures.ts'
import { Similar } from '../../src/core/sign/similar.ts'
import { parseThreshold } from '../../src/core/sign/threshold.ts'
import { Checker } from '../../src/node/checker.ts'
import { sentences, writeRows } from './sentences.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const edits = 300
const cancels = Number(process.argv[3] ?? 25)
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

try {
  const texts = sentences(rows)
  const train = join(folder, 'train.jsonl')
  const test = join(folder, 'test.jsonl')
  writeRows(train, texts)
  writeRows(test, sentences(Math.max(100, rows / 100), 'test'))
  const r = random('edits')
  let stretches: Stretches | undefined
  const checker = new Checker(state => {
    if (stretches) stretches.phase = state.phase
  })
  const request = { folders: [folder], documents: [], rules: { 'label-error': 'off' } }
  let started = performance.now()
  stretches = new Stretches()
  const { findings } = await checker.check(request)
  const longest = stretches.end()
  say(`${rows} rows, ${findings.length} findings, in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  say(`  longest stretches without a turn of the event loop: ${longest}; asked: 100 ms`)
  started = performance.now()
  say(`made ready for edits in ${(performance.now() - started).toFixed(0)} ms`)

  const lines = readFileSync(train, 'utf8').trimEnd().split('\n')
  const times: { [kind: string]: number[] } = {}
  const processor: number[] = []
  const change = async (kind: string, uri: string, at: number, text: string, version: number) => {
    const list = uri === train ? lines : evaluation
    const range = { line: at, column: 0, endLine: at, endColumn: list[at]!.length }
    const used = process.cpuUsage()
    const begun = performance.now()
    const done = await checker.change({ uri, version, edits: [{ range, text }] })
    const took = performance.now() - begun
    const { user, system } = process.cpuUsage(used)
    processor.push((user + system) / 1000)
    if (!done) throw new Error(`an edit was not followed: ${text}`)
    list.splice(at, 1, ...text.split('\n'))
    ;(times[kind] ??= []).push(took)
  }
  const evaluation = readFileSync(test, 'utf8').trimEnd().split('\n')
  for (let i = 0; i < edits; i++) {
    const at = r.int(lines.length)
    const row = JSON.parse(lines[at]!) as { text: string; label: string }
    const words = row.text.split(' ')
    words[r.int(words.length)] = `word${i}`
    const word = JSON.stringify({ ...row, text: words.join(' ') })
    const other = lines[r.int(lines.length)]!
    switch (i % 6) {
      case 0:
        await change('a word', train, at, word, i + 2)
        break
      case 1:
        await change('a copy', train, at, other, i + 2)
        break
      case 2:
        await change('a leak', test, r.int(evaluation.length), other, i + 2)
        break
      case 3:
        await change('no leak', test, r.int(evaluation.length), word, i + 2)
        break
      case 4:
        await change('a label', train, at, JSON.stringify({ ...row, label: 'other' }), i + 2)
        break
      default:
        await change('a row more', train, at, `${lines[at]}\n${word}`, i + 2)
    }
  }
  for (const [kind, list] of Object.entries(times)) say(`  ${kind.padEnd(10)} ${shown(list)}`)
  const all = Object.values(times).flat()
  say(`edit to findings, ${all.length} edits: ${shown(all)}; asked: 50 ms at the 99th percentile`)

  say(`  processor time of an edit, which neighbours change less: ${shown(processor)}`)

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
