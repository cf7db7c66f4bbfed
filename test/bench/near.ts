/*
 * `npm run bench -- near [rows]`: all similar pairs of 100,000 generated rows (about 90 bytes, 17 % near-copies) by Winnow and
 * by datasketch, rensa, semhash (where a Python with them is named by WINNOW_PEERS, or out/peers-venv is there) and the npm
 * package minhash: same rows, same shingles (word:1+2), 128 permutations. Seconds are of the processor, from texts to
 * pairs (ours: from the file to verified pairs, printed); recall is against the exact truth, which is our pairs with
 * --exact, held to brute force in test/core/sign. "Wrong" are pairs that a peer names and that lie below the threshold.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import { command as pairs } from '../../src/node/commands/pairs.ts'

const count = Number(process.argv[2] ?? 100_000)
const venv = process.env['WINNOW_PEERS'] ?? 'out/peers-venv'
const python = join(venv, 'bin/python')
const folder = mkdtempSync(join(tmpdir(), 'winnow-near-'))
const say = (text: string) => process.stdout.write(`${text}\n`)

/** Sentences of Zipf-drawn words, no two the same; 17 % are copies with a word replaced, left out or added. */
function sentences(): string[] {
  const r = random('near')
  const letters = 'eeeeeeeetttttaaaaooooiiiinnnnsssshhhrrrrddllucmwfgypbvk'
  const words = new Set<string>()
  while (words.size < 30_000)
    words.add(Array.from({ length: 1 + r.int(5) + r.int(5) }, () => letters[r.int(letters.length)]).join(''))
  const list = [...words]
  const word = () => list[Math.floor(list.length ** (0.15 + 0.85 * r.next())) - 1]!
  const rows = new Set<string>()
  const order: string[] = []
  while (order.length < count) {
    let text = Array.from({ length: 8 + r.int(14) }, word).join(' ')
    if (order.length > 0 && r.next() < 0.17) {
      const parts = order[r.int(order.length)]!.split(' ')
      const at = r.int(parts.length)
      const kind = r.next()
      parts.splice(at, kind < 0.8 ? 1 : 0, ...(kind < 0.6 || kind >= 0.8 ? [word()] : []))
      text = parts.join(' ')
    }
    if (rows.has(text)) continue
    rows.add(text)
    order.push(text)
  }
  return order
}

interface Answer {
  readonly seconds: number
  readonly pairs: ReadonlySet<number>
}

const keyOf = (a: number, b: number) => a * 2 ** 24 + b

async function ours(path: string, threshold: string, more: readonly string[] = []): Promise<Answer> {
  const before = process.cpuUsage()
  const out: string[] = []
  const io = {
    cwd: folder,
    isTTY: false,
    cancel: new AbortController().signal,
    out: (text: string) => void out.push(text),
    err: (text: string) => void say(text.trim()),
  }
  await pairs.run([path, '--threshold', threshold, ...more], io)
  const { user, system } = process.cpuUsage(before)
  const lines = out.join('').split('\n').slice(1).filter(Boolean)
  const found = lines.map(line => line.split('\t')).map(([, a, , b]) => keyOf(Number(a), Number(b)))
  return { seconds: (user + system) / 1e6, pairs: new Set(found) }
}

function peer(name: string, threshold: string, rows: string): Answer | string {
  const out = join(folder, 'pairs.tsv')
  const run = spawnSync(python, ['test/bench/peers/near.py', name, threshold, rows, out], {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  })
  if (run.status === 3) return 'not installed'
  if (run.status !== 0) return (run.stderr.trim().split('\n').at(-1) ?? 'failed').slice(0, 90)
  const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean)
  const found = lines.map(line => line.split('\t')).map(([a, b]) => keyOf(Number(a), Number(b)))
  return { seconds: Number(run.stdout), pairs: new Set(found) }
}

interface MinhashPackage {
  readonly Minhash: new (options: { numPerm: number }) => { update(text: string): void }
  readonly LshIndex: new (options: {
    bandSize: number
  }) => { insert(key: string, m: unknown): void; query(m: unknown): string[] }
}

/** The npm package with bands of 4 of its 128 values: it has no threshold. */
function npmMinhash(texts: readonly string[]): Answer {
  const { Minhash, LshIndex } = createRequire(import.meta.url)('minhash') as MinhashPackage
  const before = process.cpuUsage()
  const index = new LshIndex({ bandSize: 4 })
  const hashes = texts.map((text, i) => {
    const words = text.split(' ')
    const one = new Minhash({ numPerm: 128 })
    for (const shingle of new Set([...words, ...words.slice(1).map((word, at) => `${words[at]} ${word}`)]))
      one.update(shingle)
    index.insert(String(i), one)
    return one
  })
  const found = new Set<number>()
  for (const [i, one] of hashes.entries())
    for (const key of index.query(one)) if (Number(key) > i) found.add(keyOf(i, Number(key)))
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, pairs: found }
}

try {
  const texts = sentences()
  const jsonl = join(folder, 'rows.jsonl')
  const json = join(folder, 'rows.json')
  writeFileSync(jsonl, texts.map(text => `${JSON.stringify({ text })}\n`).join(''))
  writeFileSync(json, JSON.stringify(texts))
  if (!existsSync(python))
    say(`no ${python}: without datasketch, rensa and semhash beside it (WINNOW_PEERS names a folder)`)
  await ours(jsonl, '0.9') // warm
  // It has no threshold, so one run serves both.
  const npm = npmMinhash(texts)
  for (const threshold of ['0.8', '0.7']) {
    const truth = (await ours(jsonl, threshold, ['--exact'])).pairs
    const times: Answer[] = []
    for (let n = 0; n < 3; n++) times.push(await ours(jsonl, threshold))
    const own = times.sort((a, b) => a.seconds - b.seconds)[1]!
    say(`\n${texts.length} rows, t = ${threshold}: ${truth.size} pairs`)
    say(`${''.padEnd(26)}    seconds   ratio    pairs    wrong  recall`)
    const row = (name: string, { seconds, pairs: found }: Answer) => {
      let hits = 0
      for (const pair of found) if (truth.has(pair)) hits++
      const cells = [
        seconds.toFixed(2).padStart(10),
        (seconds / own.seconds).toFixed(1).padStart(7),
        String(found.size).padStart(8),
        String(found.size - hits).padStart(8),
        `${((100 * hits) / truth.size).toFixed(2)} %`.padStart(9),
      ]
      say(`${name.padEnd(26)} ${cells.join(' ')}`)
    }
    row('winnow pairs', own)
    row('minhash (npm), 32 x 4', npm)
    if (existsSync(python))
      for (const name of ['datasketch', 'rensa', 'semhash']) {
        const answer = peer(name, threshold, json)
        if (typeof answer === 'string') say(`${name.padEnd(26)} ${answer}`)
        else row(name, answer)
      }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
