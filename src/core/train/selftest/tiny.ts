/* Small random models and rows that the engine tests itself with. */
import { random } from '../../base/random.ts'
import { type Batch, planEpoch, tokenRows } from '../batch.ts'
import type { Learner, LearnerOptions, LearnerState, NamedTensor, StepResult } from '../learner.ts'
import { makeLearner } from '../makeLearner.ts'
import { planTraining } from '../methods/plan.ts'
import { tunableOf } from '../methods/tunable.ts'
import type { Backbone } from '../models/architecture.ts'
import { openBackbone } from '../models/architectures.ts'
import { initialTensors } from '../models/initial.ts'
import { startTensors } from '../models/start.ts'
import { memoryWeights, parametersOf } from '../models/weights.ts'
import { type Recipe, type RecipeInput, resolveRecipe } from '../recipe.ts'
import type { Runtime } from '../runtime.ts'
import { causal } from '../tasks/causal.ts'
import { classification } from '../tasks/classification.ts'
import type { EncodedRows } from '../tasks/encoded.ts'
import type { TaskModel } from '../tasks/task.ts'

/** Two layers of 32, as `config.json` says it: an encoder, and a decoder with shared keys and values. */
export const tinyConfigs = {
  encoder: {
    model_type: 'bert',
    vocab_size: 48,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 64,
    max_position_embeddings: 32,
    type_vocab_size: 2,
    initializer_range: 0.1,
  },
  decoder: {
    model_type: 'llama',
    vocab_size: 48,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 64,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
    initializer_range: 0.1,
  },
} as const

const classes = 3

/** Rows of 5 to 12 tokens; the class of one follows from its first. */
export function tinyRows(count: number, targets: 'class' | 'next'): EncodedRows {
  const draw = random('rows')
  const rows = Array.from({ length: count }, () => Array.from({ length: 5 + draw.int(8) }, () => 3 + draw.int(45)))
  const tokens = tokenRows(rows)
  return {
    tokens,
    lengths: Int32Array.from(rows, row => row.length),
    pad: 0,
    targets: targets === 'class' ? Int32Array.from(rows, row => (row[0] as number) % classes) : tokens.ids,
    cut: 0,
  }
}

export type TinyInput = Omit<RecipeInput, 'model' | 'data'>

/** The tiny encoder as a recipe trains it. */
export function tinyModel(input: TinyInput) {
  const recipe: Recipe = resolveRecipe(
    { model: 'tiny', data: {}, dropout: 0, batch: { rows: 8 }, ...input },
    { hidden: 32 },
  )
  const backbone: Backbone = openBackbone(tinyConfigs.encoder, 'config.json')
  const head = backbone.sequence(classes, 'mean')
  const whole = tunableOf({ backbone, head })
  const weights = memoryWeights(initialTensors(whole.stored, 'weights', 0.1))
  const { division, wrap } = planTraining(whole, recipe)
  const bare: TaskModel = { backbone, head, classes }
  return { recipe, whole, weights, division, bare, model: wrap ? { ...bare, wrap } : bare }
}

/** A learner of it. */
export function tinyLearner(
  runtime: Runtime,
  tiny: ReturnType<typeof tinyModel>,
  { rows, mode, micro }: { readonly rows: EncodedRows; readonly mode: LearnerOptions['mode']; readonly micro?: number },
): Promise<Learner> {
  const { model, division, weights, recipe } = tiny
  return makeLearner(runtime, {
    task: classification.task(model, rows, { smoothing: 0, seed: 1 }),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: 1, std: 0.1 }),
    optimizer: recipe.optimizer,
    dropout: recipe.dropout,
    mode,
    ...(micro === undefined ? {} : { micro }),
  })
}

/** A learner of the tiny decoder, all of it, on rows that may be packed. */
export function tinyDecoder(runtime: Runtime, rows: EncodedRows): Promise<Learner> {
  const backbone = openBackbone(tinyConfigs.decoder, 'config.json')
  const specs = [...backbone.parameters(), ...backbone.language.parameters]
  const division = { trained: specs, frozen: [] }
  const weights = memoryWeights(initialTensors(specs, 'weights', 0.1))
  return makeLearner(runtime, {
    task: causal.task({ backbone, classes: backbone.sizes.vocab }, rows, { smoothing: 0, seed: 1 }),
    parameters: parametersOf(division, weights),
    initial: startTensors(division, weights, { seed: 1, std: 0.1 }),
    optimizer: resolveRecipe({ model: 'tiny', data: {} }, { hidden: 32 }).optimizer,
    dropout: 0,
    mode: 'steps',
    arena: 'off',
  })
}

/** The batches of three epochs, 8 rows each. */
export const tinyBatches = (rows: EncodedRows): Batch[] =>
  [0, 1, 2].flatMap(epoch => planEpoch({ lengths: rows.lengths, rows: 8, limit: 32, seed: 1, epoch, together: 4 }))

/** Takes the steps `from`.. `to` (from 1, the last included) at one rate, up to `together` of one shape in a run. */
export async function takeSteps(
  learner: Learner,
  batches: readonly Batch[],
  { from = 1, to, together = 1 }: { readonly from?: number; readonly to: number; readonly together?: number },
): Promise<StepResult[]> {
  const results: StepResult[] = []
  for (let step = from; step <= to; ) {
    const first = batches[step - 1] as Batch
    const alike = (b: Batch | undefined) => b?.length === first.length && b.rows.length === first.rows.length
    let end = step
    while (end < to && end - step + 1 < together && alike(batches[end])) end++
    const own = batches.slice(step - 1, end)
    const rates = own.map(() => 5e-3)
    results.push(...(await learner.step(own, step, rates)))
    step = end + 1
  }
  return results
}

/** A state that later steps cannot reach. */
export function copied({ parameters, first, second }: LearnerState): LearnerState {
  const copy = (tensors: readonly NamedTensor[]) => tensors.map(t => ({ ...t, data: t.data.slice() }))
  return { parameters: copy(parameters), first: copy(first), second: copy(second) }
}

/** The largest difference of numbers, relative to 1 + |b|; infinite where one is no number or one side is shorter. */
export function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let most = 0
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs((a[i] as number) - (b[i] as number)) / (1 + Math.abs(b[i] as number))
    most = Math.max(most, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error)
  }
  return most
}

/** The same of tensors by name. */
export function furthestTensors(a: readonly NamedTensor[], b: readonly NamedTensor[]): number {
  const other = new Map(b.map(t => [t.name, t.data]))
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  return a.reduce((most, t) => Math.max(most, furthest(t.data, other.get(t.name) ?? [])), 0)
}
