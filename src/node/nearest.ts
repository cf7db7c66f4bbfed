import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import type { LedgerRow } from '../core/eval/ledger.ts'
import { nearestRows } from '../core/eval/nearestRows.ts'
import { drive } from './drive.ts'
import { readData } from './runs.ts'
import { readRunRows } from './trainRows.ts'

/** A training row that is like a row of a ledger. */
export interface NearTraining {
  readonly file: string
  readonly row: number
  readonly text: string
  readonly gold: string
  readonly similarity: number
  readonly disagrees: boolean
}

/** The training rows of a run nearest to some rows; undefined where its files are gone or have changed. */
export async function nearestTraining(
  folder: string,
  rows: readonly Pick<LedgerRow, 'text' | 'gold'>[],
  { most, cancel }: { readonly most: number; readonly cancel: Cancel },
): Promise<NearTraining[][] | undefined> {
  if (!existsSync(join(folder, 'data.json'))) return undefined
  const data = await readData(folder)
  const known = await readRunRows(data, ['train']).catch((error: unknown) => {
    if (error instanceof Failure) return undefined
    throw error
  })
  if (!known) return undefined
  const { refs, samples } = known.train
  const found = await drive(nearestRows(samples, rows, { most }), cancel)
  return found.map(list =>
    list.map(({ row, ...why }) => {
      const ref = refs[row] as (typeof refs)[number]
      const { text, gold } = samples[row] as (typeof samples)[number]
      return { file: data.files[ref.file]?.path as string, row: ref.row, text, gold, ...why }
    }),
  )
}
