import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { eventLine } from '../core/run/log.ts'
import { newRun, type Run, reduce } from '../core/run/run.ts'
import type { RunData } from '../core/train/data.ts'
import type { RunEvent } from '../core/train/event.ts'
import { resolveRates } from '../core/train/recipe/rates.ts'
import { resolveRegularization } from '../core/train/recipe/regularization.ts'
import { resolveTask } from '../core/train/recipe/task.ts'
import type { Recipe } from '../core/train/recipe.ts'
import { fileFailure } from './files.ts'
import { holderOf } from './lock.ts'
import { readEvents, silentEnd } from './runLog.ts'

/** A run as its folder tells it. */
export interface RunFolder {
  readonly id: string
  /** Absolute. */
  readonly folder: string
  readonly run: Run
  /** Is its process at work? */
  readonly alive: boolean
}

/** Where the runs of a workspace are. */
export const runsFolder = (root: string) => join(root, '.winnow', 'runs')

/**
 * The workspace a folder belongs to: the nearest one up that has `winnow.json` or runs, else `otherwise`. The search ends
 * at a repository's root, so that a stray folder far above takes nothing in.
 */
export function findRoot(from: string, otherwise = resolve(from)): string {
  for (let here = resolve(from); ; here = dirname(here)) {
    if (existsSync(join(here, 'winnow.json')) || existsSync(runsFolder(here))) return here
    if (existsSync(join(here, '.git')) || dirname(here) === here) return otherwise
  }
}

/**
 * Makes the folder of a run that has not started: `recipe.json` and `data.json`. The id is the local time and the
 * name; a second run of the same second gets a number.
 */
