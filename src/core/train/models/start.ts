import type { NamedTensor } from '../learner.ts'
import { initialTensors } from './initial.ts'
import type { Division, Weights } from './weights.ts'

/** First values of what is trained: the stored ones where there are any, fresh ones from the seed else. */
export function startTensors(
  division: Division,
  weights: Weights,
  fresh: { readonly seed: number; readonly std: number },
): NamedTensor[] {
  const stored = new Set(weights.names)
  return division.trained.map(spec => {
    if (stored.has(spec.name)) return weights.read(spec.name)
    if (spec.start) return { name: spec.name, shape: spec.shape, data: spec.start(weights) }
    return initialTensors([spec], fresh.seed, fresh.std)[0] as NamedTensor
  })
}
