/*
 * What must be true of the engine whatever is trained, tried on small models with the provider at hand: the same checks that
 * tests make, for a machine that no test has seen.
 */
import { random } from '../../base/random.ts'
import { cases } from '../../graph/cases.ts'
import { operatorCheck } from '../../graph/operatorCheck.ts'
import { loweringFor, type NamedTensor } from '../learner.ts'
import type { LowRank } from '../methods/lowRank.ts'
import { mergedWeights } from '../methods/merge.ts'
import { type Division, parametersOf, type Weights } from '../models/weights.ts'
import { float32, type Runtime } from '../runtime.ts'
import { Scanner } from '../scan.ts'
import { classification } from '../tasks/classification.ts'
import { packRows } from '../tasks/pack.ts'
import type { TaskModel } from '../tasks/task.ts'
import {
  copied,
  furthest,
  furthestTensors,
  type TinyInput,
  takeSteps,
  tinyBatches,
  tinyDecoder,
  tinyLearner,
  tinyModel,
  tinyRows,
} from './tiny.ts'

/** What one check found. It passes where `found` is at most `allowed`. */
export interface Checked {
  /** What must be true, in words. */
  readonly name: string
  /** On which models or operators. */
  readonly on: string
  /** The largest difference, relative to 1 + |value|. */
  readonly found: number
  /** 0 where the bits must agree. */
  readonly allowed: number
}

/** Did the check pass? A difference that is no number fails. */
export const passed = ({ found, allowed }: Checked): boolean => found <= allowed

/** Runtimes that checks run on: `own` is under test, `cpu` what it is compared with. */
export interface SelftestRuntimes {
  readonly own: Runtime
  readonly cpu: Runtime
  /** `quick` takes one method where others would only be tried as well: for a program that imitates a GPU. `all` where left out. */
  readonly extent?: 'all' | 'quick'
}

export type Check = (runtimes: SelftestRuntimes) => Promise<Checked[]>

const full: TinyInput = { method: { kind: 'full' } }
const lora: TinyInput = { method: { kind: 'lora', rank: 4, targets: 'all-linear' } }
const dora: TinyInput = { method: { kind: 'dora', rank: 4, targets: 'all-linear' } }
const methods = [
  ['full', full],
  ['LoRA', lora],
  ['DoRA', dora],
] as const
/** Full tuning and LoRA have no operator in common but those of the model; DoRA has a few more, which `gradients` tries. */
const methodsOf = ({ extent }: SelftestRuntimes, quick: readonly ('full' | 'LoRA')[]) =>
  extent === 'quick' ? methods.filter(([name]) => quick.some(one => one === name)) : methods
const rows = tinyRows(40, 'class')
const batches = tinyBatches(rows)
/** On a device the state stays where it is, one step a run. */
const modeOf = (runtime: Runtime, input: TinyInput) =>
  input !== full || runtime.provider === 'webgpu' ? 'steps' : runtime.provider === 'cpu' ? 'direct' : ('loop' as const)
const losses = (results: readonly { readonly loss: number }[]) => results.map(r => r.loss)

const accumulation: Check = async runtimes => {
  const { own } = runtimes
  const found: Checked[] = []
  for (const [name, input] of methodsOf(runtimes, ['LoRA'])) {
    const tiny = tinyModel(input)
    const mode = modeOf(own, input)
    const whole = await tinyLearner(own, tiny, { rows, mode })
    const pieces = await tinyLearner(own, tiny, { rows, mode, micro: 3 })
    const want = losses(await takeSteps(whole, batches, { to: 5 }))
    const got = losses(await takeSteps(pieces, batches, { to: 5 }))
    await whole.release()
    await pieces.release()
    found.push({ name: 'pieces of a batch add up to the batch', on: name, found: furthest(got, want), allowed: 1e-4 })
  }
  return found
}

