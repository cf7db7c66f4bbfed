import { Failure } from '../../base/failure.ts'
import type { Value } from '../../graph/graph.ts'
import type { Division, Weights } from '../models/weights.ts'
import type { Frozen } from '../state.ts'
import type { TaskKind } from '../tasks/task.ts'

const nameOf = (name: string) => `start of ${name}`

/**
 * L2-SP (Li, Grandvalet and Davoine 2018): α/2 · Σ ‖w − w₀‖² over the tensors that the model came with is added to the loss, so that
 * tuning stays near where it began and forgets less. Heads begin from nothing and are not pulled. The first weights are read
 * where they lie and are part of no state. Throws `Failure` (`bad-recipe`) where the method trains none of the model's own tensors.
 */
export function pulled(
  kind: TaskKind,
  { alpha, division, weights }: { readonly alpha: number; readonly division: Division; readonly weights: Weights },
): { readonly kind: TaskKind; readonly parameters: readonly Frozen[] } {
  const own = new Set(weights.names)
  const names = division.trained.filter(spec => own.has(spec.name)).map(spec => spec.name)
  if (names.length === 0)
    throw new Failure(
      'bad-recipe',
      '"pull" holds the model’s own weights near where they began, and this method trains none of them',
      'Leave it out, or train with the method full, last or bitfit',
    )
  const parameters = names.map((name): Frozen => ({ ...weights.frozen(name), name: nameOf(name) }))
  const task: TaskKind['task'] = (model, rows, options) => {
    const plain = kind.task(model, rows, options)
    return {
      ...plain,
      loss(g, lookup, inputs, dropout) {
        const values = plain.loss(g, lookup, inputs, dropout)
        const far = names.map(name => {
          const away = g.sub(lookup(name) as Value, lookup(nameOf(name)) as Value)
          return g.sumAll(g.mul(away, away))
        })
        const sum = far.reduce((a, b) => g.add(a, b))
        return { ...values, loss: g.add(values.loss, g.mul(sum, alpha / 2)) }
      },
    }
  }
  return { kind: { ...kind, task }, parameters }
}
