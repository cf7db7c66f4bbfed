import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { matmulFlops } from '../../../src/core/graph/flops.ts'
import type { Graph } from '../../../src/core/graph/graph.ts'
import { type Batch, tokenRows } from '../../../src/core/train/batch.ts'
import type { Learner, NamedTensor } from '../../../src/core/train/learner.ts'
import { lanesFor, specOf, weightBytes } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { planTraining } from '../../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { initialTensors } from '../../../src/core/train/models/initial.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { parametersOf, type Weights } from '../../../src/core/train/models/weights.ts'
import { adamWDefaults } from '../../../src/core/train/optimizer.ts'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import { buildStep } from '../../../src/core/train/step.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import { followers, learnTokens } from '../../../src/core/train/tasks/language.ts'
import type { TaskModel } from '../../../src/core/train/tasks/task.ts'
import { classes, idsOf, type SpeedCase } from './cases.ts'

/** How many different batches go round. */
const batchCount = 8

export interface Trainer {
  /** Matrix products of one step, forward and backward. */
  readonly flops: number
  /** One step as a graph with the batch's sizes filled in. */
  readonly graph: Graph
  /** Steps in one run of the graph. */
  readonly together: number
  readonly trained: number
  readonly learner: Learner
  /** So many steps; the mean loss of the last run. */
  run(steps: number): Promise<number>
}

/** The model of a case with random weights in a file of `folder`, ready to train: frozen weights are mapped, as in a run. */
export async function makeTrainer(runtime: Runtime, c: SpeedCase, folder: string): Promise<Trainer> {
  const backbone = openBackbone(c.config, 'config.json')
  const head = c.task === 'classification' ? backbone.sequence(classes, 'mean') : undefined
  const bare: TaskModel = { backbone, classes: head ? classes : backbone.sizes.vocab, ...(head ? { head } : {}) }
  const whole = tunableOf(bare, () => true)
  const rates = { head: 1, backbone: 1, embeddings: 1, layerDecay: 1 } as Parameters<typeof planTraining>[1]['rates']
  const recipe = { method: c.method, rates, neftune: 0 } as Parameters<typeof planTraining>[1]
  const { division, wrap } = planTraining(whole, recipe)
  const model: TaskModel = { ...bare, ...(wrap ? { wrap } : {}) }
  const weights = fileWeights(folder, initialTensors([...whole.stored], 1, 0.02))
  const ids = Array.from({ length: batchCount }, (_, i) => idsOf(c, i)).flat()
  const tokens = tokenRows(ids)
  const rows: EncodedRows = {
    tokens,
    lengths: Int32Array.from(ids, row => row.length),
    pad: 0,
    targets: head ? Int32Array.from(ids, row => (row[0] as number) % classes) : tokens.ids,
    cut: 0,
  }
  const bind = { smoothing: 0, seed: 1 }
  const task = head
    ? classification.task(model, rows, bind)
    : learnTokens(model, rows, { ...bind, choose: followers(rows) })
  // State that stays on the device makes a loop pointless; on the CPU a loop spares copies of a whole model's state.
  const direct = c.method.kind === 'full' && runtime.provider === 'cpu'
  const loops = !direct && c.method.kind === 'full' && runtime.provider !== 'webgpu'
  const parameters = parametersOf(division, weights)
  const options = {
    task,
    parameters,
    initial: startTensors(division, weights, { seed: 3, std: 0.02 }),
    optimizer: adamWDefaults,
    dropout: 0,
    mode: direct ? 'direct' : loops ? 'loop' : 'steps',
    lanes: lanesFor({ threads: runtime.threads, rows: c.rows, bytes: weightBytes(parameters) }),
    folder,
  } as const
  const batches = Array.from(
    { length: batchCount },
    (_, i): Batch => ({ rows: Int32Array.from({ length: c.rows }, (_, r) => i * c.rows + r), length: c.length }),
  )
  const learner = await makeLearner(runtime, options)
  const together = loops ? 4 : 1
  const graph = sizedStep(runtime, options, batches[0] as Batch)
  let done = 0
  return {
    flops: matmulFlops(graph),
    graph,
    together,
    trained: division.trained.reduce((n, spec) => n + spec.shape.reduce((a, b) => a * b, 1), 0),
    learner,
    async run(steps) {
      let loss = Number.NaN
      for (let left = steps; left > 0; left -= together) {
        const count = Math.min(left, together)
        const some = Array.from({ length: count }, (_, i) => batches[(done + i) % batchCount] as Batch)
        const results = await learner.step(some, done + 1, Array(count).fill(1e-4))
        done += count
        loss = results.reduce((sum, r) => sum + r.loss, 0) / count
      }
      return loss
    },
  }
}

/** The same nodes with the batch's sizes filled in, to count the work of one step. */
function sizedStep(runtime: Runtime, options: Parameters<typeof specOf>[1], batch: Batch): Graph {
  const { task } = options
  const { feeds } = task.feeds(batch, 1)
  const inputs = Object.fromEntries(
    Object.entries(task.inputs).map(([name, input]) => [name, { ...input, dims: feeds[name]?.dims ?? input.dims }]),
  )
  return buildStep({ ...specOf(runtime, options), layout: 'flat', inputs })
}

/** Weights in one file of raw numbers. */
function fileWeights(folder: string, tensors: readonly NamedTensor[]): Weights {
  const location = 'weights.bin'
  const path = join(folder, location)
  const places = new Map<string, { shape: readonly number[]; offset: number; length: number }>()
  const file = openSync(path, 'w')
  let offset = 0
  for (const { name, shape, data } of tensors) {
    writeSync(file, data)
    places.set(name, { shape, offset, length: data.byteLength })
    offset += data.byteLength
  }
  closeSync(file)
  const place = (name: string) => {
    const found = places.get(name)
    if (!found) throw new Error(`no weight ${name}`)
    return found
  }
  return {
    folder,
    names: [...places.keys()],
    frozen(name) {
      const { shape, offset, length } = place(name)
      return { kind: 'frozen', name, dims: shape, dtype: 'float32', data: { external: { location, offset, length } } }
    },
    read(name) {
      const { shape, offset, length } = place(name)
      const bytes = readFileSync(path).subarray(offset, offset + length)
      return { name, shape, data: new Float32Array(new Uint8Array(bytes).buffer) }
    },
  }
}
