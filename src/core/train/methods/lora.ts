import * as v from 'valibot'
import {
  adaptLowRank,
  type LowRank,
  lowRankEntries,
  lowRankMethod,
  lowRankText,
  resolveLowRank,
  scalingEntry,
} from './lowRank.ts'
import type { AdaptGraph } from './method.ts'
import { defineMethod } from './method.ts'

const schema = v.strictObject({ kind: v.literal('lora'), ...lowRankEntries, ...scalingEntry })

/** Low-rank adapters on frozen layers (Hu et al. 2021). */
export const lora = defineMethod({
  ...lowRankMethod,
  schema,
  resolve: (input: v.InferOutput<typeof schema>) => ({ kind: 'lora' as const, ...resolveLowRank(input) }),
  text: method => `${method.scaling === 'root' ? 'rsLoRA' : 'LoRA'}, ${lowRankText(method)}`,
})

/** What the adapters do to linear layers. */
export const loraAdapter = (method: LowRank): AdaptGraph => adaptLowRank(method)
