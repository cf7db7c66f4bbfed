import { closeSync, fsyncSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { Failure } from '../core/base/failure.ts'

/** Bytes of one element, by the name the format uses. */
const widths = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  BOOL: 1,
} as const
export type SafeDtype = keyof typeof widths

/** Where one tensor lies. Nothing of its content was read. */
export interface TensorPlace {
  readonly name: string
  readonly dtype: SafeDtype
  readonly shape: readonly number[]
  /** The file that holds it: an absolute path without symbolic links where `modelFolder` opened it. */
  readonly file: string
  /** From the start of the file, in bytes. */
  readonly offset: number
  readonly bytes: number
}

/** A `.safetensors` file's header. */
export interface SafetensorsHeader {
  readonly file: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, TensorPlace>
}

/** What is written: little-endian bytes, or 32-bit floats. */
export interface TensorData {
  readonly name: string
  readonly dtype?: SafeDtype
  readonly shape: readonly number[]
  readonly data: Float32Array | Uint8Array
}

/** The reference implementation refuses longer headers, so that a bad length cannot ask for all memory. */
const longestHeader = 100_000_000
const pickled = /\.(bin|pt|pth|ckpt|pkl|pickle)$/i

/** Is this the name of a pickled weight file? */
export const isPickle = (name: string): boolean => pickled.test(name)

/** The refusal of pickled weights: `torch.load` of such a file runs whatever code its author put in. */
export function pickleFailure(path: string): Failure {
  return new Failure(
    'pickled-weights',
    `${path}: pickled weights can run code when loaded, so they are refused`,
    'Use a model that has model.safetensors, or convert it with the publisher’s own tools',
  )
}

/**
 * Reads and checks the header: 8 bytes of little-endian length, then JSON. Offsets must tile the rest of the file
 * exactly, as the format demands (huggingface/safetensors README). Throws `Failure` (`pickled-weights`,
 * `bad-safetensors`, or what the file system says).
 */
export function readHeader(file: string): SafetensorsHeader {
  if (isPickle(file)) throw pickleFailure(file)
  const bad = (what: string, hint = 'Download the file again') =>
    new Failure('bad-safetensors', `${file}: ${what}`, hint)
  const size = sizeOf(file)
  const head = readBytes(file, 0, Math.min(8, size))
  if (head.length >= 4 && (head.readUInt32LE(0) === 0x04034b50 || (head[0] === 0x80 && (head[1] as number) <= 5)))
    throw pickleFailure(file)
  if (size < 8) throw bad(`the file is truncated: ${size} bytes, a header needs at least 8`)
  const long = head.readBigUInt64LE(0)
  if (long > BigInt(longestHeader)) throw bad(`not a safetensors file: it claims a header of ${long} bytes`)
  const length = Number(long)
  if (8 + length > size) throw bad(`the file is truncated: its header needs ${length} bytes, ${size - 8} are there`)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(readBytes(file, 8, length)))
  } catch (cause) {
    throw new Failure('bad-safetensors', `${file}: the header is not JSON`, 'Download the file again', { cause })
  }
  if (!isRecord(json)) throw bad('the header is not a JSON object')
  const tensors = new Map<string, TensorPlace>()
  const metadata: Record<string, string> = {}
  for (const [name, entry] of Object.entries(json)) {
    if (name === '__metadata__') {
      if (isRecord(entry)) for (const [k, v] of Object.entries(entry)) if (typeof v === 'string') metadata[k] = v
      continue
    }
    const place = placeOf(entry, 8 + length)
    if (typeof place === 'string') throw bad(`tensor ${name}: ${place}`)
    if (place.offset + place.bytes > size)
      throw bad(`the file is truncated: tensor ${name} ends at byte ${place.offset + place.bytes}, the file at ${size}`)
    tensors.set(name, { name, file, ...place })
  }
  let end = 8 + length
  let previous = ''
  for (const t of [...tensors.values()].sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (t.offset < end) throw bad(`tensors ${previous} and ${t.name} overlap`)
    if (t.offset > end) throw bad(`bytes ${end} to ${t.offset} belong to no tensor`)
    end = t.offset + t.bytes
    previous = t.name
  }
  if (end !== size) throw bad(`bytes ${end} to ${size} belong to no tensor`)
  return { file, metadata, tensors }
}

/** The values as 32-bit floats; F16, BF16 and F64 are converted. Throws `Failure` for integer tensors. */
export function readFloats(place: TensorPlace): Float32Array {
  const bytes = readBytes(place.file, place.offset, place.bytes)
  const n = place.bytes / widths[place.dtype]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const out = new Float32Array(n)
  switch (place.dtype) {
    case 'F32':
      new Uint8Array(out.buffer).set(bytes)
      return out
    case 'F64':
      for (let i = 0; i < n; i++) out[i] = view.getFloat64(8 * i, true)
      return out
    case 'BF16': {
      const bits = new Uint32Array(out.buffer)
      for (let i = 0; i < n; i++) bits[i] = view.getUint16(2 * i, true) << 16
      return out
    }
    case 'F16':
      for (let i = 0; i < n; i++) out[i] = halfToFloat(view.getUint16(2 * i, true))
      return out
    default:
      throw new Failure('bad-dtype', `${place.file}: tensor ${place.name} holds ${place.dtype}, floats were expected`)
  }
}

