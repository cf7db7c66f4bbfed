import type { DatasetFiles, SplitName } from './dataset.ts'
import { endsInSplit, formatOfName } from './formatName.ts'

const words: { readonly [word: string]: SplitName } = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  valid: 'validation',
  val: 'validation',
  dev: 'validation',
  eval: 'validation',
  test: 'test',
  testing: 'test',
  heldout: 'test',
}

/** Words that say nothing about which dataset a file belongs to: `train_data.csv` is `train.csv`. */
const filler = new Set(['set', 'split', 'data', 'dataset'])
/** In names of texts also what kind of lines they have. */
const textFiller = /^(texts?|sentences?|ft|fasttext)$/i

/** Folders that are never data. Folders that start with a dot are skipped as well. */
export const skippedFolders: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'dist', 'out', 'venv'])

const configFile =
  /^(package(-lock)?|tsconfig(\..*)?|jsconfig|composer|deno|biome|winnow|dataset_infos?|config|generation_config|adapter_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|modules|trainer_state|preprocessor_config|.*\.index|.*\.schema|.*[-_.]?recipe|.*\.config|truth-summary)\.json$|^winnow-ignore\.jsonl$|^\./i

/** What a path says about itself. `group` is what is left of the name: files of one group in one folder are one dataset. */
export interface NamedFile {
  readonly path: string
  /** The folder the dataset is named after: the one above where the file stands in `train/` or `test/`. */
  readonly folder: string
  readonly split?: SplitName
  readonly group: string
}

/** The split word alone, for a name of a file or folder: `train`, `Dev`, `held-out`, `testset`, `train2016`. */
export function splitOfWord(word: string): SplitName | undefined {
  const key = word
    .toLowerCase()
    .replace(/[-_ ]/g, '')
    .replace(/(?<=.)(set|data|(19|20)\d\d)$/, '')
  return Object.hasOwn(words, key) ? words[key] : undefined
}

/** The split that the key of a list in a JSON file names: `train`, `oos_val`. */
export function splitOfPart(part: string): SplitName | undefined {
  return nameFile(`/${part}.json`).split
}

/** Could this file hold rows, by its name alone? `.txt` only where it is named after a split: most others are notes. */
export function isDataName(path: string): boolean {
  const name = baseName(path)
  const format = formatOfName(name)
  if (!format || configFile.test(name)) return false
  return format !== 'text' || nameFile(path).split !== undefined
}

/** Reads split and group out of a path (`/` separated). */
export function nameFile(path: string): NamedFile {
  const folder = parent(path)
  const name = stem(path)
  // Hugging Face shards: train-00000-of-00002(-<hash>).
  const plain = name.replace(/[-_.]\d{4,5}-of-\d{4,5}([-_][0-9a-f]{8,})?$/i, '').replace(/held[-_ ]out/i, 'heldout')
  const parts = plain.split(/[-_. ]+/)
  const at = parts.flatMap((part, i) => (splitOfWord(part) ? [i] : []))
  if (at.length === 1) {
    const lines = formatOfName(path) === 'text'
    const rest = parts.filter(
      (part, i) =>
        i !== at[0] &&
        !filler.has(part.toLowerCase()) &&
        !/^(part)?\d+$/i.test(part) &&
        !(lines && textFiller.test(part)),
    )
    return { path, folder, split: splitOfWord(parts[at[0]!]!)!, group: rest.join('-').toLowerCase() }
  }
  // The Hub's own copies in Parquet: `default/train/0000.parquet`, `default/partial-train/0000.parquet`.
  const folderSplit = splitOfWord(baseName(folder).replace(/^partial-/, ''))
  if (folderSplit) return { path, folder: parent(folder), split: folderSplit, group: '' }
  return { path, folder, group: plain.toLowerCase() }
}

/**
 * Files become datasets. Files named (or foldered) after splits are the dataset of their folder, with what is left of
 * their names telling several apart; beside such a dataset, files that name no split are not data. A folder without
 * split names holds one dataset a file, each with a training split only.
 */
export function groupFiles(paths: readonly string[]): DatasetFiles[] {
  const all = new Set(paths)
  // A file beside its own compressed copy is the one to read, and the one that can be mended.
  const once = [...all].filter(path => !/\.(gz|zst)$/i.test(path) || !all.has(path.replace(/\.(gz|zst)$/i, '')))
  const named = once.sort().map(nameFile)
  const split = new Set(named.filter(file => file.split && file.group === '').map(file => file.folder))
  const groups = new Map<string, NamedFile[]>()
  for (const file of named) {
    if (!file.split && split.has(file.folder)) continue
    const key = file.split ? `${file.folder}\n${file.group}` : `${file.path}\n`
    groups.set(key, [...(groups.get(key) ?? []), file])
  }
  return nameDatasets([...adoptTraining([...groups.values()])].map(files => ({ files, name: nameOf(files[0]!) })))
}

