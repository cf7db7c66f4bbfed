import { createReadStream } from 'node:fs'
import { pipeline, Transform } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { Decompress } from 'fzstd'
import { type Cancel, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'

const maxOutputLength = 4 * 1024 ** 3 - 1

// In Node since 22.15 and 23.8, so not in the oldest one that Winnow runs on.
const { zstdDecompress, createZstdDecompress } = zlib as {
  readonly zstdDecompress?: typeof zlib.gunzip
  readonly createZstdDecompress?: typeof zlib.createGunzip
}

/** Undoes `.gz` and `.zst`; other names give the bytes back as they are. Truncated or foreign content is one clear error. */
export async function unpack(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (/\.gz$/i.test(path)) return inflate(path, bytes, promisify(zlib.gunzip))
  if (!/\.zst$/i.test(path)) return bytes
  return inflate(path, bytes, zstdDecompress ? promisify(zstdDecompress) : unpackZstd)
}

/** As Node's own, which is several times faster and looks at checksums. */
async function unpackZstd(bytes: Uint8Array, limit: { readonly maxOutputLength: number }): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let size = 0
  const unpacking = new Decompress(piece => {
    size += piece.length
    if (size > limit.maxOutputLength) throw Object.assign(new Error('too large'), { code: 'ERR_BUFFER_TOO_LARGE' })
    pieces.push(piece)
  })
  const step = 1 << 18
  for (let at = 0; at < bytes.length; at += step) {
    unpacking.push(bytes.subarray(at, at + step), at + step >= bytes.length)
    // Whoever waits for something else goes first.
    await new Promise(setImmediate)
  }
  return Buffer.concat(pieces)
}

function zstdTransform(): Transform {
  let last: Uint8Array | undefined
  const unpacking = new Decompress(piece => void (piece.length > 0 && transform.push(piece)))
  const push = (final: boolean) => {
    try {
      // The last piece has to be named as such, so each waits for the next one.
      if (last) unpacking.push(last, final)
      return null
    } catch (error) {
      return error as Error
    }
  }
  const transform = new Transform({
    transform(piece: Uint8Array, _, done) {
      const error = push(false)
      last = piece
      done(error)
    },
    flush: done => done(push(true)),
  })
  return transform
}

/** As `unpack`, a piece at a time. */
export async function* unpackPieces(path: string, cancel?: Cancel): AsyncGenerator<Uint8Array> {
  const zstd = /\.zst$/i.test(path)
  const unpacking = zstd ? (createZstdDecompress?.() ?? zstdTransform()) : zlib.createGunzip()
  // Errors of either end come out of the loop below.
  const pieces = pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), unpacking, () => {})
  try {
    for await (const piece of pieces as AsyncIterable<Uint8Array>) {
      if (cancel) checkCancel(cancel)
      yield piece
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (typeof code === 'string' && !code.startsWith('Z_') && !code.startsWith('ZSTD')) throw error
    throw badCompression(path, error)
  }
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
