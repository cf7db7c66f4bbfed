import * as v from 'valibot'
import { lowRankEntries, lowRankMethod, lowRankText, resolveLowRank, scalingEntry } from './lowRank.ts'
import { defineMethod } from './method.ts'

const schema = v.strictObject({ kind: v.literal('lora'), ...lowRankEntries, ...scalingEntry })

/** Low-rank adapters on frozen layers (Hu et al. 2021). */
export const lora = defineMethod({
  ...lowRankMethod,
  schema,
  resolve: (input: v.InferOutput<typeof schema>) => ({ kind: 'lora' as const, ...resolveLowRank(input) }),
  text: method => `${method.scaling === 'root' ? 'rsLoRA' : 'LoRA'}, ${lowRankText(method)}`,
})
