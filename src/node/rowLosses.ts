import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { Failure } from '../core/base/failure.ts'
import type { Rivals } from '../core/train/models/task.ts'
import { diskFailure } from './checkpoint.ts'

const headerBytes = 16

/** What a file tells of every training row in every epoch: float32 columns. */
interface Told {
  readonly magic: number
  readonly columns: number
  /** What it holds, for messages. */
  readonly what: string
}

/**
 * A file of float32 columns, little-endian: uint32 magic, uint32 version 1, uint32 number of rows N, uint32 0; then for each epoch
 * the columns one after another, each N float32 in the order of `data.json`, NaN for a row that was not seen.
 */
class RowFile {
  private readonly path: string
  private readonly rows: number
  private readonly told: Told
  private epoch = 0
  private values: Float32Array
  private changed = false

  /** Opens the file of a new or resumed run; what it holds of `epoch` is kept. */
  constructor(
    told: Told,
    { path, rows, epoch }: { readonly path: string; readonly rows: number; readonly epoch: number },
  ) {
    this.path = path
    this.rows = rows
    this.told = told
    if (!existsSync(path)) {
      const fd = openSync(path, 'w')
      writeSync(fd, Buffer.from(Uint32Array.of(told.magic, 1, rows, 0).buffer))
      // A run that began before the file was written knows nothing of its first epochs.
      const unseen = new Uint8Array(this.empty().buffer)
      for (let before = 0; before < epoch; before++) writeSync(fd, unseen)
      closeSync(fd)
    } else if (readHeader(path, told).rows !== rows)
      throw new Failure('bad-run', `${path} is of a run with another number of rows`)
    this.epoch = epoch
    this.values = this.load(epoch)
  }

  /** Notes some rows of an epoch, a list for each column; an epoch before the last one noted is never changed. */
  write(epoch: number, rows: Int32Array, columns: readonly ArrayLike<number>[]): void {
    if (epoch !== this.epoch) {
      this.flush()
      this.epoch = epoch
      this.values = this.empty()
    }
    columns.forEach((values, column) => {
      rows.forEach((row, i) => {
        this.values[column * this.rows + row] = values[i] as number
      })
    })
    this.changed = true
  }

  /** Writes what is known of the present epoch. Throws `Failure` (`disk-full`). */
  flush(): void {
    if (!this.changed) return
    const fd = openSync(this.path, 'r+')
    try {
      const bytes = new Uint8Array(this.values.buffer)
      let at = 0
      while (at < bytes.length)
        at += writeSync(fd, bytes, at, bytes.length - at, headerBytes + this.epoch * bytes.length + at)
    } catch (error) {
      throw diskFailure(error, this.told.what) ?? error
    } finally {
      closeSync(fd)
    }
    this.changed = false
  }

  private empty(): Float32Array {
    return new Float32Array(this.rows * this.told.columns).fill(Number.NaN)
  }

  private load(epoch: number): Float32Array {
    const out = this.empty()
    const fd = openSync(this.path, 'r')
    try {
      readSync(fd, new Uint8Array(out.buffer), 0, out.byteLength, headerBytes + epoch * out.byteLength)
    } finally {
      closeSync(fd)
    }
    return out
  }
}

const losses: Told = { magic: 0x574e524c, columns: 1, what: 'rows.bin' }
const rivals: Told = { magic: 0x56524e57, columns: 2, what: 'rowRivals.bin' }

/**
 * `rows.bin`: the loss of every training row in every epoch, as it was trained on (before the update, with dropout). Magic
 * 0x574E524C ("LRNW" as bytes), one column (`RowFile`): epoch e begins at byte 16 + 4·N·e.
 */
export class RowLosses extends RowFile {
  constructor(path: string, rows: number, epoch: number) {
    super(losses, { path, rows, epoch })
  }

  note(epoch: number, rows: Int32Array, values: Float32Array): void {
    this.write(epoch, rows, [values])
  }
}

/**
 * `rowRivals.bin`, of runs that learn one class a row: how every training row's class stood against the best other one. Magic
 * 0x56524E57 ("WNRV" as bytes), two columns (`RowFile`): the margin, which is the class's score less the greatest other one,
 * and the number of that other class in the order of `data.json`'s labels.
 */
export class RowRivals extends RowFile {
  constructor(path: string, rows: number, epoch: number) {
    super(rivals, { path, rows, epoch })
  }

  note(epoch: number, rows: Int32Array, { margins, others }: Rivals): void {
    this.write(epoch, rows, [margins, others])
  }
}

/** Reads `rows.bin`: one array of losses for each epoch that has one. Throws `Failure` (`bad-run`). */
export function readRowLosses(path: string): Float32Array[] {
  return readEpochs(path, losses).map(([values]) => values as Float32Array)
}

/** Reads `rowRivals.bin`: for each epoch the margins and the other classes. Throws `Failure` (`bad-run`). */
export function readRowRivals(path: string): { readonly margins: Float32Array; readonly others: Float32Array }[] {
  return readEpochs(path, rivals).map(([margins, others]) => ({
    margins: margins as Float32Array,
    others: others as Float32Array,
  }))
}

function readEpochs(path: string, told: Told): Float32Array[][] {
  const { rows, bytes } = readHeader(path, told)
  const epochs: Float32Array[][] = []
  for (let at = headerBytes; at < bytes.length; at += 4 * rows * told.columns) {
    const all = new Float32Array(rows * told.columns).fill(Number.NaN)
    new Uint8Array(all.buffer).set(bytes.subarray(at, at + all.byteLength))
    epochs.push(Array.from({ length: told.columns }, (_, column) => all.subarray(column * rows, (column + 1) * rows)))
  }
  return epochs
}

function readHeader(path: string, { magic, what }: Told): { readonly rows: number; readonly bytes: Uint8Array } {
  const bytes = readFileSync(path)
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(4) !== 1)
    throw new Failure('bad-run', `${path} is no ${what}`)
  return { rows: bytes.readUInt32LE(8), bytes }
}
