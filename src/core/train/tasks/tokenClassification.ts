import type { Table } from '../../data/table.ts'
import type { Value } from '../../graph/graph.ts'
import { product } from '../../graph/shape.ts'
import { tokenRows } from '../batch.ts'
import { rounded, sortLabels } from './classification.ts'
import { type Columns, findColumn, needColumn } from './columns.ts'
import type { EncodedRows } from './encoded.ts'
import { eachToken, paddedWhole, tokenFeeds, tokenInputs } from './feeds.ts'
import { none, sampleLosses, tokenAnswers } from './language.ts'
import type { Unusable } from './sample.ts'
import { brokenRow, emptyText, listOf, noLabel, type Sample, unusable } from './sample.ts'
import { features, headOf } from './sequence.ts'
import { readSpans } from './spans.ts'
import type { AnswerGraph, TaskKind, TaskModel } from './task.ts'

/** A tag for each word. The first piece of a word is learnt, the others are read only. */
export const tokenClassification: TaskKind = {
  name: 'token-classification',
  kinds: ['encoder', 'decoder'],
  head: 'tokens',
  peft: 'TOKEN_CLS',
  metrics: ['entityF1', 'tokenAccuracy', 'loss'],
  columns(tables, given, dataset) {
    const search = { tables, given, dataset }
    const spans = findColumn(search, 'spans')
    if (spans !== undefined && findColumn(search, 'words') === undefined)
      return { text: needColumn(search, 'text'), spans }
    const words = needColumn(search, 'words')
    return { words, tags: needColumn({ ...search, given: { ...given, words } }, 'tags') }
  },
  read: readTagged,
  labels: samples => sortLabels(new Set(samples.flatMap(s => s.tags ?? []))),
  encode(samples, { encoder, limit, labels }) {
    const index = new Map(labels.map((label, i) => [label, i]))
    const { before, after } = encoder.frame
    const targets: number[] = []
    let cut = 0
    const ids = samples.map(({ words = [], tags = [] }) => {
      const row = [...before]
      const classes = before.map(() => none)
      let fits = true
      words.forEach((word, i) => {
        const pieces = encoder.content(i === 0 ? word : ` ${word}`)
        fits &&= row.length + pieces.length + after.length <= limit
        if (!fits) return
        pieces.forEach((piece, k) => {
          row.push(piece)
          classes.push(k === 0 ? (index.get(tags[i] as string) ?? none) : none)
        })
      })
      if (!fits) cut++
      for (const id of after) row.push(id)
      for (const c of [...classes, ...after.map(() => none)]) targets.push(c)
      return row
    })
    return {
      tokens: tokenRows(ids),
      lengths: Int32Array.from(ids, row => row.length),
      pad: encoder.special.pad,
      targets: Int32Array.from(targets),
      cut,
    }
  },
  task(model, rows, { smoothing, classWeights }) {
    return {
      inputs: tagInputs(rows),
      loss(g, lookup, inputs, dropout) {
        const x = features(g, lookup, inputs, { model, ...(dropout ? { dropout } : {}) })
        const scores = g.flat2d(headOf(model).scores(g, lookup, x, dropout))
        const options = classWeights
          ? { smoothing, classWeights: g.const(classWeights, [classWeights.length]) }
          : { smoothing }
        return g.crossEntropy(scores, flat(g, inputs['tags'] as Value), flat(g, inputs['weights'] as Value), options)
      },
      feeds: batch => tagFeeds(rows, batch, classWeights),
      samples(batch, _, losses) {
        const chosen = targetsOf(rows, batch)
        return sampleLosses(
          rows,
          { tokens: chosen.map(c => c.token) },
          Float32Array.from(chosen, c => losses[c.at] as number),
        )
      },
    }
  },
  answers: tagAnswers,
  say(samples, rows, { scores, losses }, { labels }) {
    return samples.map(({ tags = [] }, i) => {
      const said: string[] = []
      const gold: string[] = []
      let loss = 0
      let word = 0
      for (let token = rows.tokens.starts[i] as number; token < (rows.tokens.starts[i + 1] as number); token++) {
        const target = rows.targets[token] as number
        if (target === none) continue
        gold.push(labels[target] as string)
        said.push(labels[scores[token] as number] as string)
        loss += (losses as Float32Array)[token] as number
        word++
      }
      // Words that were cut off are wrong: nothing was said of them.
      for (const tag of tags.slice(word)) {
        gold.push(tag)
        said.push('')
      }
      return {
        gold: gold.join(' '),
        label: said.join(' '),
        loss: rounded(word === 0 ? 0 : loss / word),
        probabilities: [],
        tags: { gold, said },
      }
    })
  },
}

