import { isUtf8 } from 'node:buffer'
import type { FileMetaData, ParquetReadOptions, SchemaElement } from 'hyparquet'
import { compressors as known } from 'hyparquet-compressors'
import type { ColumnPacker } from '../core/data/columnTable.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Values as people read them: dates without a time, moments with all of their digits, JSON that is none as its text. */
export const parsers: NonNullable<ParquetReadOptions['parsers']> = {
  dateFromDays: days => dateText(new Date(days * 86_400_000)).slice(0, 10),
  timestampFromMicroseconds: micros => moment(micros, 6),
  timestampFromNanoseconds: nanos => moment(nanos, 9),
  stringFromBytes: bytes => bytes && decoder.decode(bytes),
  jsonFromBytes(bytes) {
    if (!bytes) return undefined
    const text = decoder.decode(bytes)
    try {
      return JSON.parse(text) as unknown
    } catch {
      return text // Whoever wrote it did not look either.
    }
  },
}

const lz4 = (name: 'LZ4' | 'LZ4_RAW') => (input: Uint8Array, length: number) =>
  length === 0 ? new Uint8Array(0) : known[name]!(input, length)

/** The codecs, that of LZ4 also for pages of nothing, which dictionaries of columns of nulls are. */
export const compressors: NonNullable<ParquetReadOptions['compressors']> = {
  ...known,
  LZ4: lz4('LZ4'),
  LZ4_RAW: lz4('LZ4_RAW'),
}

/**
 * Has the decimal numbers of top-level columns read as the whole numbers that they are stored as: a double would not hold them. Answers how many digits
 * behind the point each of these columns has.
 */
export function takeDecimals({ schema }: FileMetaData, names: ReadonlySet<string>): Map<string, number> {
  const scales = new Map<string, number>()
  let left = 0
  for (const element of schema.slice(1)) {
    // Children of a column follow it; only what stands below the root counts.
    if (left > 0) left += (element.num_children ?? 0) - 1
    else if (element.num_children) left = element.num_children
    else if (names.has(element.name) && isDecimal(element)) {
      scales.set(element.name, element.scale ?? 0)
      delete element.converted_type
      delete element.logical_type
    }
  }
  return scales
}

function isDecimal({ converted_type, logical_type }: SchemaElement): boolean {
  return converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL'
}

/** Packs decimal numbers with so many digits behind the point. */
export function packDecimal(packer: ColumnPacker, value: unknown, scale: number): void {
  if (value instanceof Uint8Array) packer.add('json', pointed(wholeOf(value), scale))
  else if (typeof value === 'number' || typeof value === 'bigint') packer.add('json', pointed(BigInt(value), scale))
  else pack(packer, value)
}

/** Two's complement, the highest byte first. */
function wholeOf(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = value * 256n + BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}

function pointed(whole: bigint, scale: number): string {
  if (scale <= 0) return String(whole * 10n ** BigInt(-scale))
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0')
  return `${whole < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** A moment in parts of a second; what is less than a millisecond is written only where there is any. */
function moment(parts: bigint, digits: 6 | 9): Date | string {
  const perMilli = 10n ** BigInt(digits - 3)
  const rest = ((parts % perMilli) + perMilli) % perMilli
  const date = new Date(Number((parts - rest) / perMilli))
  if (rest === 0n || Number.isNaN(date.getTime())) return date
  return date.toISOString().replace('Z', `${String(rest).padStart(digits - 3, '0')}Z`)
}

/** Packs a value as it was decoded. */
export function pack(packer: ColumnPacker, value: unknown): void {
  if (value === null || value === undefined) packer.add('null', '')
  else if (typeof value === 'string') packer.add('string', value)
  else if (typeof value === 'bigint') packer.add('json', String(value))
  else if (typeof value === 'number') packer.add(Number.isFinite(value) ? 'json' : 'string', String(value))
  else if (typeof value === 'boolean') packer.add('json', String(value))
  else if (value instanceof Date) packer.add('string', dateText(value))
  else if (value instanceof Uint8Array) packer.add('string', bytesText(value))
  else packer.add('json', JSON.stringify(plain(value)) ?? 'null')
}

/** A nested value as JSON knows it. Whole numbers that a double cannot hold become strings rather than wrong. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array) return bytesText(value)
  if (Array.isArray(value)) return value.map(plain)
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain)
  if (typeof value !== 'object' || value === null) return value ?? null
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'not a date' : date.toISOString()
}

/** Many writers do not say that their bytes are text. What is not (an image, a sound) is named by its size only. */
function bytesText(bytes: Uint8Array): string {
  return isUtf8(bytes) && !bytes.includes(0) ? Buffer.from(bytes).toString('utf8') : `(${bytes.length} bytes)`
}
