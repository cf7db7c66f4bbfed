import { modelBytes } from '../graph/onnx.ts'
import { planScan, rowLength, type TokenRows } from './batch.ts'
import type { RunEvent, Scores } from './event.ts'
import { type LearnerOptions, loweringFor, type NamedTensor } from './learner.ts'
import { freshState, type LoopOptions, trainLoop } from './loop.ts'
import { makeLearner } from './makeLearner.ts'
import { initialTensors } from './models/initial.ts'
import { type MaskedModel, type MaskOptions, maskedLanguage, maskedParameters } from './models/mlm.ts'
import type { Feed } from './models/task.ts'
import { memoryWeights, parametersOf } from './models/weights.ts'
import type { Recipe } from './recipe.ts'
import type { Runtime, Tensor } from './runtime.ts'
import { makeSchedule } from './schedule.ts'
import { buildEvaluation } from './step.ts'

export interface PretrainOptions extends Pick<LoopOptions, 'now' | 'clock' | 'stopped'> {
  readonly runtime: Runtime
  readonly model: MaskedModel
  /** Encoded texts with their special tokens. */
  readonly rows: TokenRows
  /** Encoded texts that are scored and never learnt from; the score is the loss of their masked tokens. */
  readonly held?: TokenRows
  /** Ids of the padding and mask tokens, and those that are never masked. */
  readonly tokens: { readonly pad: number; readonly mask: number; readonly special: ReadonlySet<number> }
  /** Share of the tokens to predict; 0.15 in Devlin et al. 2019. */
  readonly share: number
  readonly schedule: Recipe['schedule']
  readonly optimizer: LearnerOptions['optimizer']
  readonly batch: Recipe['batch']
  readonly evaluate: Recipe['evaluate']['every']
  readonly dropout: number
  readonly seed: number
  /** Values to start from, by name; what is not among them is fresh. */
  readonly initial?: readonly NamedTensor[]
  /** Factor of the learning rate of a tensor; 1 unless said otherwise. */
  readonly rateOf?: (name: string) => number
  /** Told the parameters at every evaluation and at the end. */
  readonly onSave?: (step: number, parameters: readonly NamedTensor[]) => Promise<void> | void
}

/**
 * Trains a masked language model from fresh (or given) values with the same loop as every other run, and returns its
 * parameters (`maskedParameters`: the tensors of BertForMaskedLM without the tied decoder).
 */
export async function* pretrain(options: PretrainOptions): AsyncGenerator<RunEvent, readonly NamedTensor[]> {
  const { runtime, model, rows, tokens, seed, batch } = options
  const mask: MaskOptions = { tokens: rows, ...tokens, share: options.share, seed }
  const given = new Map(options.initial?.map(t => [t.name, t]))
  const specs = maskedParameters(model)
  const initial = specs.map(
    spec => given.get(spec.name) ?? (initialTensors([spec], seed, model.config.initial)[0] as NamedTensor),
  )
  const parameters = parametersOf({ trained: specs, frozen: [] }, memoryWeights([])).map(p =>
    p.kind === 'trained' ? { ...p, rate: options.rateOf?.(p.name) ?? 1 } : p,
  )
  const task = maskedLanguage(model, mask)
  const { dropout, optimizer } = options
  const learner = await makeLearner(runtime, { task, parameters, initial, optimizer, dropout, mode: 'loop' })
  const lengths = lengthsOf(rows)
  const held = options.held
  const validate = held ? await scorer(options, { ...mask, tokens: held, seed: 'held' }) : undefined
  try {
    yield* trainLoop({
      learner,
      schedule: makeSchedule(options.schedule, Math.ceil(lengths.length / batch.rows)),
      lengths,
      batch,
      evaluate: { every: options.evaluate, metric: 'loss', patience: 0 },
      seed,
      from: freshState(seed),
      together: 8,
      ...(validate
        ? { validate: async () => ({ scores: await validate.score((await learner.state()).parameters) }) }
        : {}),
      save: async state => {
        await options.onSave?.(state.step, (await learner.state()).parameters)
        return `step-${state.step}`
      },
      now: options.now,
      clock: options.clock,
      stopped: options.stopped,
    })
    return (await learner.state()).parameters.map(p => ({ ...p, data: p.data.slice() }))
  } finally {
    await validate?.release()
    await learner.release()
  }
}

/** Loss of the masked tokens of held-out rows; the same tokens each time. */
async function scorer({ runtime, model, batch }: PretrainOptions, mask: MaskOptions) {
  const task = maskedLanguage(model, mask)
  const parameters = parametersOf({ trained: maskedParameters(model), frozen: [] }, memoryWeights([]))
  const graph = buildEvaluation({
    parameters,
    inputs: task.inputs,
    layout: 'per-tensor',
    lowering: loweringFor(runtime.provider),
    outputs: (g, { lookup, inputs }) => ({ loss: task.loss(g, lookup, inputs).loss }),
  })
  const session = await runtime.load(modelBytes(graph))
  const plan = planScan(lengthsOf(mask.tokens), 4096, batch.tokens)
  return {
    async score(values: readonly NamedTensor[]): Promise<Scores> {
      const fed: Record<string, Tensor> = {}
      for (const { name, shape, data } of values) fed[`p.${name}`] = { dtype: 'float32', dims: shape, data }
      let sum = 0
      let count = 0
      for (const [i, one] of plan.entries()) {
        const { feeds } = task.feeds(one, i + 1)
        for (const [name, { dtype }] of Object.entries(task.inputs))
          fed[name] = { dtype: dtype as 'float32' | 'int64', ...(feeds[name] as Feed) }
        const weight = ((feeds['weights'] as Feed).data as Float32Array).reduce((a, b) => a + b, 0)
        const { loss } = await session.run(fed)
        sum += ((loss as Tensor).data[0] as number) * weight
        count += weight
      }
      return { loss: sum / count }
    },
    release: () => session.release(),
  }
}

const lengthsOf = (rows: TokenRows): Int32Array =>
  Int32Array.from({ length: rows.starts.length - 1 }, (_, i) => rowLength(rows, i))
