import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { Failure } from '../core/base/failure.ts'
import { diskFailure } from './checkpoint.ts'

const magic = 0x574e524c
const headerBytes = 16

/**
 * `rows.bin`: the loss of every training row in every epoch, as it was trained on (before the update, with dropout).
 * Little-endian: uint32 magic 0x574E524C ("LRNW" as bytes), uint32 version 1, uint32 number of rows N, uint32 0; then for
 * each epoch N float32 in the order of `data.json`, NaN for a row that was not seen. Epoch e begins at byte 16 + 4·N·e.
 */
export class RowLosses {
  private readonly path: string
  private readonly rows: number
  private epoch = 0
  private losses: Float32Array
  private changed = false

  /** Opens the file of a new or resumed run; what it holds of `epoch` is kept. */
  constructor(path: string, rows: number, epoch: number) {
    this.path = path
    this.rows = rows
    if (!existsSync(path)) {
      const fd = openSync(path, 'w')
      writeSync(fd, Buffer.from(Uint32Array.of(magic, 1, rows, 0).buffer))
      closeSync(fd)
    } else if (readHeader(path).rows !== rows)
      throw new Failure('bad-run', `${path} is of a run with another number of rows`)
    this.epoch = epoch
    this.losses = this.load(epoch)
  }

  /** Notes the losses of some rows of an epoch; an epoch before the last one noted is never changed. */
  note(epoch: number, rows: Int32Array, losses: Float32Array): void {
    if (epoch !== this.epoch) {
      this.flush()
      this.epoch = epoch
      this.losses = new Float32Array(this.rows).fill(Number.NaN)
    }
    rows.forEach((row, i) => {
      this.losses[row] = losses[i] as number
    })
    this.changed = true
  }

  /** Writes what is known of the present epoch. Throws `Failure` (`disk-full`). */
  flush(): void {
    if (!this.changed) return
    const fd = openSync(this.path, 'r+')
    try {
      const bytes = new Uint8Array(this.losses.buffer)
      let at = 0
      while (at < bytes.length)
        at += writeSync(fd, bytes, at, bytes.length - at, headerBytes + this.epoch * bytes.length + at)
    } catch (error) {
      throw diskFailure(error, 'rows.bin') ?? error
    } finally {
      closeSync(fd)
    }
    this.changed = false
  }

  private load(epoch: number): Float32Array {
    const out = new Float32Array(this.rows).fill(Number.NaN)
    const fd = openSync(this.path, 'r')
    try {
      readSync(fd, new Uint8Array(out.buffer), 0, out.byteLength, headerBytes + epoch * out.byteLength)
    } finally {
      closeSync(fd)
    }
    return out
  }
}

/** Reads `rows.bin`: one array of losses for each epoch that has one. Throws `Failure` (`bad-run`). */
export function readRowLosses(path: string): Float32Array[] {
  const { rows, bytes } = readHeader(path)
  const epochs: Float32Array[] = []
  for (let at = headerBytes; at < bytes.length; at += 4 * rows) {
    const losses = new Float32Array(rows).fill(Number.NaN)
    new Uint8Array(losses.buffer).set(bytes.subarray(at, at + 4 * rows))
    epochs.push(losses)
  }
  return epochs
}

function readHeader(path: string): { readonly rows: number; readonly bytes: Uint8Array } {
  const bytes = readFileSync(path)
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(4) !== 1)
    throw new Failure('bad-run', `${path} does not hold the losses of rows`)
  return { rows: bytes.readUInt32LE(8), bytes }
}
