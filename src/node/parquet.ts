import { type FileHandle, open } from 'node:fs/promises'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead, type SchemaElement } from 'hyparquet'
import { Failure } from '../core/base/failure.ts'
import { type ColumnChunk, ColumnPacker, ColumnTable } from '../core/data/columnTable.ts'
import type { Issue, Source, Table } from '../core/data/table.ts'
import { FileSpill } from './fileSpill.ts'
import { fileFailure, maxFileBytes, slashed } from './files.ts'
import { compressors, pack, packDecimal, parsers, takeDecimals } from './parquetValues.ts'

/** A column of a group of rows is decoded at once; more rows than this in one group would not fit in memory as values. */
const maxGroupRows = 50_000_000

/** Files that are larger when unpacked are put away in pieces of so many rows, which are read again where they are asked for. */
const held = { bytes: 256 * 1024 * 1024, rows: 2048 } as const

/**
 * Reads a Parquet file as a table, a column of a group of rows at a time, so that beside the packed table only one such
 * column is in memory; of a large file not even that table. What cannot be read is one `Failure` (`bad-parquet`) that says why.
 */
export async function readParquet(path: string, heldBytes: number = held.bytes): Promise<Table> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const about = await handle.stat()
    if (about.isDirectory()) throw new Failure('is-folder', `${path} is a folder`, 'Name a file')
    const file = handle
    const slice = async (start: number, end = about.size) => {
      const from = Math.max(0, start)
      const bytes = new Uint8Array(Math.max(0, Math.min(about.size, end) - from))
      let at = 0
      while (at < bytes.length) {
        const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 1 << 28), from + at)
        if (bytesRead === 0) break
        at += bytesRead
      }
      return bytes.buffer
    }
    return await parquetTable(slashed(path), { byteLength: about.size, slice }, heldBytes)
  } catch (error) {
    throw fileFailure(path, error)
  } finally {
    await handle?.close()
  }
}

/** As `readParquet`, of the bytes of a file. */
export async function parquetOfBytes(path: string, bytes: Uint8Array): Promise<Table> {
  const slice = (start: number, end?: number) => bytes.slice(start, end).buffer
  return parquetTable(path, { byteLength: bytes.length, slice }, held.bytes)
}

async function parquetTable(uri: string, file: AsyncBuffer, heldBytes: number): Promise<Table> {
  const source: Source = {
    uri,
    version: 0,
    bytes: new Uint8Array(0),
    encoding: 'utf-8',
    bom: false,
    size: file.byteLength,
  }
  try {
    const metadata = await parquetMetadataAsync(file)
    const { starts: groups, bytes } = groupStarts(uri, metadata)
    const rowCount = groups.at(-1)!
    const spill = bytes > heldBytes ? new FileSpill() : undefined
    const starts = spill ? cut(groups, held.rows) : groups
    const columns = new Map<string, (ColumnChunk | (() => ColumnChunk))[]>()
    for (const name of columnNames(metadata)) columns.set(name, [])
    const decimals = takeDecimals(metadata, new Set(columns.keys()))
    for (const [name, chunks] of columns)
      for (let g = 0; g + 1 < groups.length; g++) {
        const own = starts.filter(start => start >= groups[g]! && start <= groups[g + 1]!)
        const take = (chunk: ColumnChunk) => void chunks.push(spill ? putAway(spill, chunk) : chunk)
        await readColumn(file, metadata, { name, starts: own, scale: decimals.get(name), take })
      }
    const issues: Issue[] =
      rowCount > 0 ? [] : [{ code: 'empty-file', span: { start: 0, end: 0 }, message: 'The file holds no rows' }]
    return new ColumnTable({
      source,
      format: 'parquet',
      columns,
      starts: Uint32Array.from(starts.slice(0, -1)),
      rowCount,
      issues,
    })
  } catch (error) {
    if (error instanceof Failure) throw error
    // What the decoder trips over by itself (a length, an offset) says nothing to a person.
    const tripped = error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)
    const why = tripped
      ? 'it is damaged, or written in a way that is not known here'
      : error.message.replace(/^parquet /i, '')
    const message = `${uri} could not be read as Parquet: ${why}`
    throw new Failure('bad-parquet', message, 'Write the file again, with Snappy or Zstandard and without encryption', {
      cause: error,
    })
  }
}

