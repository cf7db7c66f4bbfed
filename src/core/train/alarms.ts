/* What a curve says that a person should hear. Pure: events in, warnings out; replaying a log says the same again. */
import type { RunEvent } from './event.ts'

type Step = Extract<RunEvent, { kind: 'step' }>
type Evaluated = Extract<RunEvent, { kind: 'evaluated' }>
type Warned = Extract<RunEvent, { kind: 'warned' }>

/** Steps that tell what is usual, before a single one can be unusual. */
const window = 32
/** Norms that tell what is usual. */
const normal = 64
/** Spikes told of in one run; after that they are what is usual. */
const mostSpikes = 5

/**
 * Listens to a run and says in words what it sees: `overfitting`, `diverging`, `gradient-spike`, `plateau`. Robust
 * statistics (medians and median deviations, Hampel 1974), so that noise alone says nothing; each is told once, spikes a
 * few times. `steps` is the length of the whole run.
 */
export class Alarms {
  private readonly steps: number
  private readonly norms: number[] = []
  private readonly losses: number[] = []
  private readonly windows: number[] = []
  private readonly scored: { step: number; loss: number; train: number }[] = []
  private readonly told = new Set<string>()
  private spikes = 0
  private lastSpike = Number.NEGATIVE_INFINITY
  private trainSum = 0
  private trainCount = 0

  constructor(steps: number) {
    this.steps = steps
  }

  /** What is to be said after this event; mostly nothing. */
  hear(event: RunEvent): Warned[] {
    if (event.kind === 'step') return [this.spike(event), this.course(event)].flatMap(said => said ?? [])
    if (event.kind === 'evaluated' && event.split === 'validation' && event.of === undefined) {
      const said = this.overfitting(event)
      return said ? [said] : []
    }
    return []
  }

  private spike({ at, step, norm }: Step): Warned | undefined {
    const { norms } = this
    const recent = norms.slice(-normal)
    norms.push(norm)
    if (norms.length > 4 * normal) norms.splice(0, norms.length - normal)
    if (recent.length < normal || !(norm > 0)) return undefined
    // Most steps are plainly usual, and medians cost.
    if (norm < 1.5 * mean(recent)) return undefined
    const logs = recent.filter(n => n > 0).map(Math.log)
    const middle = median(logs)
    const wide = 1.4826 * median(logs.map(value => Math.abs(value - middle)))
    const times = Math.exp(Math.log(norm) - middle)
    // Norms are skewed: the deviation is taken of their logarithms, and a small multiple is no spike however rare.
    if (times < 4 || Math.log(norm) - middle < 6 * wide || step - this.lastSpike < window) return undefined
    if (this.spikes >= mostSpikes) return undefined
    this.spikes++
    this.lastSpike = step
    const usual = `${times >= 10 ? times.toFixed(0) : times.toFixed(1)} times its median`
    const last = this.spikes === mostSpikes ? '. Further spikes are not told of' : ''
    return {
      ...{ kind: 'warned', at, step, code: 'gradient-spike' },
      message: `Gradient norm ${norm.toPrecision(3)} at step ${step}, ${usual}. Look at the rows of this step${last}`,
    }
  }

  private course({ at, step, loss }: Step): Warned | undefined {
    this.trainSum += loss
    this.trainCount++
    this.losses.push(loss)
    if (this.losses.length < window) return undefined
    this.windows.push(median(this.losses.splice(0)))
    return this.diverging(at, step) ?? this.plateau(at, step)
  }

  /** Three windows in a row, each above the one before, far above the lowest and half the way back to the start. */
  private diverging(at: number, step: number): Warned | undefined {
    const { windows } = this
    if (this.told.has('diverging') || windows.length < 4) return undefined
    const [c, b, a] = windows.slice(-3) as [number, number, number]
    const lowest = Math.min(...windows)
    const first = windows[0] as number
    const usual = 1.4826 * median(windows.slice(1).map((value, i) => Math.abs(value - (windows[i] as number))))
    const far = Math.max(1.5 * lowest, lowest + 0.5 * (first - lowest), lowest + 4 * usual)
    if (!(a > b && b > c && a > far)) return undefined
    this.told.add('diverging')
    const since = step - (windows.length - 1 - windows.lastIndexOf(lowest)) * window
    return {
      ...{ kind: 'warned', at, step: since, code: 'diverging' },
      message: `The training loss rises since step ${since}, from ${text(lowest)} to ${text(a)}. Lower the rate, or stop and go on from the best checkpoint`,
    }
  }

  /** Nothing won in the last half of at least 12 windows, while most of the run is still to come and little was learnt. */
  private plateau(at: number, step: number): Warned | undefined {
    const { windows } = this
    if (this.told.has('plateau') || this.told.has('diverging') || windows.length < 12 || step > 0.6 * this.steps)
      return undefined
    const half = windows.slice(-Math.ceil(windows.length / 2))
    const cut = half.length >> 1
    const [early, late] = [half.slice(0, cut), half.slice(cut)]
    const won = mean(early) - mean(late)
    const error = Math.sqrt(variance(early) / early.length + variance(late) / late.length)
    const first = windows[0] as number
    const now = mean(late)
    // What is nearly learnt has nothing left to fall.
    if (now < 0.5 * first || won > Math.max(0.01 * now, error)) return undefined
    this.told.add('plateau')
    const since = step - half.length * window
    return {
      ...{ kind: 'warned', at, step, code: 'plateau' },
      message: `The training loss has not fallen since step ${since}: it stays at ${text(now)}, and began at ${text(first)}. Try another rate: winnow tune --find-rate`,
    }
  }

  /** Three rises in a row, well above the lowest and the usual back and forth, while the training loss fell. */
  private overfitting({ at, step, scores }: Evaluated): Warned | undefined {
    const loss = scores['loss']
    const train = this.trainCount > 0 ? this.trainSum / this.trainCount : Number.NaN
    this.trainSum = this.trainCount = 0
    if (loss === undefined || !Number.isFinite(loss)) return undefined
    this.scored.push({ step, loss, train })
    const { scored } = this
    if (this.told.has('overfitting') || scored.length < 4) return undefined
    const last = scored.slice(-4)
    if (last.some((one, i) => i > 0 && one.loss <= (last[i - 1] as { loss: number }).loss)) return undefined
    const best = scored.reduce((a, b) => (b.loss < a.loss ? b : a))
    const at0 = scored.indexOf(best)
    // Back and forth between evaluations: what a rise has to stand out of.
    const turns = scored.slice(2).map((one, i) => {
      const [a, b] = [scored[i], scored[i + 1]] as [{ loss: number }, { loss: number }]
      return Math.abs(one.loss - 2 * b.loss + a.loss)
    })
    const noise = median(turns) / 1.65
    const rise = loss - best.loss
    if (rise < Math.max(0.03 * best.loss, 3 * noise)) return undefined
    const before = scored[Math.max(1, at0)]?.train ?? Number.NaN
    if (!(train < before)) return undefined
    this.told.add('overfitting')
    const rises = scored.length - 1 - at0
    return {
      ...{ kind: 'warned', at, step: best.step, code: 'overfitting' },
      message: `Validation loss has risen for ${rises} evaluations while training loss fell: overfitting from step ${best.step}. Stop, or train fewer epochs; the best checkpoint is kept`,
    }
  }
}

const text = (value: number): string => value.toPrecision(3)

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

function variance(values: readonly number[]): number {
  const middle = mean(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[at] as number) : ((sorted[at - 1] as number) + (sorted[at] as number)) / 2
}
