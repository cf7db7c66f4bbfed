import { existsSync } from 'node:fs'
import type { DatasetFiles } from '../core/data/dataset.ts'
import { formatOfName, parseTables } from '../core/data/formats.ts'
import { LabelledTextTable, labelFilesOf } from '../core/data/labelledText.ts'
import type { Source } from '../core/data/table.ts'
import { isCompressed, unpack } from './compressed.ts'
import { decodeSource, readBytes, readSource, slashed } from './files.ts'
import { parquetOfBytes, readParquet } from './parquet.ts'

/** The tables of a file: one, but for a JSON object of lists. */
export type FileTables = ReturnType<typeof parseTables>

/** Reads the tables of a file of any format. Fails with one clear error where the file cannot be read at all. */
export async function readTables(path: string, format?: DatasetFiles['format']): Promise<FileTables> {
  // By ranges, so that the packed columns are never in memory as a whole.
  if (formatOfName(path) === 'parquet' && !isCompressed(path))
    return [{ part: undefined, table: await readParquet(path) }]
  return tablesOfBytes(path, await readBytes(path), format)
}

/** As `readTables`, of the raw bytes of the file. */
export async function tablesOfBytes(
  path: string,
  raw: Uint8Array,
  format?: DatasetFiles['format'],
): Promise<FileTables> {
  const bytes = await unpack(path, raw)
  if (formatOfName(path) === 'parquet') return [{ part: undefined, table: await parquetOfBytes(slashed(path), bytes) }]
  return tablesOfSource(decodeSource(slashed(path), bytes), format)
}

/** The tables of text that is at hand: an open document, or a file that was read. */
export async function tablesOfSource(source: Source, format?: DatasetFiles['format']): Promise<FileTables> {
  const tables = parseTables(source, format)
  const labels = labelFileOf(source.uri)
  if (labels === undefined) return tables
  const labelled = await readSource(labels)
  return tables.map(({ part, table }) => ({ part, table: new LabelledTextTable(table, labelled) }))
}

/** The file with the labels of a text file's lines, where there is one. */
export function labelFileOf(path: string): string | undefined {
  return labelFilesOf(path).find(other => existsSync(other))
}
