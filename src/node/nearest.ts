import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Cancel } from '../core/base/cancel.ts'
import type { LedgerRow } from '../core/eval/ledger.ts'
import { nearestRows } from '../core/eval/nearestRows.ts'
import type { NearTraining } from '../core/view/protocol.ts'
import { drive } from './drive.ts'
import { presentRows } from './presentRows.ts'
import { readData } from './runs.ts'

/**
 * The training rows of a run nearest to some rows, as their files say them now: a person who mends one row after another sees what is
 * there. Undefined where the files are gone.
 */
export async function nearestTraining(
  folder: string,
  rows: readonly Pick<LedgerRow, 'text' | 'gold'>[],
  { most, cancel }: { readonly most: number; readonly cancel: Cancel },
): Promise<NearTraining[][] | undefined> {
  if (!existsSync(join(folder, 'data.json'))) return undefined
  const data = await readData(folder)
  const known = await presentRows(data, 'trained')
  if (known.length === 0) return undefined
  const samples = known.map(({ sample }) => sample)
  const found = await drive(nearestRows(samples, rows, { most }), cancel)
  return found.map(list =>
    list.map(({ row, ...why }) => {
      const { ref, sample } = known[row] as (typeof known)[number]
      const { text, gold } = sample
      return { file: data.files[ref.file]?.path as string, row: ref.row, text, gold, ...why }
    }),
  )
}
