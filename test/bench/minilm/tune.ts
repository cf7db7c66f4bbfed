import { type Batch, planEpoch, tokenRows } from '../../../src/core/train/batch.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { planTraining } from '../../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import type { Method } from '../../../src/core/train/methods.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { parametersOf } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import { Scanner } from '../../../src/core/train/scan.ts'
import { makeSchedule } from '../../../src/core/train/schedule.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import type { TaskModel } from '../../../src/core/train/tasks/task.ts'
import { openModel } from '../../../src/node/modelFolder.ts'
import { openTokenizer } from '../../../src/node/tokenizer.ts'
import { folderWeights } from '../../../src/node/weights.ts'
import type { Examples } from '../banking77/data.ts'
import type { Intents } from './data.ts'

export interface Tuning {
  readonly method: Extract<Method, { kind: 'full' | 'lora' }>
  readonly rate: number
  readonly epochs: number
  readonly rows: number
  readonly dropout: number
  readonly smoothing: number
}

export interface Outcome {
  /** Share of the test rows that are right after the last step. */
  readonly accuracy: number
  /** Mean loss of each epoch. */
  readonly losses: readonly number[]
  readonly seconds: number
}

/** Longest row in tokens. */
const limit = 64
/** Batches in one run of the graph where the whole model is trained. */
const together = 4

/** Everything that both trainers start from: tokens, batches, rates and first values. */
export function prepare(folder: string, data: Intents, tuning: Tuning & { readonly seed: number }) {
  const { method, rate, epochs, rows, seed } = tuning
  const base = openModel(folder)
  const { backbone } = base
  const bare: TaskModel = {
    backbone,
    classes: data.classes.length,
    head: backbone.sequence(data.classes.length, 'mean'),
  }
  const weights = folderWeights(base)
  const alike = { head: 1, backbone: 1, embeddings: 1, layerDecay: 1 }
  const whole = tunableOf(bare, name => weights.names.includes(name))
  const { division, wrap } = planTraining(whole, { method, rates: alike, neftune: 0 })
  const model: TaskModel = { ...bare, ...(wrap ? { wrap } : {}) }
  const tokenizer = openTokenizer(folder)
  const encode = ({ texts, labels }: Examples): EncodedRows => {
    const tokens = tokenRows(texts.map(text => tokenizer.encode(text, { limit }).ids))
    const lengths = tokens.starts.slice(1).map((end, i) => end - (tokens.starts[i] as number))
    return { tokens, lengths, pad: tokenizer.special.pad, targets: Int32Array.from(labels), cut: 0 }
  }
  const train = encode(data.train)
  const test = encode(data.test)
  const { lengths } = train
  const schedule = makeSchedule({ kind: 'linear', rate, epochs, warmup: 0.06 }, Math.ceil(lengths.length / rows))
  const plan = Array.from({ length: epochs }, (_, epoch) => planEpoch({ lengths, rows, limit, seed, epoch, together }))
  const initial = startTensors(division, weights, { seed, std: backbone.sizes.initial })
  return { model, weights, division, train, test, schedule, plan, initial }
}

/** Trains with the parts that a run is made of; nothing is chosen on the test rows. */
export async function tune(
  runtime: Runtime,
  given: ReturnType<typeof prepare>,
  options: Tuning & { readonly onEpoch?: (epoch: number, loss: number) => void },
): Promise<Outcome> {
  const { model, weights, division, train, test, schedule, plan, initial } = given
  const folder = weights.folder === undefined ? {} : { folder: weights.folder }
  const parameters = parametersOf(division, weights)
  const { dropout, smoothing, method } = options
  const began = performance.now()
  const learner = await makeLearner(runtime, {
    task: classification.task(model, train, { smoothing, seed: 1 }),
    parameters,
    initial,
    optimizer: adamWDefaults,
    dropout,
    mode: method.kind === 'full' ? 'loop' : 'steps',
    ...folder,
  })
  const losses: number[] = []
  let step = 0
  for (const [epoch, batches] of plan.entries()) {
    let sum = 0
    for (const chunk of chunksOf(batches)) {
      const rates = chunk.map((_, i) => schedule.rate(step + 1 + i))
      for (const { loss } of await learner.step(chunk, step + 1, rates)) sum += loss
      step += chunk.length
    }
    losses.push(sum / batches.length)
    options.onEpoch?.(epoch, sum / batches.length)
  }
  const seconds = (performance.now() - began) / 1000
  const trained = (await learner.state()).parameters
  await learner.release()
  const graph = classification.answers(model, test)
  const scanner = await Scanner.load(runtime, { graph, parameters, ...folder })
  const { scores } = await scanner.scan(graph, trained, { lengths: test.lengths, limit })
  await scanner.release()
  const { classes } = model
  let right = 0
  test.targets.forEach((label, r) => {
    const own = scores.subarray(r * classes, (r + 1) * classes)
    if (own.indexOf(Math.max(...own)) === label) right++
  })
  return { accuracy: right / test.targets.length, losses, seconds }
}

/** Batches of one shape that one run of the graph takes. */
function chunksOf(batches: readonly Batch[]): Batch[][] {
  const chunks: Batch[][] = []
  for (const batch of batches) {
    const open = chunks.at(-1)
    const first = open?.[0]
    const fits = first?.length === batch.length && first.rows.length === batch.rows.length
    if (open && fits && open.length < together) open.push(batch)
    else chunks.push([batch])
  }
  return chunks
}
