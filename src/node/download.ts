/* One file over HTTP: resumed where it broke off, checked by its hash, in its place only when it is whole. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rename, rm, stat, statfs } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Cancel, Cancelled, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { diskFailure } from './checkpoint.ts'

/** One file, and what it must be when it has arrived. */
export interface Download {
  /** How messages call it: `model.safetensors of organisation/name`. */
  readonly label: string
  readonly bytes: number
  /** `git-sha1` is the hash of a git blob. */
  readonly hash: { readonly kind: 'sha256' | 'git-sha1'; readonly value: string }
  /** Asks for the file with these headers. Throws `Failure`: `network` is tried again, any other is final. */
  readonly request: (headers: Record<string, string>) => Promise<Response>
}

export interface DownloadIo {
  readonly cancel: Cancel
  /** Milliseconds between attempts; a second and more where left out. */
  readonly pause?: number
  readonly progress: (done: number, total: number) => void
}

/** Attempts at one file before the download gives up; each goes on where the last one broke off. */
const attempts = 4

/**
 * Fetches a file to `path`. It is `<path>.partial` until it is whole and its hash is right. Leaves by `Cancelled` when cancelled; the
 * next call goes on from there. Throws `Failure`: `network`, `bad-download`, `disk-full`, and what `request` throws.
 */
export async function downloadFile(file: Download, path: string, io: DownloadIo): Promise<void> {
  const partial = `${path}.partial`
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchRest(file, partial, io)
      break
    } catch (error) {
      if (io.cancel.aborted) throw new Cancelled()
      const full = diskFailure(error, partial)
      if (full) throw full
      const lasting = error instanceof Failure && error.code !== 'network'
      if (lasting || attempt === attempts) throw error instanceof Failure ? error : networkFailure(file.label, error)
      await new Promise(resolve => setTimeout(resolve, io.pause ?? 1000 * attempt))
    }
  }
  const found = await hashOf(partial, file, io.cancel)
  if (found !== file.hash.value) {
    await rm(partial, { force: true })
    throw new Failure(
      'bad-download',
      `${file.label} arrived damaged: its hash is ${found}, not ${file.hash.value}`,
      'Try again',
    )
  }
  await rename(partial, path)
}

/** Appends what is still missing of a file. */
async function fetchRest(file: Download, partial: string, io: DownloadIo): Promise<void> {
  const have = existsSync(partial) ? (await stat(partial)).size : 0
  if (have === file.bytes && have > 0) return
  const from = have < file.bytes ? have : 0
  const response = await file.request(from > 0 ? { range: `bytes=${from}-` } : {})
  // A server that ignores the range sends everything, so it is written from the start.
  const going = response.status === 206
  let done = going ? from : 0
  io.progress(done, file.bytes)
  const body = response.body
  if (!body) throw new Error('an answer without content')
  await pipeline(
    body,
    async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        checkCancel(io.cancel)
        done += chunk.length
        if (done > file.bytes) throw new Failure('bad-download', `${file.label} is longer than announced`)
        io.progress(done, file.bytes)
        yield chunk
      }
    },
    createWriteStream(partial, { flags: going ? 'a' : 'w' }),
  )
  if (done < file.bytes) throw new Error(`the connection ended after ${done} of ${file.bytes} bytes`)
}

async function hashOf(path: string, { bytes, hash }: Download, cancel: Cancel): Promise<string> {
  const sum = createHash(hash.kind === 'sha256' ? 'sha256' : 'sha1')
  if (hash.kind === 'git-sha1') sum.update(`blob ${bytes}\0`)
  for await (const chunk of createReadStream(path)) {
    checkCancel(cancel)
    sum.update(chunk as Uint8Array)
  }
  return sum.digest('hex')
}

/** Throws `Failure` (`disk-full`) where a folder's disk has less than `bytes` left for `what`. */
export async function checkSpace(what: string, bytes: number, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bytes > bavail * bsize)
    throw new Failure('disk-full', `${what} needs ${bytes} bytes, ${folder} has ${bavail * bsize}`, 'Free some space')
}

/** `fetch`, with what keeps a connection from coming about in words. */
export async function fetchFrom(url: string, headers: Record<string, string>, cancel: Cancel): Promise<Response> {
  try {
    return await fetch(url, { headers, ...(cancel instanceof AbortSignal ? { signal: cancel } : {}) })
  } catch (error) {
    if (cancel.aborted) throw new Cancelled()
    throw networkFailure(url, error)
  }
}

function networkFailure(what: string, error: unknown): Failure {
  const cause = (error as { cause?: unknown }).cause
  const why = cause instanceof Error && cause.message ? cause.message : (error as Error).message
  return new Failure('network', `${what} cannot be fetched: ${why}`, 'Check the connection; what has arrived is kept', {
    cause: error,
  })
}
