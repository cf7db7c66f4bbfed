import * as v from 'valibot'
import { maybe, say } from '../recipe/fields.ts'
import { lowRankEntries, lowRankMethod, lowRankText, resolveLowRank, scalingEntry } from './lowRank.ts'
import { defineMethod } from './method.ts'

const schema = v.strictObject({
  kind: v.literal('qlora'),
  ...lowRankEntries,
  ...scalingEntry,
  bits: maybe(v.pipe(v.picklist([4, 8]), say('Bits of a frozen weight.'))),
  block: maybe(
    v.pipe(
      v.picklist([16, 32, 64, 128]),
      say('Weights that share a scale; layers that are no whole blocks stay as they are.'),
    ),
  ),
})

/**
 * Low-rank adapters on frozen layers of 4 or 8 bits (QLoRA, Dettmers et al. 2023). The codes are rounded to the nearest in
 * blocks, not NF4, because ONNX Runtime has kernels for them. On all linear layers where a recipe says nothing, as published.
 */
export const qlora = defineMethod({
  ...lowRankMethod,
  schema,
  resolve: (input: v.InferOutput<typeof schema>) => ({
    kind: 'qlora' as const,
    ...resolveLowRank({ targets: 'all-linear', ...input }),
    bits: input.bits ?? 4,
    block: input.block ?? 32,
  }),
  text: method => `QLoRA, ${method.bits} bits, ${lowRankText(method)}`,
  quantized: ({ bits, block }) => ({ bits, block }),
})
