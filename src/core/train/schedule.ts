import type { RecipeSchedule } from './recipe/schedule.ts'

/** How long a run is and what its learning rate does, in optimizer steps. */
export interface Schedule {
  readonly steps: number
  readonly warmup: number
  /** Rate of step 1, 2, ... `steps`. */
  rate(step: number): number
}

/**
 * The schedules of Hugging Face Transformers, PyTorch and ULMFiT. The factor of a step depends on the number s of finished
 * steps: step n has s = n-1. During warm-up it is n/w, not (n-1)/w as in Transformers: a first step at rate 0 costs as much
 * as any and changes nothing.
 */
export function makeSchedule(recipe: RecipeSchedule, stepsPerEpoch: number): Schedule {
  const steps = recipe.steps ?? Math.max(1, Math.ceil(recipe.epochs * stepsPerEpoch))
  const wanted = recipe.warmup < 1 ? Math.round(recipe.warmup * steps) : Math.round(recipe.warmup)
  const warmup = Math.min(wanted, steps)
  const factor = factors[recipe.kind]
  const span = { steps, warmup, recipe }
  return { steps, warmup, rate: step => recipe.rate * factor(step, span) }
}

interface Span {
  /** T. */
  readonly steps: number
  /** w. */
  readonly warmup: number
  readonly recipe: RecipeSchedule
}

type Factor = (step: number, span: Span) => number

/** A factor that follows a warm-up: of p, the share of the steps after it that are finished. */
const warmed =
  (after: (p: number, span: Span, step: number) => number): Factor =>
  (step, span) => {
    const { steps, warmup } = span
    if (step <= warmup) return step / warmup
    return after((step - 1 - warmup) / Math.max(1, steps - warmup), span, step)
  }

/** Down to the recipe's share instead of 0. */
const above = (factor: number, { recipe }: Span, otherwise = 0): number => {
  const end = recipe.end ?? otherwise
  return factor * (1 - end) + end
}

const half = (p: number): number => (1 + Math.cos(Math.PI * p)) / 2

const factors: Readonly<Record<RecipeSchedule['kind'], Factor>> = {
  constant: warmed(() => 1),
  linear: warmed((p, span) => above(1 - p, span)),
  cosine: warmed((p, span) => above(half(p), span)),
  'cosine-restarts': warmed((p, { recipe }) => half(((recipe.cycles ?? 2) * p) % 1)),
  // Transformers ends at a rate of 1e-7, whatever the highest.
  polynomial: warmed((p, span) => above((1 - p) ** (span.recipe.power ?? 1), span, 1e-7 / span.recipe.rate)),
  // 1/√(s/w) from the warm-up's end on; without a warm-up the time scale is 10,000 steps, as in Transformers.
  'inverse-sqrt': warmed((_, { warmup }, step) => {
    const scale = warmup === 0 ? 10_000 : warmup
    return 1 / Math.sqrt((step - 1 + scale - warmup) / scale)
  }),
  'one-cycle': oneCycle,
  'slanted-triangular': slanted,
  'warmup-stable-decay': warmed((_, span, step) => {
    const falling = Math.max(1, Math.round((span.recipe.fall ?? 0.2) * span.steps))
    const p = (step - 1 - (span.steps - falling)) / falling
    return p <= 0 ? 1 : above(half(p), span)
  }),
  range: (step, { steps, recipe }) => (recipe.end ?? 1e-6) ** (1 - (step - 1) / Math.max(1, steps - 1)),
}

/** PyTorch's OneCycleLR (Smith and Topin 2018), annealed by cosines: from rate/25 up, and down to rate/250,000. */
function oneCycle(step: number, { steps, recipe }: Span): number {
  const [low, last] = [1 / 25, 1 / 25e4]
  const share = recipe.warmup < 1 ? recipe.warmup : recipe.warmup / steps
  const top = share * steps - 1
  const s = step - 1
  if (s <= top) return 1 + (low - 1) * half(s / top)
  return last + (1 - last) * half((s - top) / Math.max(1e-9, steps - 1 - top))
}

/** ULMFiT's STLR (Howard and Ruder 2018): up in a line to the cut, down in a longer one, never below 1/32. */
function slanted(step: number, { steps, warmup }: Span): number {
  const ratio = 32
  const cut = Math.max(1, warmup)
  const t = step - 1
  const p = t < cut ? t / cut : 1 - (t - cut) / Math.max(1, steps - cut)
  return (1 + p * (ratio - 1)) / ratio
}
