import type { SplitName } from '../../data/dataset.ts'
import { isChoice, labelRows } from '../labelRows.ts'
import { quoted } from '../labels.ts'
import { numberOption } from '../options.ts'
import type { Rule } from '../rule.ts'

/** With fewer rows a label is rare by chance. */
const leastRows = 100

export const classImbalance: Rule = {
  meta: {
    id: 'class-imbalance',
    title: 'Labels with few of the rows',
    severity: 'info',
    what: `Training labels that have less than \`share\` of what they would have if all labels had equally many rows: of K labels,
less than \`share\`/K of the rows. It is told once for a dataset, at the top of its first training file, and only of ${leastRows} labelled rows or more.`,
    why: `A model that never says a rare label loses little by it, so it learns never to say it. Accuracy does not show that; the score of
each label does.`,
    fix: `Collect more rows of these labels, merge them into others, or weigh them in training. Look at macro F1 beside accuracy.`,
    example: `With 1,000 rows of \`refund\`, 900 of \`delivery\` and 12 of \`fraud\`, at the top of the file:
\`"fraud" has 12 of 1912 training rows, less than 0.1 of an even share among 3 labels.\``,
    options: { share: numberOption(0.1, [0, 1], 'The least part of an even share.') },
  },

  *check({ corpus, settings, add }) {
    const labels = yield* labelRows(corpus)
    if (!labels || labels.several) return
    const split: SplitName = corpus.files.some(file => file.split === 'train')
      ? 'train'
      : (corpus.files[0]?.split ?? 'train')
    const byLabel = yield* labels.rows(split)
    if (!isChoice(byLabel)) return
    const sizes = [...byLabel].map(([label, rows]) => ({ label, rows: rows.length }))
    const total = sizes.reduce((sum, { rows }) => sum + rows, 0)
    if (total < leastRows) return
    const least = ((settings.options['share'] as number) * total) / sizes.length
    // A label of one row is `rare-label`, or misspelt.
    const few = sizes
      .filter(({ rows }) => rows > 1 && rows < least)
      .sort((a, b) => a.rows - b.rows || a.label - b.label)
    if (few.length === 0) return
    const file = corpus.files.find(one => one.split === split)!
    const named = few.slice(0, 5).map(({ label, rows }) => `${quoted(labels.names[label]!)} has ${rows}`)
    const more = few.length > 5 ? `, and ${few.length - 5} more labels have fewer than ${Math.ceil(least)}` : ''
    add({
      rule: 'class-imbalance',
      severity: settings.severity,
      ...corpus.placeOf(file),
      span: { start: 0, end: file.table.rowCount > 0 ? file.table.rowSpan(0).start : 0 },
      message: `${named.join(', ')}${more} of ${total} ${split === 'train' ? 'training' : split} rows, less than ${settings.options['share']} of an even share among ${sizes.length} labels.`,
      related: few
        .slice(0, 5)
        .map(({ label }) =>
          corpus.related(byLabel.get(label)![0]!, `The first row labelled ${quoted(labels.names[label]!)}`),
        ),
      fixes: [],
      key: corpus.key('class-imbalance', ...few.map(({ label }) => labels.names[label]!)),
    })
  },
}
