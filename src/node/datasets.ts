import { open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { conllStyle } from '../core/data/conllStyle.ts'
import { type Dataset, type DatasetFiles, type Roles, type SplitName, splitNames } from '../core/data/dataset.ts'
import { fastTextStyle } from '../core/data/fastText.ts'
import { endsInSplit, formatOfName, isCompressed } from '../core/data/formatName.ts'
import { labelFoldersAmong, labelledTexts } from '../core/data/labelFolders.ts'
import { labelFilesAmong } from '../core/data/labelledText.ts'
import { readAtOnce } from '../core/data/reading.ts'
import { rolesOf } from '../core/data/roles.ts'
import { groupFiles, groupGiven, isDataName, nameFile, splitOfPart } from '../core/data/splits.ts'
import type { Source, Table } from '../core/data/table.ts'
import { type ConfigFile, findConfig } from './config.ts'
import { datasetCardName, readDatasetCard } from './datasetCard.ts'
import { datasetInfoName, readDatasetInfo } from './datasetInfo.ts'
import { drive } from './drive.ts'
import { fileFailure, slashed, walkFiles } from './files.ts'
import { eachOnce, refuseSame } from './sameFiles.ts'
import { type FileTables, readTables, tablesOfSource } from './tables.ts'
import type { Watch } from './watch.ts'

/** Datasets and the `winnow.json` that governs them. */
export interface FoundDatasets {
  readonly datasets: DatasetFiles[]
  readonly config: ConfigFile | undefined
}

/** The datasets at these paths (files or folders); fails where there is none. */
export async function findDatasets(paths: readonly string[]): Promise<DatasetFiles[]> {
  return (await discover(paths)).datasets
}

/**
 * As `findDatasets`, with the `winnow.json` found at or above the first path. Datasets that it names are taken where
 * one of their files lies at or under a path; only where it names none, files and folders are read by their names.
 */
export async function discover(paths: readonly string[]): Promise<FoundDatasets> {
  const absolute = paths.map(slashed)
  const kinds = await Promise.all(absolute.map(async path => ({ path, folder: await isFolder(path) })))
  const first = kinds[0]
  if (!first) throw new Failure('no-path', 'No path was given', 'Name a dataset file or folder')
  const config = await findConfig(first.folder ? first.path : dirname(first.path))
  if (config) refuseSame(config)
  const named = (config ? await configDatasets(config) : []).filter(dataset =>
    filesOf(dataset).some(file =>
      // What a winnow.json names elsewhere belongs to its folder all the same.
      absolute.some(
        path => path === config?.folder || file === path || file.startsWith(path === '/' ? '/' : `${path}/`),
      ),
    ),
  )
  const covered = new Set(named.flatMap(filesOf))
  const labels = labelFilesAmong(absolute)
  const given = kinds
    .filter(({ folder, path }) => !folder && !covered.has(path) && !labels.has(path))
    .map(kind => kind.path)
    .filter(await eachOnce(kinds.flatMap(({ folder, path }) => (folder ? [] : [path]))))
  for (const path of given)
    if (!formatOfName(path))
      throw new Failure(
        'unknown-format',
        `${path} is of no known format`,
        'Use .jsonl, .json, .csv, .tsv, .txt, .conll or .parquet',
      )
  const walked: string[] = []
  const listed: DatasetFiles[] = []
  if (!config?.config.datasets?.length)
    for (const { path, folder } of kinds) if (folder) walked.push(...(await dataFiles(path, listed)))
  const taken = new Set(listed.flatMap(filesOf))
  const found = [...listed, ...groupFiles(walked.filter(path => !taken.has(path)))]
  // A file that is named beside its folder is checked once.
  const inFolders = new Set(found.flatMap(filesOf))
  const asked = [...named, ...groupGiven(given.filter(path => !inFolders.has(path)))]
  const datasets = [...asked, ...found]
  if (datasets.length) return { datasets: uniqueNames(datasets), config }
  const place = paths.length === 1 ? paths[0] : 'these folders'
  const hint = config?.config.datasets?.length
    ? `${config.path} names datasets elsewhere; add this one there`
    : 'Name files after their split (train.jsonl, test.csv), or list them in winnow.json'
  throw new Failure('no-dataset', `No dataset was found in ${place}`, hint)
}

/**
 * Reads a dataset's files; open documents win over files of the same uri. Fails naming the first file that cannot be read.
 * Whoever still has a file's tables, or the roles of a dataset whose columns did not change, can give them.
 */
export async function loadDataset(
  files: DatasetFiles,
  documents?: ReadonlyMap<string, Source>,
  known: {
    readonly tables?: (path: string) => Promise<FileTables>
    readonly roles?: Roles
    readonly watch?: Watch
  } = {},
): Promise<Dataset> {
  const read = async (path: string) => {
    const document = documents?.get(path)
    return document ? tablesOfSource(document, files.format, known.watch) : readTables(path, files.format, known.watch)
  }
  const tablesOf = new Map<SplitName, Table[]>()
  for (const name of splitNames) {
    for (const path of files.splits[name] ?? []) {
      for (const { part, table } of await (known.tables ?? read)(path)) {
        // A list in an object of lists belongs to the split that its key names, wherever the file is listed.
        const split = (part === undefined ? undefined : splitOfPart(part)) ?? name
        const list = tablesOf.get(split)
        if (list) list.push(table)
        else tablesOf.set(split, [table])
      }
    }
  }
  const splits = splitNames.flatMap(name => (tablesOf.has(name) ? [{ name, tables: tablesOf.get(name)! }] : []))
  if (known.roles) return { name: files.name, splits, roles: known.roles }
  const tables = splits.flatMap(split => split.tables)
  const { watch } = known
  const inferring = rolesOf(tables, files.roles)
  const roles = watch ? await drive(inferring, watch.cancel, watch.progress) : readAtOnce(inferring)
  checkRoles(files, tables)
  return { name: files.name, splits, roles }
}

/** Every file of a dataset, train first. */
export function filesOf(dataset: DatasetFiles): string[] {
  return splitNames.flatMap(split => [...(dataset.splits[split] ?? [])])
}

/** The texts in a folder that has a folder for each label; undefined of another one. */
export async function textsIn(folder: string): Promise<string[] | undefined> {
  return labelledTexts(await walkFiles(folder), slashed(folder))
}

/** The datasets that a `winnow.json` names, paths resolved. A folder stands for the texts in it, in a folder for each label. */
export async function configDatasets(file: ConfigFile): Promise<DatasetFiles[]> {
  const found: DatasetFiles[] = []
  for (const [d, dataset] of (file.config.datasets ?? []).entries()) {
    const splits: { [S in SplitName]?: string[] } = {}
    let byFolder = false
    for (const split of splitNames) {
      const list = dataset.splits[split]
      for (const name of typeof list === 'string' ? [list] : (list ?? [])) {
        const path = slashed(resolve(file.folder, name))
        const folder = await isFolder(path).catch(() => false)
        const texts = folder ? await textsIn(path) : [path]
        if (!texts) {
          const message = `${name} is a folder, but not one of text files in a folder for each label`
          throw file.fail(['datasets', d, 'splits', split], message, 'Name its files')
        }
        byFolder ||= folder
        splits[split] = [...(splits[split] ?? []), ...texts]
      }
    }
    if (!Object.keys(splits).length)
      throw file.fail(['datasets', d, 'splits'], `The dataset ${dataset.name} names no file`, 'Name at least one split')
    const roles = dataset.roles && withoutUndefined(dataset.roles)
    const own = dataset.format && withoutUndefined(dataset.format)
    const format = byFolder ? { ...own, row: 'file' as const } : own
    found.push({ name: dataset.name, splits, ...(roles ? { roles } : {}), ...(format ? { format } : {}) })
  }
  return found
}

/**
 * Files under a folder that hold rows: by name, and `.json` (which is mostly settings) by its first bytes too. Datasets that
 * a `dataset_info.json` or the head of a `README.md` lists are added to `listed`.
 */
async function dataFiles(folder: string, listed: DatasetFiles[]): Promise<string[]> {
  const found: string[] = []
  const files = await walkFiles(folder)
  const labels = labelFilesAmong(files)
  const byFolder = labelFoldersAmong(files, [slashed(folder)])
  const folders = byFolder.flatMap(one => one.folders)
  for (const { name, splits, format } of byFolder) listed.push({ name, splits, ...(format ? { format } : {}) })
  for (const path of files) {
    // What lies beside the folders of its labels is about the dataset.
    if (/\.txt$/i.test(path) && folders.some(one => path.startsWith(`${one}/`))) continue
    if (path.endsWith(`/${datasetInfoName}`)) listed.push(...(await readDatasetInfo(path)))
    if (path.endsWith(`/${datasetCardName}`)) listed.push(...(await readDatasetCard(path, files)))
    if (!isDataName(path) || labels.has(path)) continue
    if (formatOfName(path) === 'json' && !(await startsLikeRows(path))) continue
    if (needsLook(path) && (isCompressed(path) || !(await startsWithTags(path)))) continue
    found.push(path)
  }
  return found.filter(await eachOnce(found))
}

/** A list of records, an object whose first key is a split (`{"train": [`), or JSON Lines under this name. */
const rows =
  /^\s*(\[\s*[{["]|\{\s*"[a-z_-]*(train|valid|val|dev|eval|test|heldout)[a-z_-]*"\s*:\s*\[|\{[^\n]*\}\r?\n\s*\{)/i
/** What else a file that is named after a split may begin with: an empty list, records one behind the other (also on several lines each), a list under another key, columns. */
const rowsOfSplit =
  /^\s*(\[\s*\]|\{[\s\S]*?\}\s*\{\s*"|\{\s*"[^"]*"\s*:\s*(\[\s*["{[]|\{\s*"0"\s*:))|"(data|rows|records|examples|items)"\s*:\s*\[\s*["{[]/i

async function startsLikeRows(path: string): Promise<boolean> {
  if (isCompressed(path)) return true
  const head = startOf(await headOf(path, 512))
  return rows.test(head) || (nameFile(path).split !== undefined && rowsOfSplit.test(head))
}

/** Many files that are no data end in `.test` and the like: such a one is data where it begins with labels or tags. */
function needsLook(path: string): boolean {
  const name = path.replace(/\.(gz|zst)$/i, '')
  return endsInSplit(name) || /\.bio$/i.test(name)
}

/** Lines of fastText, or of words and tags. */
async function startsWithTags(path: string): Promise<boolean> {
  const head = await headOf(path, 4096)
  const whole = head.length < 4096 ? head : head.subarray(0, head.lastIndexOf(0x0a) + 1)
  return fastTextStyle(whole) !== undefined || conllStyle(whole) !== undefined
}

async function headOf(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return new Uint8Array(0)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function startOf(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

/** A role given in `winnow.json` must name a column that is there: a typo would silently check nothing. */
function checkRoles(files: DatasetFiles, tables: readonly Table[]): void {
  const columns = new Set(tables.flatMap(table => table.columns))
  if (columns.size === 0) return
  for (const [role, column] of Object.entries(files.roles ?? {})) {
    if (columns.has(column) || tables.some(table => table.rowCount > 0 && table.cell(0, column))) continue
    const message = `The dataset ${files.name} has no column "${column}", which winnow.json names as its ${role}`
    throw new Failure('no-column', message, `Its columns: ${[...columns].slice(0, 20).join(', ')}`)
  }
}

async function isFolder(path: string): Promise<boolean> {
  const about = await stat(path).catch(error => Promise.reject(fileFailure(path, error)))
  // A pipe would be waited for, and is gone once it has been read.
  if (!about.isDirectory() && !about.isFile())
    throw new Failure('no-file', `${path} is no file`, 'Write its rows to a file first')
  return about.isDirectory()
}

function uniqueNames(datasets: readonly DatasetFiles[]): DatasetFiles[] {
  const used = new Set<string>()
  return datasets.map(dataset => {
    let name = dataset.name
    for (let n = 2; used.has(name); n++) name = `${dataset.name}-${n}`
    used.add(name)
    return name === dataset.name ? dataset : { ...dataset, name }
  })
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as never
}
