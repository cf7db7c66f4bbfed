import { applyEdits, modify } from 'jsonc-parser'

/** The text of a recipe with one key set, or taken out where there is no value; comments and the rest stay as they are. */
export function editRecipe(text: string, path: readonly string[], value: number | undefined): string {
  const options = { formattingOptions: { insertSpaces: true, tabSize: 2 } }
  return applyEdits(text, modify(text, [...path], value, options))
}
