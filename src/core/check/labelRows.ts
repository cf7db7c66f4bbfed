import type { SplitName } from '../data/dataset.ts'
import type { Work } from '../sign/progress.ts'
import type { Corpus } from './corpus.ts'

/** The labels of a dataset, spellings of one label folded. */
export interface LabelRows {
  /** The label of each row of the corpus; -1 without one. */
  readonly of: Int32Array
  readonly names: readonly string[]
  /** A cell holds several labels: a list, or names with a separator between them. */
  readonly several: boolean
  /** Rows by label, ascending; those of one split where it is given. */
  rows(split?: SplitName): Work<Map<number, number[]>>
}

/** Several rules ask the same of one corpus. */
const known = new WeakMap<Corpus, LabelRows>()

/** Lets go of what was read once the rules are through: findings hold their corpus for long. */
export function forgetLabelRows(corpus: Corpus): void {
  known.delete(corpus)
}

/** Reads the labels of all rows; undefined without a label column. */
export function* labelRows(corpus: Corpus): Work<LabelRows | undefined> {
  if (corpus.labelColumn === undefined) return undefined
  const told = known.get(corpus)
  if (told) return told
  const { names } = yield* corpus.labels()
  const of = yield* corpus.foldedLabels()
  const isUsed = new Uint8Array(names.length)
  for (let row = 0; row < of.length; row++) if (of[row]! >= 0) isUsed[of[row]!] = 1
  yield { phase: 'labels', done: of.length, total: of.length }
  const lists = new Map<SplitName | undefined, Map<number, number[]>>()
  const read: LabelRows = {
    of,
    names,
    several: severalLabels(names.filter((_, label) => isUsed[label] === 1)),
    *rows(split) {
      const before = lists.get(split)
      if (before) return before
      const byLabel = new Map<number, number[]>()
      for (const file of corpus.files) {
        if (split !== undefined && file.split !== split) continue
        for (let row = file.base; row < file.base + file.table.rowCount; row++) {
          const label = of[row]!
          if (label < 0) continue
          const list = byLabel.get(label)
          if (list) list.push(row)
          else byLabel.set(label, [row])
          if (row % 500_000 === 499_999) yield { phase: 'labels', done: row, total: of.length }
        }
      }
      lists.set(split, byLabel)
      return byLabel
    },
  }
  known.set(corpus, read)
  return read
}

/**
 * Do these values hold several labels each? So it is where most are lists, or where a separator splits some of them into
 * parts that nearly all stand in other values too: `spam;urgent` beside `spam` and `urgent;billing`.
 */
export function severalLabels(values: readonly string[]): boolean {
  if (values.length < 3) return false
  if (values.filter(value => /^\s*\[.*\]\s*$/su.test(value)).length * 2 > values.length) return true
  return [/\s*;\s*/u, /\s*\|\s*/u, /\s*,\s*/u].some(separator => {
    const split = values.map(value => value.split(separator).filter(part => part !== ''))
    const joined = split.filter(parts => parts.length > 1)
    if (joined.length < 2 || joined.length * 4 < values.length) return false
    const uses = new Map<string, number>()
    for (const parts of split) for (const part of new Set(parts)) uses.set(part, (uses.get(part) ?? 0) + 1)
    const parts = joined.flat()
    return parts.filter(part => uses.get(part)! > 1).length * 10 >= parts.length * 9
  })
}

/** Is this column a choice among labels: at least two, and most of them in several rows? */
export function isChoice(byLabel: ReadonlyMap<number, readonly number[]>): boolean {
  let repeated = 0
  for (const rows of byLabel.values()) if (rows.length > 2) repeated++
  return byLabel.size > 1 && repeated * 2 > byLabel.size
}
