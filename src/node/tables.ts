import { existsSync } from 'node:fs'
import type { Cancel } from '../core/base/cancel.ts'
import type { DatasetFiles } from '../core/data/dataset.ts'
import { type FileTable, formatOfName, readTablesOf } from '../core/data/formats.ts'
import { LabelledTextTable, labelFilesOf } from '../core/data/labelledText.ts'
import { readAtOnce } from '../core/data/reading.ts'
import type { Source } from '../core/data/table.ts'
import type { Progress } from '../core/sign/progress.ts'
import { isCompressed, unpack } from './compressed.ts'
import { drive } from './drive.ts'
import { decodeSource, readBytes, readSource, slashed } from './files.ts'
import { parquetOfBytes, readParquet } from './parquet.ts'

/** The tables of a file: one, but for a JSON object of lists. */
export type FileTables = FileTable[]

/** Who waits for a large file: it may be told to stop, and tells how far it is. */
export interface Watch {
  readonly cancel: Cancel
  readonly progress?: (state: Progress) => void
}

/** Reads the tables of a file of any format. Fails with one clear error where the file cannot be read at all. */
export async function readTables(path: string, format?: DatasetFiles['format'], watch?: Watch): Promise<FileTables> {
  // By ranges, so that the packed columns are never in memory as a whole.
  if (formatOfName(path) === 'parquet' && !isCompressed(path))
    return [{ part: undefined, table: await readParquet(path) }]
  return tablesOfBytes(path, await readBytes(path, watch?.cancel), format, watch)
}

/** As `readTables`, of the raw bytes of the file. */
export async function tablesOfBytes(
  path: string,
  raw: Uint8Array,
  format?: DatasetFiles['format'],
  watch?: Watch,
): Promise<FileTables> {
  const bytes = await unpack(path, raw)
  if (formatOfName(path) === 'parquet') return [{ part: undefined, table: await parquetOfBytes(slashed(path), bytes) }]
  return tablesOfSource(decodeSource(slashed(path), bytes), format, watch)
}

/** The tables of text that is at hand: an open document, or a file that was read. */
export async function tablesOfSource(
  source: Source,
  format?: DatasetFiles['format'],
  watch?: Watch,
): Promise<FileTables> {
  const reading = readTablesOf(source, format)
  const tables = watch ? await drive(reading, watch.cancel, watch.progress) : readAtOnce(reading)
  const labels = labelFileOf(source.uri)
  if (labels === undefined) return tables
  const labelled = await readSource(labels)
  return tables.map(({ part, table }) => ({ part, table: new LabelledTextTable(table, labelled) }))
}

/** The file with the labels of a text file's lines, where there is one. */
export function labelFileOf(path: string): string | undefined {
  return labelFilesOf(path).find(other => existsSync(other))
}
