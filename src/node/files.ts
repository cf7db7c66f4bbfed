import { randomBytes } from 'node:crypto'
import type { Dirent, Stats } from 'node:fs'
import { chmod, type FileHandle, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Cancel, Cancelled, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { skippedFolders } from '../core/data/splits.ts'
import type { Source } from '../core/data/table.ts'
import { unpack } from './compressed.ts'

/** The offsets of a table are 32 bits wide, and Node 20 holds no larger buffer. */
export const maxFileBytes = 4 * 1024 ** 3 - 1

/** An absolute path with `/` separators, the form paths have everywhere inside Winnow. */
export function slashed(path: string): string {
  const absolute = resolve(path)
  return process.platform === 'win32' ? absolute.replaceAll('\\', '/') : absolute
}

/** Reads a file as a source: compression undone, byte order mark taken off, UTF-16 transcoded. Fails with one clear error. */
export async function readSource(path: string): Promise<Source> {
  return decodeSource(slashed(path), await unpack(path, await readBytes(path)))
}

/** The bytes of a file as they are; of one of at least `shared` bytes in memory that other threads see. */
export async function readBytes(
  path: string,
  {
    cancel,
    shared = Number.POSITIVE_INFINITY,
  }: { readonly cancel?: Cancel | undefined; readonly shared?: number | undefined } = {},
): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const about = await file.stat()
    if (about.isDirectory()) throw new Failure('is-folder', `${path} is a folder`, 'Name a file')
    if (about.size > maxFileBytes) throw tooLarge(path, about.size)
    return await readHandle(file, about.size >= shared ? new SharedArrayBuffer(about.size) : about.size, cancel)
  } catch (error) {
    throw fileFailure(path, error)
  } finally {
    await file?.close()
  }
}

