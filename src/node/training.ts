import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { evidenceKey, type TrainingEvidence } from '../core/check/training.ts'
import { dynamicsOf, type RowDynamics } from '../core/eval/dynamics.ts'
import type { RunData } from '../core/train/data.ts'
import type { Sample } from '../core/train/tasks/sample.ts'
import { slashed } from './files.ts'
import { presentRows } from './presentRows.ts'
import { hashesOf, knownRows } from './rowHashes.ts'
import { readRowLosses, readRowRivals } from './rowLosses.ts'
import { listRuns, type RunCache, readData } from './runs.ts'
import { readRunRows } from './trainRows.ts'

/** What the losses of a run's training rows tell, in the order of `data.json`; undefined where it noted none. Throws `Failure` (`bad-run`). */
export function runDynamics(folder: string): RowDynamics | undefined {
  const path = join(folder, 'rows.bin')
  if (!existsSync(path)) return undefined
  const losses = readRowLosses(path)
  if (losses.length === 0) return undefined
  const rivals = join(folder, 'rowRivals.bin')
  return existsSync(rivals) ? dynamicsOf(losses, readRowRivals(rivals)) : dynamicsOf(losses)
}

/** Losses of one epoch are those of a model that knew nothing yet. */
const leastEpochs = 2

/** Knows what runs tell of rows, each read once: a row keeps its evidence while others of its file are mended. */
export class Witness {
  private readonly runs: RunCache = new Map()
  private readonly known = new Map<string, TrainingEvidence | undefined>()

  /**
   * What the newest finished run tells of the rows of these files: one that learnt a label a row from one of them. Of rows that have
   * been mended since it tells nothing. Undefined where there is none.
   */
  async of(paths: readonly string[], root: string): Promise<TrainingEvidence | undefined> {
    const asked = new Set(paths.map(slashed))
    for (const { folder, run } of await listRuns(root, this.runs)) {
      if (run.phase !== 'finished') continue
      const data = await readData(folder)
      const place = (file: number) => slashed(resolve(data.root, data.files[file]?.path as string))
      if (!data.use.train.some(set => asked.has(place(set.file)))) continue
      if (!this.known.has(folder)) this.known.set(folder, await evidenceOf(folder, run.name, data))
      const evidence = this.known.get(folder)
      if (evidence) return evidence
    }
    return undefined
  }
}

/** What dynamics tell of rows, by text and label. `labels` in class order. */
export function heardOf(
  { confidence, rivals }: RowDynamics,
  rows: readonly ({ readonly text: string; readonly gold: string } | undefined)[],
  labels: readonly string[],
): Pick<TrainingEvidence, 'confidence' | 'rivals'> {
  const own = new Map<string, number>()
  const others = new Map<string, readonly (readonly [string, number])[]>()
  rows.forEach((row, i) => {
    const believed = confidence[i] as number
    if (!row || Number.isNaN(believed)) return
    const key = evidenceKey(row.text, row.gold)
    own.set(key, believed)
    if (rivals)
      others.set(
        key,
        rivals[i]!.slice(0, mostRivals).map(r => [labels[r.label] as string, r.probability]),
      )
  })
  return { confidence: own, ...(rivals ? { rivals: others } : {}) }
}

/** The rest of them had next to nothing. */
const mostRivals = 8

async function evidenceOf(folder: string, run: string, data: RunData): Promise<TrainingEvidence | undefined> {
  if ((data.task ?? 'classification') !== 'classification') return undefined
  const dynamics = runDynamics(folder)
  if (!dynamics || dynamics.epochs < leastEpochs) return undefined
  const samples = await trainedOn(folder, data)
  if (!samples || samples.length !== dynamics.confidence.length) return undefined
  return { run, epochs: dynamics.epochs, ...heardOf(dynamics, samples, data.labels) }
}

/**
 * What a run was trained on, in its order. In files that have changed since, its rows are found by what they said: those that were
 * mended or removed are undefined.
 */
async function trainedOn(folder: string, data: RunData): Promise<readonly (Sample | undefined)[] | undefined> {
  try {
    return (await readRunRows(data, ['train'])).train.samples
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
  const known = await knownRows(folder)
  if (!known) return undefined
  const present = new Map<string, Sample>()
  for (const { sample } of await presentRows(data, 'all')) {
    const { text, gold } = hashesOf(sample)
    present.set(`${text} ${gold}`, sample)
  }
  return known.map(({ text, gold }) => present.get(`${text} ${gold}`))
}
