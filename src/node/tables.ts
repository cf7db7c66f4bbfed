import type { DatasetFiles } from '../core/data/dataset.ts'
import { formatOfName, isCompressed } from '../core/data/formatName.ts'
import { type FileTable, isDocument } from '../core/data/formats.ts'
import { LabelledTextTable } from '../core/data/labelledText.ts'
import { isPageable } from '../core/data/pagedRead.ts'
import { readAtOnce } from '../core/data/reading.ts'
import type { Source } from '../core/data/table.ts'
import { leastShared, readTablesWith } from '../core/sign/readTables.ts'
import { unpack } from './compressed.ts'
import { drive } from './drive.ts'
import { decodeSource, fileFailure, readBytes, readSource, slashed } from './files.ts'
import { labelFileOf, labelNamesFileOf } from './labelFile.ts'
import { type LargeSource, largeSource, readLarge, unpackLarge } from './largeFiles.ts'
import { parquetOfBytes, readParquet } from './parquet.ts'
import type { Watch } from './watch.ts'

/** The tables of a file: one, but for a JSON object of lists. */
export type FileTables = FileTable[]

/** Reads the tables of a file of any format. Fails with one clear error where the file cannot be read at all. */
export async function readTables(path: string, format?: DatasetFiles['format'], watch?: Watch): Promise<FileTables> {
  // By ranges, so that the packed columns are never in memory as a whole.
  if (formatOfName(path) === 'parquet' && !isCompressed(path))
    return [{ part: undefined, table: await readParquet(path) }]
  const whole = isDocument(path, format)
  const large = whole ? undefined : largeSource(path, watch?.held)
  if (large) return tablesOfLarge(large, format, watch)
  if (!whole && isCompressed(path) && isPageable(formatOfName(path)) && labelFileOf(path) === undefined) {
    const unpacked = await unpackLarge(path, watch).catch(error => Promise.reject(fileFailure(path, error)))
    return 'windows' in unpacked
      ? tablesOfLarge(unpacked, format, watch)
      : tablesOfSource(decodeSource(slashed(path), unpacked), format, watch)
  }
  const raw = await readBytes(path, { cancel: watch?.cancel, shared: watch?.threads && leastShared })
  return tablesOfBytes(path, raw, format, watch)
}

/** The table of a file that is too large to be held. */
async function tablesOfLarge(
  source: LargeSource,
  format: DatasetFiles['format'],
  watch: Watch | undefined,
): Promise<FileTables> {
  const reading = readLarge(source, format, watch)
  return [{ part: undefined, table: watch ? await drive(reading, watch.cancel, watch.progress) : readAtOnce(reading) }]
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
  const reading = readTablesWith(watch?.threads, source, format)
  const tables = watch ? await drive(reading, watch.cancel, watch.progress) : readAtOnce(reading)
  const labels = isDocument(source.uri, format) ? undefined : labelFileOf(source.uri)
  if (labels === undefined) return tables
  const labelled = await readSource(labels)
  const namesPath = labelNamesFileOf(source.uri)
  const names = namesPath === undefined ? undefined : await readSource(namesPath)
  return tables.map(({ part, table }) => ({ part, table: new LabelledTextTable(table, labelled, names) }))
}
