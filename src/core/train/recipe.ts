import * as v from 'valibot'
import { Failure } from '../base/failure.ts'
import type { Suggested } from './methods/method.ts'
import { type Method, methodEntries, methodOf, resolveMethod } from './methods.ts'
import { batchEntries, type RecipeBatch, resolveBatch } from './recipe/batch.ts'
import { dataEntries, type RecipeData, resolveData } from './recipe/data.ts'
import { evaluateEntries, type Metric, type RecipeEvaluate, resolveEvaluate, usualAnswers } from './recipe/evaluate.ts'
import { maybe, say, words } from './recipe/fields.ts'
import { machineEntries, type RecipeMachine, resolveMachine } from './recipe/machine.ts'
import { optimizerEntries, type RecipeOptimizer, resolveOptimizer } from './recipe/optimizer.ts'
import { type RecipeRates, ratesEntries, resolveRates } from './recipe/rates.ts'
import { type RecipeRegularization, regularizationEntries, resolveRegularization } from './recipe/regularization.ts'
import { type RecipeSchedule, resolveSchedule, scheduleEntries } from './recipe/schedule.ts'
import { type RecipeTask, resolveTask, taskEntries } from './recipe/task.ts'
import { recipeFailure } from './recipeErrors.ts'
import type { TaskKind } from './tasks/task.ts'
import { taskOf } from './tasks.ts'

/**
 * A recipe as people write it: everything that has a default may be left out. Its parts are files of `recipe/`, and each
 * method of `methods.ts` brings its own keys; the JSON schema that editors show is printed from here.
 */
export const recipeSchema = v.strictObject({
  $schema: maybe(v.pipe(v.string(), say('Address of the schema, for editors.'))),
  name: maybe(words('What the run is called.')),
  model: words('A model folder (Hugging Face layout), or the name of a model that comes with Winnow.'),
  adapter: maybe(words('Folder of a PEFT adapter to go on from; the method is read from it.')),
  ...dataEntries,
  ...methodEntries,
  ...scheduleEntries,
  ...optimizerEntries,
  ...batchEntries,
  ...taskEntries,
  ...ratesEntries,
  ...regularizationEntries,
  ...evaluateEntries,
  ...machineEntries,
})

/** A recipe as people write it. */
export type RecipeInput = v.InferOutput<typeof recipeSchema>

/** `recipe.json` of a run folder: every default written out. */
export interface Recipe extends RecipeTask, RecipeRates, RecipeRegularization, RecipeMachine {
  readonly name: string
  readonly model: string
  /** Folder of the adapter that the run goes on from. */
  readonly adapter?: string
  readonly data: RecipeData
  readonly method: Method
  readonly schedule: RecipeSchedule
  readonly optimizer: RecipeOptimizer
  readonly batch: RecipeBatch
  readonly evaluate: RecipeEvaluate
  readonly save: { readonly keep: number }
}

/**
 * Checks a recipe's JSON value. The first problem becomes one `Failure` (`bad-recipe`) that names the key, and for
 * an unknown key or word the nearest valid one. `where` is the file, for the message.
 */
export function parseRecipe(value: unknown, where: string): RecipeInput {
  const result = v.safeParse(recipeSchema, value)
  if (result.success) return result.output
  throw recipeFailure(result.issues, { schema: recipeSchema, value, where })
}

/** Suggested rate, epochs and rows of a batch for a method on a model of a hidden size. */
export function suggested(method: Method['kind'], hidden: number): Suggested {
  return methodOf(method).suggested(hidden)
}

/** Writes out every default. `hidden` is the model's hidden size, on which the suggested rates depend. */
export function resolveRecipe(input: RecipeInput, model: { readonly hidden: number }): Recipe {
  const method = resolveMethod(input.method)
  const { rate, epochs, rows } = suggested(method.kind, model.hidden)
  const { data } = input
  const task = resolveTask(input)
  const kind = taskOf(task.task)
  if ((input.focal ?? 'off') !== 'off' && task.labelSmoothing > 0)
    throw new Failure('bad-recipe', '"focal" and "labelSmoothing" do not go together', 'Leave one of them out')
  const base = input.model.replace(/\\/g, '/').split('/').filter(Boolean).at(-1) ?? input.model
  return {
    name: input.name ?? [data.dataset?.split('/').filter(Boolean).at(-1), base, method.kind].filter(Boolean).join(' '),
    model: input.model,
    ...(input.adapter === undefined ? {} : { adapter: input.adapter }),
    data: resolveData(data),
    method,
    schedule: resolveSchedule(input.schedule, { rate, epochs }),
    optimizer: resolveOptimizer(input.optimizer),
    batch: resolveBatch(input.batch, kind.head === 'language' ? { rows: 8, tokens: 512 } : { rows, tokens: 128 }),
    ...task,
    ...resolveRates(input),
    ...resolveRegularization(input),
    evaluate: resolveEvaluate(input.evaluate, {
      metric: metricOf(input, kind),
      ...(kind.name === 'instruction' ? { answers: usualAnswers } : {}),
    }),
    save: { keep: input.save?.keep ?? 1 },
    ...resolveMachine(input),
  }
}

/** The score that checkpoints are chosen by. Throws `Failure` (`bad-recipe`) for one that the task has not. */
function metricOf({ evaluate }: RecipeInput, { name, metrics }: TaskKind): Metric {
  const metric = evaluate?.metric ?? metrics[0]
  if (metrics.includes(metric)) return metric
  throw new Failure(
    'bad-recipe',
    `"evaluate.metric": the task ${name} has no ${metric}`,
    `It has ${metrics.join(', ')}`,
  )
}
