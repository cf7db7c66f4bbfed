/** One setting that differs between two recipes. `before` or `after` is undefined where only one of them has it. */
export interface Change {
  readonly kind: 'changed' | 'added' | 'removed'
  /** Keys from the outside in, joined by points: `method.rank`. */
  readonly path: string
  readonly before?: string
  readonly after?: string
}

/**
 * What changed from one recipe to the other, setting by setting, in the order of the newer one, and how many settings
 * are equal. Lists count as one value: their order carries meaning.
 */
export function changes(before: unknown, after: unknown): { readonly changed: Change[]; readonly equal: number } {
  const old = flat(before)
  const now = flat(after)
  const changed: Change[] = []
  let equal = 0
  for (const [path, value] of now) {
    const was = old.get(path)
    if (was === undefined) changed.push({ kind: 'added', path, after: value })
    else if (was === value) equal++
    else changed.push({ kind: 'changed', path, before: was, after: value })
  }
  for (const [path, value] of old) if (!now.has(path)) changed.push({ kind: 'removed', path, before: value })
  return { changed, equal }
}

/** A setting in which recipes differ: its values, and which of the recipes have each. */
export interface Difference {
  readonly path: string
  /** In the order of the recipes; `text` is undefined for those that do not have the setting. */
  readonly values: readonly { readonly text: string | undefined; readonly recipes: readonly number[] }[]
}

/** The settings in which several recipes are not all equal, in the order of the first, and how many are equal in all. */
export function differences(recipes: readonly unknown[]): {
  readonly differ: readonly Difference[]
  readonly equal: number
} {
  const all = recipes.map(recipe => flat(recipe))
  const differ: Difference[] = []
  let equal = 0
  for (const path of new Set(all.flatMap(one => [...one.keys()]))) {
    const values = new Map<string | undefined, number[]>()
    for (const [i, one] of all.entries()) {
      const text = one.get(path)
      const same = values.get(text)
      if (same) same.push(i)
      else values.set(text, [i])
    }
    if (values.size === 1) equal++
    else differ.push({ path, values: [...values].map(([text, recipes]) => ({ text, recipes })) })
  }
  return { differ, equal }
}

/** `learningRate` as people read it: `learning rate`. */
export function settingName(path: string): string {
  return path
    .split('.')
    .map(key => key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`))
    .join(', ')
}

function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flat(inner, path ? `${path}.${key}` : key, into)
  } else if (value !== undefined) into.set(path, text(value))
  return into
}

function text(value: unknown): string {
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3)
    return value.toExponential().replace('e+', 'e')
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(text).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
