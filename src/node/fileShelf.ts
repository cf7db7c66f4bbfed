import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { textColumns } from '../core/data/roles.ts'
import { bytesOf, lengthOf } from '../core/data/table.ts'
import type { SignedRows } from '../core/sign/forms.ts'
import type { Work } from '../core/sign/progress.ts'
import { SIGN_VERSION } from '../core/sign/scheme.ts'
import type { Shelf, Shelved } from '../core/sign/shelf.ts'

/** All indexes together, and one of them: beyond that the oldest go, and a larger one is not kept. */
const limits = { all: 2 ** 29, one: 2 ** 28 } as const
/** The first word of a file: what it is, and the layout of what follows. */
const magic = 0x31534e57
const digestBytes = 32

/** Where the user's caches are. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'winnow')
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? homedir(), 'winnow', 'cache')
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'winnow')
}

/**
 * Signed rows as files in the user's cache, named by a hash of the data's content, of what makes its texts and of the scheme's
 * version. A file that is stale, cut or damaged is as if it were not there; where nothing can be written nothing is kept.
 */
export class FileShelf implements Shelf {
  private readonly folder: string
  private readonly limit: { readonly all: number; readonly one: number }
  private last: { readonly asked: Shelved; readonly path: string } | undefined

  constructor(folder = join(cacheFolder(), 'forms'), limit: { readonly all: number; readonly one: number } = limits) {
    this.folder = folder
    this.limit = limit
  }

  *find(asked: Shelved): Work<Iterable<SignedRows> | undefined> {
    let open: number | undefined
    try {
      const path = yield* this.pathOf(asked)
      open = openSync(path, 'r')
      const words = yield* readWords(open)
      const pieces = words && piecesOf(words, asked.table.rowCount)
      const now = new Date()
      if (pieces) utimesSync(path, now, now)
      return pieces
    } catch {
      return undefined // Not there, or not readable: the same to who asks.
    } finally {
      if (open !== undefined) closeSync(open)
    }
  }

  *keep(asked: Shelved, rows: Iterable<SignedRows>): Work<void> {
    const temporary = join(this.folder, `${randomBytes(6).toString('hex')}.tmp`)
    let open: number | undefined
    try {
      mkdirSync(this.folder, { recursive: true })
      open = openSync(temporary, 'wx')
      const hash = createHash('sha256')
      let size = 0
      for (const part of partsOf(rows)) {
        size += part.length
        if (size > this.limit.one) return
        hash.update(part)
        writeSync(open, part)
        yield { phase: 'keep', done: size, total: 0 }
      }
      writeSync(open, hash.digest())
      closeSync(open)
      open = undefined
      renameSync(temporary, yield* this.pathOf(asked))
      this.clear()
    } catch {
      // A full disk, a folder that is read-only: the next check signs again.
    } finally {
      if (open !== undefined) closeSync(open)
      removeIfThere(temporary)
    }
  }

  /** Removes the oldest files until the others are few enough bytes, and what was left half written. */
  private clear(): void {
    const files = readdirSync(this.folder).map(name => {
      const path = join(this.folder, name)
      const { size, mtimeMs } = statSync(path)
      return { path, size, mtimeMs, half: name.endsWith('.tmp') && Date.now() - mtimeMs > 3_600_000 }
    })
    files.sort((a, b) => b.mtimeMs - a.mtimeMs)
    let all = 0
    for (const { path, size, half } of files) {
      all += size
      if (half || all > this.limit.all) rmSync(path, { force: true })
    }
  }

  /** What is looked for and not found is kept a moment later: its content is read once. */
  private *pathOf(asked: Shelved): Work<string> {
    const { last } = this
    if (last?.asked.table === asked.table && last.asked.scheme === asked.scheme && last.asked.roles === asked.roles)
      return last.path
    const path = yield* this.contentPath(asked)
    this.last = { asked, path }
    return path
  }

  private *contentPath({ table, scheme, roles }: Shelved): Work<string> {
    const about = [
      SIGN_VERSION,
      scheme,
      table.format,
      table.part ?? null,
      table.columns,
      table.rowCount,
      textColumns(roles),
    ]
    const hash = createHash('sha256').update(JSON.stringify(about))
    const length = lengthOf(table.source)
    for (let at = 0; at < length; at += chunk) {
      hash.update(bytesOf(table.source, { start: at, end: Math.min(length, at + chunk) }))
      yield { phase: 'keep', done: at, total: length }
    }
    return join(this.folder, `${hash.digest('hex').slice(0, 40)}.forms`)
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Its folder is no folder, or not ours: then it never came to be.
  }
}

/** So many bytes are hashed, or read and hashed, at a time: some milliseconds. */
const chunk = 1 << 22

/** The words of a file before the hash of them at its end; undefined where they are not those that were written. */
function* readWords(open: number): Work<Uint32Array | undefined> {
  const end = fstatSync(open).size - digestBytes
  if (end < 4 || end % 4 !== 0) return undefined
  const bytes = new Uint8Array(end)
  const hash = createHash('sha256')
  for (let at = 0; at < end; ) {
    const read = readSync(open, bytes, at, Math.min(chunk, end - at), at)
    if (read === 0) return undefined
    hash.update(bytes.subarray(at, at + read))
    at += read
    yield { phase: 'keep', done: at, total: end }
  }
  const digest = new Uint8Array(digestBytes)
  if (readSync(open, digest, 0, digestBytes, end) < digestBytes || !hash.digest().equals(digest)) return undefined
  return new Uint32Array(bytes.buffer)
}

/** The bytes of pieces: a head of four words each (first row, rows, forms, shingles), then its arrays. */
function* partsOf(rows: Iterable<SignedRows>): Generator<Uint8Array> {
  yield bytesIn(Uint32Array.of(magic))
  for (const { from, slots, forms } of rows) {
    const shingles = forms.start[forms.count]!
    yield bytesIn(Uint32Array.of(from, slots.length, forms.count, shingles))
    yield bytesIn(slots)
    yield bytesIn(forms.start.subarray(0, forms.count + 1))
    yield bytesIn(forms.formA.subarray(0, forms.count))
    yield bytesIn(forms.formB.subarray(0, forms.count))
    yield bytesIn(forms.pool.subarray(0, shingles))
  }
}

function bytesIn({ buffer, byteOffset, byteLength }: Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** The pieces in a file; undefined where they are not all the rows. */
function piecesOf(words: Uint32Array, rowCount: number): SignedRows[] | undefined {
  if (words[0] !== magic) return undefined
  const pieces: SignedRows[] = []
  let rows = 0
  for (let at = 1; at < words.length; ) {
    const [from, count, formCount, shingles] = words.subarray(at, at + 4) as unknown as [number, number, number, number]
    at += 4
    const take = (length: number) => {
      const part = words.subarray(at, at + length)
      at += length
      return part
    }
    const signed = (part: Uint32Array) => new Int32Array(part.buffer, part.byteOffset, part.length)
    if (from !== rows) return undefined
    const slots = signed(take(count))
    const start = take(formCount + 1)
    const formA = signed(take(formCount))
    const formB = signed(take(formCount))
    const pool = take(shingles)
    if (pool.length !== shingles) return undefined
    pieces.push({ from, slots, forms: { count: formCount, pool, start, formA, formB } })
    rows += count
  }
  return rows === rowCount ? pieces : undefined
}
