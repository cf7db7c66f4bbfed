import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { type Cancel, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'

const maxOutputLength = 4 * 1024 ** 3 - 1

// In Node since 22.15 and 23.8, so not in the oldest one that Winnow runs on.
const zstdDecompress = (zlib as { zstdDecompress?: typeof zlib.gunzip }).zstdDecompress

/** Can this Node read what the file's name says it is compressed with? */
export function canUnpack(path: string): boolean {
  return !/\.zst$/i.test(path) || zstdDecompress !== undefined
}

/** Undoes `.gz` and `.zst`; other names give the bytes back as they are. Truncated or foreign content is one clear error. */
export async function unpack(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (/\.gz$/i.test(path)) return inflate(path, bytes, promisify(zlib.gunzip))
  if (!/\.zst$/i.test(path)) return bytes
  if (!zstdDecompress) throw noZstd(path)
  return inflate(path, bytes, promisify(zstdDecompress))
}

/** As `unpack`, a piece at a time. */
export async function* unpackPieces(path: string, cancel?: Cancel): AsyncGenerator<Uint8Array> {
  const createZstd = (zlib as { createZstdDecompress?: typeof zlib.createGunzip }).createZstdDecompress
  if (/\.zst$/i.test(path) && !createZstd) throw noZstd(path)
  const unpacking = /\.zst$/i.test(path) ? createZstd!() : zlib.createGunzip()
  // Errors of either end come out of the loop below.
  const pieces = pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), unpacking, () => {})
  try {
    for await (const piece of pieces as AsyncIterable<Uint8Array>) {
      if (cancel) checkCancel(cancel)
      yield piece
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!code.startsWith('Z_') && !code.startsWith('ZSTD')) throw error
    throw badCompression(path, error)
  }
}

function noZstd(path: string): Failure {
  const message = `${path} is compressed with Zstandard, which Node ${process.versions.node} cannot read`
  return new Failure('no-zstd', message, `Use Node 22.15 or later, or unpack it: zstd -d ${path}`)
}

function badCompression(path: string, error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error)
  return new Failure('bad-compression', `${path} could not be unpacked: ${why}`, 'Fetch the file again', {
    cause: error,
  })
}

async function inflate(
  path: string,
  bytes: Uint8Array,
  run: (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>,
): Promise<Uint8Array> {
  try {
    return await run(bytes, { maxOutputLength })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new Failure('too-large', `${path} is larger than 4.2 GB when unpacked`, 'Split it into shards', {
        cause: error,
      })
    throw badCompression(path, error)
  }
}
