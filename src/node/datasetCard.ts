import { dirname } from 'node:path'
import { basename } from 'node:path/posix'
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
  const configs = head === undefined ? undefined : readYaml(linesUnder(head, 'configs'))
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

/** A pattern without a folder means this folder, not any. */
function inFolder(pattern: string): string {
  return pattern.includes('/') ? pattern : `/${pattern}`
}

function dataFiles(value: Yaml | undefined): { readonly split: SplitName; readonly patterns: readonly string[] }[] {
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

type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml }

interface Line {
  readonly indent: number
  readonly text: string
}

function isMap(value: Yaml | undefined): value is { readonly [key: string]: Yaml } {
  return typeof value === 'object' && !Array.isArray(value)
}

/** The lines that belong to a key of the outermost mapping, without comments and blank ones. */
function linesUnder(yaml: string, key: string): Line[] {
  const lines = yaml
    .split(/\r?\n/)
    .filter(line => !/^\s*(#|$)/.test(line))
    .map(line => ({ indent: line.search(/\S/), text: line.trim().replace(/\s+#.*$/, '') }))
  const from = lines.findIndex(({ indent, text }) => indent === 0 && text === `${key}:`)
  if (from < 0) return []
  const rest = lines.slice(from + 1)
  const to = rest.findIndex(({ indent, text }) => indent === 0 && !text.startsWith('- '))
  return to < 0 ? rest : rest.slice(0, to)
}

/** Lists, mappings and plain, quoted or bracketed values by their indents: as much of YAML as such heads are written in. */
function readYaml(lines: readonly Line[]): Yaml | undefined {
  const [first] = lines
  if (!first) return undefined
  if (!first.text.startsWith('- ') && !/^[\w-]+:(\s|$)/.test(first.text)) return scalar(first.text)
  // What stands deeper than the first line, and a list that stands as deep as its key, belongs to the line before.
  const isList = first.text.startsWith('- ')
  const starts = lines.flatMap(({ indent, text }, i) =>
    indent === first.indent && (isList || !text.startsWith('- ')) ? [i] : [],
  )
  const blocks = starts.map((from, i) => lines.slice(from, starts[i + 1]))
  if (isList)
    return blocks.flatMap(([{ indent, text } = first, ...rest]) => {
      const inner = text.slice(2).trimStart()
      return readYaml([{ indent: indent + text.length - inner.length, text: inner }, ...rest]) ?? []
    })
  const map: { [key: string]: Yaml } = {}
  for (const [{ text } = first, ...rest] of blocks) {
    const [, key = '', value = ''] = /^([\w-]+):\s*(.*)$/.exec(text) ?? []
    const read = value === '' ? readYaml(rest) : scalar(value)
    if (key !== '__proto__' && read !== undefined) map[key] = read
  }
  return map
}

function scalar(text: string): Yaml {
  const list = /^\[(.*)\]$/.exec(text)?.[1]
  if (list !== undefined) return (list.match(/"[^"]*"|'[^']*'|[^,\s][^,]*/g) ?? []).map(part => unquoted(part.trim()))
  return unquoted(text)
}

function unquoted(text: string): string {
  return /^(['"])(.*)\1$/.exec(text)?.[2] ?? text
}