/**
 * Files named on purpose, as on a command line: none is left out, and `a/train.csv b/test.csv` are one dataset although
 * they lie in two folders.
 */
export function groupGiven(paths: readonly string[]): DatasetFiles[] {
  const named = [...new Set(paths)].map(nameFile)
  const together = new Map<string, NamedFile[]>()
  for (const file of named) {
    const key = file.split ? `\n${file.group}` : file.path
    together.set(key, [...(together.get(key) ?? []), file])
  }
  const groups: NamedFile[][] = []
  for (const files of together.values()) {
    const folders = new Map<string, NamedFile[]>()
    for (const file of files) folders.set(file.folder, [...(folders.get(file.folder) ?? []), file])
    // Two folders that both have a training file are two datasets; otherwise they complete each other.
    const several = [...folders.values()].filter(list => list.some(file => file.split === 'train')).length > 1
    if (several) groups.push(...folders.values())
    else groups.push(files)
  }
  return nameDatasets([...adoptTraining(groups)].map(files => ({ files, name: nameOf(files[0]!) })))
}

/**
 * Groups that belong to another one of their folder. With `dev` and `test` but one file `train_clean`, that file is the training split; and what
 * is only tested on (`validation_matched`, `test_hard`) is tested on what the folder trains on, where that is one group.
 */
function* adoptTraining(groups: readonly NamedFile[][]): Generator<NamedFile[]> {
  const homes = new Map<NamedFile[], NamedFile[][]>()
  const adopted = new Set<NamedFile[]>()
  const adopt = (home: NamedFile[], other: NamedFile[]) => {
    adopted.add(other)
    homes.set(home, [...(homes.get(home) ?? []), other])
  }
  const folders = new Map<string, NamedFile[][]>()
  for (const group of groups) {
    const { folder, split } = group[0]!
    if (split) folders.set(folder, [...(folders.get(folder) ?? []), group])
  }
  const isTrained = (group: NamedFile[]) => group.some(file => file.split === 'train')
  for (const own of folders.values()) {
    const home = own.find(group => group[0]!.group === '')
    const trained = own.filter(isTrained)
    const [train] = trained
    if (home && train && trained.length === 1 && train !== home && train.every(file => file.split === 'train'))
      adopt(home, train)
    const into = home && (isTrained(home) || homes.has(home)) ? home : undefined
    if (!into) continue
    for (const group of own)
      if (group !== into && !isTrained(group) && group.every(file => isLike(file, into))) adopt(into, group)
  }
  for (const group of groups)
    if (!adopted.has(group))
      yield [...group, ...(homes.get(group) ?? []).flat().sort((a, b) => (a.path < b.path ? -1 : 1))]
}

/** Is it written as some file of the group is? */
function isLike({ path }: NamedFile, group: readonly NamedFile[]): boolean {
  return group.some(other => formatOfName(other.path) === formatOfName(path))
}

function nameOf(file: NamedFile): string {
  if (!file.split) return stem(file.path)
  // A dataset of the Hugging Face Hub keeps its shards in `data/`: it is called as the folder around that.
  const inHub = /-\d{4,5}-of-\d{4,5}/.test(baseName(file.path)) && baseName(file.folder) === 'data'
  return file.group || (inHub && baseName(parent(file.folder))) || baseName(file.folder) || 'data'
}

/** Names are unique: where two are equal, each takes its folder in front. */
function nameDatasets(groups: readonly { files: NamedFile[]; name: string }[]): DatasetFiles[] {
  const count = new Map<string, number>()
  for (const group of groups) count.set(group.name, (count.get(group.name) ?? 0) + 1)
  const used = new Set<string>()
  return groups.map(({ files, name }) => {
    const folder = files[0]!.folder
    const outer = baseName(folder) === name ? baseName(parent(folder)) : baseName(folder)
    let unique = count.get(name) === 1 || !outer ? name : `${outer}/${name}`
    for (let n = 2; used.has(unique); n++) unique = `${name}-${n}`
    used.add(unique)
    const of = (split: SplitName) => files.filter(file => (file.split ?? 'train') === split).map(file => file.path)
    const splits: { [S in SplitName]?: string[] } = {}
    for (const split of ['train', 'validation', 'test'] as const) if (of(split).length) splits[split] = of(split)
    return { name: unique, splits }
  })
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** The file's name without its extensions of format and compression; an ending that is a split stays. */
function stem(path: string): string {
  const name = baseName(path).replace(/\.(gz|zst)$/i, '')
  // The two halves of what CoNLL-2003 is scored on.
  if (endsInSplit(name)) return name.replace(/\.testa$/i, '.dev').replace(/\.testb$/i, '.test')
  return name.replace(/\.[a-z0-9]+$/i, '')
}
