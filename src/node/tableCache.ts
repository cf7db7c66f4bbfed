import { stat } from 'node:fs/promises'
import { changedCsv } from '../core/data/csvChange.ts'
import type { DatasetFiles } from '../core/data/dataset.ts'
import { EditedTable } from '../core/data/editedTable.ts'
import { changedJsonl } from '../core/data/jsonlChange.ts'
import type { Source, Table } from '../core/data/table.ts'
import { fileFailure } from './files.ts'
import { labelFileOf, labelNamesFileOf } from './labelFile.ts'
import { type FileTables, readTables, tablesOfSource } from './tables.ts'
import type { Watch } from './watch.ts'

/** Tables by path, kept as long as the file or the open document is the same. */
export class TableCache {
  private readonly files = new Map<string, { readonly stamp: string; readonly tables: FileTables }>()

  /** The table of a file, or of the document that is open in its place. */
  async open(
    path: string,
    format: DatasetFiles['format'],
    document: Source | undefined,
    watch?: Watch,
  ): Promise<FileTables> {
    const way = JSON.stringify(format ?? {})
    const labels = labelFileOf(path)
    const names = labels === undefined ? undefined : labelNamesFileOf(path)
    const beside = [labels, names].filter(one => one !== undefined)
    const also = (await Promise.all(beside.map(stampOf))).map(stamp => ` ${stamp}`).join('')
    const stamp = document
      ? `document ${document.version} ${document.bytes.length} ${way}${also}`
      : `${await stampOf(path)} ${way}${also}`
    const known = this.files.get(path)
    if (document && known?.tables.length === 1 && isThat(known.tables[0]!.table, document)) return known.tables
    if (known?.stamp === stamp && (!document || sameBytes(known.tables[0]!.table.source.bytes, document.bytes)))
      return known.tables
    const changed = document && known && !format && changedTable(known.tables, document)
    const tables = changed
      ? [{ part: undefined, table: changed }]
      : document
        ? await tablesOfSource(document, format, watch)
        : await readTables(path, format, watch)
    this.files.set(path, { stamp, tables })
    return tables
  }

  /** Takes the table of a document after an edit; it is asked for by its source, or by a document of its version and content. */
  put(path: string, table: EditedTable): void {
    this.files.set(path, { stamp: '', tables: [{ part: undefined, table }] })
  }

  /** The table of a file as it was last opened. */
  known(path: string): Table | undefined {
    return this.files.get(path)?.tables[0]?.table
  }

  /** Drops the tables of files that are no longer asked for. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of this.files.keys()) if (!paths.has(path)) this.files.delete(path)
  }
}

/** An edit touches few rows, so the others are not read again, where the format allows it. */
function changedTable(known: FileTables, document: Source): Table | undefined {
  if (known.length !== 1) return undefined
  const { table } = known[0]!
  return changedJsonl(table, document) ?? changedCsv(table, document)
}

/** Is this the edited table of that document? */
function isThat(table: Table, document: Source): boolean {
  const { source } = table
  if (source === document) return true
  if (!(table instanceof EditedTable) || source.version !== document.version) return false
  if (source.windows!.length !== document.bytes.length) return false
  for (let at = 0; at < document.bytes.length; at += piece) {
    const end = Math.min(document.bytes.length, at + piece)
    if (!sameBytes(source.windows!.read(at, end), document.bytes.subarray(at, end))) return false
  }
  return true
}

/** So many bytes are compared at a time. */
const piece = 1 << 20

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `file ${mtimeMs} ${size} ${ino}`
  } catch (error) {
    throw fileFailure(path, error)
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
