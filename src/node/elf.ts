/* What a shared library of Linux needs, read from its own header. */
import { closeSync, openSync, readSync } from 'node:fs'

const dynamicSegment = 2
const loadSegment = 1
const tagNeeded = 1n
const tagStrings = 5n
const tagStringsSize = 10n

/**
 * The names that the loader looks for before it opens a library (DT_NEEDED; System V ABI, chapter 5, 64-bit little-endian). Empty for a
 * file that is none.
 */
export function neededLibraries(path: string): string[] {
  const file = openSync(path, 'r')
  const at = (offset: number, length: number) => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
  }
  try {
    const header = at(0, 64)
    // "\x7fELF", 64 bits, little-endian.
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header.readUInt16BE(4) !== 0x0201) return []
    const size = header.readUInt16LE(54)
    const count = header.readUInt16LE(56)
    const table = at(Number(header.readBigUInt64LE(32)), size * count)
    const segments = Array.from({ length: Math.floor(table.length / size) }, (_, i) => {
      const [offset, address, bytes] = [8, 16, 32].map(k => Number(table.readBigUInt64LE(i * size + k)))
      return { type: table.readUInt32LE(i * size), offset, address, bytes } as Segment
    })
    const dynamic = segments.find(s => s.type === dynamicSegment)
    if (!dynamic) return []
    const entries = at(dynamic.offset, dynamic.bytes)
    const tags: [tag: bigint, value: number][] = []
    for (let i = 0; i + 16 <= entries.length; i += 16)
      tags.push([entries.readBigUInt64LE(i), Number(entries.readBigUInt64LE(i + 8))])
    const one = (tag: bigint) => tags.find(([t]) => t === tag)?.[1]
    const address = one(tagStrings)
    const home = segments.find(
      s => s.type === loadSegment && address !== undefined && address >= s.address && address < s.address + s.bytes,
    )
    if (address === undefined || !home) return []
    const strings = at(home.offset + address - home.address, one(tagStringsSize) ?? 0)
    return tags
      .filter(([tag]) => tag === tagNeeded)
      .map(([, start]) => strings.toString('utf8', start, strings.indexOf(0, start)))
  } finally {
    closeSync(file)
  }
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly bytes: number
}
