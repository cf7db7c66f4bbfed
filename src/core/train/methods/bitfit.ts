import * as v from 'valibot'
import { Failure } from '../../base/failure.ts'
import { rounded } from '../recipe/fields.ts'
import { defineMethod } from './method.ts'

/** The biases and the head alone (BitFit, Ben Zaken et al. 2022): a thousandth of the model, changed where it stands. */
export const bitfit = defineMethod({
  schema: v.strictObject({ kind: v.literal('bitfit') }),
  resolve: () => ({ kind: 'bitfit' as const }),
  // Published at 768 between 1e-4 and 1e-3; narrow models take larger steps, as with adapters.
  suggested: hidden => ({ rate: rounded(Math.min(5e-3, 5e-4 * (768 / hidden))), epochs: 10, rows: 16 }),
  text: () => 'BitFit: biases and the head',
  divide(model) {
    const isBias = (name: string) => name.endsWith('.bias')
    const biases = model.stored.filter(spec => isBias(spec.name))
    if (biases.length === 0)
      throw new Failure('bad-recipe', '"method.kind" is "bitfit", and the model has no biases', 'Train it with "lora"')
    return {
      trained: [...biases, ...model.fresh],
      frozen: model.stored.map(spec => spec.name).filter(name => !isBias(name)),
    }
  },
  leaves: 'model',
})
