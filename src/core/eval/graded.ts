/* Scores of predictions that are no single label: sets of labels, numbers, tags of words, tokens. */
import type { Scores } from '../train/event.ts'
import type { Said } from '../train/tasks/task.ts'
import { exactMatch, tokenF1 } from './metrics/answers.ts'
import { rouge } from './metrics/rouge.ts'

/** Micro and macro F1 of sets of labels (macro over the labels that occur), and the share of rows with exactly the right set. */
export function setScores(rows: readonly NonNullable<Said['sets']>[]): Scores {
  const counts = new Map<string, { right: number; said: number; gold: number }>()
  const of = (label: string) => {
    const found = counts.get(label) ?? { right: 0, said: 0, gold: 0 }
    counts.set(label, found)
    return found
  }
  let exact = 0
  for (const { gold, said } of rows) {
    const wanted = new Set(gold)
    for (const label of wanted) of(label).gold++
    for (const label of said) {
      of(label).said++
      if (wanted.has(label)) of(label).right++
    }
    if (said.length === wanted.size && said.every(label => wanted.has(label))) exact++
  }
  const all = [...counts.values()]
  const sum = (part: 'right' | 'said' | 'gold') => all.reduce((total, label) => total + label[part], 0)
  return {
    accuracy: ratio(exact, rows.length),
    microPrecision: ratio(sum('right'), sum('said')),
    microRecall: ratio(sum('right'), sum('gold')),
    microF1: ratio(2 * sum('right'), sum('said') + sum('gold')),
    macroF1: ratio(
      all.reduce((total, { right, said, gold }) => total + ratio(2 * right, said + gold), 0),
      all.length,
    ),
  }
}

/** Mean absolute and root mean squared error, Pearson's and Spearman's correlation (0 where a side does not vary). */
export function numberScores(rows: readonly NonNullable<Said['numbers']>[]): Scores {
  const gold = rows.map(row => row.gold)
  const said = rows.map(row => row.said)
  const mean = (of: (i: number) => number) =>
    ratio(
      rows.reduce((total, _, i) => total + of(i), 0),
      rows.length,
    )
  return {
    mae: mean(i => Math.abs((said[i] as number) - (gold[i] as number))),
    rmse: Math.sqrt(mean(i => ((said[i] as number) - (gold[i] as number)) ** 2)),
    pearson: pearson(gold, said),
    spearman: pearson(ranks(gold), ranks(said)),
  }
}

/** Pearson's correlation of two lists of numbers; 0 where one of them does not vary. */
export function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]) =>
    ratio(
      list.reduce((x, y) => x + y, 0),
      list.length,
    )
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  a.forEach((x, i) => {
    const [dx, dy] = [x - ma, (b[i] as number) - mb]
    ab += dx * dy
    aa += dx * dx
    bb += dy * dy
  })
  return ratio(ab, Math.sqrt(aa * bb))
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((x, y) => (values[x] as number) - (values[y] as number))
  const out = new Array<number>(values.length)
  for (let at = 0; at < order.length; ) {
    let end = at
    while (end < order.length && values[order[end] as number] === values[order[at] as number]) end++
    for (let i = at; i < end; i++) out[order[i] as number] = (at + end + 1) / 2
    at = end
  }
  return out
}

/** The share of words with the right tag, and precision, recall and F1 of whole entities (CoNLL: right kind and right words). */
export function tagScores(rows: readonly NonNullable<Said['tags']>[]): Scores {
  let [words, right, found, said, gold] = [0, 0, 0, 0, 0]
  for (const row of rows) {
    row.gold.forEach((tag, i) => {
      words++
      if (row.said[i] === tag) right++
    })
    const wanted = new Set(entities(row.gold))
    const claimed = entities(row.said)
    gold += wanted.size
    said += claimed.length
    found += claimed.filter(entity => wanted.has(entity)).length
  }
  return {
    tokenAccuracy: ratio(right, words),
    entityPrecision: ratio(found, said),
    entityRecall: ratio(found, gold),
    entityF1: ratio(2 * found, said + gold),
  }
}

/**
 * The entities of tags as `kind:first-last`. IOB2 and IOB1: `B-` begins one, `I-` goes on with one of its kind or begins one
 * where there is none; tags without a prefix make one entity of each run of the same tag. `O` and no tag are outside.
 */
export function entities(tags: readonly string[]): string[] {
  const found: string[] = []
  let open: { kind: string; first: number } | undefined
  const close = (end: number) => {
    if (open) found.push(`${open.kind}:${open.first}-${end - 1}`)
    open = undefined
  }
  tags.forEach((tag, i) => {
    const match = /^([BIESLU])-(.+)$/.exec(tag)
    const kind = match ? (match[2] as string) : tag
    if (tag === 'O' || tag === '') close(i)
    else if (open?.kind !== kind || /^[BSU]$/.test(match?.[1] ?? '')) {
      close(i)
      open = { kind, first: i }
    }
  })
  close(tags.length)
  return found
}

/** Loss of a token (nats), its exponential, and the share of tokens that were the most probable ones. */
export function tokenScores(rows: readonly Required<Pick<Said, 'loss' | 'tokens'>>[]): Scores {
  const count = rows.reduce((total, row) => total + row.tokens.count, 0)
  const loss = ratio(
    rows.reduce((total, row) => total + (row.tokens.count === 0 ? 0 : row.loss * row.tokens.count), 0),
    count,
  )
  return {
    loss,
    perplexity: Math.exp(loss),
    tokenAccuracy: ratio(
      rows.reduce((total, row) => total + row.tokens.right, 0),
      count,
    ),
    tokens: count,
  }
}

/** Of the answers that a model wrote by itself: how many, exact match, and the means of token F1 and of the F1 of ROUGE-L. */
export function writtenScores(rows: readonly Pick<Said, 'gold' | 'label'>[]): Scores {
  const mean = (of: (row: Pick<Said, 'gold' | 'label'>) => number) =>
    ratio(
      rows.reduce((total, row) => total + of(row), 0),
      rows.length,
    )
  return {
    written: rows.length,
    exactMatch: mean(({ label, gold }) => (exactMatch(label, gold) ? 1 : 0)),
    tokenF1: mean(({ label, gold }) => tokenF1(label, gold)),
    rougeL: mean(({ label, gold }) => rouge(label, gold).rougeL.f1),
  }
}

/** Was the answer wholly right? Numbers are never quite; there the loss tells. */
export function isRight(said: Pick<Said, 'gold' | 'label' | 'sets' | 'tags' | 'tokens' | 'written'>): boolean {
  const { sets, tags, tokens } = said
  if (sets) return sets.gold.length === sets.said.length && sets.gold.every(label => sets.said.includes(label))
  if (tags) return tags.gold.every((tag, i) => tags.said[i] === tag)
  if (said.written) return exactMatch(said.label, said.gold)
  if (tokens) return tokens.count > 0 && tokens.right === tokens.count
  return said.label === said.gold
}

/** Has the row two answers that are texts to be read side by side, no labels? */
export const isTextRow = (row: { readonly a: Answer; readonly b: Answer }): boolean =>
  row.a.probabilities.length + row.b.probabilities.length === 0 && row.a.label !== '' && row.b.label !== ''

type Answer = Pick<Said, 'label' | 'probabilities'>

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
