import { Failure } from '../../base/failure.ts'
import { counted } from '../../base/words.ts'
import type { Table } from '../../data/table.ts'
import { type Columns, needColumn } from './columns.ts'
import type { EncodedRows } from './encoded.ts'
import { readRivals, tellRivals } from './rivals.ts'
import type { Unusable } from './sample.ts'
import { brokenRow, emptyText, noLabel, type Sample } from './sample.ts'
import { encodeTexts, rowAnswers, rowTask, rowWeights } from './sequence.ts'
import { softmaxRow } from './softmax.ts'
import type { Answers, RowTarget, Said, TaskKind } from './task.ts'

/** How many of the most probable labels are listed. */
const listed = 5
/** With more labels than this the probabilities of all of them would outweigh the texts. */
const mostDistributed = 200

/** One class a row, by softmax cross entropy. */
const classTarget: RowTarget = {
  inputs: () => ({ labels: { dtype: 'int64', dims: ['B'] }, weights: { dtype: 'float32', dims: ['B'] } }),
  feeds: ({ targets }, batch) => ({
    labels: {
      data: BigInt64Array.from(batch.rows, row => BigInt(targets[row] as number)),
      dims: [batch.rows.length],
    },
    weights: rowWeights(batch),
  }),
  loss(g, scores, inputs, { smoothing, focal = 0, classWeights }) {
    const options = {
      smoothing,
      focal,
      ...(classWeights ? { classWeights: g.const(classWeights, [classWeights.length]) } : {}),
    }
    const { loss, rows } = g.crossEntropy(scores, inputs['labels']!, inputs['weights']!, options)
    return { loss, rows: tellRivals(g, scores, { labels: inputs['labels']!, losses: rows }) }
  },
  samples: (batch, _, told) => readRivals(batch, told),
}

/** One label for each text. */
export const classification: TaskKind = {
  name: 'classification',
  kinds: ['encoder', 'decoder'],
  head: 'sequence',
  peft: 'SEQ_CLS',
  problem: 'single_label_classification',
  metrics: ['accuracy', 'macroF1', 'loss'],
  columns(tables, given, dataset) {
    const search = { tables, given, dataset }
    return { text: needColumn(search, 'text'), label: needColumn(search, 'label') }
  },
  read: readLabelled,
  labels: classLabels,
  encode: (samples, options) => encodeTexts(samples, options, classIndices(samples, options.labels)),
  target: classTarget,
  task: (model, rows, options) => rowTask(classTarget, model, rows, options),
  answers: rowAnswers,
  say: (samples, rows, answers, { labels }) => sayClasses(samples, rows, { answers, labels }),
}

/** A row with a text and a label. */
export function readLabelled(table: Table, row: number, columns: Columns): Sample | Unusable {
  if (table.broken(row)) return brokenRow
  const text = table.text(row, columns.text as string) ?? ''
  const label = table.text(row, columns.label as string) ?? ''
  if (label.trim() === '') return { ...noLabel, ...(text.trim() === '' ? emptyText : {}) }
  return text.trim() === '' ? emptyText : { text, gold: label }
}

/** The labels in class order. Throws `Failure` (`one-label`) where there are not two. */
export function classLabels(samples: readonly Sample[], dataset: string): string[] {
  const labels = sortLabels(new Set(samples.flatMap(s => s.labels ?? [s.gold])))
  if (labels.length < 2)
    throw new Failure(
      'one-label',
      `All ${counted(samples.length, 'training row')} of ${dataset} have the label "${labels[0]}"`,
      'Is the label column the right one? Name another: "data": { "label": "…" }',
    )
  return labels
}

/** Numbers by size, everything else by code point: the class of a label does not depend on the order of the rows. */
export function sortLabels(labels: ReadonlySet<string>): string[] {
  const numeric = [...labels].every(l => /^-?\d{1,15}$/.test(l))
  return [...labels].sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1))
}

/** The class of each sample. Throws `Failure` (`bad-data`) for a label that is none. */
export function classIndices(samples: readonly Sample[], labels: readonly string[]): Int32Array {
  const index = new Map(labels.map((label, i) => [label, i]))
  return Int32Array.from(samples, ({ gold }) => {
    const found = index.get(gold)
    if (found === undefined)
      throw new Failure('bad-data', `A row has the label ${JSON.stringify(gold)}, which no training row has`)
    return found
  })
}

/** The most probable labels of each row and the loss of its own. */
export function sayClasses(
  samples: readonly Sample[],
  { targets }: Pick<EncodedRows, 'targets'>,
  { answers, labels }: { readonly answers: Answers; readonly labels: readonly string[] },
): Said[] {
  const classes = labels.length
  const name = (c: number) => labels[c] as string
  return samples.map((_, i) => {
    const gold = targets[i] as number
    const { probabilities, loss } = softmaxRow(answers.scores, i, { classes, label: gold })
    const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
    const shown = order.slice(0, listed)
    if (!shown.includes(gold)) shown.push(gold)
    return {
      gold: name(gold),
      label: name(order[0] as number),
      loss: rounded(loss),
      probabilities: shown.map(c => [name(c), rounded(probabilities[c] as number)] as const),
      ...(classes <= mostDistributed ? { distribution: Array.from(probabilities, rounded) } : {}),
    }
  })
}

/** Six digits are more than a person or a test needs, and keep the files small. */
export const rounded = (x: number): number => Number(x.toPrecision(6))
