/* What a run will take here: two of its steps are taken, and everything is put back. */
import { totalmem } from 'node:os'
import { type Batch, bucketLength, stepsOf } from '../core/train/batch.ts'
import {
  correctedShape,
  type DryRun,
  estimatePeak,
  estimateSeconds,
  largestBatch,
  type Pace,
  type Preflight,
  rowOperations,
  summarizeTokens,
  type Work,
} from '../core/train/estimate.ts'
import type { Learner } from '../core/train/learner.ts'
import { methodOf } from '../core/train/methods.ts'
import { runMemory } from '../core/train/models/memory.ts'
import { parametersOf } from '../core/train/models/weights.ts'
import type { Provider, Runtime, RuntimeChoice } from '../core/train/runtime.ts'
import { Scanner } from '../core/train/scan.ts'
import { makeSchedule } from '../core/train/schedule.ts'
import { rowFeatures } from '../core/train/tasks/sequence.ts'
import { FeatureCache } from './featureCache.ts'
import { readData, readRecipe } from './runs.ts'
import { makeModel } from './trainModel.ts'
import { countParameters, setUp, type TrainSetup } from './trainSetup.ts'

/** Highest resident memory of this process so far, bytes. */
export const peakMemory = (): number => process.resourceUsage().maxRSS * 1024

/** A batch of the longest rows, and one of rows of median length; of as many rows as the recipe's, or as asked. */
function tried({ encoded, recipe, limit }: TrainSetup, most = recipe.batch.rows): readonly [Batch, Batch] {
  const { lengths } = encoded.train
  const order = Array.from(lengths, (_, row) => row).sort((a, b) => (lengths[a] as number) - (lengths[b] as number))
  const count = Math.min(most, order.length)
  const middle = Math.max(0, Math.min(order.length - count, (order.length - count) >> 1))
  const batch = (rows: readonly number[]): Batch => ({
    rows: Int32Array.from(rows),
    length: bucketLength(Math.max(...rows.map(row => lengths[row] as number)), limit),
  })
  return [batch(order.slice(-count)), batch(order.slice(middle, middle + count))]
}

/** Milliseconds in which the second step may be taken again. */
const shortly = 1000
/** Milliseconds that batches of other sizes may take together. */
const aWhile = 2500

interface DryIo {
  readonly clock: () => number
  readonly stopped: () => boolean
  /** Further numbers of rows at once whose pace is wanted, once it is known what the two steps took. */
  readonly sizes?: (dry: DryRun) => readonly number[]
}

/**
 * Takes a step of the longest rows and one of common ones, and puts the learner back to where it was, bit for bit. Undefined
 * where it was asked to stop in between.
 */
export async function tryTwoSteps(learner: Learner, setup: TrainSetup, io: DryIo): Promise<DryRun | undefined> {
  const { backbone } = setup.model
  const before = process.memoryUsage.rss()
  const state = await learner.state()
  const taken: number[] = []
  const [longest, common] = tried(setup)
  const take = async (batch: Batch) => {
    const began = io.clock()
    await learner.step([batch], 1, [0])
    return (io.clock() - began) / 1000
  }
  try {
    // The first step also finds its memory, so others tell the pace.
    const began = io.clock()
    await take(longest)
    do {
      if (io.stopped()) return undefined
      taken.push(await take(common))
      // A short step says little by itself: others of the machine's are in between.
    } while (taken.length < 9 && io.clock() - began < shortly)
    const seconds = taken.sort((a, b) => a - b)[taken.length >> 1] as number
    const operations = common.rows.length * rowOperations(backbone, common.length)
    // Its memory is what the recipe takes: larger batches come after.
    const dry = { timed: [{ seconds, operations }], before, peak: peakMemory() }
    const paces: Pace[] = []
    const perRow = seconds / common.rows.length
    const since = io.clock()
    for (const rows of io.sizes?.(dry) ?? []) {
      const left = aWhile - (io.clock() - since)
      if (io.stopped() || 3000 * perRow * rows > left) break
      const [, batch] = tried(setup, rows)
      await take(batch)
      paces.push({ rows: batch.rows.length, seconds: Math.min(await take(batch), await take(batch)) })
    }
    return paces.length > 0 ? { ...dry, paces } : dry
  } finally {
    learner.load(state)
  }
}

