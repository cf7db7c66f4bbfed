/* The first 20 losses against PyTorch and PEFT: the goldens of test/bench/peers/train.py, with weights made from their names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { tokenRows } from '../../../src/core/train/batch.ts'
import type { NamedTensor } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import { methodOf, resolveMethod } from '../../../src/core/train/methods.ts'
import type { ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import type { Task } from '../../../src/core/train/models/task.ts'
import { type InitialSpec, memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { eachToken } from '../../../src/core/train/tasks/feeds.ts'
import { followers, learnTokens, none } from '../../../src/core/train/tasks/language.ts'
import type { TaskModel } from '../../../src/core/train/tasks/task.ts'
import { tokenClassification } from '../../../src/core/train/tasks/tokenClassification.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { formulaTensor } from './formula.ts'

interface Golden {
  readonly config: ConfigJson
  readonly head: 'sequence' | 'tokens' | 'masked' | 'causal'
  readonly method: Parameters<typeof resolveMethod>[0]
  readonly optimizer: { readonly rate: number; readonly decay: number; readonly clip: number }
  readonly rows: readonly (readonly number[])[]
  readonly targets: readonly (number | readonly number[])[]
  /** Of packed rows: the position of each token in its document, and the number of the document. */
  readonly positions?: readonly (readonly number[])[]
  readonly segments?: readonly (readonly number[])[]
  readonly batches: readonly (readonly number[])[]
  readonly losses: readonly number[]
  readonly norms: readonly number[]
}

const folder = fileURLToPath(new URL('../../golden/training/', import.meta.url))
const names = existsSync(folder) ? readdirSync(folder).map(file => file.replace(/\.json$/, '')) : []
let worst = 0
afterAll(() => {
  console.log(`largest relative difference of a loss: ${worst.toExponential(1)}`)
})

const { runtime } = await openRuntime({ provider: 'cpu', threads: 1 })

function encoded({ rows, targets, positions, segments, config }: Golden): EncodedRows {
  const tokens = tokenRows(rows)
  return {
    tokens,
    lengths: Int32Array.from(rows, row => row.length),
    pad: Number(config['pad_token_id'] ?? 0),
    targets: Int32Array.from(targets.flat()),
    cut: 0,
    ...(positions ? { positions: Int32Array.from(positions.flat()) } : {}),
    ...(segments ? { segments: Int32Array.from(segments.flat()) } : {}),
  }
}

function taskOf(golden: Golden, model: TaskModel): Task {
  const rows = encoded(golden)
  const options = { smoothing: 0, seed: 1 }
  switch (golden.head) {
    case 'sequence':
      return classification.task(model, rows, options)
    case 'tokens':
      return tokenClassification.task(model, rows, options)
    case 'causal':
      return learnTokens(model, rows, { ...options, choose: followers(rows) })
    case 'masked':
      // The rows are masked already, so that PyTorch learns the same places.
      return learnTokens(model, rows, {
        ...options,
        choose(batch) {
          const chosen = { places: [] as number[], targets: [] as number[], tokens: [] as number[] }
          eachToken(rows, batch, (at, token) => {
            if (rows.targets[token] === none) return
            chosen.places.push(at)
            chosen.targets.push(rows.targets[token] as number)
            chosen.tokens.push(token)
          })
          return chosen
        },
      })
  }
}

test.each(names)('%s: losses and gradient norms of PyTorch, step by step', async name => {
  const golden = JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Golden
  const backbone = openBackbone(golden.config, 'config.json')
  const classes = golden.head === 'sequence' ? 3 : golden.head === 'tokens' ? 5 : backbone.sizes.vocab
  const head =
    golden.head === 'sequence'
      ? backbone.sequence(classes, backbone.poolings[0] ?? 'cls')
      : golden.head === 'tokens'
        ? backbone.tokens(classes)
        : undefined
  const whole = tunableOf({ backbone, ...(head ? { head } : {}) }, () => true)
  const method = resolveMethod(golden.method)
  const module = methodOf(method.kind)
  const division = module.divide(whole, method)
  const weights = memoryWeights([...whole.stored, ...whole.fresh].map(formulaTensor))
  const adapt = module.adapt?.(whole, method)
  const model: TaskModel = {
    backbone,
    classes,
    ...(head ? { head } : {}),
    ...(adapt
      ? {
          wrap: (lookup, dropout) => {
            const own = adapt(lookup, dropout)
            return own ? { adapt: own } : {}
          },
        }
      : {}),
  }
  const learner = await makeLearner(runtime, {
    task: taskOf(golden, model),
    parameters: parametersOf(division, weights),
    initial: division.trained.map((spec: InitialSpec): NamedTensor => {
      if (spec.start) return { name: spec.name, shape: spec.shape, data: spec.start(weights) }
      return spec.factor === 'b'
        ? { ...formulaTensor(spec), data: formulaTensor(spec).data.fill(0) }
        : formulaTensor(spec)
    }),
    optimizer: { ...adamWDefaults, decay: golden.optimizer.decay, clip: golden.optimizer.clip },
    dropout: 0,
    // As runs do it: whole models in a loop with a tensor for each parameter, adapters and heads step by step.
    mode: module.leaves === 'model' && method.kind !== 'head' ? 'loop' : 'steps',
  })
  const losses: number[] = []
  const norms: number[] = []
  for (const [i, rows] of golden.batches.entries()) {
    const length = Math.max(...rows.map(row => golden.rows[row]?.length ?? 0))
    const [result] = await learner.step([{ rows: Int32Array.from(rows), length }], i + 1, [golden.optimizer.rate])
    losses.push(result?.loss ?? Number.NaN)
    norms.push(result?.norm ?? Number.NaN)
  }
  await learner.release()
  const furthest = (ours: readonly number[], theirs: readonly number[]) =>
    Math.max(...ours.map((x, i) => Math.abs(x / (theirs[i] as number) - 1)))
  worst = Math.max(worst, furthest(losses, golden.losses))
  expect(furthest(losses, golden.losses)).toBeLessThan(1e-4)
  expect(furthest(norms, golden.norms)).toBeLessThan(1e-3)
})
