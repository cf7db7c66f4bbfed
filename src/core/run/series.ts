/**
 * Exponential smoothing with the start corrected for, as TensorBoard does it: `last = last * weight + (1 - weight) * x`,
 * divided by `1 - weight^t`. Values that are not finite are passed through and skipped; a constant column stays as it
 * is, free of rounding. `weight` is in [0, 1): 0 leaves all as it is, 0.6 is usual.
 */
export function smooth(values: readonly number[], weight: number): number[] {
  const first = values.find(Number.isFinite)
  if (weight <= 0 || values.every(v => v === first || !Number.isFinite(v))) return [...values]
  let last = 0
  let rest = 1
  return values.map(value => {
    if (!Number.isFinite(value)) return value
    last = last * weight + (1 - weight) * value
    rest *= weight
    return last / (1 - rest)
  })
}

/** What part of a column a chart shows, and on how many pixels. */
export interface Window {
  /** Smallest and largest x shown. */
  readonly from: number
  readonly to: number
  readonly pixels: number
}

/**
 * Indices of the points worth drawing: all of them up to four a pixel, else of each pixel column the first, the
 * lowest, the highest and the last, so that the drawn line looks the same and no spike is lost. One point on either
 * side of the window is kept, for the lines that lead out of it. `x` ascends; points whose y is not finite are kept
 * only where they are a column's first or last.
 */
export function decimate(x: readonly number[], y: readonly number[], { from, to, pixels }: Window): number[] {
  const start = Math.max(0, firstAtLeast(x, from) - 1)
  const end = Math.min(x.length, firstAtLeast(x, to) + 2)
  const all = end - start
  if (all <= 4 * pixels || to <= from) return Array.from({ length: Math.max(0, all) }, (_, i) => start + i)
  const column = (i: number) => Math.floor((((x[i] as number) - from) / (to - from)) * pixels)
  const kept: number[] = []
  for (let i = start; i < end; ) {
    const here = column(i)
    const first = i
    let lowest = -1
    let highest = -1
    for (; i < end && column(i) === here; i++) {
      const value = y[i] as number
      if (!Number.isFinite(value)) continue
      if (lowest < 0 || value < (y[lowest] as number)) lowest = i
      if (highest < 0 || value > (y[highest] as number)) highest = i
    }
    for (const index of [...new Set([first, lowest, highest, i - 1])].sort((a, b) => a - b))
      if (index >= 0) kept.push(index)
  }
  return kept
}

/** Index of the first x that is at least `value`; the length where there is none. */
function firstAtLeast(x: readonly number[], value: number): number {
  let low = 0
  let high = x.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((x[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
