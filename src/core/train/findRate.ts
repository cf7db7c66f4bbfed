/* Which learning rate to take: the rate rises step by step, and the loss says where it helps most (Smith 2017). */
import type { RecipeSchedule } from './recipe/schedule.ts'

/** A schedule that rises from a millionth to 1 in so many steps. */
export const rangeSchedule = (steps = 100): RecipeSchedule => ({
  kind: 'range',
  rate: 1,
  end: 1e-6,
  warmup: 0,
  epochs: 1,
  steps,
})

/** What a rising rate showed. */
export interface FoundRate {
  /** The rate to take: where the smoothed loss falls fastest, but at most a tenth of where it is lowest. */
  readonly rate: number
  /** Where the smoothed loss is lowest. */
  readonly lowest: number
}

/** Weight of the past in the smoothed loss. */
const memory = 0.9
/** A smoothed loss so many times the lowest one is beyond help. */
const beyond = 4
/** Steps that smoothing needs before it says anything. */
const start = 10

/** Watches the loss of each step as the rate rises. */
export class RateFinder {
  private readonly points: { readonly rate: number; readonly loss: number }[] = []
  private sum = 0
  private lowest = Number.POSITIVE_INFINITY

  /** Takes a step in; answers whether the loss has left for good, so that going on shows nothing more. */
  diverged(rate: number, loss: number): boolean {
    const n = this.points.length + 1
    this.sum = memory * this.sum + (1 - memory) * loss
    // The sum begins at 0: divided by the weight of what was added it is a mean from the first step on.
    const smooth = this.sum / (1 - memory ** n)
    this.points.push({ rate, loss: smooth })
    if (n > start) this.lowest = Math.min(this.lowest, smooth)
    return n > start && !(smooth < beyond * this.lowest)
  }

  /** The rate to take, undefined where the loss never fell. */
  found(): FoundRate | undefined {
    const usable = this.points.slice(start).filter(point => Number.isFinite(point.loss))
    const low = usable.reduce(
      (best, point) => (point.loss < best.loss ? point : best),
      usable[0] ?? { rate: 0, loss: 0 },
    )
    const before = usable.filter(point => point.rate <= low.rate)
    let steepest: { rate: number; slope: number } | undefined
    for (let i = 2; i < before.length; i++) {
      const [a, b] = [before[i - 2], before[i]] as [(typeof before)[0], (typeof before)[0]]
      const slope = (b.loss - a.loss) / Math.log(b.rate / a.rate)
      if (slope < (steepest?.slope ?? 0)) steepest = { rate: (before[i - 1] as typeof a).rate, slope }
    }
    if (!steepest) return undefined
    return {
      rate: Number(Math.min(steepest.rate, low.rate / 10).toPrecision(2)),
      lowest: Number(low.rate.toPrecision(2)),
    }
  }
}

/** What to tell of a finished search. */
export function foundText(found: FoundRate | undefined): string {
  return found
    ? `a rate of ${found.rate} is suggested; the loss was lowest at ${found.lowest}`
    : 'the loss never fell: no rate can be suggested'
}
