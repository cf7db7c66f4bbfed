/* What somebody may ask of a run while it trains: to rest, and to learn faster or slower. */

/** The wish as `control.json` of a run folder holds it. */
export interface Control {
  readonly paused: boolean
  /** What the schedule's rate is multiplied by; above 0, at most 100. */
  readonly factor: number
}

/** Nothing is asked for. */
export const uncontrolled: Control = { paused: false, factor: 1 }

/** A JSON value as a wish; what it lacks, or says wrongly, is as if nobody had asked. */
export function parseControl(value: unknown): Control {
  if (typeof value !== 'object' || value === null) return uncontrolled
  const { paused, factor } = value as { readonly paused?: unknown; readonly factor?: unknown }
  return { paused: paused === true, factor: isFactor(factor) ? factor : 1 }
}

/** May a rate be multiplied by it? */
export const isFactor = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 && value <= 100

/** From the step after `step` on, rates are multiplied by `factor`. */
export interface RateChange {
  readonly step: number
  readonly factor: number
}

/** What the log of an earlier life of the run says of its rates, up to the last step it took. */
export interface RecordedRates {
  readonly changes: readonly RateChange[]
  readonly until: number
}

/** A loop's access to the wish: as it is now, the past to repeat after a resume, and a while to wait in a pause. */
export interface ControlPort {
  read(): Control
  readonly recorded: RecordedRates
  wait(): Promise<void>
}

/** Appends a change; those at its step or later belong to a life of the run that was undone by a resume. */
export function withChange(changes: readonly RateChange[], change: RateChange): readonly RateChange[] {
  const { step, factor } = change
  return [...changes.filter(old => old.step < step), { step, factor }]
}

/** The factor of a step (from 1) by the recorded changes: that of the last one before it, 1 without any. */
export function factorAt(changes: readonly RateChange[], step: number): number {
  return changes.findLast(change => change.step < step)?.factor ?? 1
}

/**
 * The factor of each step. Steps that the log already has are repeated as they were, so that a resumed run comes to the
 * same bits; once somebody asks for something else, and after the last step of the log, the wish counts.
 */
export function rateFactors(port: ControlPort): (step: number) => number {
  const { recorded } = port
  const first = port.read().factor
  let asked = false
  return step => {
    const { factor } = port.read()
    asked ||= factor !== first
    return asked || step > recorded.until ? factor : factorAt(recorded.changes, step)
  }
}
