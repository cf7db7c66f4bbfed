import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { type Cancel, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { contentHash } from '../core/base/hash.ts'
import { random } from '../core/base/random.ts'
import { type DatasetFiles, type Roles, roleNames, type SplitName, splitNames } from '../core/data/dataset.ts'
import { normalForm } from '../core/sign/normal.ts'
import { expandRows, type Replay, type RunData } from '../core/train/data.ts'
import { parseRecipe, type Recipe, type RecipeInput, resolveRecipe } from '../core/train/recipe.ts'
import { chooseRows, columnsOf, type NumberedFile, numberFiles, type RunWarning } from '../core/train/rows.ts'
import type { Columns } from '../core/train/tasks/columns.ts'
import type { TaskName } from '../core/train/tasks/task.ts'
import { openAdapter } from './adapterFolder.ts'
import { discover, loadDataset, textsIn } from './datasets.ts'
import { fileFailure, readBytes, slashed } from './files.ts'
import { flagsOf } from './flags.ts'
import { rowsHash } from './labelFile.ts'
import { findModel, openModel } from './modelFolder.ts'
import { modelFolders } from './models.ts'

/** Everything a run needs before it starts. */
export interface PreparedRun {
  readonly recipe: Recipe
  readonly data: RunData
  readonly warnings: readonly RunWarning[]
}

/** Reads a recipe file; comments and trailing commas are fine. A mistake is one `Failure` with its place. */
export async function readRecipeFile(path: string): Promise<RecipeInput> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw fileFailure(path, error)
  }
  const errors: ParseError[] = []
  const value: unknown = parse(text.replace(/^\ufeff/, ''), errors, { allowTrailingComma: true })
  const error = errors[0]
  if (error) {
    const before = text.slice(0, error.offset).split('\n')
    const why = printParseErrorCode(error.error)
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
    const place = `${path}:${before.length}:${(before.at(-1) as string).length + 1}`
    throw new Failure('bad-recipe', `${place}: the recipe is not JSON: ${why}`, 'Correct it there')
  }
  return parseRecipe(value, path)
}

/**
 * Turns a recipe into a run that can start: the model found and checked, the dataset found, read and checked, every
 * default written out, every row chosen. Paths in the recipe are relative to `folder`; `root` is the workspace. Nothing
 * is written. What makes the run impossible is one `Failure`.
 */
export async function prepareRun(
  input: RecipeInput,
  { folder, root, cancel }: { readonly folder: string; readonly root: string; readonly cancel: Cancel },
): Promise<PreparedRun> {
  const model = slashed(findModel(input.model, folder, modelFolders(root)))
  const { backbone } = openModel(model)
  const files = await datasetOf(input, { folder, root })
  checkCancel(cancel)
  const dataset = await loadDataset(files).catch(error => {
    throw ofRecipe(error, input)
  })
  checkCancel(cancel)
  const task = input.task ?? usualTask({ ...dataset.roles, ...columnsOf(input.data) }, backbone.architecture.kind)
  const adapted = adapterOf(input, folder, backbone.architecture.prefix)
  const resolved = resolveRecipe({ ...input, ...adapted, task }, { hidden: backbone.sizes.hidden })
  const template = resolved.chat.template
  const recipe: Recipe = {
    ...resolved,
    model,
    ...(template === undefined ? {} : { chat: { ...resolved.chat, template: slashed(resolve(folder, template)) } }),
  }
  const flags = await flagsOf(dataset, { rules: recipe.data.drop, root, cancel })
  const { data, warnings } = chooseRows(dataset, recipe, { flags, textKey: normalForm })
  const replay = await chooseReplay(recipe, { rows: expandRows(data.use.train).length, folder })
  const listed = await describeFiles(numberFiles(dataset), files, root)
  checkCancel(cancel)
  return { recipe, data: { version: 1, root: slashed(root), files: listed, ...data, ...replay }, warnings }
}

/** The adapter that a recipe goes on from, and the method that it says. Throws `Failure` (`bad-recipe`, `bad-adapter`). */
function adapterOf(
  { adapter, method }: RecipeInput,
  folder: string,
  prefix: string,
): Pick<RecipeInput, 'adapter' | 'method'> {
  if (adapter === undefined) return {}
  if (method !== undefined)
    throw new Failure('bad-recipe', 'A recipe with an "adapter" has no "method"', 'The method is read from the adapter')
  const path = slashed(resolve(folder, adapter))
  return { adapter: path, method: openAdapter(path, prefix).method as NonNullable<RecipeInput['method']> }
}

/** The task of rows where a recipe names none. */
function usualTask(roles: Columns, kind: 'encoder' | 'decoder'): TaskName {
  if (roles.messages !== undefined || (roles.prompt !== undefined && roles.completion !== undefined))
    return 'instruction'
  if (roles.label !== undefined || kind === 'encoder') return 'classification'
  return 'causal'
}

/** The general texts that are mixed in, drawn by the seed. Throws `Failure` where their file cannot be used. */
async function chooseReplay(
  { data: { replay }, seed }: Recipe,
  { rows, folder }: { readonly rows: number; readonly folder: string },
): Promise<{ readonly replay?: Replay }> {
  if (!replay) return {}
  const path = slashed(resolve(folder, replay.file))
  if (!existsSync(path)) throw new Failure('not-found', `The replay file ${path} of the recipe does not exist`)
  const dataset = await loadDataset({
    name: replay.file,
    splits: { train: [path] },
    ...(replay.text === undefined ? {} : { roles: { text: replay.text } }),
  })
  const tables = dataset.splits.flatMap(split => split.tables)
  const table = tables[0]
  const column = dataset.roles.text ?? table?.columns[0]
  if (!table || tables.length > 1 || column === undefined)
    throw new Failure('no-text', `${path} is no list of texts`, 'Name its column: "replay": { "text": "…" }')
  const usable = Array.from({ length: table.rowCount }, (_, row) => row).filter(
    row => !table.broken(row) && (table.text(row, column) ?? '').trim() !== '',
  )
  const count = Math.min(usable.length, Math.round((rows * replay.share) / (1 - replay.share)))
  const drawn = random(seed).split('replay').shuffle(usable).slice(0, count)
  return { replay: { path, hash: contentHash(await readBytes(path)), column, rows: drawn.sort((a, b) => a - b) } }
}