/** The same for a head on features that are computed once: two passes through the frozen model. */
async function tryTwoPasses(runtime: Runtime, setup: TrainSetup, io: DryIo): Promise<DryRun | undefined> {
  const { kind, encoding, rows, weights } = setup
  const { wrap: _, ...plain } = setup.model
  const batches = tried(setup)
  const parts = batches.map(b =>
    kind.encode(
      [...b.rows].map(r => rows.train.samples[r] as never),
      encoding,
    ),
  )
  const before = process.memoryUsage.rss()
  const scanner = await Scanner.load(runtime, {
    graph: rowFeatures(plain, setup.encoded.train),
    parameters: parametersOf({ trained: [], frozen: weights.names }, weights),
    ...(weights.folder === undefined ? {} : { folder: weights.folder }),
  })
  let seconds = 0
  let operations = 0
  try {
    for (const [i, part] of parts.entries()) {
      if (io.stopped()) return undefined
      const began = io.clock()
      await scanner.scan(rowFeatures(plain, part), [], { lengths: part.lengths, limit: setup.limit })
      seconds = (io.clock() - began) / 1000
      const { rows, length } = batches[i] as Batch
      operations = rows.length * rowOperations(plain.backbone, length)
    }
  } finally {
    await scanner.release()
  }
  return { timed: [{ seconds, operations }], before, peak: peakMemory() }
}

/** What the cost of a run follows from; `from`: the step that it goes on from. */
function workOf(setup: TrainSetup, from = 0): Work {
  const { recipe, encoded, model, limit, rows, kind } = setup
  const perEpoch = stepsOf(encoded.train.lengths.length, recipe.batch.rows)
  const steps = makeSchedule(recipe.schedule, perEpoch).steps - from
  const [train, validation, test] = [rows.train, rows.validation, rows.test].map(r => r.samples.length) as [
    number,
    number,
    number,
  ]
  const method = methodOf(recipe.method.kind)
  const common = { backbone: model.backbone, lengths: encoded.train.lengths, limit, batch: recipe.batch }
  if (method.cached) return { ...common, steps: 0, scored: train + validation + test, passes: 1 }
  const every = recipe.evaluate.every === 'epoch' ? perEpoch : recipe.evaluate.every
  const base = kind.head === 'language' ? validation + test : kind.target ? train + validation + test : 0
  const scored = Math.ceil(steps / every) * validation + validation + test + (from > 0 ? 0 : base)
  return { ...common, steps, scored, passes: method.leaves === 'model' ? 3 : 2 }
}

/** Memory of the run by the shapes of its model and rows. */
function shapeOf(setup: TrainSetup) {
  const { recipe, encoded, model, limit } = setup
  const { all, trained } = countParameters(setup)
  const method = methodOf(recipe.method.kind)
  const longest = encoded.train.lengths.reduce((most, n) => Math.max(most, n), 1)
  return runMemory(model.backbone, {
    tokens: bucketLength(longest, limit),
    frozen: all - trained,
    trained,
    bits: method.quantized?.(recipe.method)?.bits ?? 32,
    keeps: method.cached ? 'nothing' : recipe.batch.recompute ? 'ends' : 'all',
  })
}

/** Rows that go through the model at once. */
const rowsAtOnce = ({ recipe: { batch }, encoded }: TrainSetup): number =>
  Math.max(1, Math.min(batch.rows, batch.micro ?? batch.rows, encoded.train.lengths.length))

/** Seconds and memory of a run by its dry run. */
export function predict(setup: TrainSetup, dry: DryRun, from: number) {
  return {
    seconds: estimateSeconds(workOf(setup, from), dry),
    memory: estimatePeak(shapeOf(setup), rowsAtOnce(setup), dry),
  }
}