/**
 * Writes a file of these tensors, in the order given, and flushes it to the disk. The data begins at a multiple of 8.
 * Not atomic: write into a temporary place and rename. Throws what the file system says (ENOSPC, EFBIG).
 */
export function writeSafetensors(
  file: string,
  tensors: readonly TensorData[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): void {
  for (const t of tensors) {
    const bytes = bytesOf(t)
    if (bytes !== t.data.byteLength) throw new Error(`${t.name}: ${t.data.byteLength} bytes for shape [${t.shape}]`)
  }
  const fd = openSync(file, 'w')
  try {
    for (const part of [headerOf(tensors, metadata), ...tensors.map(t => t.data)]) writeAll(fd, part)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * The same for tensors that come piece by piece, in the order of `layout`, and need never be in memory together. Gives the
 * event loop a turn after each piece.
 */
export async function streamSafetensors(
  file: string,
  layout: readonly Omit<TensorData, 'data'>[],
  {
    pieces,
    metadata,
  }: { readonly pieces: Iterable<TensorData['data']>; readonly metadata: Readonly<Record<string, string>> },
): Promise<void> {
  const fd = openSync(file, 'w')
  try {
    const head = headerOf(layout, metadata)
    writeAll(fd, head)
    let left = layout.reduce((n, t) => n + bytesOf(t), 0)
    for (const piece of pieces) {
      writeAll(fd, piece)
      left -= piece.byteLength
      await new Promise(done => setImmediate(done))
    }
    if (left !== 0) throw new Error(`${file}: ${left} bytes of its tensors did not come`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const bytesOf = ({ shape, dtype }: Omit<TensorData, 'data'>): number =>
  shape.reduce((a, b) => a * b, widths[dtype ?? 'F32'])

/** The length and the header itself, padded with spaces so that the data begins at a multiple of 8. */
function headerOf(tensors: readonly Omit<TensorData, 'data'>[], metadata: Readonly<Record<string, string>>): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let at = 0
  for (const t of tensors) {
    if (t.name in header) throw new Error(`two tensors named ${t.name}`)
    const bytes = bytesOf(t)
    header[t.name] = { dtype: t.dtype ?? 'F32', shape: t.shape, data_offsets: [at, at + bytes] }
    at += bytes
  }
  const json = Buffer.from(JSON.stringify(header))
  const out = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, 0x20)
  out.writeBigUInt64LE(BigInt(out.length - 8))
  out.set(json, 8)
  return out
}

function writeAll(fd: number, data: Uint8Array | Float32Array): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  // A write may take fewer bytes than asked (Linux stops at 2 GiB), and a full disk may take a part first.
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(1 << 28, bytes.length - at))
}

function placeOf(entry: unknown, base: number): Omit<TensorPlace, 'name' | 'file'> | string {
  if (!isRecord(entry)) return 'its entry is not an object'
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !(dtype in widths)) return `unknown dtype ${JSON.stringify(dtype)}`
  const count = (x: unknown): x is number => typeof x === 'number' && Number.isSafeInteger(x) && x >= 0
  if (!Array.isArray(shape) || !shape.every(count)) return 'its shape is not a list of counts'
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(count)) return 'its offsets are not two counts'
  const [from, to] = offsets as [number, number]
  const bytes = shape.reduce((a, b) => a * b, widths[dtype as SafeDtype])
  if (to - from !== bytes) return `${to - from} bytes for ${dtype} [${shape.join(', ')}], which needs ${bytes}`
  return { dtype: dtype as SafeDtype, shape, offset: base + from, bytes }
}

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x)

function sizeOf(file: string): number {
  try {
    const stat = statSync(file)
    if (!stat.isFile()) throw new Failure('not-a-file', `${file} is not a file`)
    return stat.size
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('no-weights', `${file} cannot be read: ${(error as Error).message}`, '', { cause: error })
  }
}

/** A range of a file. Throws `Failure` (`bad-safetensors`) where it ends before. */
export function readBytes(file: string, offset: number, length: number): Buffer {
  const out = Buffer.alloc(length)
  const fd = openSync(file, 'r')
  try {
    for (let at = 0; at < length; ) {
      const n = readSync(fd, out, at, Math.min(1 << 28, length - at), offset + at)
      if (n === 0) throw new Failure('bad-safetensors', `${file}: the file ends in the middle of a tensor`)
      at += n
    }
  } finally {
    closeSync(fd)
  }
  return out
}

function halfToFloat(h: number): number {
  const sign = h & 0x8000 ? -1 : 1
  const exponent = (h >> 10) & 31
  const fraction = h & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