const resuming: Check = async runtimes => {
  const { own } = runtimes
  const found: Checked[] = []
  for (const [name, input] of methodsOf(runtimes, ['full'])) {
    const learner = await tinyLearner(own, tinyModel({ ...input, dropout: 0.1 }), { rows, mode: modeOf(own, input) })
    await takeSteps(learner, batches, { to: 3 })
    const saved = copied(await learner.state())
    const want = losses(await takeSteps(learner, batches, { from: 4, to: 6 }))
    const end = copied(await learner.state())
    learner.load(saved)
    const got = losses(await takeSteps(learner, batches, { from: 4, to: 6 }))
    const again = await learner.state()
    await learner.release()
    const difference = Math.max(
      furthest(got, want),
      furthestTensors(again.parameters, end.parameters),
      furthestTensors(again.second, end.second),
    )
    // A GPU may add in another order each time.
    const bits = own.provider === 'cpu' ? 0 : 1e-4
    found.push({ name: 'a resumed run has the same bits', on: name, found: difference, allowed: bits })
  }
  return found
}

const looping: Check = async ({ own }) => {
  // There the state stays on the device, and runs do without loops.
  if (own.provider === 'webgpu') return []
  const tiny = tinyModel({ ...full, dropout: 0.1 })
  const loop = await tinyLearner(own, tiny, { rows, mode: 'loop' })
  const start = copied(await loop.state())
  const one = losses(await takeSteps(loop, batches, { to: 8 }))
  loop.load(start)
  const many = losses(await takeSteps(loop, batches, { to: 8, together: 4 }))
  await loop.release()
  const steps = await tinyLearner(own, tiny, { rows, mode: 'steps' })
  const apart = losses(await takeSteps(steps, batches, { to: 8 }))
  await steps.release()
  const direct = await tinyLearner(own, tiny, { rows, mode: 'direct' })
  const held = losses(await takeSteps(direct, batches, { to: 8 }))
  await direct.release()
  return [
    // A GPU adds in an order of its own.
    {
      name: 'steps that share a run are steps',
      on: 'full, 4 a run',
      found: furthest(many, one),
      allowed: own.provider === 'cpu' ? 0 : 1e-4,
    },
    { name: 'Loop equals step by step', on: 'full, 8 steps', found: furthest(many, apart), allowed: 1e-4 },
    {
      name: 'a state updated where it lies equals step by step',
      on: 'full, 8 steps',
      found: furthest(held, apart),
      allowed: 1e-4,
    },
  ]
}

/** Scores of all rows by a model. */
async function scoresOf(
  runtime: Runtime,
  model: TaskModel,
  {
    division,
    weights,
    values,
  }: { readonly division: Division; readonly weights: Weights; readonly values: readonly NamedTensor[] },
): Promise<Float32Array> {
  const graph = classification.answers(model, rows)
  const scanner = await Scanner.load(runtime, { graph, parameters: parametersOf(division, weights) })
  const { scores } = await scanner.scan(graph, values, { lengths: rows.lengths, limit: 32 })
  await scanner.release()
  return scores
}

const merging: Check = async runtimes => {
  const { own } = runtimes
  const found: Checked[] = []
  for (const [name, input] of methodsOf(runtimes, ['LoRA']).filter(([name]) => name !== 'full')) {
    const { bare, model, whole, division, weights, recipe } = tinyModel(input)
    const learner = await tinyLearner(own, tinyModel(input), { rows, mode: 'steps' })
    await takeSteps(learner, batches, { to: 6 })
    const values = (await learner.state()).parameters
    await learner.release()
    const above = await scoresOf(own, model, { division, weights, values })
    const merged = mergedWeights(weights, whole, { method: recipe.method as LowRank, tensors: values })
    const frozen = { trained: [], frozen: merged.names }
    const within = await scoresOf(own, bare, { division: frozen, weights: merged, values: [] })
    found.push({
      name: 'a merged model answers as the unmerged',
      on: name,
      found: furthest(within, above),
      allowed: 1e-4,
    })
  }
  return found
}

