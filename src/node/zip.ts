/* Named files out of a zip archive on disk, streamed. The archive's own names are looked up, never used as paths. */
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'
import { type Cancel, Cancelled } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'

/** One file in an archive. */
export interface ZipEntry {
  readonly name: string
  /** 0 stored, 8 deflated. */
  readonly method: number
  /** Bytes in the archive. */
  readonly packed: number
  readonly bytes: number
  /** Where its local header begins. */
  readonly at: number
}

const endLength = 22
const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50

/** What an archive holds, by name (PKWARE's APPNOTE, 4.3). Below 4 GiB, on one disk. Throws `Failure` (`bad-archive`). */
export async function readZip(path: string): Promise<Map<string, ZipEntry>> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    // The record at the end is followed by a comment of at most 64 KiB.
    const tail = await bytesAt(file, Math.max(0, size - endLength - 0xffff), Math.min(size, endLength + 0xffff))
    let end = tail.length - endLength
    while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--
    if (end < 0) throw badArchive(path, 'it has no table of contents')
    const length = tail.readUInt32LE(end + 12)
    const at = tail.readUInt32LE(end + 16)
    if (at + length > size) throw badArchive(path, 'its table of contents lies outside it')
    const table = await bytesAt(file, at, length)
    const entries = new Map<string, ZipEntry>()
    for (let i = 0; i + 46 <= table.length && table.readUInt32LE(i) === entrySignature; ) {
      const [name, extra, comment] = [28, 30, 32].map(k => table.readUInt16LE(i + k)) as [number, number, number]
      const entry: ZipEntry = {
        name: table.toString('utf8', i + 46, i + 46 + name),
        method: table.readUInt16LE(i + 10),
        packed: table.readUInt32LE(i + 20),
        bytes: table.readUInt32LE(i + 24),
        at: table.readUInt32LE(i + 42),
      }
      entries.set(entry.name, entry)
      i += 46 + name + extra + comment
    }
    return entries
  } finally {
    await file.close()
  }
}

/** Writes one file of an archive to `to`. Throws `Failure` (`bad-archive`), `Cancelled`, and the errors of the disk. */
export async function unpack(path: string, entry: ZipEntry, to: string, cancel: Cancel): Promise<void> {
  const file = await open(path)
  const header = await bytesAt(file, entry.at, 30).finally(() => file.close())
  if (header.readUInt32LE(0) !== localSignature) throw badArchive(path, `${entry.name} is not where it should be`)
  const start = entry.at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (entry.method !== 0 && entry.method !== 8)
    throw badArchive(path, `${entry.name} is packed by method ${entry.method}`)
  let bytes = 0
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      if (cancel.aborted) throw new Cancelled()
      bytes += chunk.length
      // No archive may fill the disk with more than it says.
      if (bytes > entry.bytes) throw badArchive(path, `${entry.name} is longer than it says`)
      yield chunk
    }
  }
  const out = createWriteStream(to)
  if (entry.packed > 0) {
    const source = createReadStream(path, { start, end: start + entry.packed - 1 })
    await (entry.method === 0 ? pipeline(source, counted, out) : pipeline(source, createInflateRaw(), counted, out))
  } else await pipeline([], out)
  if (bytes !== entry.bytes) throw badArchive(path, `${entry.name} has ${bytes} of ${entry.bytes} bytes`)
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

const badArchive = (path: string, why: string) =>
  new Failure('bad-archive', `${path} cannot be unpacked: ${why}`, 'Fetch it again')
