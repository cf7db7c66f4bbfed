import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { RowHistory } from '../core/view/rowsProtocol.ts'
import { slashed } from './files.ts'
import { hashesOf, knownRows } from './rowHashes.ts'
import { readRowLosses } from './rowLosses.ts'
import { listRuns, type RunCache, readData } from './runs.ts'

/** What one run noted: losses by epoch, and its rows by what their texts were. */
interface Noted {
  readonly losses: readonly Float32Array[]
  readonly byText: ReadonlyMap<string, readonly number[]>
  readonly places: readonly { readonly path: string; readonly row: number }[]
}

/** How rows fared in training, by the newest finished run that learnt from them. Each run is read once. */
export class RowHistories {
  private readonly runs: RunCache = new Map()
  private readonly noted = new Map<string, Noted | undefined>()

  /** Undefined where no run has seen a row of this text in this file. A row that has moved since is found by its text. */
  async of({
    root,
    path,
    row,
    text,
  }: {
    readonly root: string
    readonly path: string
    readonly row: number
    readonly text: string
  }): Promise<RowHistory | undefined> {
    const hash = hashesOf({ text, gold: '' }).text
    const place = slashed(path)
    for (const { folder, run } of await listRuns(root, this.runs)) {
      if (run.phase !== 'finished') continue
      if (!this.noted.has(folder)) this.noted.set(folder, await notedIn(folder))
      const noted = this.noted.get(folder)
      const known = (noted?.byText.get(hash) ?? []).filter(i => noted?.places[i]?.path === place)
      const at = known.find(i => noted?.places[i]?.row === row) ?? known[0]
      if (!noted || at === undefined) continue
      const losses = noted.losses.map(epoch => epoch[at] as number).filter(Number.isFinite)
      if (losses.length > 0) return { run: run.name, losses }
    }
    return undefined
  }
}

async function notedIn(folder: string): Promise<Noted | undefined> {
  const path = join(folder, 'rows.bin')
  if (!existsSync(path)) return undefined
  const known = await knownRows(folder)
  if (!known) return undefined
  const { root } = await readData(folder)
  const byText = new Map<string, number[]>()
  for (const [i, { text }] of known.entries()) {
    const same = byText.get(text)
    if (same) same.push(i)
    else byText.set(text, [i])
  }
  const places = known.map(({ file, row }) => ({ path: slashed(resolve(root, file)), row }))
  return { losses: readRowLosses(path), byText, places }
}