async function readHandle(
  file: FileHandle,
  room: number | SharedArrayBuffer,
  cancel: Cancel | undefined,
): Promise<Uint8Array> {
  // A pipe tells no size, and one read gives at most 2 GiB.
  if (room === 0) return new Uint8Array(await file.readFile())
  const bytes = typeof room === 'number' ? new Uint8Array(room) : new Uint8Array(room)
  const size = bytes.length
  let at = 0
  while (at < size) {
    if (cancel) checkCancel(cancel)
    const { bytesRead } = await file.read(bytes, at, Math.min(size - at, 1 << 25), at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return at === size ? bytes : bytes.slice(0, at)
}

/** Raw bytes of a file as a source. Which encoding it is, only a byte order mark decides: a guess could be silently wrong. */
export function decodeSource(uri: string, raw: Uint8Array, version = 0): Source {
  const [a, b, c, d] = raw
  if (a === 0xff && b === 0xfe && c === 0 && d === 0 && raw.length >= 4)
    throw new Failure('bad-encoding', `${uri} is in UTF-32, which Winnow does not read`, 'Save it as UTF-8')
  if (a === 0xff && b === 0xfe) return utf16(uri, raw, version, 'utf-16le')
  if (a === 0xfe && b === 0xff) return utf16(uri, raw, version, 'utf-16be')
  const bom = a === 0xef && b === 0xbb && c === 0xbf
  return { uri, version, bytes: bom ? raw.subarray(3) : raw, encoding: 'utf-8', bom }
}

/** An open document's text as a source. Lone surrogates become U+FFFD, one for one, so that columns stay right. */
export function textSource(uri: string, text: string, version: number): Source {
  return {
    uri,
    version,
    bytes: Buffer.from(text.startsWith('\ufeff') ? text.slice(1) : text),
    encoding: 'utf-8',
    bom: false,
  }
}

function utf16(uri: string, raw: Uint8Array, version: number, encoding: 'utf-16le' | 'utf-16be'): Source {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  const pieces: Buffer[] = []
  // In pieces, since a string holds at most half a billion characters.
  for (let at = 2; at < raw.length; at += 1 << 26) {
    const end = Math.min(raw.length, at + (1 << 26))
    pieces.push(Buffer.from(decoder.decode(raw.subarray(at, end), { stream: end < raw.length })))
  }
  return { uri, version, bytes: Buffer.concat(pieces), encoding, bom: true }
}

/**
 * Replaces a file's content: a new file beside it, flushed, with the old one's mode and owner, then renamed over it. Whoever
 * reads meanwhile sees the old bytes or the new ones, and a full disk leaves the old ones. Links are followed, not replaced.
 * `temporary` names the new file, so that a later start can find what a kill left; `beforeRename` is called between the two.
 */
export async function writeAtomic(
  path: string,
  bytes: Uint8Array | string | AsyncIterable<Uint8Array>,
  options: {
    readonly temporary?: string
    readonly mode?: number
    readonly beforeRename?: () => void | Promise<void>
  } = {},
): Promise<void> {
  let target = path
  let mode = options.mode
  let old: Stats | undefined
  try {
    target = await realpath(path)
    old = await stat(target)
    mode ??= old.mode & 0o7777
  } catch {
    // A new file: there is nothing to follow and no mode to keep.
  }
  const name = options.temporary ?? `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`
  const temporary = join(dirname(target), name)
  try {
    const file = await open(temporary, options.temporary ? 'w' : 'wx', mode ?? 0o644)
    try {
      await file.writeFile(bytes)
      // Who mends another's file, root above all, leaves it theirs. Not everybody may, and then it is as any new file.
      const own = await file.stat()
      if (old && (old.uid !== own.uid || old.gid !== own.gid)) await file.chown(old.uid, old.gid).catch(() => {})
      await file.sync()
    } finally {
      await file.close()
    }
    if (mode !== undefined) await chmod(temporary, mode)
    await options.beforeRename?.()
    await rename(temporary, target)
  } catch (error) {
    await unlink(temporary).catch(() => {}) // It may never have come to be.
    throw fileFailure(path, error)
  }
  await syncFolder(dirname(target))
}

/** Makes a rename or a new name durable. Not every system can (Windows opens no folders), and then there is nothing to do. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  if (!handle) return
  await handle.sync().catch(() => {}) // Some file systems refuse it.
  await handle.close()
}

/** Files under a folder, sorted, `/` separated. Dot folders, linked folders and folders that are never data are left out. */
export async function walkFiles(root: string, limit = 200_000): Promise<string[]> {
  const files: string[] = []
  const pending = [slashed(root)]
  while (pending.length) {
    const folder = pending.pop()!
    let entries: Dirent[]
    try {
      entries = await readdir(folder, { withFileTypes: true })
    } catch (error) {
      if (folder === slashed(root)) throw fileFailure(root, error)
      continue // A folder inside that may not be read holds no data for this user.
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries.reverse()) {
      if (entry.isDirectory() && !entry.name.startsWith('.') && !skippedFolders.has(entry.name))
        pending.push(`${folder === '/' ? '' : folder}/${entry.name}`)
    }
    for (const entry of entries)
      if (entry.isFile() || entry.isSymbolicLink()) files.push(`${folder === '/' ? '' : folder}/${entry.name}`)
    if (files.length > limit)
      throw new Failure('too-many-files', `${root} holds more than ${limit} files`, 'Name the data folder itself')
  }
  return files.sort()
}

/** What an error of the file system means, in words; failures stay what they are. */
export function fileFailure(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof Cancelled) throw error
  const code = (error as NodeJS.ErrnoException)?.code ?? ''
  const cause = { cause: error }
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Failure('not-found', `${path} does not exist`, 'Check the path', cause)
    case 'EACCES':
    case 'EPERM':
      return new Failure('no-permission', `${path} may not be read or written`, 'Check its permissions', cause)
    case 'EISDIR':
      return new Failure('is-folder', `${path} is a folder`, 'Name a file', cause)
    case 'ENOSPC':
    case 'EDQUOT':
      return new Failure(
        'disk-full',
        `${path} could not be written: the disk is full`,
        'Free some space and try again',
        cause,
      )
    case 'EROFS':
      return new Failure(
        'read-only',
        `${path} lies on a read-only file system`,
        'Copy it to where it can be changed',
        cause,
      )
    case 'ELOOP':
      return new Failure('not-found', `${path} is a link that leads back to itself`, 'Check the path', cause)
    case 'EMFILE':
    case 'ENFILE':
      return new Failure('too-many-open', `${path} could not be opened: too many files are open`, 'Try again', cause)
  }
  const message = error instanceof Error ? error.message : String(error)
  return new Failure('unreadable', `${path}: ${message}`, '', cause)
}

export function tooLarge(path: string, size: number): Failure {
  const message = `${path} is ${(size / 1e9).toFixed(1)} GB large; one file may have up to 4.2 GB`
  return new Failure('too-large', message, 'Split it into shards, such as train-00000-of-00002.jsonl')
}
