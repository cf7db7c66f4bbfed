/*
 * `npm run bench -- bigfile [megabytes] [least bytes a row] [most]`: one large JSONL file (2,000 MB, rows of 90 to 2,000 bytes),
 * checked by the program in a process of its own, beside two plain passes over the same file in the same run: reading it, and
 * reading it with JSON.parse of each line. Printed are wall time, rows a second, the peak of resident memory, when the first
 * finding was told, and how soon Ctrl+C is heard: at all moments of that run, by the time between two looks at the cancel flag,
 * and in earnest at random moments of checks of its first part. Sentences are words by Zipf's law; one row in a hundred repeats an
 * earlier one, one in a hundred all but a word of it, one in two hundred holds an address, one in ten thousand is broken. The
 * file is made under out/ and deleted in the end.
 */
import { spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { random } from '../../src/core/base/random.ts'

const megabytes = Number(process.argv[2] ?? 2000)
const least = Number(process.argv[3] ?? 90)
const most = Number(process.argv[4] ?? 2000)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'out', 'bigfile')
const path = join(folder, 'data', 'train.jsonl')
const say = (text: string) => process.stdout.write(`${text}\n`)
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

/** Writes down, at the end of a process, how long each time passed between two looks at a cancel flag. */
const preload = `
const gaps = []
let last = 0
const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')
const look = () => {
  const now = performance.now()
  if (last > 0) gaps.push(now - last)
  last = now
}
Object.defineProperty(AbortSignal.prototype, 'aborted', { get() { look(); return get.call(this) } })
process.on('exit', () => {
  look()
  require('node:fs').writeFileSync(process.env.LOOKS, JSON.stringify(gaps))
})
`

try {
  mkdirSync(join(folder, 'data'), { recursive: true })
  const { bundle } = await import(join(root, 'test/tool/build.mjs'))
  await bundle({ out: join(folder, 'dist'), only: ['cli', 'thread'] })
  const rows = makeFile()
  const { size } = statSync(path)
  say(`${rows.toLocaleString('en')} rows of ${least} to ${most} bytes, ${(size / 1e6).toFixed(0)} MB`)
  const read = timed(() => plainPass(() => {}))
  const parse = timed(() => plainPass(line => void JSON.parse(line)))
  say(`read ${seconds(read)}, read and JSON.parse of each line ${seconds(parse)}`)
  const looks = join(folder, 'looks.json')
  const whole = await check({ looks })
  const { counts } = lastPart(whole.out)
  say(
    `checked in ${seconds(whole.ms)} (exit ${whole.code}, ${seconds(whole.cpu)} of processor time): ${(whole.ms / parse).toFixed(1)} times reading and parsing, ${Math.round(rows / (whole.ms / 1000)).toLocaleString('en')} rows/s`,
  )
  say(
    `peak memory ${(whole.peak / 1e6).toFixed(0)} MB, ${(whole.peak / size).toFixed(2)} of the file, ${Math.round(whole.peak / rows)} bytes a row; the first finding after ${seconds(whole.first)} (${seconds(whole.firstCpu)} of processor time)`,
  )
  say(`findings: ${JSON.stringify(counts)}`)
  sayGaps(JSON.parse(readFileSync(looks, 'utf8')) as number[])
  await interrupt()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Between two looks at the cancel flag nothing hears of Ctrl+C, and it comes at any moment alike: how long it waits is told for
 * all moments of the run.
 */
function sayGaps(gaps: readonly number[]): void {
  const sorted = Float64Array.from(gaps).sort()
  const total = sorted.reduce((sum, gap) => sum + gap, 0)
  // A moment is in a gap as often as that is long, and on average in the middle of it.
  let before = 0
  const median = sorted.find(gap => (before += gap) >= total / 2) ?? 0
  const late = sorted.filter(gap => gap > 200)
  say(
    `Ctrl+C at any moment of that run: heard after ${(median / 2).toFixed(1)} ms (median), ${(sorted.at(-1) ?? 0).toFixed(0)} ms at most; ${late.length} of ${sorted.length} gaps are longer than 200 ms`,
  )
}

/** Ctrl+C in earnest, at random moments of checks of the first part of the file, for two minutes at most. */
async function interrupt(): Promise<void> {
  const part = join(folder, 'part')
  mkdirSync(part, { recursive: true })
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(Math.min(statSync(path).size, 60e6))
  readSync(file, bytes, 0, bytes.length, 0)
  closeSync(file)
  writeFileSync(join(part, 'train.jsonl'), bytes.subarray(0, bytes.lastIndexOf(10) + 1))
  const generator = random(2)
  const started = performance.now()
  const { ms } = await check({ of: part, memory: 64 })
  const late: number[] = []
  while (late.length < 20 && performance.now() - started + ms < 120_000)
    late.push((await check({ of: part, memory: 64, stop: 300 + (ms - 300) * generator.next() })).late)
  late.sort((a, b) => a - b)
  say(
    `Ctrl+C at ${late.length} random moments of checks of its first ${(bytes.length / 1e6).toFixed(0)} MB, put away as well: ended after ${at(late, 0.5).toFixed(0)} ms (median), ${(late.at(-1) ?? 0).toFixed(0)} ms at most`,
  )
}

/** The end of a report, which may be longer than a string can be. */
function lastPart(pieces: readonly Buffer[]): { readonly counts: { readonly [rule: string]: number } } {
  const end = Buffer.concat(pieces.slice(-20)).toString()
  const found = /"counts": (\{[^}]*\})/.exec(end)
  return { counts: found ? (JSON.parse(found[1]!) as { [rule: string]: number }) : {} }
}

