import type { DatasetFiles, SplitName } from './dataset.ts'
import { isDataName, nameFile } from './splits.ts'

/** Folders whose names say what part of something their files are, not which class: texts in them have no label by where they lie. */
const parts =
  /^(data|docs?|documentation|notes?|logs?|images?|img|labels?|annotations?|anns?|texts?|txt|inputs?|outputs?|expected|actual|answers?|questions?|prompts?|sources?|src|targets?|tgt|refs?|references?|raw|processed|clean(ed)?|tmp|temp|cache|backups?|fixtures?|golden|snapshots?|samples?|scripts?|lib|licen[cs]es?|locales?|lang|assets|static|templates?)$/i
/** Texts without a class, for training of another kind, as IMDb has them. */
const unlabelled = /^unsup(ervised)?$|^unlabell?ed$/i
/** Fewer texts in a folder that nobody named, and no split names, are as likely notes. */
const fewest = 5

/** A dataset of texts one a file in folders that are their labels, and the folders that it is made of. */
export interface LabelFolders extends DatasetFiles {
  /** What lies below these belongs to it, or to nothing. */
  readonly folders: readonly string[]
}

interface Folder {
  readonly files: string[]
  readonly folders: string[]
}

/**
 * The datasets that are folders of text files, one row a file, with a folder for each label: `train/pos/0001.txt`, `train/neg/…`, or without a split
 * `pos/`, `neg/`. `roots` are folders that somebody named: for them few files are enough. A folder is a label where it holds text
 * files and nothing else; two of them have to lie beside each other, and no other folder.
 */
export function labelFoldersAmong(paths: readonly string[], roots: readonly string[]): LabelFolders[] {
  const tree = treeOf(paths)
  const named = new Set(roots)
  const found: LabelFolders[] = []
  const taken = new Set<string>()
  // Outer folders first: what a dataset holds is not another one.
  for (const folder of [...tree.keys()].sort()) {
    if ([...taken].some(outer => folder === outer || folder.startsWith(`${outer}/`))) continue
    const dataset = withSplits(tree, folder) ?? alone(tree, folder, named.has(folder) ? 1 : fewest)
    if (!dataset) continue
    for (const own of dataset.folders) taken.add(own)
    found.push(dataset)
  }
  return found
}

/** The texts below a folder that a split is said to be: a folder for each label in it. Undefined where it is none. */
export function labelledTexts(paths: readonly string[], folder: string): string[] | undefined {
  return textsByLabel(treeOf(paths), folder, 1)
}

function withSplits(tree: ReadonlyMap<string, Folder>, folder: string): LabelFolders | undefined {
  const splits: { [S in SplitName]?: string[] } = {}
  const folders: string[] = []
  let group: string | undefined
  for (const inner of tree.get(folder)!.folders) {
    const { split, group: rest } = nameFile(`/${nameOf(inner)}.txt`)
    if (!split || splits[split] || (group !== undefined && rest !== group)) continue
    const texts = textsByLabel(tree, inner, 1)
    if (!texts) continue
    group = rest
    splits[split] = texts
    folders.push(inner)
  }
  // Folders called test hold other things as well.
  if (!splits.train) return undefined
  return { name: nameOf(folder) || 'data', splits, format: { row: 'file' }, folders }
}

function alone(tree: ReadonlyMap<string, Folder>, folder: string, least: number): LabelFolders | undefined {
  const texts = textsByLabel(tree, folder, least)
  if (!texts || tree.get(folder)!.files.some(isDataName)) return undefined
  const { split } = nameFile(`/${nameOf(folder)}.txt`)
  return {
    name: nameOf(folder) || 'data',
    splits: { [split ?? 'train']: texts },
    format: { row: 'file' },
    folders: [folder],
  }
}

function textsByLabel(tree: ReadonlyMap<string, Folder>, folder: string, least: number): string[] | undefined {
  const inner = (tree.get(folder)?.folders ?? []).filter(one => !unlabelled.test(nameOf(one)))
  if (inner.length < 2) return undefined
  const texts: string[] = []
  for (const label of inner) {
    const { files, folders } = tree.get(label)!
    const name = nameOf(label)
    if (folders.length > 0 || parts.test(name) || nameFile(`/${name}.txt`).split) return undefined
    if (files.length < least || !files.every(isText)) return undefined
    texts.push(...files)
  }
  return texts.sort()
}

/** A text file; one of a number alone is a message of the 20 newsgroups and their like. */
function isText(path: string): boolean {
  return /\.txt$/i.test(path) || /\/\d+$/.test(path)
}

/** All folders above the files, with what lies in each. Hidden files are not there. */
function treeOf(paths: readonly string[]): Map<string, Folder> {
  const tree = new Map<string, Folder>()
  const open = (folder: string): Folder => {
    const known = tree.get(folder)
    if (known) return known
    const fresh = { files: [], folders: [] }
    tree.set(folder, fresh)
    const above = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))
    if (above !== folder) open(above).folders.push(folder)
    return fresh
  }
  for (const path of paths) {
    const slash = path.lastIndexOf('/')
    if (path[slash + 1] !== '.') open(path.slice(0, slash)).files.push(path)
  }
  return tree
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
