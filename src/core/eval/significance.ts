/** Standard normal quantiles: 97.5 % (two-sided 0.05) and 80 % (power 0.8). */
import { random } from '../base/random.ts'

const z975 = 1.959963984540054
const z80 = 0.8416212335729143

/** How the same rows fared under two models, as counts. */
export interface PairedCounts {
  /** Right under a and b. */
  readonly stillRight: number
  /** Wrong under a, right under b. */
  readonly fixed: number
  /** Right under a, wrong under b. */
  readonly broken: number
  /** Wrong under a and b. */
  readonly stillWrong: number
}

/** An interval of a proportion or of a difference of two, as fractions. */
export type Interval = readonly [low: number, high: number]

/**
 * Natural logarithm of the gamma function for x > 0: Stirling's series after a shift to x >= 15, where its next term
 * is below 1e-17 of the sum.
 */
export function logGamma(x: number): number {
  let shift = 1
  let y = x
  while (y < 15) shift *= y++
  const r = 1 / (y * y)
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188))))) / y
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift)
}

/**
 * Exact McNemar test, two-sided: the chance that a fair coin gives a split of the changed rows at least this uneven,
 * `min(1, 2 * sum of C(n, k) / 2^n over k <= min(fixed, broken))` with `n = fixed + broken`. 1 where no row changed.
 */
export function mcNemar(fixed: number, broken: number): number {
  const n = fixed + broken
  const least = Math.min(fixed, broken)
  // Twice the least count is the middle of the distribution: both tails together are then all of it.
  if (2 * least >= n - 1) return 1
  const largest = logGamma(n + 1) - logGamma(least + 1) - logGamma(n - least + 1) - n * Math.LN2
  // The terms fall from here towards k = 0; each follows from the last.
  let term = 1
  let sum = 1
  for (let k = least; k > 0 && term > sum * 1e-18; k--) sum += term *= k / (n - k + 1)
  return Math.min(1, 2 * Math.exp(largest) * sum)
}

/** Wilson's score interval of a proportion, 95 % (Wilson 1927). Of no rows at all: everything, [0, 1]. */
export function wilson(right: number, rows: number): Interval {
  if (rows === 0) return [0, 1]
  const z2 = z975 * z975
  const middle = right + z2 / 2
  const half = z975 * Math.sqrt((right * (rows - right)) / rows + z2 / 4)
  // The ends are exact where nothing or everything is right; rounding must not move them past the estimate.
  const low = right === 0 ? 0 : (middle - half) / (rows + z2)
  const high = right === rows ? 1 : (middle + half) / (rows + z2)
  return [low, high]
}

/**
 * 95 % interval of the difference of two paired proportions, b - a: Newcombe 1998 ("Improved confidence intervals for
 * the difference between binomial proportions based on paired data", Statistics in Medicine 17, 2635-2650), method
 * 10: Wilson intervals of both, combined with the correlation phi, whose numerator is corrected for continuity when
 * it is positive and whose value is 0 where a margin is empty.
 */
export function pairedInterval({ stillRight, fixed, broken, stillWrong }: PairedCounts): Interval {
  const n = stillRight + fixed + broken + stillWrong
  if (n === 0) return [-1, 1]
  const rightA = stillRight + broken
  const rightB = stillRight + fixed
  const [lowA, highA] = wilson(rightA, n)
  const [lowB, highB] = wilson(rightB, n)
  const pA = rightA / n
  const pB = rightB / n
  const product = rightA * (n - rightA) * rightB * (n - rightB)
  const cross = stillRight * stillWrong - fixed * broken
  const corrected = cross > 0 ? Math.max(cross - n / 2, 0) : cross
  const phi = product === 0 ? 0 : corrected / Math.sqrt(product)
  const reach = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y))
  const difference = (fixed - broken) / n
  return [difference - reach(pB - lowB, highA - pA), difference + reach(highB - pB, pA - lowA)]
}

/**
 * 95 % interval of the difference of two proportions of different rows, b - a: Newcombe 1998 ("Interval estimation for the
 * difference between independent proportions", Statistics in Medicine 17, 873-890), method 10: Wilson intervals of both.
 */
