import type { Axis, Curves } from '../../src/core/view/curves.ts'
import type { RunShown } from '../../src/core/view/protocol.ts'

/** A run on screen: what the editor sent, and what the charts derive from it. */
export interface ShownRun {
  readonly shown: RunShown
  curves: Curves
  /** When its last event came, by the clock of the page. */
  readonly moved: number
}

/** What the person has set. It outlives hiding and reloading. */
export interface RunView {
  readonly axis: Axis
  readonly weight: number
  readonly log: boolean
  readonly clip: boolean
  readonly table: boolean
  /** Also speed and memory. */
  readonly machine: boolean
  /** Runs that differ only in their seed as one line and a band. */
  readonly bands: boolean
  readonly score: string
  readonly dismissed: readonly string[]
  /** The step whose rows are listed. */
  readonly step: number | undefined
}

export const firstView: RunView = {
  axis: 'steps',
  weight: 0.6,
  log: false,
  clip: true,
  table: false,
  machine: false,
  bands: true,
  score: 'accuracy',
  dismissed: [],
  step: undefined,
}

/** Takes over what fits of a state saved by this or an older version. */
export function restoreView(saved: unknown): RunView {
  if (typeof saved !== 'object' || saved === null) return firstView
  const given = saved as Record<string, unknown>
  const fits = Object.entries(firstView).filter(([key, value]) => {
    if (key === 'step') return typeof given[key] === 'number'
    if (Array.isArray(value)) return Array.isArray(given[key])
    return typeof given[key] === typeof value
  })
  return { ...firstView, ...Object.fromEntries(fits.map(([key]) => [key, given[key]])) }
}
