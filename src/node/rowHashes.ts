import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contentHash } from '../core/base/hash.ts'
import type { Evaluation } from '../core/eval/evaluation.ts'
import { type KnownRow, type RowChange, rowChanges } from '../core/run/rowChanges.ts'
import { expandRows } from '../core/train/data.ts'
import type { Sample } from '../core/train/tasks/sample.ts'
import { readData, runsFolder } from './runs.ts'

const name = 'rowHashes.bin'
const magic = 0x48524e57
const headerBytes = 16
/** Of each hash, half of its 128 bits. */
const hashBytes = 8

/**
 * Writes `rowHashes.bin` into a run folder: what every training row said, so that a later run can name the rows that changed. Little-endian:
 * uint32 magic 0x48524E57 ("WNRH" as bytes), uint32 version 1, uint32 rows N, uint32 0; then for each row in the order of
 * `data.json` 8 bytes of the hash of its text and 8 of that of its answer.
 */
export function writeRowHashes(folder: string, samples: readonly Sample[]): void {
  const path = join(folder, name)
  if (existsSync(path)) return
  const bytes = Buffer.alloc(headerBytes + samples.length * 2 * hashBytes)
  for (const [i, value] of [magic, 1, samples.length].entries()) bytes.writeUInt32LE(value, 4 * i)
  samples.forEach((sample, i) => {
    const at = headerBytes + i * 2 * hashBytes
    const { text, gold } = hashesOf(sample)
    bytes.write(text, at, 'hex')
    bytes.write(gold, at + hashBytes, 'hex')
  })
  writeFileSync(path, bytes)
}

/** What is noted of a row. */
export function hashesOf({ text, pair, gold }: Sample): Pick<KnownRow, 'text' | 'gold'> {
  const hash = (said: string) => contentHash(said).slice(0, 2 * hashBytes)
  return { text: hash(pair === undefined ? text : `${text}\u0000${pair}`), gold: hash(gold) }
}

/** The training rows of a run; undefined for a run that noted none. */
export async function knownRows(folder: string): Promise<KnownRow[] | undefined> {
  const path = join(folder, name)
  if (!existsSync(path)) return undefined
  const bytes = readFileSync(path)
  const data = await readData(folder)
  const rows = expandRows(data.use.train)
  const whole = headerBytes + rows.length * 2 * hashBytes
  if (bytes.length !== whole || bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(4) !== 1) return undefined
  return rows.map(({ file, row }, i) => {
    const at = headerBytes + i * 2 * hashBytes
    const hex = (from: number) => bytes.toString('hex', from, from + hashBytes)
    return { file: data.files[file]?.path as string, row, text: hex(at), gold: hex(at + hashBytes) }
  })
}

/** The training rows that changed from one run to another; undefined where one of them noted none. */
export async function changedRows(a: string, b: string): Promise<RowChange[] | undefined> {
  const [before, after] = [await knownRows(a), await knownRows(b)]
  return before && after && rowChanges(before, after)
}

/** The training rows that changed from the run of one evaluation to that of another, where both are of different runs. */
export async function changesBetween(
  root: string,
  a: Pick<Evaluation, 'run'>,
  b: Pick<Evaluation, 'run'>,
): Promise<RowChange[] | undefined> {
  if (a.run === undefined || b.run === undefined || a.run === b.run) return undefined
  return changedRows(join(runsFolder(root), a.run), join(runsFolder(root), b.run))
}
