/*
 * `npm run bench -- bigfile [megabytes] [bytes a row]`: one large JSONL file, checked by the program in a process of its own:
 * how long it takes, how much memory it has at its peak beside the size of the file, and how soon Ctrl+C ends it. Rows are
 * random words by Zipf's law; one in a hundred repeats an earlier one, one in a hundred all but a word of it, one in
 * ten thousand is broken. The file is made under out/ and deleted in the end.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { random } from '../../src/core/base/random.ts'

const megabytes = Number(process.argv[2] ?? 500)
const rowBytes = Number(process.argv[3] ?? 220)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'out', 'bigfile')
const say = (text: string) => process.stdout.write(`${text}\n`)

try {
  mkdirSync(join(folder, 'data'), { recursive: true })
  const { bundle } = await import(join(root, 'test/tool/build.mjs'))
  await bundle({ out: join(folder, 'dist'), only: ['cli'] })
  const path = join(folder, 'data', 'train.jsonl')
  const rows = makeFile(path)
  const size = statSync(path).size
  say(`${rows.toLocaleString('en')} rows, ${(size / 1e6).toFixed(0)} MB`)
  const whole = await check([])
  const report = JSON.parse(whole.out || '{"counts":{}}') as { counts: { [rule: string]: number } }
  say(
    `exit ${whole.code} after ${(whole.ms / 1000).toFixed(1)} s (${(whole.cpu / 1000).toFixed(1)} s of processor time)`,
  )
  say(`findings: ${JSON.stringify(report.counts)}${whole.err && ` ${whole.err.trim()}`}`)
  say(`peak memory ${(whole.peak / 1e6).toFixed(0)} MB: the file and ${((whole.peak - size) / 1e6).toFixed(0)} MB`)
  for (const share of [0.2, 0.5, 0.8]) {
    const cut = await check([], whole.ms * share)
    say(
      `Ctrl+C after ${((whole.ms * share) / 1000).toFixed(1)} s: ended ${cut.late.toFixed(0)} ms later with ${cut.code}`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function makeFile(path: string): number {
  const generator = random(1)
  const vocabulary = Array.from({ length: 60_000 }, (_, i) => spell(i))
  // Inverse of a Zipf distribution over the vocabulary, good enough to make some words common and most rare.
  const word = () => vocabulary[Math.floor(60_000 ** generator.next()) - 1]!
  const file = openSync(path, 'w')
  const recent: string[][] = []
  let rows = 0
  for (let written = 0; written < megabytes * 1e6; ) {
    const lines: string[] = []
    for (let i = 0; i < 5000; i++, rows++) {
      const luck = generator.next()
      let words: string[]
      if (luck < 0.02 && recent.length > 0) {
        words = [...recent[generator.int(recent.length)]!]
        if (luck < 0.01) words[generator.int(words.length)] = word()
      } else {
        words = []
        const length = (rowBytes - 40) * (0.5 + generator.next())
        for (let have = 0; have < length; have += words.at(-1)!.length + 1) words.push(word())
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

/** Runs the check; `stop` is when it is interrupted, in ms. */
async function check(args: readonly string[], stop?: number) {
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [join(folder, 'dist', 'cli.cjs'), 'check', join(folder, 'data'), '--format', 'json', ...args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const pieces: Buffer[] = []
  let err = ''
  let peak = 0
  let cpu = 0
  let asked = 0
  child.stdout.on('data', piece => pieces.push(piece))
  child.stderr.on('data', piece => (err += piece))
  // The kernel keeps the highest resident size of a process by itself.
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)
      const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ').slice(13, 15)
      cpu = (Number(user) + Number(system)) * 10
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
  // In pieces: the report may be longer than a string can be.
  const out = Buffer.concat(pieces).length < 400e6 ? Buffer.concat(pieces).toString() : ''
  return { code, out, err, peak, cpu, ms: now - started, late: now - asked }
}
