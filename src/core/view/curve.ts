/**
 * The arithmetic under a curve. Everything goes on where it stopped, so that one more point costs one more point, and
 * works on plain columns: no object per point.
 */

/** A debiased exponential moving average, growing with its source. */
export interface Smoothed {
  /** 0 leaves values as they are; towards 1 smoother. */
  readonly weight: number
  readonly values: number[]
  mean: number
  mass: number
}

/** An average of nothing yet. */
export function newSmoothed(weight: number): Smoothed {
  return { weight, values: [], mean: 0, mass: 0 }
}

/**
 * Appends what the source has more of. The mean is divided by the weight collected so far (as in Adam, Kingma and Ba
 * 2015, section 3), so that the first values are not pulled towards zero. A value that is no number stays one gap.
 */
export function smooth(into: Smoothed, source: ArrayLike<number>): void {
  const { weight: k, values } = into
  let { mean, mass } = into
  // Locals: a run may have a hundred thousand points, and there may be twenty of them.
  for (let i = values.length; i < source.length; i++) {
    const y = source[i] as number
    if (y - y !== 0) {
      values.push(Number.NaN)
      continue
    }
    mean = mean * k + (1 - k) * y
    mass = mass * k + (1 - k)
    values.push(mean / mass)
  }
  into.mean = mean
  into.mass = mass
}

/** The part of the x axis that is drawn, and how many pixel columns it has. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly columns: number
}

/** A polyline of at most four points a pixel column: first, lowest, highest and last, in their order. */
export interface Thinned {
  readonly span: Span
  readonly xs: number[]
  readonly ys: number[]
  /** How many points of the source are in. */
  taken: number
  /** How many points of the polyline can no longer change. */
  sealed: number
  dense: boolean
  column: number
  first: number
  low: number
  high: number
  last: number
}

/** A polyline of nothing yet. */
export function newThinned(span: Span): Thinned {
  const none = { column: Number.NaN, first: -1, low: -1, high: -1, last: -1 }
  return { span, xs: [], ys: [], taken: 0, sealed: 0, dense: false, ...none }
}

/** Columns of equal length, x not falling. Below four points a pixel every point is drawn as it is. */
export function thin(into: Thinned, x: ArrayLike<number>, y: ArrayLike<number>): void {
  const { from, to, columns } = into.span
  const dense = x.length > 4 * columns
  if (dense !== into.dense) Object.assign(into, newThinned(into.span), { dense, xs: into.xs, ys: into.ys })
  into.xs.length = into.sealed
  into.ys.length = into.sealed
  const scale = columns / (to - from || 1)
  let { column, low, high } = into
  let lowest = low < 0 ? Number.NaN : (y[low] as number)
  let highest = high < 0 ? Number.NaN : (y[high] as number)
  for (let i = into.taken; i < x.length; i++) {
    const value = y[i] as number
    // What is no number is a gap; the subtraction is the quickest way to tell.
    if (value - value !== 0) {
      Object.assign(into, { column, low, high })
      emit(into, x, y)
      into.xs.push(x[i] as number)
      into.ys.push(Number.NaN)
      into.column = column = Number.NaN
      into.sealed = into.xs.length
      continue
    }
    const next = dense ? Math.floor(((x[i] as number) - from) * scale) : i
    if (next === column) {
      if (value < lowest) {
        low = i
        lowest = value
      }
      if (value > highest) {
        high = i
        highest = value
      }
      into.last = i
    } else {
      into.low = low
      into.high = high
      emit(into, x, y)
      into.sealed = into.xs.length
      into.column = column = next
      into.first = into.last = low = high = i
      lowest = highest = value
    }
  }
  into.low = low
  into.high = high
  into.taken = x.length
  emit(into, x, y)
}

/** The index of the value nearest to `target` in a column that does not fall; -1 in an empty one. */
export function nearest(column: ArrayLike<number>, target: number): number {
  let low = 0
  let high = column.length - 1
  if (high < 0) return -1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((column[middle] as number) <= target) low = middle
    else high = middle
  }
  return target - (column[low] as number) <= (column[high] as number) - target ? low : high
}

/** Where to end an axis so that a few outliers do not flatten the rest: 1.25 times the 98th percentile of a sample. */
export function outlierTop(columns: readonly ArrayLike<number>[]): number {
  const sample: number[] = []
  for (const column of columns) {
    const stride = Math.max(1, Math.ceil((column.length * columns.length) / 4096))
    // The newest points count like all others: the stride is anchored at the end.
    for (let i = column.length - 1; i >= 0; i -= stride)
      if (Number.isFinite(column[i] as number)) sample.push(column[i] as number)
  }
  if (sample.length === 0) return Number.POSITIVE_INFINITY
  sample.sort((a, b) => a - b)
  return 1.25 * (sample[Math.floor((sample.length - 1) * 0.98)] as number)
}

/**
 * Indices whose value stands out of what came before: more than `factor` times the running mean of the values up to
 * the one before, after a start of 16. Neighbouring hits are one spike, at its highest.
 */
export function spikes(values: ArrayLike<number>, factor = 3): number[] {
  const out: number[] = []
  let mean = 0
  let mass = 0
  for (let i = 0; i < values.length; i++) {
    const y = values[i] as number
    if (!Number.isFinite(y)) continue
    const limit = i >= 16 ? (factor * mean) / mass : Number.POSITIVE_INFINITY
    if (y > limit) {
      const before = out.at(-1)
      if (before !== undefined && i - before <= 4) {
        if (y > (values[before] as number)) out[out.length - 1] = i
      } else out.push(i)
    }
    // A spike moves the mean by its limit only; a new level is taken in after a while.
    mean = mean * 0.97 + 0.03 * Math.min(y, limit)
    mass = mass * 0.97 + 0.03
  }
  return out
}

/** The next number of two digits that is not below the value, in steps of about a tenth. */
export function niceUp(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  for (const step of [1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.6, 4, 4.5, 5, 5.5, 6, 7, 8, 9])
    if (value <= step * power * (1 + 1e-9)) return step * power
  return 10 * power
}

function emit(into: Thinned, x: ArrayLike<number>, y: ArrayLike<number>): void {
  if (Number.isNaN(into.column)) return
  let before = -1
  const middle = into.low < into.high ? [into.low, into.high] : [into.high, into.low]
  for (const i of [into.first, ...middle, into.last]) {
    if (i <= before) continue
    into.xs.push(x[i] as number)
    into.ys.push(y[i] as number)
    before = i
  }
}