/** `RunData.files` of these tables: paths relative to `root` where they lie under it, and hashes of the bytes on disk. */
export async function describeFiles(
  numbered: readonly NumberedFile[],
  { format }: Pick<DatasetFiles, 'format'>,
  root: string,
): Promise<RunData['files']> {
  const base = slashed(root)
  const listed: RunData['files'][number][] = []
  for (const { split, table } of numbered) {
    const path = table.source.uri
    const inside = relative(base, path)
    listed.push({
      path: inside.startsWith('..') || isAbsolute(inside) ? path : inside.replace(/\\/g, '/'),
      split,
      ...(table.part === undefined ? {} : { part: table.part }),
      hash: await rowsHash(path, await readBytes(path)),
      rows: table.rowCount,
      ...(format ? { format } : {}),
    })
  }
  return listed
}

/** The files that a recipe means: a dataset by name or folder, files named one by one, or the only dataset there is. */
async function datasetOf(
  { data }: Pick<RecipeInput, 'data'>,
  { folder, root }: { readonly folder: string; readonly root: string },
): Promise<DatasetFiles> {
  const named: Columns = columnsOf(data)
  const roles: Roles = Object.fromEntries(
    roleNames.flatMap(role => (role in named ? [[role, named[role as keyof Columns]]] : [])),
  )
  const { splits: files, format } = await namedFiles(data, folder)
  if (data.dataset === undefined && files.train !== undefined) {
    const name =
      dirname(files.train[0] as string)
        .split('/')
        .at(-1) || 'data'
    return { name, splits: files, roles, ...(format ? { format } : {}) }
  }
  const found = await namedDataset(data.dataset, { folder, root })
  // Roles stay separate from those of winnow.json, so that a mistake is said to be the recipe's.
  const own = Object.fromEntries(Object.entries(found.roles ?? {}).filter(([role]) => !(role in roles)))
  const way = format ? { format: { ...found.format, ...format } } : {}
  return { ...found, splits: { ...found.splits, ...files }, roles: { ...own, ...roles }, ...way }
}

async function namedDataset(
  wanted: string | undefined,
  { folder, root }: { readonly folder: string; readonly root: string },
): Promise<DatasetFiles> {
  const places = wanted === undefined ? [] : [resolve(folder, wanted), resolve(root, wanted)]
  const place = places.find(p => existsSync(p) && statSync(p).isDirectory())
  const datasets = await datasetsAt(place ?? (wanted === undefined ? folder : root), root)
  if (wanted !== undefined && place === undefined) {
    const match = datasets.find(d => d.name === wanted)
    if (match) return match
    throw new Failure(
      'no-dataset',
      `There is no dataset and no folder "${wanted}" in ${root}`,
      `Datasets here: ${datasets.map(d => d.name).join(', ')}`,
    )
  }
  const trainable = datasets.filter(d => d.splits.train !== undefined)
  const [only, second] = trainable.length > 0 ? trainable : datasets
  if (only && !second) return only
  throw new Failure(
    'several-datasets',
    `${place ?? folder} holds ${datasets.length} datasets`,
    `Name one in the recipe: "data": { "dataset": "…" }: ${datasets.map(d => d.name).join(', ')}`,
  )
}

/** The datasets of a folder; a folder of recipes has none, and then those of the workspace are meant. */
async function datasetsAt(folder: string, root: string): Promise<DatasetFiles[]> {
  try {
    return (await discover([folder])).datasets
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'no-dataset' || resolve(folder) === resolve(root)) throw error
    return (await discover([root])).datasets
  }
}

/** The files that a recipe names by split. A folder stands for the texts in it, in a folder for each label. */
async function namedFiles(data: RecipeInput['data'], folder: string): Promise<Pick<DatasetFiles, 'splits' | 'format'>> {
  const splits: { [S in SplitName]?: readonly string[] } = {}
  let byFolder = false
  for (const split of splitNames) {
    const list = data[split]
    if (list === undefined) continue
    const paths: string[] = []
    for (const file of typeof list === 'string' ? [list] : list) {
      const path = slashed(resolve(folder, file))
      if (!existsSync(path)) throw new Failure('not-found', `The ${split} file ${path} of the recipe does not exist`)
      const isFolder = statSync(path).isDirectory()
      const texts = isFolder ? await textsIn(path) : [path]
      if (!texts) {
        const message = `The ${split} file ${path} of the recipe is a folder, but not one of text files in a folder for each label`
        throw new Failure('is-folder', message, 'Name its files, or the dataset: "data": { "dataset": "…" }')
      }
      byFolder ||= isFolder
      paths.push(...texts)
    }
    splits[split] = paths
  }
  return { splits, ...(byFolder ? { format: { row: 'file' as const } } : {}) }
}

/** The reader knows of roles from `winnow.json` only: where the recipe named the column, the mistake is there. */
function ofRecipe(error: unknown, { data }: RecipeInput): unknown {
  if (!(error instanceof Failure) || error.code !== 'no-column') return error
  const own = Object.values(columnsOf(data)).find(column => error.message.includes(`"${column}"`))
  return own === undefined
    ? error
    : new Failure(error.code, error.message.replace('winnow.json', 'the recipe'), error.hint)
}
