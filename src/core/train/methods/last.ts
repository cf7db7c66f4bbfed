import * as v from 'valibot'
import { Failure } from '../../base/failure.ts'
import { maybe, whole } from '../recipe/fields.ts'
import { suggestedOwn } from './full.ts'
import { defineMethod } from './method.ts'

/** The last layers and what is above them; embeddings and the layers below stay as they are. */
export const last = defineMethod({
  schema: v.strictObject({
    kind: v.literal('last'),
    layers: maybe(whole(1, 'How many of the uppermost layers are trained, with all that is above them.')),
  }),
  resolve: input => ({ kind: 'last' as const, layers: input.layers ?? 2 }),
  suggested: suggestedOwn,
  text: method => `the last ${method.layers === 1 ? 'layer' : `${method.layers} layers`}`,
  divide(model, method) {
    if (method.layers > model.layers)
      throw new Failure(
        'bad-recipe',
        `"method.layers" is ${method.layers}, and the model has ${model.layers}`,
        'To train everything write "kind": "full"',
      )
    const isTrained = (name: string) => model.depth(name) > model.layers - method.layers
    return {
      trained: [...model.stored.filter(spec => isTrained(spec.name)), ...model.fresh],
      frozen: model.stored.map(spec => spec.name).filter(name => !isTrained(name)),
    }
  },
  leaves: 'model',
})