/** All that can be said before the run of a folder (`recipe.json`, `data.json`) starts. Throws `Failure`. */
export async function estimateRun(
  folder: string,
  io: {
    readonly open: (request: {
      readonly provider: Provider | 'auto'
      readonly threads?: number
    }) => Promise<RuntimeChoice>
    readonly models: readonly string[]
    readonly clock: () => number
    readonly ending: () => boolean
  },
): Promise<Preflight> {
  const [recipe, data] = await Promise.all([readRecipe(folder), readData(folder)])
  const setup = await setUp(folder, { recipe, data, models: io.models, splits: ['train', 'validation', 'test'] })
  const { device, threads } = recipe
  const { runtime } = await io.open({ provider: device, ...(threads > 0 ? { threads } : {}) })
  const dryIo = { clock: io.clock, stopped: io.ending }
  const method = methodOf(recipe.method.kind)
  let dry: DryRun | undefined
  if (method.cached && setup.kind.target) dry = await tryTwoPasses(runtime, setup, dryIo)
  else {
    const model = await makeModel(runtime, setup, new FeatureCache(runtime, setup, io.ending))
    try {
      dry = await tryTwoSteps(model.learner, setup, { ...dryIo, sizes: dry => sizesOf(setup, dry) })
    } finally {
      await model.release()
    }
  }
  return preflightOf(setup, { runtime, ...(dry ? { dry } : {}) })
}

/** Half, once, twice and four times as many rows at once as the recipe takes, as far as there are so many and they fit. */
function sizesOf(setup: TrainSetup, dry: DryRun): readonly number[] {
  const at = rowsAtOnce(setup)
  const most = Math.min(
    largestBatch(correctedShape(shapeOf(setup), at, dry), totalmem()),
    setup.rows.train.samples.length,
  )
  return [at >> 1, at, at * 2, at * 4].filter(rows => rows >= 1 && rows <= most)
}

function preflightOf(
  setup: TrainSetup,
  { runtime, dry }: { readonly runtime: Runtime; readonly dry?: DryRun },
): Preflight {
  const { recipe, base, rows, encoded, data, kind, limit } = setup
  const work = workOf(setup)
  const { architecture, sizes } = base.backbone
  const at = rowsAtOnce(setup)
  const shape = shapeOf(setup)
  const machine = totalmem()
  const perEpoch = stepsOf(encoded.train.lengths.length, recipe.batch.rows)
  const { steps } = makeSchedule(recipe.schedule, perEpoch)
  const memory = estimatePeak(shape, at, dry)
  const { empty = [] } = encoded.train
  const pace = dry?.timed.at(-1)?.seconds
  return {
    version: 1,
    name: recipe.name,
    model: `${base.name} (${architecture.type}, ${sizes.layers} x ${sizes.hidden})`,
    method: methodOf(recipe.method.kind).text(recipe.method),
    task: kind.name,
    provider: runtime.provider,
    threads: runtime.threads,
    parameters: countParameters(setup),
    rows: {
      train: rows.train.samples.length,
      validation: rows.validation.samples.length,
      test: rows.test.samples.length,
      leftOut: data.dropped.length,
    },
    labels: data.labels.length,
    tokens: summarizeTokens(encoded.train, limit),
    empty,
    steps,
    epochs: Math.round((steps / perEpoch) * 1e4) / 1e4,
    batch: recipe.batch,
    ...(dry ? { seconds: estimateSeconds(work, dry) } : {}),
    ...(pace === undefined || work.passes === 1 ? {} : { step: pace }),
    ...(dry?.paces ? { paces: dry.paces } : {}),
    memory,
    from: dry ? 'dry-run' : 'shapes',
    machine,
    largestBatch: largestBatch(dry ? correctedShape(shape, at, dry) : shape, machine),
    warnings: [
      ...(memory.low > 0.9 * machine
        ? [
            {
              code: 'no-memory',
              message: 'The run takes more memory than this machine has: fewer rows in "batch.micro", or "recompute"',
            },
          ]
        : []),
    ],
  }
}
