import type { Table } from '../../data/table.ts'
import { tokenRows } from '../batch.ts'
import { type Columns, needColumn } from './columns.ts'
import type { EncodedRows } from './encoded.ts'
import { answerTokens, followers, learnTokens, ownerOf } from './language.ts'
import { packRows } from './pack.ts'
import type { Unusable } from './sample.ts'
import { brokenRow, emptyText, type Sample } from './sample.ts'
import type { EncodeOptions, Said, TaskKind } from './task.ts'

/** Documents as rows, each with the sample it is of. */
export interface Documents {
  readonly ids: readonly (readonly number[])[]
  readonly owners: readonly number[]
}

/** Going on with pre-training: every token is learnt from those before it. Long texts are cut into several rows. */
export const causal: TaskKind = {
  name: 'causal',
  kinds: ['decoder'],
  head: 'language',
  peft: 'CAUSAL_LM',
  metrics: ['loss', 'tokenAccuracy'],
  columns: (tables, given, dataset) => ({ text: needColumn({ tables, given, dataset }, 'text') }),
  read: readText,
  labels: () => [],
  encode(samples, options) {
    const { encoder, limit, packing } = options
    const end = encoder.special.end === undefined ? [] : [encoder.special.end]
    const documents = windows(samples, options, { before: encoder.frame.before, after: end })
    const rows = languageRows(documents, encoder.special.pad)
    return packing === 'apart' ? rows : packRows(rows, limit)
  },
  task: (model, rows, options) => learnTokens(model, rows, { ...options, choose: followers(rows) }),
  answers: (model, rows) => answerTokens(model, rows, followers(rows)),
  say: sayLoss,
}

/** A row that has a text. */
export function readText(table: Table, row: number, columns: Columns): Sample | Unusable {
  if (table.broken(row)) return brokenRow
  const text = table.text(row, columns.text as string) ?? ''
  return text.trim() === '' ? emptyText : { text, gold: '' }
}

/**
 * Texts as documents of at most `limit` tokens: what is longer goes on in a further one. `before` begins each of them,
 * `after` stands where the text ends.
 */
export function windows(
  samples: readonly Sample[],
  { encoder, limit }: EncodeOptions,
  { before, after }: { readonly before: readonly number[]; readonly after: readonly number[] },
): Documents {
  const room = limit - before.length
  const ids: number[][] = []
  const owners: number[] = []
  samples.forEach(({ text }, i) => {
    const all = [...encoder.content(text), ...after]
    for (let at = 0; at < all.length; at += room) {
      const part = all.slice(at, at + room)
      // One token by itself has nothing before it and nothing after it.
      if (at > 0 && part.length === 1) break
      ids.push([...before, ...part])
      owners.push(i)
    }
  })
  return { ids, owners }
}

/** Documents all of whose tokens are targets. */
export function languageRows({ ids, owners }: Documents, pad: number): EncodedRows {
  const tokens = tokenRows(ids)
  const of = new Int32Array(tokens.ids.length)
  ids.forEach((row, i) => {
    of.fill(owners[i] as number, tokens.starts[i], (tokens.starts[i] as number) + row.length)
  })
  return {
    tokens,
    lengths: Int32Array.from(ids, row => row.length),
    pad,
    targets: tokens.ids,
    owners: of,
    cut: 0,
  }
}

/** The mean loss of each sample's targets, and how many of them the model would have said. */
export function sayLoss(
  samples: readonly Sample[],
  rows: EncodedRows,
  answers: Parameters<TaskKind['say']>[2],
): Said[] {
  const owner = ownerOf(rows)
  const sums = samples.map(() => ({ loss: 0, count: 0, right: 0 }))
  rows.targets.forEach((target, token) => {
    const said = answers.scores[token] as number
    if (said < 0) return
    const sum = sums[owner(token)] as (typeof sums)[number]
    sum.loss += (answers.losses as Float32Array)[token] as number
    sum.count++
    if (said === target) sum.right++
  })
  return samples.map(({ gold }, i) => {
    const { loss, count, right } = sums[i] as (typeof sums)[number]
    return {
      gold,
      label: '',
      loss: count === 0 ? 0 : Number((loss / count).toPrecision(6)),
      probabilities: [],
      tokens: { count, right },
    }
  })
}
