import type { Value } from '../../graph/graph.ts'
import { classification, rounded } from './classification.ts'
import { findColumn } from './columns.ts'
import { brokenRow, emptyText, noLabel, unusable } from './sample.ts'
import { encodeTexts, rowTask, rowWeights } from './sequence.ts'
import type { RowTarget, TaskKind } from './task.ts'

/** A number a row, by mean squared error. */
const numberTarget: RowTarget = {
  inputs: () => ({ values: { dtype: 'float32', dims: ['B', 1] }, weights: { dtype: 'float32', dims: ['B'] } }),
  feeds: ({ targets }, batch) => ({
    values: { data: Float32Array.from(batch.rows, row => targets[row] as number), dims: [batch.rows.length, 1] },
    weights: rowWeights(batch),
  }),
  loss: (g, scores, inputs) => g.meanSquaredError(scores, inputs['values'] as Value, inputs['weights'] as Value),
}

/** A number for each text, or for each pair of texts where a second column is named. */
export const regression: TaskKind = {
  ...classification,
  name: 'regression',
  problem: 'regression',
  metrics: ['pearson', 'spearman', 'loss'],
  columns(tables, given, dataset) {
    const own = classification.columns(tables, given, dataset)
    // A second text only where it is asked for: a column of a usual name may be anything.
    const second = given.pair === undefined ? undefined : findColumn({ tables, given, dataset }, 'pair')
    return { ...own, ...(second === undefined ? {} : { pair: second }) }
  },
  read(table, row, columns) {
    if (table.broken(row)) return brokenRow
    const text = table.text(row, columns.text as string) ?? ''
    const gold = (table.text(row, columns.label as string) ?? '').trim()
    const second = columns.pair === undefined ? undefined : (table.text(row, columns.pair) ?? '')
    if (text.trim() === '' || second?.trim() === '') return emptyText
    if (gold === '') return noLabel
    const value = Number(gold)
    if (!Number.isFinite(value)) return unusable('not-a-number', `the label "${gold}" is no number`)
    return { text, gold, value, ...(second === undefined ? {} : { pair: second }) }
  },
  labels: () => [],
  encode: (samples, options) =>
    encodeTexts(
      samples,
      options,
      Float32Array.from(samples, s => s.value as number),
    ),
  target: numberTarget,
  task: (model, rows, options) => rowTask(numberTarget, model, rows, options),
  say: (samples, _, { scores }) =>
    samples.map((sample, i) => {
      const gold = sample.value as number
      const said = scores[i] as number
      return {
        gold: sample.gold,
        label: String(rounded(said)),
        loss: rounded((said - gold) ** 2),
        probabilities: [],
        numbers: { gold, said: rounded(said) },
      }
    }),
}
