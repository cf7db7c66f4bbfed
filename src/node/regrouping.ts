import type { Cancel } from '../core/base/cancel.ts'
import { count, counted } from '../core/base/words.ts'
import { Corpus } from '../core/check/corpus.ts'
import { Memory } from '../core/check/memory.ts'
import { type Regrouping, regroup } from '../core/check/partition.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { defaultScheme } from '../core/sign/scheme.ts'
import { drive } from './drive.ts'
import { openSpill } from './fileSpill.ts'

/** How rows are kept together by default: as the rules tell that they are alike. */
export const alike = { shingle: defaultScheme, threshold: 0.8, containment: { share: 0.9, least: 16 } } as const

/** What would have to move in each dataset of several splits so that nothing leaks. */
export async function regroupings(datasets: readonly Dataset[], cancel: Cancel): Promise<Map<string, Regrouping>> {
  const found = new Map<string, Regrouping>()
  for (const dataset of datasets) {
    if (dataset.splits.length < 2) continue
    const corpus = new Corpus(dataset, new Memory({ incremental: false, spill: openSpill }))
    found.set(dataset.name, await drive(regroup(corpus, alike), cancel))
  }
  return found
}

/** The same in words, a paragraph a dataset. */
export function regroupingText(all: ReadonlyMap<string, Regrouping>): string {
  const lines = [...all].map(([name, { sets, moves, splits }]) => {
    if (sets === 0) return `${name}: no rows that are alike stand in different splits.\n`
    const moved = moves.map(({ from, to, rows }) => `${count(rows)} from ${from} to ${to}`).join(', ')
    const sizes = splits.map(split => `${split.name} ${count(split.before)} -> ${count(split.after)}`).join(', ')
    return `${name}: ${counted(sets, 'set')} of rows that are alike stand in several splits. Moving ${moved} would keep each in one: ${sizes}. "winnow split" makes new splits from one file.\n`
  })
  return lines.join('') || 'No dataset has several splits.\n'
}