const packing: Check = async ({ own }) => {
  const apart = tinyRows(24, 'next')
  const packed = packRows(apart, 48)
  const one = await tinyDecoder(own, apart)
  const length = 16
  const all = { rows: Int32Array.from(apart.lengths, (_, i) => i), length }
  const [want] = await one.step([all], 1, [5e-3])
  const trained = (await one.state()).parameters
  const other = await tinyDecoder(own, packed)
  const together = { rows: Int32Array.from(packed.lengths, (_, i) => i), length: 48 }
  const [got] = await other.step([together], 1, [5e-3])
  const same = furthestTensors((await other.state()).parameters, trained)
  await one.release()
  await other.release()
  const byRow = (r: typeof want) =>
    [...(r?.samples ?? [])]
      .map((s, i) => [s, r?.rows[i] as number] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, x]) => x)
  return [
    {
      name: 'packed rows are learnt as apart',
      on: 'loss of each row',
      found: furthest(byRow(got), byRow(want)),
      allowed: 1e-4,
    },
    // Adam divides by the root of tiny gradients: an update may differ by more than they do.
    { name: 'packed rows are learnt as apart', on: 'weights after a step', found: same, allowed: 2e-3 },
  ]
}

const provider: Check = async runtimes => {
  const { own, cpu } = runtimes
  // The CPU is compared with itself in the operators that every provider has.
  const portable: Runtime = { ...cpu, provider: 'webgpu', threads: cpu.threads, load: (m, o) => cpu.load(m, o) }
  const [a, b] = own.provider === 'cpu' ? [portable, cpu] : [own, cpu]
  const found: Checked[] = []
  for (const [name, input] of methodsOf(runtimes, ['full', 'LoRA'])) {
    const results: number[][] = []
    for (const runtime of [a, b]) {
      const learner = await tinyLearner(runtime, tinyModel(input), { rows, mode: 'steps' })
      results.push(losses(await takeSteps(learner, batches, { to: 6 })))
      await learner.release()
    }
    found.push({
      name:
        own.provider === 'cpu' ? 'operators of all providers learn as the CPU’s' : `${own.provider} learns as the CPU`,
      on: name,
      found: furthest(results[0] ?? [], results[1] ?? [Number.NaN]),
      allowed: 1e-4,
    })
  }
  return found
}

/** Step of central differences in float32: the error of the difference and that of rounding are of one size. */
const epsilon = 1e-2

/** Every operator's gradient against central differences along a random direction, all operators in three runs. */
const gradients: Check = async ({ own }) => {
  const check = operatorCheck(loweringFor(own.provider))
  const draw = random('direction')
  const directions = check.feeds.map(f => Float32Array.from(f.data, () => draw.next() * 2 - 1))
  const session = await own.load(check.model)
  const run = async (by: number) => {
    const feeds = check.feeds.map(({ name, dims, data }, i) => {
      const d = directions[i] as Float32Array
      return [
        name,
        float32(
          data.map((x, k) => x + by * (d[k] as number)),
          dims,
        ),
      ] as const
    })
    const outputs = await session.run(Object.fromEntries(feeds))
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]))
  }
  const [here, above, below] = [await run(0), await run(epsilon), await run(-epsilon)]
  await session.release()
  const worst = { name: '', error: -1 }
  for (const i of cases.keys()) {
    const loss = `loss.${i}`
    const numeric = ((above[loss]?.[0] as number) - (below[loss]?.[0] as number)) / (2 * epsilon)
    let analytic = 0
    check.feeds.forEach(({ name }, k) => {
      if (!name.startsWith(`x${i}.`)) return
      const d = directions[k] as Float32Array
      here[`d.${name}`]?.forEach((x, j) => {
        analytic += x * (d[j] as number)
      })
    })
    const error = furthest([analytic], [numeric])
    if (error > worst.error) Object.assign(worst, { name: check.about(loss), error })
  }
  return [
    {
      name: 'gradients are what the losses do',
      on: `${cases.length} operators, worst ${worst.name}`,
      found: worst.error,
      allowed: 2e-2,
    },
  ]
}

/** All checks that need no files, by what they are about. */
export const checks: Readonly<Record<string, Check>> = {
  accumulation,
  resuming,
  looping,
  merging,
  packing,
  provider,
  gradients,
}
