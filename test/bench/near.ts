/*
 * `npm run bench -- near [rows]`: all similar pairs of 100,000 generated rows (about 90 bytes, 17 % near-copies) by Winnow and
 * by datasketch, rensa, semhash (where a Python with them is named by WINNOW_PEERS, or out/peers-venv is there) and the npm
 * package minhash: same rows, same shingles (word:1+2), 128 permutations. Seconds are of the processor. "Whole job" is from the
 * texts in memory to the pairs, which ours verifies and theirs do not; "pairs" is our command, from the file to the printed lines;
 * "signatures" is from the texts to 128 values each, no pairs looked for. Ours run before and after each of theirs, and the
 * median counts. Recall is against the exact truth, which is our pairs with --exact, held to brute force in test/core/sign.
 * "Wrong" are pairs that a peer names and that lie below the threshold. The kernel's signatures are those of its definition to
 * the bit (test/core/sign/kernel.test.ts); their estimates err as those of npm's package (test/core/sign/bands.test.ts).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import { bandingFor, bandPostings } from '../../src/core/sign/bands.ts'
import { joinPairs } from '../../src/core/sign/join.ts'
import { Matcher } from '../../src/core/sign/matcher.ts'
import { MinHash, SlotSignatures } from '../../src/core/sign/minhash.ts'
import { exactPairs } from '../../src/core/sign/pairJoin.ts'
import { PlainOverlap } from '../../src/core/sign/plainOverlap.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { parseScheme } from '../../src/core/sign/scheme.ts'
import { Signatures } from '../../src/core/sign/signatures.ts'
import { parseThreshold, reaches } from '../../src/core/sign/threshold.ts'
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
  readonly signatures: number
  readonly pairs: ReadonlySet<number>
}

const keyOf = (a: number, b: number) => a * 2 ** 24 + b

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** The command: from the file to the lines. */
async function command(path: string, threshold: string, more: readonly string[] = []) {
  const out: string[] = []
  const io = {
    cwd: folder,
    isTTY: false,
    cancel: new AbortController().signal,
    out: (text: string) => void out.push(text),
    err: (text: string) => void say(text.trim()),
  }
  const before = process.cpuUsage()
  await pairs.run([path, '--threshold', threshold, ...more], io)
  const seconds = secondsSince(before)
  const lines = out.join('').split('\n').slice(1).filter(Boolean)
  const found = lines.map(line => line.split('\t')).map(([, a, , b]) => keyOf(Number(a), Number(b)))
  return { seconds, pairs: new Set(found) }
}

/** Texts as bytes one after the other. */
function textsOf(texts: readonly string[]) {
  const bytes = Buffer.from(texts.join('\n'))
  const starts = new Uint32Array(texts.length + 1)
  for (let i = 0; i < texts.length; i++) starts[i + 1] = starts[i]! + texts[i]!.length + 1
  if (starts[texts.length] !== bytes.length + 1) throw new Error('texts of ASCII only')
  const span = (row: number) => ({ start: starts[row]!, end: starts[row + 1]! - 1 })
  return { rowCount: texts.length, text: (row: number) => texts[row], plain: { bytes, span } }
}

const scheme = parseScheme('word:1+2')

/** From texts to verified pairs, by the exact join or by bands. */
function wholeJob(list: readonly string[], threshold: string, by: 'join' | 'bands') {
  const before = process.cpuUsage()
  const texts = textsOf(list)
  const signatures = new Signatures(scheme)
  finishWork(signatures.sign('', texts))
  const { forms } = signatures
  const t = parseThreshold(threshold)
  const all = { alive: () => true, singles: false }
  const found =
    by === 'join'
      ? finishWork(exactPairs(forms, t, { ...all, most: Number.POSITIVE_INFINITY }))!
      : finishWork(
          joinPairs(finishWork(bandPostings(forms, t, { ...all, banding: bandingFor(t) })), new Matcher(forms, t)),
        )
  // The rows are distinct, so slots are rows. What the hashes say is verified on the texts, as the command does.
  const exact = new PlainOverlap()
  const { bytes, span } = texts.plain
  const verified = new Set<number>()
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found.a[i]!, found.b[i]!]
    const { inter, union } = exact.compare({ bytes, ...span(a) }, { bytes, ...span(b) })!
    if (reaches(t, inter, union)) verified.add(keyOf(a, b))
  }
  return { seconds: secondsSince(before), pairs: verified }
}

