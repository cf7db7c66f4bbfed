import { never } from '../base/failure.ts'
import type { Recipe } from './recipe.ts'

/** How long a run is and what its learning rate does, in optimizer steps. */
export interface Schedule {
  readonly steps: number
  readonly warmup: number
  /** Rate of step 1, 2, ... `steps`. */
  rate(step: number): number
}

/**
 * The schedules of Hugging Face Transformers. With s finished steps of T, w of them warm-up, the factor after warm-up is
 * (T-s)/(T-w) (linear), (1 + cos(pi (s-w)/(T-w)))/2 (cosine) or 1 (constant); step n has s = n-1. During warm-up it is n/w,
 * not (n-1)/w as there: a first step at rate 0 costs as much as any and changes nothing.
 */
export function makeSchedule(recipe: Recipe['schedule'], stepsPerEpoch: number): Schedule {
  const steps = recipe.steps ?? Math.max(1, Math.ceil(recipe.epochs * stepsPerEpoch))
  const wanted = recipe.warmup < 1 ? Math.round(recipe.warmup * steps) : Math.round(recipe.warmup)
  const warmup = Math.min(wanted, steps)
  const fall = (step: number): number => {
    const past = (step - 1 - warmup) / Math.max(1, steps - warmup)
    switch (recipe.kind) {
      case 'linear':
        return 1 - past
      case 'cosine':
        return (1 + Math.cos(Math.PI * past)) / 2
      case 'constant':
        return 1
      default:
        return never(recipe.kind)
    }
  }
  return { steps, warmup, rate: step => recipe.rate * (step <= warmup ? step / warmup : fall(step)) }
}
