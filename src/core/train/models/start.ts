import type { NamedTensor } from '../learner.ts'
import { initialTensors } from './initial.ts'
import type { Division, Weights } from './weights.ts'

/**
 * First values of what is trained: those of an adapter that is gone on from, else the stored ones where there are any, fresh
 * ones from the seed else.
 */
export function startTensors(
  division: Division,
  weights: Weights,
  fresh: { readonly seed: number; readonly std: number; readonly adapter?: readonly NamedTensor[] },
): NamedTensor[] {
  const stored = new Set(weights.names)
  const given = new Map(fresh.adapter?.map(t => [t.name, t]))
  return division.trained.map(spec => {
    const own = given.get(spec.name)
    if (own) return own
    if (stored.has(spec.name)) return weights.read(spec.name)
    if (spec.start) return { name: spec.name, shape: spec.shape, data: spec.start(weights) }
    return initialTensors([spec], fresh.seed, fresh.std)[0] as NamedTensor
  })
}
