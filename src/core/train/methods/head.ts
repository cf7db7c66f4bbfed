import * as v from 'valibot'
import { defineMethod } from './method.ts'

/** The head alone, on features of the frozen model that are computed once (feature-based; Peters et al. 2019). */
export const head = defineMethod({
  schema: v.strictObject({ kind: v.literal('head') }),
  resolve: () => ({ kind: 'head' as const }),
  suggested: () => ({ rate: 5e-3, epochs: 30, rows: 64 }),
  text: () => 'head only',
  divide: model => ({ trained: model.fresh, frozen: model.stored.map(spec => spec.name) }),
  leaves: 'model',
  cached: true,
})