function readTagged(table: Table, row: number, columns: Columns): Sample | Unusable {
  if (table.broken(row)) return brokenRow
  const { text, spans, words: wordColumn, tags: tagColumn } = columns
  if (text !== undefined && spans !== undefined) return readSpans(table, row, { text, spans })
  const words = listOf(table, row, { column: wordColumn as string, by: /\s+/ }) ?? []
  const tags = listOf(table, row, { column: tagColumn as string, by: /\s+/ })
  if (words.length === 0) return emptyText
  if (!tags || tags.length === 0) return noLabel
  if (tags.length !== words.length)
    return unusable('tag-count', `there are ${words.length} words and ${tags.length} tags`)
  return { text: words.join(' '), gold: tags.join(' '), words, tags }
}

function tagAnswers(model: TaskModel, rows: EncodedRows): AnswerGraph {
  return {
    inputs: tagInputs(rows),
    outputs(g, lookup, inputs) {
      const scores = g.flat2d(headOf(model).scores(g, lookup, features(g, lookup, inputs, { model })))
      const { rows: losses } = g.crossEntropy(
        scores,
        flat(g, inputs['tags'] as Value),
        flat(g, inputs['weights'] as Value),
      )
      return { losses, said: g.argmax(scores) }
    },
    feeds: batch => tagFeeds(rows, batch),
    start: () => tokenAnswers(rows),
    take(batch, { losses, said }, into) {
      for (const { at, token } of targetsOf(rows, batch)) {
        into.scores[token] = Number(said?.[at])
        ;(into.losses as Float32Array)[token] = Number(losses?.[at])
      }
    },
  }
}

type Batch = Parameters<AnswerGraph['feeds']>[0]
type Graph = Parameters<AnswerGraph['outputs']>[0]

/** Tokens that have a target: their place in the flattened batch, and in `tokens.ids`. */
function targetsOf(rows: EncodedRows, batch: Batch): { readonly at: number; readonly token: number }[] {
  const found: { at: number; token: number }[] = []
  eachToken(rows, batch, (at, token) => {
    if (rows.targets[token] !== none) found.push({ at, token })
  })
  return found
}

function tagInputs(rows: EncodedRows): AnswerGraph['inputs'] {
  return {
    ...tokenInputs(rows),
    tags: { dtype: 'int64', dims: ['B', 'S'] },
    weights: { dtype: 'float32', dims: ['B', 'S'] },
  }
}

function tagFeeds(rows: EncodedRows, batch: Batch, factors?: Float32Array) {
  const { feeds, tokens } = tokenFeeds(rows, batch)
  const data = paddedWhole(rows, batch, { values: rows.targets, fill: none })
  const weights = Float32Array.from(data, tag => (tag === BigInt(none) ? 0 : 1))
  const dims = [batch.rows.length, batch.length]
  const tags = { data: data.map(tag => (tag === BigInt(none) ? 0n : tag)), dims }
  const weight = weights.reduce((sum, w, i) => sum + w * (factors?.[Number(tags.data[i])] ?? 1), 0)
  return { feeds: { ...feeds, tags, weights: { data: weights, dims } }, tokens, weight }
}

const flat = (g: Graph, x: Value): Value => g.reshape(x, [product(x.dims)])
