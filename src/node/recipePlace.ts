import { getLocation } from 'jsonc-parser'

/** A value of a recipe that the cursor is in. */
export interface RecipePlace {
  /** The keys down to the value: `['data', 'drop', 0]`. */
  readonly path: readonly (string | number)[]
  /** The string literal around the cursor with its quotes, as offsets; absent where a value is still to be written. */
  readonly literal?: { readonly start: number; readonly end: number }
}

/** Where in a recipe's text an offset lies; undefined at keys and between values. */
export function recipePlace(text: string, offset: number): RecipePlace | undefined {
  const { path, isAtPropertyKey, previousNode } = getLocation(text, offset)
  if (isAtPropertyKey || path.length === 0) return undefined
  const inside =
    previousNode?.type === 'string' &&
    previousNode.offset < offset &&
    offset <= previousNode.offset + Math.max(previousNode.length, 1)
  return inside
    ? { path, literal: { start: previousNode.offset, end: previousNode.offset + previousNode.length } }
    : { path }
}
