import type { Cancel } from '../core/base/cancel.ts'
import type { SplitName } from '../core/data/dataset.ts'
import { writeAnswers } from '../core/train/answering.ts'
import { decoderOf, Generator } from '../core/train/generate.ts'
import type { NamedTensor } from '../core/train/learner.ts'
import type { AnswerLimits } from '../core/train/recipe/evaluate.ts'
import type { Runtime } from '../core/train/runtime.ts'
import type { Parameter } from '../core/train/state.ts'
import type { TaskModel } from '../core/train/tasks/task.ts'
import type { TrainSetup } from './trainSetup.ts'

/** The weights that write. */
export interface Writer {
  readonly model: TaskModel
  readonly parameters: readonly Parameter[]
  readonly values: readonly NamedTensor[]
}

/** Answers by the index of their rows; none where the task has no answers to write, or none are asked for. */
export async function answersOf(
  runtime: Runtime,
  { kind, rows, encoding, weights }: TrainSetup,
  options: {
    readonly split: SplitName
    readonly writer: Writer
    readonly limits: AnswerLimits | undefined
    readonly clock: () => number
    readonly cancel: Cancel
    readonly progress?: (done: number, total: number) => void
  },
): Promise<ReadonlyMap<number, string>> {
  const { writer, limits, split } = options
  const { backbone, wrap } = writer.model
  const { samples } = rows[split]
  if (kind.name !== 'instruction' || !limits || limits.rows === 0 || samples.length === 0 || !decoderOf(backbone))
    return new Map()
  const generator = await Generator.load(runtime, {
    backbone,
    parameters: writer.parameters,
    ...(wrap ? { wrap } : {}),
    ...(weights.folder === undefined ? {} : { folder: weights.folder }),
  })
  try {
    return await writeAnswers(generator, samples, { ...options, encoding, limits, values: writer.values })
  } finally {
    await generator.release()
  }
}
