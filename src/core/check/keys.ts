import { canonical, contentHash } from '../base/hash.ts'

/** Hex digits of one side of a pair: 48 bits. */
const half = 12

/**
 * The name of a finding about two rows, whichever of them it is shown at: a hash of each one's content, the lesser first. It
 * stays the same when rows move, so that the other of the two comes first.
 */
export function pairKey(rule: string, a: readonly (string | undefined)[], b: readonly (string | undefined)[]): string {
  const side = (content: readonly (string | undefined)[]) =>
    contentHash(canonical([rule, ...content.map(part => part ?? null)])).slice(0, half)
  const [x, y] = [side(a), side(b)]
  return x < y ? `${x}-${y}` : `${y}-${x}`
}

/**
 * Is a finding among those of a list of keys? One about a pair is, too, where the list joins its two rows by way of others:
 * of three alike, `a` with `b` and `a` with `c` are told, and `b` with `c` once `a` has moved behind them or is gone.
 */
export function keyMatcher(keys: Iterable<string>): (key: string) => boolean {
  const exact = new Set(keys)
  const parent = new Map<string, string>()
  const find = (side: string): string => {
    let root = side
    for (let up = parent.get(root); up !== undefined; up = parent.get(root)) root = up
    if (root !== side) parent.set(side, root)
    return root
  }
  for (const key of exact) {
    const sides = sidesOf(key)
    if (!sides) continue
    const [x, y] = [find(sides[0]), find(sides[1])]
    if (x !== y) parent.set(x, y)
  }
  return key => {
    if (exact.has(key)) return true
    const sides = sidesOf(key)
    if (!sides) return false
    const known = parent.has(sides[0]) || parent.has(sides[1])
    return known && find(sides[0]) === find(sides[1])
  }
}

/** The two sides of a key of a pair; undefined for a key of one row. */
export function sidesOf(key: string): readonly [string, string] | undefined {
  return key.length === 2 * half + 1 && key[half] === '-' ? [key.slice(0, half), key.slice(half + 1)] : undefined
}
