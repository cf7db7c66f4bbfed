import * as v from 'valibot'
import type { Builder } from '../../graph/builder.ts'
import type { Value } from '../../graph/graph.ts'
import type { DropoutPlan } from '../models/architecture.ts'
import type { Division, InitialSpec } from '../models/weights.ts'
import { above0, fraction, maybe, rounded, say, whole } from '../recipe/fields.ts'
import type { AdaptGraph, PeftConfig, Suggested, Tunable } from './method.ts'
import { type Targets, targetLayers, targetsSchema } from './targets.ts'

/** Low-rank adapters: what all their kinds have in common. */
export interface LowRank {
  readonly rank: number
  readonly alpha: number
  readonly dropout: number
  readonly targets: Targets
  /** What alpha is divided by: the rank (Hu et al. 2021; where left out), or its root (rsLoRA, Kalajdzievski 2023). */
  readonly scaling?: 'rank' | 'root'
}

/** Keys of every low-rank method in a recipe. */
export const lowRankEntries = {
  rank: maybe(whole(1, 'Rank of each adapter.')),
  alpha: maybe(above0('Adapters are scaled by alpha / rank, or by alpha / √rank; twice the rank where left out.')),
  dropout: maybe(fraction('Dropout on the input of each adapter.')),
  targets: maybe(targetsSchema),
}

/** The key that chooses the scaling. */
export const scalingEntry = {
  scaling: maybe(
    v.pipe(
      v.picklist(['rank', 'root']),
      say('What alpha is divided by: the rank, or its root (rsLoRA), which keeps large ranks learning.'),
    ),
  ),
}

type Input = { readonly [K in keyof LowRank]?: LowRank[K] }

/** Writes out the defaults: rank 8, alpha twice the rank, query and value. */
export function resolveLowRank(input: Input): LowRank {
  const rank = input.rank ?? 8
  return {
    rank,
    alpha: input.alpha ?? 2 * rank,
    dropout: input.dropout ?? 0,
    targets: input.targets ?? ['query', 'value'],
    ...(input.scaling === undefined ? {} : { scaling: input.scaling }),
  }
}

/** At a width of 768 the rate that LoRA was published with; narrow models take larger steps. */
function suggestedLowRank(hidden: number): Suggested {
  return { rate: rounded(Math.min(5e-3, 5e-4 * (768 / hidden))), epochs: 10, rows: 16 }
}

/** Rank and targets in words. */
export function lowRankText({ rank, targets }: LowRank): string {
  return `rank ${rank}, on ${targets === 'all-linear' ? 'all linear layers' : targets.join(', ')}`
}

/** s in y = xW₀ᵀ + s·(xAᵀ)Bᵀ. */
export const scaleOf = ({ alpha, rank, scaling }: LowRank): number =>
  alpha / (scaling === 'root' ? Math.sqrt(rank) : rank)

/** The names that PEFT gives the two factors of an adapter on a layer. */
export const factorNames = (layer: string) => ({ a: `${layer}.lora_A.weight`, b: `${layer}.lora_B.weight` })

/** The name that PEFT gives the lengths of a layer's rows (DoRA). */
export const magnitudeName = (layer: string) => `${layer}.lora_magnitude_vector`

/** A [rank, in] and B [out, rank] of every adapter, whatever the orientation of the weight. */
export function lowRankParameters(model: Pick<Tunable, 'linears'>, method: LowRank): InitialSpec[] {
  return targetLayers(model, method.targets).flatMap(layer => {
    const { a, b } = factorNames(layer.name)
    return [
      { name: a, shape: [method.rank, layer.in], init: 'normal', factor: 'a' } as const,
      { name: b, shape: [layer.out, method.rank], init: 'zero', factor: 'b' } as const,
    ]
  })
}

/** y + s·(dropout(x)·Aᵀ)·Bᵀ wherever the graph has the two factors (Hu et al. 2021). */
export function adaptLowRank(method: LowRank): AdaptGraph {
  return (lookup, dropout) =>
    (g, { name, x, y }) => {
      const names = factorNames(name)
      const [a, b] = [lookup(names.a), lookup(names.b)]
      if (!a || !b) return y
      const inner = g.matmul(droppedAt(g, g.flat2d(x), { dropout, rate: method.dropout }), a, { transB: true })
      const change = g.matmul(inner, b, { transB: true, alpha: scaleOf(method) })
      return g.add(y, g.reshape(change, y.dims))
    }
}

/** Dropout at a rate of its own, in the graph's sequence of places that drop. */
export function droppedAt(
  g: Builder,
  x: Value,
  { dropout, rate }: { readonly dropout: DropoutPlan | undefined; readonly rate: number },
): Value {
  if (!dropout || rate === 0) return x
  dropout.salt++
  return g.dropout(x, { rate, step: dropout.step, salt: dropout.salt })
}

/** The keys of PEFT's `LoraConfig` that follow from the method. */
export function peftLowRank(model: Pick<Tunable, 'linears'>, method: LowRank): PeftConfig {
  const { rank, alpha, dropout, scaling, targets } = method
  const layers = targetLayers(model, targets)
  return {
    peft_type: 'LORA',
    layers,
    keys: {
      r: rank,
      lora_alpha: alpha,
      lora_dropout: dropout,
      use_rslora: scaling === 'root',
      fan_in_fan_out: layers.some(layer => layer.stored === 'in-out'),
    },
  }
}

/** What the methods with low-rank factors have in common, but for the words of recipes. */
export const lowRankMethod = {
  suggested: suggestedLowRank,
  divide: (model: Tunable, method: LowRank): Division => ({
    trained: [...lowRankParameters(model, method), ...model.fresh],
    frozen: model.stored.map(spec => spec.name),
  }),
  adapt: (_: Tunable, method: LowRank): AdaptGraph => adaptLowRank(method),
  leaves: 'adapter',
  peft: peftLowRank,
} as const