/** Starts with no more than so many rows from one to the next. */
function cut(starts: readonly number[], rows: number): number[] {
  const all: number[] = []
  for (const [i, start] of starts.entries())
    for (let at = start; at === start || at < (starts[i + 1] ?? 0); at += rows) all.push(at)
  return all
}

/** Writes a chunk to a temporary file; what comes back reads it. */
function putAway(spill: FileSpill, { kinds, ends, bytes }: ColumnChunk): () => ColumnChunk {
  const rows = ends.length
  const words = new Uint32Array(rows + ((rows + bytes.length + 3) >> 2))
  words.set(ends)
  const rest = new Uint8Array(words.buffer, rows * 4)
  rest.set(kinds)
  rest.set(bytes, rows)
  const at = spill.length
  spill.append(words)
  return () => {
    const own = spill.read(at, at + words.length)
    const packed = new Uint8Array(own.buffer, rows * 4)
    const end = rows + (rows === 0 ? 0 : own[rows - 1]!)
    return { ends: own.subarray(0, rows), kinds: packed.subarray(0, rows), bytes: packed.subarray(rows, end) }
  }
}

/**
 * The first row of each group, and the number of rows; how many bytes all are when unpacked. What the file says of itself is
 * checked before memory is asked for.
 */
function groupStarts(uri: string, metadata: FileMetaData): { readonly starts: number[]; readonly bytes: number } {
  const starts = [0]
  let bytes = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    if (!(rows >= 0 && rows <= maxGroupRows)) throw new Error(`a group of ${rows} rows`)
    if (rows > 0) starts.push(starts.at(-1)! + rows)
    for (const { meta_data } of group.columns) bytes += Number(meta_data?.total_uncompressed_size ?? 0)
  }
  // Some writers leave the sum out.
  if (metadata.num_rows && starts.at(-1)! !== Number(metadata.num_rows))
    throw new Error(`it says it has ${metadata.num_rows} rows, its groups have ${starts.at(-1)}`)
  if (bytes <= maxFileBytes) return { starts, bytes }
  const message = `${uri} is ${(bytes / 1e9).toFixed(1)} GB large when unpacked; one file may have up to 4.2 GB`
  throw new Failure('too-large', message, 'Split it into shards, such as train-00000-of-00002.parquet')
}

/** The children of the root, which stands first in the list of the schema. */
function columnNames({ schema }: FileMetaData): string[] {
  const names: string[] = []
  let at = 1
  for (let child = 0; child < (schema[0]?.num_children ?? 0) && at < schema.length; child++) {
    names.push(schema[at]!.name)
    at = behind(schema, at)
  }
  return [...new Set(names)]
}

function behind(schema: readonly SchemaElement[], at: number): number {
  let next = at + 1
  for (let child = 0; child < (schema[at]!.num_children ?? 0) && next < schema.length; child++)
    next = behind(schema, next)
  return next
}

interface ColumnAsked {
  readonly name: string
  readonly starts: readonly number[]
  /** Digits behind the point, of decimal numbers. */
  readonly scale: number | undefined
  readonly take: (chunk: ColumnChunk) => void
}

/** Reads a column of a group of rows in chunks that begin at `starts`, the last of which is where the group ends. */
async function readColumn(
  file: AsyncBuffer,
  metadata: FileMetaData,
  { name, starts, scale, take }: ColumnAsked,
): Promise<void> {
  const from = starts[0]!
  const to = starts.at(-1)!
  const runs: { readonly rowStart: number; readonly data: ArrayLike<unknown> }[] = []
  await parquetRead({
    file,
    metadata,
    compressors,
    parsers,
    columns: [name],
    rowStart: from,
    rowEnd: to,
    utf8: false,
    onChunk: ({ columnData, rowStart }) => runs.push({ rowStart, data: columnData }),
  })
  let chunk = 0
  let packer = new ColumnPacker(starts[1]! - from)
  let next = from
  for (const { rowStart, data } of runs.sort((a, b) => a.rowStart - b.rowStart)) {
    for (let i = Math.max(0, next - rowStart); i < data.length && rowStart + i < to; i++) {
      if (scale === undefined) pack(packer, data[i])
      else packDecimal(packer, data[i], scale)
      if (++next < starts[chunk + 1]! || next === to) continue
      take(packer.done())
      chunk++
      packer = new ColumnPacker(starts[chunk + 1]! - next)
    }
  }
  if (next !== to) throw new Error(`the column ${name} has ${next - from} values for ${to - from} rows`)
  take(packer.done())
}