function timed(work: () => void): number {
  const started = performance.now()
  work()
  return performance.now() - started
}

function plainPass(line: (text: string) => void): void {
  const file = openSync(path, 'r')
  const buffer = Buffer.alloc(1 << 20)
  let have = 0
  for (;;) {
    const got = readSync(file, buffer, have, buffer.length - have, null)
    if (got === 0) break
    const end = have + got
    let from = 0
    for (;;) {
      const stop = buffer.indexOf(10, from)
      if (stop < 0 || stop >= end) break
      try {
        line(buffer.toString('utf8', from, stop))
      } catch {
        // One of the broken rows.
      }
      from = stop + 1
    }
    buffer.copy(buffer, 0, from, end)
    have = end - from
  }
  closeSync(file)
}

function makeFile(): number {
  const generator = random(1)
  const vocabulary = Array.from({ length: 60_000 }, (_, i) => spell(i))
  // Inverse of a Zipf distribution over the vocabulary, good enough to make some words common and most rare.
  const word = () => vocabulary[Math.floor(60_000 ** generator.next()) - 1]!
  const file = openSync(path, 'w')
  const recent: string[][] = []
  let rows = 0
  for (let written = 0; written < megabytes * 1e6; ) {
    const lines: string[] = []
    for (let i = 0; i < 2000; i++, rows++) {
      const luck = generator.next()
      let words: string[]
      if (luck < 0.02 && recent.length > 0) {
        words = [...recent[generator.int(recent.length)]!]
        if (luck < 0.01) words[generator.int(words.length)] = word()
      } else {
        words = []
        // Short rows are more frequent than long ones, as they are in real data: the logarithm of the length is uniform.
        const length = least * (most / least) ** generator.next() - 38
        for (let have = 0, sentence = 0; have < length; sentence++) {
          const end = sentence % 14 === 13
          const next = word() + (end ? '.' : '')
          words.push(next)
          have += next.length + 1
        }
        if (luck > 0.995) words.push(`mail ${word()}.${word()}@firm${generator.int(99)}.org`)
        if (luck > 0.94 && luck < 0.99) words.push('naïve café')
        if (recent.length === 0) recent.push(...Array.from({ length: 2000 }, () => words))
        else if (generator.next() < 0.01) recent[generator.int(2000)] = words
      }
      lines.push(
        luck > 0.9999 ? '{"text": "cut' : `{"text": "${words.join(' ')}", "label": "label ${generator.int(20)}"}`,
      )
    }
    written += writeSync(file, `${lines.join('\n')}\n`)
  }
  closeSync(file)
  return rows
}

function spell(n: number): string {
  let text = ''
  for (let rest = n + 26; rest > 0; rest = Math.floor(rest / 26)) text += String.fromCharCode(97 + (rest % 26))
  return text + 'aeiou'[n % 5]
}

/** Processor time of a process so far, in ms. */
function cpuOf(pid: number): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15)
  return (Number(user) + Number(system)) * 10
}

interface Asked {
  /** The folder, the whole file if not said. */
  readonly of?: string
  readonly memory?: number
  /** When the check is interrupted, in ms. */
  readonly stop?: number
  /** Where the gaps between looks at the cancel flag are written. */
  readonly looks?: string
}

async function check({ of = join(folder, 'data'), memory, stop, looks }: Asked = {}) {
  const started = performance.now()
  const script = join(folder, 'preload.cjs')
  if (looks !== undefined) writeFileSync(script, preload)
  const child = spawn(
    process.execPath,
    [
      ...(looks === undefined ? [] : ['--require', script]),
      join(folder, 'dist', 'cli.cjs'),
      ...['check', of, '--format', 'json'],
      ...(memory === undefined ? [] : ['--memory', String(memory)]),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LOOKS: looks, XDG_CACHE_HOME: folder } },
  )
  const out: Buffer[] = []
  let err = ''
  let peak = 0
  let cpu = 0
  let asked = 0
  let first = Number.POSITIVE_INFINITY
  let firstCpu = 0
  const told = () => {
    if (first < Number.POSITIVE_INFINITY) return
    first = performance.now() - started
    firstCpu = cpuOf(child.pid!)
  }
  child.stdout.on('data', piece => {
    told()
    out.push(piece)
    if (out.length > 40) out.shift()
  })
  child.stderr.on('data', piece => {
    err += piece
    if (/\d+:\d+/.test(err)) told()
  })
  // The kernel keeps the highest resident size of a process by itself.
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)
      cpu = cpuOf(child.pid!)
    } catch {
      // It has ended.
    }
  }, 50)
  const timer =
    stop &&
    setTimeout(() => {
      asked = performance.now()
      child.kill('SIGINT')
    }, stop)
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  clearInterval(look)
  if (timer) clearTimeout(timer)
  const now = performance.now()
  if (code !== 0 && code !== 1 && !stop) say(err)
  return { code, out, err, peak, cpu, first, firstCpu, ms: now - started, late: asked > 0 ? now - asked : 0 }
}