export function independentInterval(a: Proportion, b: Proportion): Interval {
  if (a.rows === 0 || b.rows === 0) return [-1, 1]
  const [pA, pB] = [a.right / a.rows, b.right / b.rows]
  const [lowA, highA] = wilson(a.right, a.rows)
  const [lowB, highB] = wilson(b.right, b.rows)
  return [pB - pA - Math.hypot(pB - lowB, highA - pA), pB - pA + Math.hypot(highB - pB, pA - lowA)]
}

/** So many right of so many. */
export interface Proportion {
  readonly right: number
  readonly rows: number
}

/**
 * Fisher's exact test of two proportions of different rows, two-sided: the chance of a table at most as likely as this one
 * (1e-7 of slack, as R and scipy have it), given its margins.
 */
export function fisherExact(a: Proportion, b: Proportion): number {
  const right = a.right + b.right
  const rows = a.rows + b.rows
  const choose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
  const all = choose(rows, right)
  const chance = (k: number) => Math.exp(choose(a.rows, k) + choose(b.rows, right - k) - all)
  const own = chance(a.right) * (1 + 1e-7)
  let p = 0
  for (let k = Math.max(0, right - b.rows); k <= Math.min(right, a.rows); k++) {
    const one = chance(k)
    if (one <= own) p += one
  }
  return Math.min(1, p)
}

/** The share of rows that changed side, and by how much more one way than the other; both as fractions of all rows. */
export interface Change {
  readonly changed: number
  readonly difference: number
}

/**
 * Rows that would make a difference of this size significant at 0.05 (two-sided) with 80 % power, if the same share of
 * rows changes side (Connor 1987, Biometrics 43, 207-211). Undefined where there is no difference.
 */
export function rowsToDecide({ changed, difference }: Change): number | undefined {
  const d = Math.abs(difference)
  if (d === 0 || d > changed) return undefined
  return Math.ceil(rowsFor(d, changed) - 1e-9)
}

/**
 * The smallest difference that `rows` rows show at 0.05 with 80 % power when this share of them changes side: the
 * inverse of `rowsToDecide`. Undefined where even all changes in one direction would be too few.
 */
export function smallestDifference(rows: number, changed: number): number | undefined {
  if (changed === 0 || rows < rowsFor(changed, changed)) return undefined
  let low = 0
  let high = changed
  // The rows needed fall as the difference grows.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (rowsFor(middle, changed) > rows) low = middle
    else high = middle
  }
  return high
}

/**
 * P values adjusted for being many, in the order given: Holm's step-down (1979). One below 0.05 stands however many
 * were looked at.
 */
export function holm(p: readonly number[]): number[] {
  const order = ascending(p)
  const out = new Array<number>(p.length)
  let most = 0
  order.forEach((at, rank) => {
    most = Math.max(most, Math.min(1, (p.length - rank) * (p[at] as number)))
    out[at] = most
  })
  return out
}

/**
 * P values adjusted to control the false discovery rate, in the order given: Benjamini and Hochberg's step-up (1995).
 * Of those below 0.05, one in twenty is expected to be chance.
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = ascending(p)
  const out = new Array<number>(p.length)
  let least = 1
  for (let rank = order.length - 1; rank >= 0; rank--) {
    const at = order[rank] as number
    least = Math.min(least, ((p[at] as number) * p.length) / (rank + 1))
    out[at] = least
  }
  return out
}

function rowsFor(d: number, changed: number): number {
  return (z975 * Math.sqrt(changed) + z80 * Math.sqrt(changed - d * d)) ** 2 / (d * d)
}

const ascending = (p: readonly number[]) => p.map((_, i) => i).sort((x, y) => (p[x] as number) - (p[y] as number))

/**
 * 95 % interval of the mean of paired differences: rows are drawn anew with replacement (percentile bootstrap, Efron 1979).
 * The same seed gives the same interval.
 */
export function bootstrapInterval(
  differences: readonly number[],
  { draws = 2000, seed = 1 }: { readonly draws?: number; readonly seed?: number } = {},
): Interval {
  const n = differences.length
  if (n === 0) return [0, 0]
  const draw = random(`bootstrap ${seed}`)
  const means = Array.from({ length: draws }, () => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += differences[draw.int(n)] as number
    return sum / n
  }).sort((a, b) => a - b)
  const at = (share: number) => means[Math.min(draws - 1, Math.floor(share * draws))] as number
  return [at(0.025), at(0.975)]
}
