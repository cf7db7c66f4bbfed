import type { Value } from '../../graph/graph.ts'
import { product } from '../../graph/shape.ts'
import { classification, rounded } from './classification.ts'
import { brokenRow, emptyText, listOf, noLabel } from './sample.ts'
import { encodeTexts, rowTask, rowWeights } from './sequence.ts'
import type { RowTarget, TaskKind } from './task.ts'

/** A label is said where its probability is at least this. */
export const threshold = 0.5

/** Each label yes or no, by binary cross entropy: the softmax of [0, score] is the sigmoid of the score. */
const labelTarget: RowTarget = {
  inputs: classes => ({
    labels: { dtype: 'int64', dims: ['B', classes] },
    weights: { dtype: 'float32', dims: ['B'] },
  }),
  feeds({ targets }, batch, classes) {
    const data = new BigInt64Array(batch.rows.length * classes)
    batch.rows.forEach((row, b) => {
      for (let c = 0; c < classes; c++) data[b * classes + c] = BigInt(targets[row * classes + c] as number)
    })
    return { labels: { data, dims: [batch.rows.length, classes] }, weights: rowWeights(batch) }
  },
  loss(g, scores, inputs, { smoothing, classWeights }) {
    const classes = scores.dims[1] as number
    // A model of its own for each label: B · classes rows of two classes.
    const count = product(scores.dims)
    const column = g.reshape(scores, [count, 1])
    const two = g.concat([g.mul(column, 0), column], 1)
    const each = g.expand(g.unsqueeze(inputs['weights'] as Value, [1]), [inputs['weights']!.dims[0]!, classes])
    const weighted = classWeights ? g.mul(each, g.const(classWeights, [1, classes])) : each
    const flat = g.reshape(weighted, [count])
    const { loss, rows } = g.crossEntropy(two, g.reshape(inputs['labels'] as Value, [count]), flat, { smoothing })
    return { loss, rows: g.mean(g.reshape(rows, scores.dims), [1], false) }
  },
}

/** Any number of labels for each text. */
export const multiLabel: TaskKind = {
  ...classification,
  name: 'multi-label',
  problem: 'multi_label_classification',
  metrics: ['microF1', 'macroF1', 'accuracy', 'loss'],
  read(table, row, columns) {
    if (table.broken(row)) return brokenRow
    const text = table.text(row, columns.text as string) ?? ''
    if (text.trim() === '') return emptyText
    // An empty list is an answer: none of the labels. A cell that is not there is none.
    const labels = listOf(table, row, { column: columns.label as string, by: /[,;|]/ })
    return labels ? { text, gold: [...new Set(labels)].sort().join(', '), labels: [...new Set(labels)] } : noLabel
  },
  encode(samples, options) {
    const { labels } = options
    const index = new Map(labels.map((label, i) => [label, i]))
    const targets = new Float32Array(samples.length * labels.length)
    samples.forEach((sample, i) => {
      for (const label of sample.labels ?? []) {
        const c = index.get(label)
        if (c !== undefined) targets[i * labels.length + c] = 1
      }
    })
    return encodeTexts(samples, options, targets)
  },
  target: labelTarget,
  task: (model, rows, options) => rowTask(labelTarget, model, rows, options),
  say(samples, { targets }, { scores }, { labels }) {
    const classes = labels.length
    return samples.map((sample, i) => {
      const probabilities = labels.map((_, c) => 1 / (1 + Math.exp(-(scores[i * classes + c] as number))))
      const loss = labels.reduce((sum, _, c) => {
        const x = scores[i * classes + c] as number
        return sum + Math.max(x, 0) - x * (targets[i * classes + c] as number) + Math.log1p(Math.exp(-Math.abs(x)))
      }, 0)
      const order = labels.map((_, c) => c).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
      const said = labels.filter((_, c) => probabilities[c]! >= threshold)
      const gold = [...(sample.labels ?? [])].sort()
      const shown = order.filter((c, rank) => rank < 5 || targets[i * classes + c] === 1)
      return {
        gold: gold.join(', '),
        label: [...said].sort().join(', '),
        loss: rounded(loss / classes),
        probabilities: shown.map(c => [labels[c] as string, rounded(probabilities[c] as number)] as const),
        sets: { gold, said },
      }
    })
  },
}
