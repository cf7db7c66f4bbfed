import * as v from 'valibot'
import { above0, maybe } from '../recipe/fields.ts'
import { lowRankEntries, lowRankMethod, lowRankText, resolveLowRank, scalingEntry } from './lowRank.ts'
import { defineMethod } from './method.ts'

const schema = v.strictObject({
  kind: v.literal('lora-plus'),
  ...lowRankEntries,
  ...scalingEntry,
  ratio: maybe(above0('How many times faster B learns than A.')),
})

/** LoRA+ (Hayou et al. 2024): B, which starts at zero, learns at λ times the rate of A. */
export const loraPlus = defineMethod({
  ...lowRankMethod,
  schema,
  resolve: (input: v.InferOutput<typeof schema>) => ({
    kind: 'lora-plus' as const,
    ...resolveLowRank(input),
    ratio: input.ratio ?? 16,
  }),
  // The rate is A's: with the suggested one of LoRA, B would move sixteen times as fast as it can take.
  suggested: hidden => ({ ...lowRankMethod.suggested(hidden), rate: lowRankMethod.suggested(hidden).rate / 4 }),
  text: method => `LoRA+, ${lowRankText(method)}, B at ${method.ratio} times the rate`,
  divide(model, method) {
    const { trained, frozen } = lowRankMethod.divide(model, method)
    return { trained: trained.map(spec => (spec.factor === 'b' ? { ...spec, rate: method.ratio } : spec)), frozen }
  },
})
