import { type Column, lengthened, noColumn } from '../base/column.ts'

/**
 * The arithmetic under a curve. Everything goes on where it stopped, so that one more point costs one more point, and
 * works on plain columns: no object per point.
 */

/** A debiased exponential moving average, growing with its source. */
export interface Smoothed extends Average {
  /** 0 leaves values as they are; towards 1 smoother. */
  readonly weight: number
  values: Column
}

/** Where an average stands: the weighted sum so far, and the weights it has collected. */
interface Average {
  mean: number
  mass: number
}

/** An average of nothing yet. */
export function newSmoothed(weight: number): Smoothed {
  return { weight, values: noColumn, mean: 0, mass: 0 }
}

/**
 * Appends what the source has more of. The mean is divided by the weight collected so far (as in Adam, Kingma and Ba
 * 2015, section 3), so that the first values are not pulled towards zero. A value that is no number stays one gap.
 */
export function smooth(into: Smoothed, source: ArrayLike<number>): void {
  const from = into.values.length
  if (from === source.length) return
  into.values = lengthened(into.values, source.length)
  for (let i = from; i < source.length; i++) into.values[i] = taken(into, source[i] as number)
}

function taken(into: Average & { readonly weight: number }, y: number): number {
  if (isGap(y)) return Number.NaN
  const { weight: k } = into
  into.mean = into.mean * k + (1 - k) * y
  into.mass = into.mass * k + (1 - k)
  return into.mean / into.mass
}

/** What `smooth` gives for one place, to the last digit but a few: beyond some way back the weights are too small to tell. */
export function smoothedAt(source: ArrayLike<number>, i: number, weight: number): number {
  if (i < 0 || i >= source.length || isGap(source[i] as number)) return Number.NaN
  const average = { weight, mean: 0, mass: 0 }
  // 2^-60 of a weight is below what a double keeps.
  const reach = weight <= 0 ? 0 : Math.ceil(-60 / Math.log2(Math.min(weight, 1 - 1e-6)))
  let value = Number.NaN
  for (let j = Math.max(0, i - reach); j <= i; j++) value = taken(average, source[j] as number)
  return value
}

/** The part of the x axis that is drawn, and how many pixel columns it has. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly columns: number
}

/** A polyline of at most four points a pixel column: first, lowest, highest and last, in their order. */
export interface Thinned extends Average {
  readonly span: Span
  /** Of the smoothing on the way: nothing is kept of it but what is drawn. */
  readonly weight: number
  readonly xs: number[]
  readonly ys: number[]
  /** How many points of the source are in. */
  taken: number
  /** How many points of the polyline can no longer change. */
  sealed: number
  dense: boolean
  /** The pixel column that is open, and the places and values of what is kept of it. */
  column: number
  first: number
  firstValue: number
  low: number
  lowest: number
  high: number
  highest: number
  last: number
  lastValue: number
}

/** A polyline of nothing yet. */
export function newThinned(span: Span, weight: number): Thinned {
  const none = Number.NaN
  const places = { column: none, first: -1, low: -1, high: -1, last: -1 }
  const values = { firstValue: none, lowest: none, highest: none, lastValue: none, mean: 0, mass: 0 }
  return { span, weight, xs: [], ys: [], taken: 0, sealed: 0, dense: false, ...places, ...values }
}

/** Columns of equal length, x not falling. Below four points a pixel every point is drawn as it is. */
export function thin(into: Thinned, x: ArrayLike<number>, y: ArrayLike<number>): void {
  const dense = x.length > 4 * into.span.columns
  if (dense !== into.dense) Object.assign(into, newThinned(into.span, into.weight), { dense, xs: into.xs, ys: into.ys })
  into.xs.length = into.sealed
  into.ys.length = into.sealed
  const scan = into.weight > 0 ? scanSmoothed : scanRaw
  let width = 1
  for (let i = into.taken; i < x.length; ) {
    if (isGap(y[i] as number)) {
      emit(into, x)
      into.xs.push(x[i] as number)
      into.ys.push(Number.NaN)
      into.sealed = into.xs.length
      into.column = Number.NaN
      i++
      continue
    }
    const column = dense ? columnOf(into.span, x[i] as number) : i
    const end = dense ? endOf(into.span, x, { i, column, width }) : i + 1
    width = end - i
    if (column !== into.column) {
      emit(into, x)
      into.sealed = into.xs.length
      into.column = column
      into.first = -1
    }
    i = scan(into, y, i, end)
  }
  into.taken = x.length
  emit(into, x)
}

