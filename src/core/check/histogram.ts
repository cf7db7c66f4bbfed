/** How numbers are spread. Of no numbers at all, everything is 0. */
export interface Histogram {
  /** How many numbers there are. */
  readonly count: number
  readonly min: number
  readonly median: number
  readonly mean: number
  /** 95 of 100 are not above it. */
  readonly p95: number
  readonly max: number
  /** Ten of equal width, the last one open: what lies far out does not flatten the rest. */
  readonly bins: readonly { readonly from: number; readonly count: number }[]
}

const binCount = 10

/** The spread of whole numbers. Bins have round widths; nine of them hold 98 of 100 numbers. */
export function histogram(numbers: Uint32Array): Histogram {
  const sorted = numbers.slice().sort()
  const count = sorted.length
  const at = (share: number) => sorted[Math.min(count - 1, Math.floor(share * count))] ?? 0
  const min = sorted[0] ?? 0
  const low = binFloor(min, at(0.98))
  const width = roundWidth((at(0.98) - low + 1) / (binCount - 1))
  const counts = new Array<number>(binCount).fill(0)
  let sum = 0
  for (const n of sorted) {
    counts[Math.min(binCount - 1, Math.floor((n - low) / width))]!++
    sum += n
  }
  return {
    count,
    min,
    median: at(0.5),
    mean: count > 0 ? sum / count : 0,
    p95: at(0.95),
    max: sorted[count - 1] ?? 0,
    bins: counts.map((n, i) => ({ from: low + i * width, count: n })),
  }
}

/** From 0, unless all numbers lie far from it. */
function binFloor(min: number, high: number): number {
  return min * 2 > high ? min : 0
}

/** The next of 1, 2, 3, 5, 10, 20, 30, 50 … that is not below. */
function roundWidth(width: number): number {
  for (let unit = 1; ; unit *= 10) for (const step of [1, 2, 3, 5]) if (step * unit >= width) return step * unit
}
