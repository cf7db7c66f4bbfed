import { isAbsolute, join } from 'node:path'
import type { SplitName } from '../core/data/dataset.ts'
import type { RunData } from '../core/train/data.ts'
import type { RecipeInput } from '../core/train/recipe.ts'
import { type PreparedRun, prepareRun, readRecipeFile } from './prepare.ts'
import { readData } from './runs.ts'

/**
 * Prepares a run by the recipe of another one, on its files as they are now. Where the recipe lay does not matter any more: files that
 * it named are known from the run. Throws `Failure` as `prepareRun` does.
 */
export async function prepareAgain(
  folder: string,
  cancel: Parameters<typeof prepareRun>[1]['cancel'],
): Promise<{ readonly root: string; readonly prepared: PreparedRun }> {
  const input = await readRecipeFile(join(folder, 'recipe.json'))
  const data = await readData(folder)
  const { root } = data
  const prepared = await prepareRun({ ...input, data: placed(input.data, data) }, { folder: root, root, cancel })
  return { root, prepared }
}

/** The data of a recipe with files by their places. */
function placed(named: RecipeInput['data'], { root, files, dataset }: RunData): RecipeInput['data'] {
  if (named.train === undefined) return named.dataset === undefined ? { ...named, dataset } : named
  const of = (split: SplitName) =>
    files.filter(file => file.split === split).map(({ path }) => (isAbsolute(path) ? path : join(root, path)))
  const splits = (['train', 'validation', 'test'] as const).filter(split => named[split] !== undefined)
  return { ...named, ...Object.fromEntries(splits.map(split => [split, of(split)])) }
}
