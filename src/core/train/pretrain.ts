import type { RunEvent, Scores } from './event.ts'
import type { LearnerOptions, NamedTensor } from './learner.ts'
import { freshState, type LoopOptions, trainLoop } from './loop.ts'
import { makeLearner } from './makeLearner.ts'
import { initialTensors } from './models/initial.ts'
import { memoryWeights, parametersOf } from './models/weights.ts'
import type { Runtime } from './runtime.ts'
import { Scanner } from './scan.ts'
import { makeSchedule } from './schedule.ts'
import type { EncodedRows } from './tasks/encoded.ts'
import { answerTokens, type Choose, learnTokens } from './tasks/language.ts'
import type { TaskModel } from './tasks/task.ts'

export interface PretrainOptions extends Pick<LoopOptions, 'now' | 'clock' | 'stopped'> {
  readonly runtime: Runtime
  readonly model: TaskModel
  /** Rows to learn from, and rows that are scored and never learnt from: the score is the loss of their targets. */
  readonly rows: EncodedRows
  readonly held?: EncodedRows
  /** Which tokens are targets: `followers` for a causal model, `hiddenTokens` for a masked one. */
  readonly choose: (rows: EncodedRows, use: 'train' | 'held') => Choose
  readonly schedule: Parameters<typeof makeSchedule>[0]
  readonly optimizer: LearnerOptions['optimizer']
  readonly batch: LoopOptions['batch']
  readonly evaluate: LoopOptions['evaluate']['every']
  readonly dropout: number
  readonly seed: number
  /** Values to start from, by name; what is not among them is fresh. */
  readonly initial?: readonly NamedTensor[]
  /** Factor of the learning rate of a tensor; 1 unless said otherwise. */
  readonly rateOf?: (name: string) => number
  /** Told the parameters at every evaluation and at the end. */
  readonly onSave?: (step: number, parameters: readonly NamedTensor[]) => Promise<void> | void
}

/** The tensors of a language model: its backbone, and its head where that is not an embedding table. */
export const languageParameters = ({ backbone }: Pick<TaskModel, 'backbone'>) => [
  ...backbone.parameters(),
  ...backbone.language.parameters,
]

/**
 * Trains a language model from fresh (or given) values with the same loop as every other run, and returns its parameters
 * (`languageParameters`).
 */
export async function* pretrain(options: PretrainOptions): AsyncGenerator<RunEvent, readonly NamedTensor[]> {
  const { runtime, model, rows, held, seed, batch, dropout, optimizer } = options
  const given = new Map(options.initial?.map(t => [t.name, t]))
  const specs = languageParameters(model)
  const std = model.backbone.sizes.initial
  const initial = specs.map(spec => given.get(spec.name) ?? (initialTensors([spec], seed, std)[0] as NamedTensor))
  const parameters = parametersOf({ trained: specs, frozen: [] }, memoryWeights([])).map(p =>
    p.kind === 'trained' ? { ...p, rate: options.rateOf?.(p.name) ?? 1 } : p,
  )
  const task = learnTokens(model, rows, { smoothing: 0, seed, choose: options.choose(rows, 'train') })
  const learner = await makeLearner(runtime, { task, parameters, initial, optimizer, dropout, mode: 'loop' })
  const scorer = held
    ? await languageScorer(runtime, { model, rows: held, choose: options.choose(held, 'held') })
    : undefined
  try {
    yield* trainLoop({
      learner,
      schedule: makeSchedule(options.schedule, Math.ceil(rows.lengths.length / batch.rows)),
      lengths: rows.lengths,
      batch,
      evaluate: { every: options.evaluate, metric: 'loss', patience: 0 },
      seed,
      from: freshState(seed),
      together: 8,
      ...(scorer ? { validate: async () => ({ scores: await scorer.score((await learner.state()).parameters) }) } : {}),
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
    await scorer?.release()
    await learner.release()
  }
}

/** Scores a language model on rows: `loss` (mean over the targets, nats), `perplexity`, and the share of right tokens. */
export interface LanguageScorer {
  score(parameters: readonly NamedTensor[]): Promise<Scores>
  release(): Promise<void>
}

/** The same targets each time, so that two scores can be compared. */
export async function languageScorer(
  runtime: Runtime,
  { model, rows, choose }: { readonly model: TaskModel; readonly rows: EncodedRows; readonly choose: Choose },
): Promise<LanguageScorer> {
  const graph = answerTokens(model, rows, choose)
  const parameters = parametersOf({ trained: languageParameters(model), frozen: [] }, memoryWeights([]))
  const scanner = await Scanner.load(runtime, { graph, parameters })
  const limit = rows.lengths.reduce((a, b) => Math.max(a, b), 1)
  return {
    async score(values) {
      const { scores, losses } = await scanner.scan(graph, values, { lengths: rows.lengths, limit })
      let [sum, count, right] = [0, 0, 0]
      scores.forEach((said, token) => {
        if (said < 0) return
        sum += losses?.[token] as number
        count++
        if (said === rows.targets[token]) right++
      })
      const loss = count === 0 ? 0 : sum / count
      return { loss, perplexity: Math.exp(loss), tokenAccuracy: count === 0 ? 0 : right / count }
    },
    release: () => scanner.release(),
  }
}