/** From texts to signatures of 128 values. */
function signaturesOnly(list: readonly string[]): number {
  const before = process.cpuUsage()
  const signatures = new Signatures(scheme)
  finishWork(signatures.sign('', textsOf(list)))
  const { forms } = signatures
  const minhash = new MinHash(128)
  const own = new SlotSignatures(minhash)
  const out = new Uint32Array(forms.count * 128)
  for (let slot = 0; slot < forms.count; slot++) {
    const at = own.of(forms, slot)
    out.set(own.values.subarray(at, at + 128), slot * 128)
  }
  return secondsSince(before)
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
  const [seconds, signatures] = run.stdout.split(' ').map(Number) as [number, number]
  return { seconds, signatures, pairs: new Set(found) }
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
  const hashes = texts.map(text => {
    const words = text.split(' ')
    const one = new Minhash({ numPerm: 128 })
    for (const shingle of new Set([...words, ...words.slice(1).map((word, at) => `${words[at]} ${word}`)]))
      one.update(shingle)
    return one
  })
  const signatures = secondsSince(before)
  const index = new LshIndex({ bandSize: 4 })
  for (const [i, one] of hashes.entries()) index.insert(String(i), one)
  const found = new Set<number>()
  for (const [i, one] of hashes.entries())
    for (const key of index.query(one)) if (Number(key) > i) found.add(keyOf(i, Number(key)))
  return { seconds: secondsSince(before), signatures, pairs: found }
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1]!
}

try {
  const texts = sentences()
  const jsonl = join(folder, 'rows.jsonl')
  const json = join(folder, 'rows.json')
  writeFileSync(jsonl, texts.map(text => `${JSON.stringify({ text })}\n`).join(''))
  writeFileSync(json, JSON.stringify(texts))
  const peers = existsSync(python) ? ['datasketch', 'rensa', 'semhash'] : []
  if (peers.length === 0)
    say(`no ${python}: without datasketch, rensa and semhash beside it (WINNOW_PEERS names a folder)`)
  const times = { whole: [] as number[], bands: [] as number[], command: [] as number[], signatures: [] as number[] }
  const runOurs = async (threshold: string) => {
    const [whole, bands] = [wholeJob(texts, threshold, 'join'), wholeJob(texts, threshold, 'bands')]
    const printed = await command(jsonl, threshold)
    times.whole.push(whole.seconds)
    times.bands.push(bands.seconds)
    times.command.push(printed.seconds)
    times.signatures.push(signaturesOnly(texts))
    return { whole: whole.pairs, bands: bands.pairs, printed: printed.pairs }
  }
  for (let i = 0; i < 2; i++) await runOurs('0.9') // warm
  // It has no threshold, so one run serves both.
  const npm = npmMinhash(texts)
  for (const threshold of ['0.8', '0.7']) {
    const truth = (await command(jsonl, threshold, ['--exact'])).pairs
    for (const list of Object.values(times)) list.length = 0
    await runOurs(threshold)
    const answers: [name: string, answer: Answer | string][] = [['minhash (npm), 32 x 4', npm]]
    for (const name of peers) {
      await runOurs(threshold)
      answers.push([name, peer(name, threshold, json)])
    }
    const found = await runOurs(threshold)
    const [whole, printed, signed] = [median(times.whole), median(times.command), median(times.signatures)]
    say(`\n${texts.length} rows, t = ${threshold}: ${truth.size} pairs`)
    say(`${''.padEnd(28)} whole job   ratio  pairs/file  signatures   ratio    pairs    wrong   recall`)
    const row = (name: string, answer: { seconds: number; pairs: ReadonlySet<number>; signatures?: number }) => {
      let hits = 0
      for (const pair of answer.pairs) if (truth.has(pair)) hits++
      const { seconds, signatures } = answer
      const cells = [
        `${seconds.toFixed(2)} s`.padStart(9),
        (seconds / whole).toFixed(1).padStart(7),
        (seconds / printed).toFixed(1).padStart(11),
        (signatures ? `${signatures.toFixed(2)} s` : '').padStart(11),
        (signatures ? (signatures / signed).toFixed(1) : '').padStart(7),
        String(answer.pairs.size).padStart(8),
        String(answer.pairs.size - hits).padStart(8),
        `${((100 * hits) / truth.size).toFixed(2)} %`.padStart(8),
      ]
      say(`${name.padEnd(28)} ${cells.join(' ')}`)
    }
    row('winnow, texts to pairs', { seconds: whole, signatures: signed, pairs: found.whole })
    row('winnow, the same by bands', { seconds: median(times.bands), pairs: found.bands })
    row('winnow pairs, file to lines', { seconds: printed, pairs: found.printed })
    for (const [name, answer] of answers)
      if (typeof answer === 'string') say(`${name.padEnd(28)} ${answer}`)
      else row(name, answer)
  }
  say('\nasked: 100 times as fast as npm minhash, faster than datasketch and rensa, recall 100 %')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
