import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import { evidenceKey, type TrainingEvidence } from '../core/check/training.ts'
import { dynamicsOf, type RowDynamics } from '../core/eval/dynamics.ts'
import type { RunData } from '../core/train/data.ts'
import { slashed } from './files.ts'
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
   * What the newest finished run tells of the rows of these files: one that learnt a label a row from one of them, whose training
   * files were all what they had been when it was first asked. Undefined where there is none.
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
  rows: readonly { readonly text: string; readonly gold: string }[],
  labels: readonly string[],
): Pick<TrainingEvidence, 'confidence' | 'rivals'> {
  const own = new Map<string, number>()
  const others = new Map<string, readonly (readonly [string, number])[]>()
  rows.forEach(({ text, gold }, i) => {
    const believed = confidence[i] as number
    if (Number.isNaN(believed)) return
    const key = evidenceKey(text, gold)
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
  // A file that has changed since is undefined.
  try {
    const { train } = await readRunRows(data, ['train'])
    if (train.samples.length !== dynamics.confidence.length) return undefined
    return { run, epochs: dynamics.epochs, ...heardOf(dynamics, train.samples, data.labels) }
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}
