/*
 * `npm run bench -- banking77 [linear] [few] [head] [lora] [full]`: what the embedded model is worth on Banking77 (77 intents, 10,003 rows), against
 * the best linear bag-of-words model, and with 10 rows a class against random weights of the same shape.
 * MODEL and THREADS in the environment choose another folder and the threads. Needs ../shared/data/banking77.
 */
import { join } from 'node:path'
import { random } from '../../src/core/base/random.ts'
import type { Method } from '../../src/core/train/methods.ts'
import { openRuntime } from '../../src/node/ort.ts'
import { banking77, drawRows, select } from './banking77/data.ts'
import { linearModels, percent } from './banking77/linearModels.ts'
import { type Tuning, tunedAccuracy } from './banking77/tuned.ts'

const data = banking77()
if (!data) {
  process.stdout.write('banking77: skipped, ../shared/data/banking77 is not there\n')
  process.exit(0)
}
const known = ['linear', 'few', 'head', 'lora', 'full']
const wanted = process.argv.slice(2).filter(part => known.includes(part))
const wants = (part: string) => wanted.length === 0 || wanted.includes(part)
const folder = process.env['MODEL'] ?? join(process.cwd(), 'media/models/tiny-encoder')
const threads = process.env['THREADS']
const { runtime } = await openRuntime({ provider: 'cpu', ...(threads ? { threads: Number(threads) } : {}) })
const common = { rows: 32, dropout: 0.1, smoothing: 0, seed: 1 }
const full: Method = { kind: 'full', freezeEmbeddings: false }
const recipes: Readonly<Record<'head' | 'lora' | 'full', Tuning>> = {
  head: { ...common, method: { kind: 'head' }, rate: 5e-3, epochs: 20, dropout: 0 },
  lora: {
    ...common,
    method: { kind: 'lora', rank: 16, alpha: 32, dropout: 0, targets: 'all-linear' },
    rate: 2e-3,
    epochs: 15,
  },
  full: { ...common, method: full, rate: 1e-3, epochs: 12, smoothing: 0.1 },
}

const linear = wants('linear') ? linearModels(data, random(77)) : undefined

if (wants('few')) {
  const each = 10
  const tuning: Tuning = { ...common, method: full, rate: 1e-3, epochs: 15 }
  process.stdout.write(
    `full tuning with ${each} rows a class, ${tuning.epochs} epochs at ${tuning.rate}, test accuracy:\n`,
  )
  const sums = { stored: 0, random: 0 }
  const seeds = (process.env['SEEDS'] ?? '1,2,3').split(',').map(Number)
  for (const seed of seeds) {
    const rows = drawRows(data.train.labels, each, random(seed))
    const few = { train: select(data.train, rows), test: data.test, classes: data.classes.length }
    const of = (weights: 'stored' | 'random') =>
      tunedAccuracy(runtime, { folder, weights }, { ...tuning, seed, data: few })
    const [stored, fresh] = [await of('stored'), await of('random')]
    sums.stored += stored
    sums.random += fresh
    process.stdout.write(`  seed ${seed}: pretrained ${percent(stored)}, random weights ${percent(fresh)}\n`)
  }
  const mean = (sum: number) => percent(sum / seeds.length)
  process.stdout.write(`  mean: pretrained ${mean(sums.stored)}, random weights ${mean(sums.random)}\n`)
}

for (const kind of ['head', 'lora', 'full'] as const) {
  if (!wants(kind)) continue
  const began = performance.now()
  const accuracy = await tunedAccuracy(
    runtime,
    { folder, weights: 'stored' },
    { ...recipes[kind], data: { train: data.train, test: data.test, classes: data.classes.length }, onEpoch: told },
  )
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  const gap = linear ? `, ${(100 * (accuracy - linear.test)).toFixed(2)} points from the best linear model` : ''
  process.stdout.write(`${kind}: test ${percent(accuracy)}${gap} (${minutes} minutes)\n`)
}

function told(epoch: number, loss: number): void {
  process.stderr.write(`  epoch ${epoch + 1}: loss ${loss.toFixed(4)}\n`)
}
