import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Failure } from '../core/base/failure.ts'
import type { Windows } from '../core/text/windows.ts'
import { fileFailure } from './files.ts'

/** Closes files that nobody reads any more: tables come and go, and nobody says when one is no longer needed. */
const unused = new FinalizationRegistry<number>(file => {
  try {
    closeSync(file)
  } catch {
    // Closed on purpose before.
  }
})

/** Names a state of a file: its size, the moment of its last change, and which file it is. */
export function stampOf({ mtimeMs, size, ino }: { mtimeMs: number; size: number; ino: number }): string {
  return `${mtimeMs} ${size} ${ino}`
}

/**
 * The bytes of a file from `offset` on, read where they are asked for. Reading is at once (it comes from the system's cache or
 * a disk, a megabyte at a time), so that it can stand where bytes in memory stand. A file that becomes shorter meanwhile is
 * one clear `Failure`.
 */
export class FileWindows implements Windows {
  readonly length: number
  /** What tells this content of the file from another. */
  readonly stamp: string
  private readonly file: number
  private readonly path: string
  private readonly offset: number

  constructor(path: string, offset = 0) {
    this.path = path
    this.offset = offset
    try {
      this.file = openSync(path, 'r')
      const about = fstatSync(this.file)
      this.length = about.size - offset
      this.stamp = stampOf(about)
    } catch (error) {
      throw fileFailure(path, error)
    }
    unused.register(this, this.file, this)
  }

  read(start: number, end: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(end - start)
    for (let at = 0; at < bytes.length; ) {
      let got = 0
      try {
        got = readSync(this.file, bytes, at, bytes.length - at, this.offset + start + at)
      } catch (error) {
        throw fileFailure(this.path, error)
      }
      if (got === 0)
        throw new Failure('file-changed', `${this.path} became shorter while it was read`, 'Check it again')
      at += got
    }
    return bytes
  }

  close(): void {
    unused.unregister(this)
    closeSync(this.file)
  }
}
