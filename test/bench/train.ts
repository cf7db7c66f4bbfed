/*
 * `npm run bench -- train [case ...]`: tokens per second, peak memory, and the rate of a step's matrix products against a
 * 2048-cubed product in the same runtime, beside PyTorch (transformers, PEFT) with the same shapes and batches. All three go
 * in turn, round after round, in processes of their own, so that what else the machine does falls on each; figures are
 * medians over the rounds, `best` the best round of each, and
 * `by CPU` goes by processor time, with THREADS=1 what other work on the machine hardly changes (PyTorch's threads spin while they wait). A case is named as in `speed/cases.ts`, or by a part of its name. ROUNDS and THREADS in the
 * environment. Without out/peers-venv there is no PyTorch beside it.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuCases, type SpeedCase } from './speed/cases.ts'
import { type Answer, serve } from './speed/child.ts'
import { Partner } from './speed/partner.ts'

const args = process.argv.slice(2)
if (args[0] === 'child') await serve()
const root = process.cwd()
const threads = Number(process.env['THREADS'] ?? 2)
const rounds = Number(process.env['ROUNDS'] ?? 7)
const python = join(root, 'out/peers-venv/bin/python')
const beside = existsSync(python)
if (!beside) process.stdout.write('PyTorch skipped: there is no out/peers-venv\n')
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] as number

interface Round {
  readonly ours: number
  readonly cpu: number
  readonly peer: number
  readonly peerCpu: number
  readonly ratio: number
  readonly byCpu: number
  /** The same of the step's products with nothing between them, their operators shared out among the threads. */
  readonly alone: number
}

/** One case: both trainers are open at once and take turns. */
async function measure(c: SpeedCase) {
  const mine = new Partner(process.execPath, [fileURLToPath(import.meta.url), 'child'])
  const peer = beside ? new Partner(python, [join(root, 'test/bench/peers/speed.py')]) : undefined
  try {
    const open = { open: c, device: 'cpu', threads } as const
    const { flops = 0, together = 1 } = await mine.ask(open)
    await peer?.ask(open)
    const steps = Math.max(together, c.method.kind === 'head' ? 4 : 2)
    const warm = await mine.ask({ run: steps })
    const warmPeer = await peer?.ask({ run: steps })
    const memory = { ours: 0, peer: 0 }
    const list: Round[] = []
    for (let i = 0; i < rounds; i++) {
      const theirs = await peer?.ask({ run: steps })
      const ours = await mine.ask({ run: steps })
      // Peaks before the yardstick's own 48 MB.
      if (i === 0) Object.assign(memory, { ours: ours.memory, peer: theirs?.memory ?? 0 })
      const { rate = 1, perCpu = 1 } = await mine.ask({ yardstick: 3 })
      const of = (answer: Answer | undefined, key: 'seconds' | 'cpu') => (answer?.[key] ?? Number.NaN) / steps
      const round = {
        ours: of(ours, 'seconds'),
        cpu: of(ours, 'cpu'),
        peer: of(theirs, 'seconds'),
        peerCpu: of(theirs, 'cpu'),
      }
      const at = (seconds: number, limit: number) => flops / (seconds * 1e9) / limit
      const { rate: products = 0 } = await mine.ask({ products: 3 })
      list.push({ ...round, ratio: at(round.ours, rate), byCpu: at(round.cpu, perCpu), alone: products / rate })
    }
    const { shares = [] } = await mine.ask({ profile: Math.max(together, 6) })
    const tokens = c.rows * c.length
    return {
      name: c.name,
      ours: tokens / median(list.map(r => r.ours)),
      peer: tokens / median(list.map(r => r.peer)),
      faster: median(list.map(r => r.peer / r.ours)),
      fasterAtBest: Math.min(...list.map(r => r.peer)) / Math.min(...list.map(r => r.ours)),
      memory,
      ratio: median(list.map(r => r.ratio)),
      best: Math.max(...list.map(r => r.ratio)),
      byCpu: median(list.map(r => r.byCpu)),
      alone: median(list.map(r => r.alone)),
      fasterByCpu: median(list.map(r => r.peerCpu / r.cpu)),
      losses: [warm.loss, warmPeer?.loss],
      shares,
    }
  } finally {
    mine.end()
    peer?.end()
  }
}

process.stdout.write(
  `${threads} threads, medians of ${rounds} rounds; ratio: rate of the products ÷ 2048³ product;\nalone: of a graph of the step’s products and nothing else, operators shared out among threads\n\n`,
)
process.stdout.write(
  `${'case'.padEnd(22)} tokens/s  PyTorch  faster   best by CPU    MB  PyTorch  ratio  best  by CPU  alone  loss, PyTorch's\n`,
)
const results: Awaited<ReturnType<typeof measure>>[] = []
for (const c of cpuCases) {
  if (args.length > 0 && !args.some(part => c.name.includes(part))) continue
  const r = await measure(c)
  results.push(r)
  const cells = [
    r.name.padEnd(22),
    r.ours.toFixed(0).padStart(8),
    r.peer.toFixed(0).padStart(8),
    `${r.faster.toFixed(2)}x`.padStart(7),
    `${r.fasterAtBest.toFixed(2)}x`.padStart(6),
    `${r.fasterByCpu.toFixed(2)}x`.padStart(6),
    String(r.memory.ours).padStart(5),
    String(r.memory.peer).padStart(8),
    r.ratio.toFixed(2).padStart(6),
    r.best.toFixed(2).padStart(5),
    r.byCpu.toFixed(2).padStart(7),
    r.alone.toFixed(2).padStart(6),
    `  ${r.losses.map(x => x?.toFixed(4)).join(', ')}`,
  ]
  process.stdout.write(`${cells.join(' ')}\n`)
}
process.stdout.write('\nwhere a step goes, ms by the profiler:\n')
for (const { name, shares } of results)
  process.stdout.write(`  ${name}: ${shares.map(s => `${s.group} ${s.ms.toFixed(1)}`).join(', ')}\n`)
mkdirSync(join(root, 'out/bench'), { recursive: true })
writeFileSync(join(root, 'out/bench/train.json'), `${JSON.stringify({ threads, rounds, results }, null, 1)}\n`)