function columnOf({ from, to, columns }: Span, x: number): number {
  return Math.floor(((x - from) * columns) / (to - from || 1))
}

/** The first index after `i` that is not in its pixel column, looked for about `width` away and then by halving. */
function endOf(
  span: Span,
  x: ArrayLike<number>,
  { i, column, width }: { readonly i: number; readonly column: number; readonly width: number },
): number {
  let low = i
  let step = width
  let high = i + step
  while (high < x.length && columnOf(span, x[high] as number) === column) {
    low = high
    step *= 2
    high += step
  }
  if (high > x.length) high = x.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (columnOf(span, x[middle] as number) === column) low = middle
    else high = middle
  }
  return high
}

/** Takes the points from `start`, which is none of the gaps, into the open column; stops at `end` or at a gap, and says where. */
function scanRaw(into: Thinned, y: ArrayLike<number>, start: number, end: number): number {
  let { low, lowest, high, highest } = into
  if (into.first < 0) {
    into.first = low = high = start
    into.firstValue = lowest = highest = y[start] as number
  }
  let i = start
  for (; i < end; i++) {
    const value = y[i] as number
    if (isGap(value)) break
    if (value < lowest) {
      low = i
      lowest = value
    } else if (value > highest) {
      high = i
      highest = value
    }
  }
  into.low = low
  into.lowest = lowest
  into.high = high
  into.highest = highest
  into.last = i - 1
  into.lastValue = y[i - 1] as number
  return i
}

/** The same of the moving average, which is made on the way: nobody else may ask for it. */
function scanSmoothed(into: Thinned, y: ArrayLike<number>, start: number, end: number): number {
  let { first, low, lowest, high, highest, mean, mass, lastValue: value } = into
  const { weight: k } = into
  const rest = 1 - k
  let i = start
  for (; i < end; i++) {
    const raw = y[i] as number
    if (isGap(raw)) break
    mean = mean * k + rest * raw
    mass = mass * k + rest
    value = mean / mass
    if (first < 0) {
      first = low = high = i
      into.firstValue = lowest = highest = value
    } else if (value < lowest) {
      low = i
      lowest = value
    } else if (value > highest) {
      high = i
      highest = value
    }
  }
  into.first = first
  into.low = low
  into.lowest = lowest
  into.high = high
  into.highest = highest
  into.mean = mean
  into.mass = mass
  into.last = i - 1
  into.lastValue = value
  return i
}

/** What is no finite number; the subtraction is the quickest way to tell. */
function isGap(value: number): boolean {
  return value - value !== 0
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
  const sorted = Float64Array.from(sample).sort()
  return 1.25 * (sorted[Math.floor((sorted.length - 1) * 0.98)] as number)
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

function emit(into: Thinned, x: ArrayLike<number>): void {
  if (Number.isNaN(into.column)) return
  const { first, low, high, last } = into
  const rises = low < high
  add(into, x, first, into.firstValue)
  const before = Math.min(low, high)
  if (before > first) add(into, x, before, rises ? into.lowest : into.highest)
  const after = Math.max(low, high)
  if (after > Math.max(first, before)) add(into, x, after, rises ? into.highest : into.lowest)
  if (last > Math.max(first, after)) add(into, x, last, into.lastValue)
}

function add({ xs, ys }: Thinned, x: ArrayLike<number>, i: number, value: number): void {
  xs.push(x[i] as number)
  ys.push(value)
}
