/* What a recipe trains of a model, at which rates and from when on, and what it hangs into the forward pass. */

import { methodOf } from '../methods.ts'
import type { BackboneOptions, DropoutPlan, Lookup } from '../models/architecture.ts'
import type { Division, InitialSpec } from '../models/weights.ts'
import type { Recipe } from '../recipe.ts'
import type { Tunable } from './method.ts'
import { embeddingNoise } from './noise.ts'

/** The parts of a recipe that decide it. */
export type PlanRecipe = Pick<Recipe, 'method' | 'rates' | 'unfreeze' | 'neftune'>

/** What is done to one model. */
export interface Plan {
  /** What is trained, with factors of the rate and the groups that unfreeze together. */
  readonly division: Division
  /** What the method changes in a forward pass; absent where that is nothing. `dropout` is absent in evaluations. */
  readonly wrap?: (lookup: Lookup, dropout?: DropoutPlan) => Omit<BackboneOptions, 'dropout'>
}

/** Throws `Failure` (`bad-recipe`) where the model has not what the recipe names. */
export function planTraining(model: Tunable, recipe: PlanRecipe): Plan {
  const { method, neftune } = recipe
  const module = methodOf(method.kind)
  const { trained, frozen } = module.divide(model, method)
  const adapt = module.adapt?.(model, method)
  const product = module.product?.(model, method)
  const stored = new Set(model.stored.map(spec => spec.name))
  const placed = trained.map(spec => inPlace(spec, { model, recipe }))
  const still = placed.filter(spec => spec.rate === 0 && stored.has(spec.name)).map(spec => spec.name)
  const division: Division = { trained: placed.filter(spec => spec.rate !== 0), frozen: [...frozen, ...still] }
  if (!adapt && !product && neftune === 0) return { division }
  const wrap = (lookup: Lookup, dropout?: DropoutPlan) => {
    const own = adapt?.(lookup, dropout)
    return {
      ...(own ? { adapt: own } : {}),
      ...(product ? { product: product(lookup) } : {}),
      ...(dropout && neftune > 0 ? { noise: embeddingNoise(neftune, dropout) } : {}),
    }
  }
  return { division, wrap }
}

/**
 * The steps after which each group begins: the head and what is above the layers at once, then one layer more after every
 * period, the embeddings last. One group where the recipe does not unfreeze.
 */
export function beginsOf(division: Division, { unfreeze }: PlanRecipe, stepsPerEpoch: number): number[] {
  if (!unfreeze) return [0]
  const period = 'steps' in unfreeze ? unfreeze.steps : Math.max(1, Math.round(unfreeze.epochs * stepsPerEpoch))
  const groups = 1 + division.trained.reduce((most, spec) => Math.max(most, spec.group ?? 0), 0)
  return Array.from({ length: groups }, (_, group) => group * period)
}

/** The rate and the group of a tensor by where it is: rate · d^(layers + 1 − depth), times the factor of its part. */
function inPlace(
  spec: InitialSpec,
  { model, recipe }: { readonly model: Tunable; readonly recipe: PlanRecipe },
): InitialSpec {
  const { rates, unfreeze } = recipe
  const isHead = model.fresh.some(own => own.name === spec.name)
  const depth = isHead ? model.layers + 1 : model.depth(spec.name)
  const below = model.layers + 1 - depth
  const part = isHead ? rates.head : depth === 0 ? rates.embeddings : rates.backbone
  const rate = (spec.rate ?? 1) * part * rates.layerDecay ** below
  return {
    ...spec,
    ...(rate === 1 ? {} : { rate }),
    ...(unfreeze ? { group: below } : {}),
  }
}
