import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { OpenSpill, Spill } from '../core/sign/spill.ts'
import { cacheFolder } from './fileShelf.ts'

/** So many words are written at a time. */
const bufferLength = 1 << 16
const namePattern = /^spill-(\d+)-[0-9a-f]+$/

/** Closes files that nobody reads any more, and with that gives back their room. */
const unused = new FinalizationRegistry<number>(file => closeSync(file))

/**
 * Words in a file without a name: it is deleted as soon as it is open, so that nothing is left behind, however the process ends.
 * It lies in the user's cache, since a temporary folder may itself be memory.
 */
export class FileSpill implements Spill {
  length = 0
  private readonly file: number
  private readonly folder: string
  private readonly buffer = new Uint32Array(bufferLength)
  private held = 0
  private open = true

  constructor(folders: readonly string[] = [join(cacheFolder(), 'spill'), tmpdir()]) {
    const { file, folder } = openIn(folders)
    this.file = file
    this.folder = folder
    unused.register(this, file, this)
  }

  append(words: Uint32Array): void {
    for (let at = 0; at < words.length; ) {
      const part =
        words.length - at > bufferLength - this.held
          ? words.subarray(at, at + bufferLength - this.held)
          : words.subarray(at)
      this.buffer.set(part, this.held)
      this.held += part.length
      this.length += part.length
      at += part.length
      if (this.held === bufferLength) this.flush()
    }
  }

  read(from: number, to: number): Uint32Array {
    const words = new Uint32Array(to - from)
    const written = this.length - this.held
    const stored = Math.min(words.length, Math.max(0, written - from))
    this.fill(new Uint8Array(words.buffer, 0, stored * 4), from * 4)
    if (stored < words.length) words.set(this.buffer.subarray(from + stored - written, to - written), stored)
    return words
  }

  close(): void {
    if (!this.open) return
    this.open = false
    unused.unregister(this)
    closeSync(this.file)
  }

  private flush(): void {
    const bytes = new Uint8Array(this.buffer.buffer)
    const place = (this.length - this.held) * 4
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at, bytes.length - at, place + at)
    } catch (error) {
      throw noRoom(this.folder, error)
    }
    this.held = 0
  }

  private fill(bytes: Uint8Array, place: number): void {
    for (let at = 0; at < bytes.length; ) {
      const got = readSync(this.file, bytes, at, bytes.length - at, place + at)
      if (got === 0) throw new Failure('spill-cut', `A temporary file in ${this.folder} became shorter`, 'Check again')
      at += got
    }
  }
}

/** Puts away what does not fit in memory. */
export const openSpill: OpenSpill = () => new FileSpill()

function openIn(folders: readonly string[]): { readonly file: number; readonly folder: string } {
  let failure: unknown
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true })
      clear(folder)
      const path = join(folder, `spill-${process.pid}-${randomBytes(6).toString('hex')}`)
      const file = openSync(path, 'wx+', 0o600)
      discard(path)
      return { file, folder }
    } catch (error) {
      failure = error
    }
  }
  throw noRoom(folders.join(', '), failure)
}

function noRoom(folder: string, error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error)
  return new Failure(
    'no-spill',
    `What does not fit in memory cannot be put away in ${folder}: ${reason}`,
    'Free room there, or let more be held in memory (--memory)',
  )
}

/** Where an open file cannot be deleted, the end of the process deletes it, or the next one that comes here. */
function discard(path: string): void {
  const remove = () => {
    try {
      unlinkSync(path)
      return true
    } catch {
      return false
    }
  }
  if (!remove()) process.once('exit', remove)
}

/** Deletes what processes left that are no more. */
function clear(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = namePattern.exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) discard(join(folder, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