export async function createRun(
  root: string,
  { recipe, data, at }: { readonly recipe: Recipe; readonly data: RunData; readonly at: Date },
): Promise<{ readonly id: string; readonly folder: string }> {
  const parent = runsFolder(root)
  try {
    await mkdir(parent, { recursive: true })
    const ignore = join(root, '.winnow', '.gitignore')
    if (!existsSync(ignore)) await writeFile(ignore, '*\n')
  } catch (error) {
    throw fileFailure(parent, error)
  }
  const stem = `${timestamp(at)}-${slug(recipe.name)}`
  for (let n = 1; ; n++) {
    const id = n === 1 ? stem : `${stem}-${n}`
    const folder = join(parent, id)
    try {
      await mkdir(folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw fileFailure(folder, error)
    }
    try {
      await writeFile(join(folder, 'recipe.json'), `${JSON.stringify(recipe, undefined, 2)}\n`)
      await writeFile(join(folder, 'data.json'), dataText(data))
    } catch (error) {
      // Half a run would stand in every list of runs.
      await rm(folder, { recursive: true, force: true })
      throw fileFailure(folder, error)
    }
    return { id, folder }
  }
}

/** JSON with a line for each file and each row left out: readable, and not a line for each number of them. */
function dataText(data: RunData): string {
  const fields = Object.entries(data).map(([key, value]) => {
    const isList = Array.isArray(value) && value.length > 0 && typeof value[0] === 'object'
    const text = isList
      ? `[\n${value.map(item => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`
      : JSON.stringify(value)
    return `  ${JSON.stringify(key)}: ${text}`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}

/** Letters and digits of a name, at most 40, as part of a file name. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  const words = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  return words.slice(0, 40).replace(/-+$/, '') || 'run'
}

/** `20261101-180203`, local time. */
function timestamp(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`
  return `${day}-${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
}

/** What was read of a log of this size, so that a list costs nothing for runs that have ended. */
export type RunCache = Map<string, { readonly size: number; readonly run: Run }>

/** All runs of a workspace, newest first. Folders that are no runs are passed over. */
export async function listRuns(root: string, cache: RunCache = new Map()): Promise<RunFolder[]> {
  const parent = runsFolder(root)
  const names = await readdir(parent).catch(() => [] as string[])
  const found: RunFolder[] = []
  for (const name of names.sort().reverse()) {
    const folder = join(parent, name)
    if (existsSync(join(folder, 'recipe.json'))) found.push(await readRun(folder, cache))
  }
  return found
}

/** One run. A log that has no end although its process is gone reads as failed. */
export async function readRun(folder: string, cache: RunCache = new Map()): Promise<RunFolder> {
  const id = basename(folder)
  // Who holds it comes before what it says: a process that ends in between has written its last line by then.
  const holder = await holderOf(folder)
  const size = await stat(join(folder, 'events.jsonl')).then(
    s => s.size,
    () => 0,
  )
  let run = cache.get(folder)?.size === size ? cache.get(folder)?.run : undefined
  if (!run) {
    run = newRun(id, await readName(folder))
    for await (const events of readEvents(folder)) run = events.reduce(reduce, run)
    cache.set(folder, { size, run })
  }
  const end = await silentEnd(folder, run, holder)
  return { id, folder, run: end ? reduce(run, end) : run, alive: holder.kind === 'alive' }
}

/** The folder of a run: an id, the beginning of one id only, `last`, or a path. */
export async function findRun(root: string, wanted: string, cwd = root): Promise<string> {
  const path = isAbsolute(wanted) ? wanted : resolve(cwd, wanted)
  if (existsSync(join(path, 'recipe.json')) && existsSync(join(path, 'data.json'))) return path
  const ids = (await readdir(runsFolder(root)).catch(() => [] as string[])).sort()
  const exact = ids.find(id => id === wanted)
  const matches =
    exact !== undefined ? [exact] : wanted === 'last' ? ids.slice(-1) : ids.filter(id => id.startsWith(wanted))
  const [only, second] = matches
  if (only === undefined) {
    const hint = ids.length === 0 ? 'There is none yet: start one with winnow tune' : `The latest is ${ids.at(-1)}`
    throw new Failure('no-run', `There is no run "${wanted}" in ${runsFolder(root)}`, hint)
  }
  if (second !== undefined)
    throw new Failure('ambiguous-run', `"${wanted}" is the beginning of ${matches.length} runs`, matches.join(', '))
  return join(runsFolder(root), only)
}

/** `recipe.json` of a run; what an older version did not write has the value that means what it did then. */
export const readRecipe = async (folder: string): Promise<Recipe> => ({
  ...resolveTask({}),
  ...resolveRates({}),
  ...resolveRegularization({}),
  ...(await readJson<Recipe>(folder, 'recipe.json')),
})

/** `data.json` of a run. */
export const readData = (folder: string): Promise<RunData> => readJson(folder, 'data.json')

async function readJson<T>(folder: string, name: string): Promise<T> {
  const file = join(folder, name)
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch (error) {
    throw new Failure('bad-run', `${file} cannot be read: ${(error as Error).message}`, 'Is this the folder of a run?')
  }
}

/** The name in the recipe; the id where that cannot be read, so that one spoilt run does not hide the others. */
async function readName(folder: string): Promise<string> {
  const recipe = await readRecipe(folder).catch(() => undefined)
  return typeof recipe?.name === 'string' ? recipe.name : basename(folder)
}

/** Asks a run to stop: it saves and ends between two steps. */
export async function askToStop(folder: string): Promise<void> {
  await writeFile(join(folder, 'stop'), '')
}

/** Takes back a wish to stop, before a run is resumed. */
export async function allowToRun(folder: string): Promise<void> {
  await rm(join(folder, 'stop'), { force: true })
}

/** Has somebody asked this run to stop? */
export const stopAsked = (folder: string): boolean => existsSync(join(folder, 'stop'))

/** Appends one event to a run's log; for whoever runs it. */
export async function appendEvent(folder: string, event: RunEvent): Promise<void> {
  await writeFile(join(folder, 'events.jsonl'), eventLine(event), { flag: 'a' })
}
