/* A tiny BERT that learns labels by any recipe, for tests of the engine. */
import { random } from '../../../src/core/base/random.ts'
import { type Batch, planEpoch, tokenRows } from '../../../src/core/train/batch.ts'
import type { Learner, LearnerOptions, NamedTensor, StepResult } from '../../../src/core/train/learner.ts'
import { makeLearner } from '../../../src/core/train/makeLearner.ts'
import { beginsOf, planTraining } from '../../../src/core/train/methods/plan.ts'
import { tunableOf } from '../../../src/core/train/methods/tunable.ts'
import { methodOf } from '../../../src/core/train/methods.ts'
import type { ConfigJson } from '../../../src/core/train/models/architecture.ts'
import { openBackbone } from '../../../src/core/train/models/architectures.ts'
import { quantizedInMemory } from '../../../src/core/train/models/quantized.ts'
import { startTensors } from '../../../src/core/train/models/start.ts'
import { memoryWeights, parametersOf } from '../../../src/core/train/models/weights.ts'
import { type Recipe, type RecipeInput, resolveRecipe } from '../../../src/core/train/recipe.ts'
import type { Runtime } from '../../../src/core/train/runtime.ts'
import { makeSchedule } from '../../../src/core/train/schedule.ts'
import { classification } from '../../../src/core/train/tasks/classification.ts'
import type { EncodedRows } from '../../../src/core/train/tasks/encoded.ts'
import type { TaskModel } from '../../../src/core/train/tasks/task.ts'
import { tinyConfig } from '../../node/train/tinyModel.ts'
import { formulaTensor } from './formula.ts'

/** Rows of 6 to 12 tokens whose label is that of their first word. */
export function tinyRows(count: number, seed = 7): EncodedRows {
  const draw = random(seed)
  const rows = Array.from({ length: count }, () => [
    2,
    ...Array.from({ length: 4 + draw.int(7) }, () => 5 + draw.int(40)),
    3,
  ])
  return {
    tokens: tokenRows(rows),
    lengths: Int32Array.from(rows, row => row.length),
    pad: 0,
    targets: Int32Array.from(rows, row => (row[1] as number) % 3),
    cut: 0,
  }
}

/** A recipe with what is said and defaults for the rest, for the tiny model. */
export const tinyRecipe = (input: Omit<RecipeInput, 'model' | 'data'>): Recipe =>
  resolveRecipe({ model: 'tiny', data: {}, dropout: 0, ...input }, { hidden: 32 })

/** The tiny model as a recipe trains it. */
export function tinyParts(
  recipe: Recipe,
  rows: EncodedRows,
  { seed = 4, config = tinyConfig }: { readonly seed?: number; readonly config?: ConfigJson } = {},
) {
  const backbone = openBackbone(config, 'config.json')
  const head = backbone.sequence(3, 'mean')
  const whole = tunableOf({ backbone, head })
  const { division, wrap } = planTraining(whole, recipe)
  const plain = memoryWeights(whole.stored.map(formulaTensor))
  const blocks = methodOf(recipe.method.kind).quantized?.(recipe.method)
  const weights = blocks ? quantizedInMemory(plain, whole.linears, blocks) : plain
  const model: TaskModel = { backbone, head, classes: 3, ...(wrap ? { wrap } : {}) }
  const schedule = makeSchedule(recipe.schedule, Math.ceil(rows.lengths.length / recipe.batch.rows))
  const options = {
    task: classification.task(model, rows, { smoothing: 0, seed: 1 }),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed, std: 0.1 }),
    optimizer: recipe.optimizer,
    dropout: recipe.dropout,
    begins: beginsOf(division, recipe, Math.ceil(rows.lengths.length / recipe.batch.rows)),
    ema: recipe.ema,
    ...(recipe.batch.micro === undefined ? {} : { micro: recipe.batch.micro }),
    recompute: recipe.batch.recompute ?? false,
  } satisfies Omit<LearnerOptions, 'mode'>
  return { model, weights, division, schedule, options, whole }
}

/** The batches of the first epochs, in order. */
export const tinyBatches = (rows: EncodedRows, recipe: Recipe, epochs = 4): Batch[] =>
  Array.from({ length: epochs }, (_, epoch) =>
    planEpoch({ lengths: rows.lengths, rows: recipe.batch.rows, limit: 32, seed: 1, epoch, together: 8 }),
  ).flat()

/** Takes steps `from`.. `to` (from 1, the last included), up to `together` batches of one shape in a run. */
export async function takeSteps(
  learner: Learner,
  batches: readonly Batch[],
  options: { readonly from: number; readonly to: number; readonly together?: number; rate(step: number): number },
): Promise<StepResult[]> {
  const results: StepResult[] = []
  for (let step = options.from; step <= options.to; ) {
    const first = batches[step - 1] as Batch
    const fits = (b: Batch | undefined) => b?.length === first.length && b.rows.length === first.rows.length
    let end = step
    while (end < options.to && end - step + 1 < (options.together ?? 1) && fits(batches[end])) end++
    const own = batches.slice(step - 1, end)
    results.push(
      ...(await learner.step(
        own,
        step,
        own.map((_, i) => options.rate(step + i)),
      )),
    )
    step = end + 1
  }
  return results
}

/** A learner of the tiny model. */
export function tinyLearner(runtime: Runtime, recipe: Recipe, rows: EncodedRows, mode: LearnerOptions['mode']) {
  const parts = tinyParts(recipe, rows)
  return makeLearner(runtime, { ...parts.options, mode })
}

/** The largest difference of two lists of tensors. */
export function difference(a: readonly NamedTensor[], b: readonly NamedTensor[]): number {
  const other = new Map(b.map(t => [t.name, t.data]))
  return Math.max(
    ...a.map(({ name, data }) =>
      data.reduce((most, x, i) => Math.max(most, Math.abs(x - (other.get(name)?.[i] as number))), 0),
    ),
  )
}
