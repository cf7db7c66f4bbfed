import { type Cancel, checkCancel } from '../core/base/cancel.ts'
import { Failure } from '../core/base/failure.ts'
import { nearestWord } from '../core/base/nearest.ts'
import { Corpus } from '../core/check/corpus.ts'
import { Memory } from '../core/check/memory.ts'
import { mergeRules, resolveRules } from '../core/check/options.ts'
import { rules } from '../core/check/rules.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { type Flag, fileId, idOf } from '../core/train/rows.ts'
import { findConfig } from './config.ts'
import { openSpill } from './fileSpill.ts'

/**
 * The rows that `leak` and the rules named find in a dataset, by the settings of the workspace's `winnow.json`. A rule
 * that is named runs even where it is switched off as a diagnostic. Only rows that leaked from training count as
 * leaked: what is in validation and test alike was not learned from. A rule that does not exist is a `Failure`.
 */
export async function flagsOf(
  dataset: Dataset,
  { rules: named, root, cancel }: { readonly rules: readonly string[]; readonly root: string; readonly cancel: Cancel },
): Promise<Flag[]> {
  const known = rules.map(rule => rule.meta.id as string)
  for (const id of named)
    if (!known.includes(id)) {
      const near = nearestWord(id, known)
      throw new Failure(
        'unknown-rule',
        `The recipe drops the rows of a rule "${id}" that does not exist`,
        near ? `Did you mean "${near}"?` : `The rules are ${known.join(', ')}`,
      )
    }
  const hasOthers = dataset.splits.some(s => s.name === 'train') && dataset.splits.length > 1
  // The reader of the rows sees these two by itself.
  const wanted = [...named.filter(id => id !== 'broken-row' && id !== 'empty-field'), ...(hasOthers ? ['leak'] : [])]
  if (wanted.length === 0) return []
  const given = (await findConfig(root))?.config.rules ?? {}
  const forced = Object.fromEntries(wanted.map(id => [id, { severity: 'warning' }]))
  const train = new Set(dataset.splits.flatMap(s => (s.name === 'train' ? s.tables.map(idOf) : [])))
  const corpus = new Corpus(dataset, new Memory({ incremental: false, spill: openSpill }))
  const flags: Flag[] = []
  for (const { rule, settings } of resolveRules(rules, mergeRules(given, forced))) {
    const id = rule.meta.id
    if (!wanted.includes(id)) continue
    const work = rule.check({
      corpus,
      settings,
      add: ({ uri, part, row, related }) => {
        if (row === undefined || (id === 'leak' && !related.some(r => train.has(fileId(r.uri, r.part))))) return
        flags.push({ rule: id, uri, ...(part === undefined ? {} : { part }), row })
      },
    })
    // Ctrl+C and other events are heard between pieces of the work.
    let last = Date.now()
    while (!work.next().done) {
      if (Date.now() - last < 50) continue
      last = Date.now()
      await new Promise(resolve => setImmediate(resolve))
      checkCancel(cancel)
    }
  }
  return flags
}
