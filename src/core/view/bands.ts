import { nearest } from './curve.ts'

/** A run's line as columns of equal length, x not falling. */
export interface Columns {
  readonly xs: ArrayLike<number>
  readonly ys: ArrayLike<number>
}

/** Mean, lowest and highest of several lines, at the same places. */
export interface Band {
  readonly xs: number[]
  readonly mean: number[]
  readonly low: number[]
  readonly high: number[]
}

const keys = new WeakMap<object, { readonly key: string; readonly seed: unknown }>()

/** Two recipes of one key differ in nothing but name and seed. */
function keyOf(recipe: unknown): { readonly key: string; readonly seed: unknown } | undefined {
  if (typeof recipe !== 'object' || recipe === null || !('seed' in recipe)) return undefined
  const known = keys.get(recipe)
  if (known) return known
  const { name: _, seed, ...rest } = recipe as { readonly name?: unknown; readonly seed: unknown }
  const found = { key: JSON.stringify(rest), seed }
  keys.set(recipe, found)
  return found
}

/** Indices of runs that differ only in their seed, two or more together, by their recipes. */
export function seedGroups(recipes: readonly unknown[]): number[][] {
  const groups = new Map<string, { runs: number[]; seeds: Set<unknown> }>()
  recipes.forEach((recipe, i) => {
    const found = keyOf(recipe)
    if (!found) return
    const group = groups.get(found.key) ?? { runs: [], seeds: new Set() }
    group.runs.push(i)
    group.seeds.add(found.seed)
    groups.set(found.key, group)
  })
  return [...groups.values()].filter(({ seeds }) => seeds.size > 1).map(({ runs }) => runs)
}

/** The band of lines over `places` equal steps from `from` to `to`; where fewer than two lines reach, it ends. */
export function bandOf(
  lines: readonly Columns[],
  { from, to, places }: { readonly from: number; readonly to: number; readonly places: number },
): Band {
  const band: Band = { xs: [], mean: [], low: [], high: [] }
  for (let i = 0; i <= places; i++) {
    const x = from + ((to - from) * i) / places
    let [sum, count, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const { xs, ys } of lines) {
      if (xs.length === 0 || x < (xs[0] as number) || x > (xs[xs.length - 1] as number)) continue
      const y = between(xs, ys, x)
      if (!Number.isFinite(y)) continue
      sum += y
      count++
      low = Math.min(low, y)
      high = Math.max(high, y)
    }
    if (count < 2) continue
    band.xs.push(x)
    band.mean.push(sum / count)
    band.low.push(low)
    band.high.push(high)
  }
  return band
}

/** The value at x, on the straight line between the two points beside it. */
function between(xs: ArrayLike<number>, ys: ArrayLike<number>, x: number): number {
  const i = nearest(xs, x)
  const j = (xs[i] as number) <= x ? Math.min(xs.length - 1, i + 1) : i - 1
  const [xi, xj] = [xs[i] as number, xs[j] as number]
  if (xi === xj) return ys[i] as number
  return (ys[i] as number) + (((ys[j] as number) - (ys[i] as number)) * (x - xi)) / (xj - xi)
}
