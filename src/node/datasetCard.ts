import { dirname } from 'node:path'
import { basename } from 'node:path/posix'
import { parse } from 'yaml'
import type { DatasetFiles, SplitName } from '../core/data/dataset.ts'
import { formatOfName } from '../core/data/formatName.ts'
import { splitOfPart } from '../core/data/splits.ts'
import { decodeAll } from '../core/text/decode.ts'
import { readSource, slashed } from './files.ts'
import { globTest } from './globs.ts'

/** The file of a dataset's folder whose head says, in YAML, which files are which split (as on the Hugging Face Hub). */
export const datasetCardName = 'README.md'

/**
 * The datasets that the head of a `README.md` describes under `configs`: for each its `data_files`, a path or pattern, a list of
 * these, or one for each split. `files` are those there are. None where the head says nothing of files, or is not what it seems.
 */
export async function readDatasetCard(path: string, files: readonly string[]): Promise<DatasetFiles[]> {
  let head: string | undefined
  try {
    head = /^\ufeff?---\r?\n(.*?)\r?\n---\s*(?:\r?\n|$)/s.exec(decodeAll((await readSource(path)).bytes))?.[1]
  } catch {
    return []
  }
  const configs = head === undefined ? undefined : configsOf(head)
  if (!Array.isArray(configs)) return []
  const folder = slashed(dirname(path))
  const below = files.filter(file => file.startsWith(`${folder}/`) && formatOfName(file) !== undefined)
  const found: DatasetFiles[] = []
  const taken = new Set<string>()
  for (const config of configs) {
    if (!isMap(config)) continue
    const splits: { [S in SplitName]?: string[] } = {}
    for (const { split, patterns } of dataFiles(config['data_files'])) {
      const matches = globTest(patterns.map(pattern => pattern.replace(/^\.?\/+/, '')).map(inFolder))
      const own = below.filter(file => matches(file.slice(folder.length + 1)))
      if (own.length > 0) splits[split] = [...(splits[split] ?? []), ...own]
    }
    // Several configurations may share files: a file is checked once.
    const own = Object.values(splits).flat()
    if (own.length === 0 || own.some(file => taken.has(file))) continue
    for (const file of own) taken.add(file)
    const name = config['config_name']
    const isUsual = configs.length === 1 || typeof name !== 'string' || name === 'default'
    found.push({ name: isUsual ? basename(folder) || 'data' : name, splits })
  }
  return found
}

function configsOf(head: string): unknown {
  try {
    const all: unknown = parse(head, { maxAliasCount: 100 })
    return isMap(all) ? all['configs'] : undefined
  } catch {
    return undefined
  }
}

/** A pattern without a folder means this folder, not any. */
function inFolder(pattern: string): string {
  return pattern.includes('/') ? pattern : `/${pattern}`
}

function dataFiles(value: unknown): { readonly split: SplitName; readonly patterns: readonly string[] }[] {
  if (typeof value === 'string') return [{ split: 'train', patterns: [value] }]
  if (!Array.isArray(value)) return []
  return value.flatMap(item => {
    if (typeof item === 'string') return [{ split: 'train' as const, patterns: [item] }]
    if (!isMap(item)) return []
    const [split, path] = [item['split'], item['path']]
    const patterns = (Array.isArray(path) ? path : [path]).filter(one => typeof one === 'string')
    return [{ split: (typeof split === 'string' ? splitOfPart(split) : undefined) ?? 'train', patterns }]
  })
}

function isMap(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
