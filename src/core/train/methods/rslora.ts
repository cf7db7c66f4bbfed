import * as v from 'valibot'
import { lowRankEntries, lowRankMethod, lowRankText, resolveLowRank } from './lowRank.ts'
import { defineMethod } from './method.ts'

const schema = v.strictObject({ kind: v.literal('rslora'), ...lowRankEntries })

/** Rank-stabilized LoRA (Kalajdzievski 2023): adapters are scaled by α/√r, so that large ranks go on learning. */
export const rslora = defineMethod({
  ...lowRankMethod,
  schema,
  resolve: (input: v.InferOutput<typeof schema>) => ({
    kind: 'rslora' as const,
    ...resolveLowRank({ scaling: 'root', ...input }),
  }),
  text: method => `rsLoRA, ${lowRankText(method)}`,
})
