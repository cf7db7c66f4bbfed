import type { Cancel } from '../core/base/cancel.ts'
import { count, counted } from '../core/base/words.ts'
import { containmentOf } from '../core/check/containment.ts'
import { Corpus } from '../core/check/corpus.ts'
import { Memory } from '../core/check/memory.ts'
import { comparisonOf, type RuleSetting, resolveRules } from '../core/check/options.ts'
import { type PartitionOptions, type Regrouping, regroup } from '../core/check/partition.ts'
import { leak } from '../core/check/rules/leak.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { drive } from './drive.ts'
import { openSpill } from './fileSpill.ts'

/** How rows are kept together: as the rule `leak` tells by its settings that they are alike; as it does by itself where it is off. */
export function alikeBy(rules: { readonly [rule: string]: RuleSetting }, where?: string): Alike {
  const own = resolveRules([leak], rules['leak'] === undefined ? {} : { leak: rules['leak'] }, where)
  const { settings } = own[0] ?? resolveRules([leak], {})[0]!
  const { scheme: shingle, threshold } = comparisonOf(settings)
  return { shingle, threshold, containment: containmentOf(settings) }
}

type Alike = Omit<PartitionOptions, 'ratios' | 'seed' | 'group'>

/** What would have to move in each dataset of several splits so that nothing leaks. */
export async function regroupings(
  datasets: readonly Dataset[],
  alike: Alike,
  cancel: Cancel,
): Promise<Map<string, Regrouping>> {
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
