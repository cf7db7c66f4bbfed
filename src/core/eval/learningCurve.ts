import { random } from '../base/random.ts'
import type { Interval } from './significance.ts'

/** What so many training rows gave. */
export interface CurveStep {
  /** Training rows. */
  readonly rows: number
  /** Share of test rows that were wrong, and how many test rows there were. */
  readonly error: number
  readonly tested: number
}

/** A power law `error = scale · rows^-exponent` through the steps. */
export interface LearningCurve {
  readonly scale: number
  readonly exponent: number
  /** The error to be expected of so many rows, 0 to 1, and what chance allows of it (95 %). */
  at(rows: number): { readonly error: number; readonly interval: Interval }
  /** How much lower the error is expected to be with so many rows more than the largest step had, with its interval. */
  gain(more: number): { readonly error: number; readonly interval: Interval }
}

const draws = 500

/**
 * Fits a power law to the error by training rows (Hestness et al. 2017; Viering and Loog 2023), by least squares of the
 * logarithms, each weighted by how sure it is (test rows wrong). The interval comes from errors drawn anew from their own
 * binomial spread: it holds for the law, not for a law that does not fit. Undefined for fewer than two different sizes.
 */
export function learningCurve(steps: readonly CurveStep[], seed = 1): LearningCurve | undefined {
  if (new Set(steps.map(step => step.rows)).size < 2) return undefined
  const own = fitLaw(steps)
  const largest = Math.max(...steps.map(step => step.rows))
  const draw = random(`learning curve ${seed}`)
  const others = Array.from({ length: draws }, () =>
    fitLaw(
      steps.map(step => {
        const spread = Math.sqrt((step.error * (1 - step.error)) / step.tested)
        return { ...step, error: Math.min(1, Math.max(0, step.error + spread * draw.normal())) }
      }),
    ),
  )
  const told = (of: (law: Law) => number) => {
    const sorted = others.map(of).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * draws)] as number
    return { error: of(own), interval: [at(0.025), at(0.975)] as const }
  }
  return {
    ...own,
    at: rows => told(law => errorAt(law, rows)),
    gain: more => told(law => errorAt(law, largest) - errorAt(law, largest + more)),
  }
}

interface Law {
  readonly scale: number
  readonly exponent: number
}

const errorAt = ({ scale, exponent }: Law, rows: number) => Math.min(1, scale * rows ** -exponent)

function fitLaw(steps: readonly CurveStep[]): Law {
  let [w, x, y, xx, xy] = [0, 0, 0, 0, 0]
  for (const { rows, error, tested } of steps) {
    // No error at all has no logarithm: half a row, as is usual.
    const wrong = Math.max(error * tested, 0.5)
    const [u, v] = [Math.log(rows), Math.log(wrong / tested)]
    w += wrong
    x += wrong * u
    y += wrong * v
    xx += wrong * u * u
    xy += wrong * u * v
  }
  const slope = (w * xy - x * y) / (w * xx - x * x)
  return { exponent: -slope, scale: Math.exp((y - slope * x) / w) }
}
