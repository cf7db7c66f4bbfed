import { isChoice, type LabelRows, labelRows } from '../labelRows.ts'
import { differOnPurpose, labelFold, oneLetterApart, quoted } from '../labels.ts'
import { numberOption } from '../options.ts'
import type { Rule } from '../rule.ts'

/** With fewer labelled training rows every label is rare. */
const leastRows = 50

export const rareLabel: Rule = {
  meta: {
    id: 'rare-label',
    title: 'Label of hardly any row',
    severity: 'warning',
    what: `Labels that fewer than \`rows\` training rows have (2: a single row), and labels of validation or test rows that no training row
has. Told once for a label, at its first row. Only where the column is a choice among labels (most of them have three rows or more, and there are
${leastRows} labelled training rows). Labels that look misspelt are left to \`label-typo\`, and several labels in a cell to people.`,
    why: `A label cannot be learned from one row, nor from none: every test row with it counts as an error, whatever the model does. Often it is a
label that was renamed, or a column that slipped.`,
    fix: 'Relabel the row, add rows with its label, or remove it.',
    example: `\`\`\`csv
text,label
Where is my parcel?,delivery
I want my money back,refund
Please delete my account,privacy
\`\`\`
Where \`privacy\` stands in one row only: \`The label "privacy" has only this training row.\``,
    options: { rows: numberOption(2, [1, 1e6], 'A label of fewer training rows is rare.') },
  },

  *check({ corpus, settings, add }) {
    const labels = yield* labelRows(corpus)
    if (!labels || labels.several) return
    const train = yield* labels.rows('train')
    let total = 0
    for (const rows of train.values()) total += rows.length
    if (total < leastRows || !isChoice(train)) return
    const least = settings.options['rows'] as number
    const misspelt = misspellings(labels, train)
    const report = (row: number, message: string, others: readonly number[]) =>
      add({
        rule: 'rare-label',
        severity: settings.severity,
        ...corpus.place(row, corpus.labelColumn),
        message,
        related: others.slice(0, 5).map(other => corpus.related(other, 'Another row with this label')),
        fixes: [],
        key: corpus.key('rare-label', labels.names[labels.of[row]!]),
      })
    for (const [label, rows] of yield* labels.rows()) {
      if (misspelt(label)) continue
      const own = train.get(label) ?? []
      const name = quoted(labels.names[label]!)
      if (own.length === 0) {
        const count = rows.length === 1 ? 'this row has' : `${rows.length} rows of other splits have`
        report(rows[0]!, `The label ${name} stands in no training row; ${count} it.`, rows.slice(1))
      } else if (own.length < least) {
        const only = own.length === 1 ? 'only this training row' : `only ${own.length} training rows`
        report(own[0]!, `The label ${name} has ${only}.`, own.slice(1))
      }
    }
  },
}

/** Is a label one letter away from one that far more training rows have? */
function misspellings({ names }: LabelRows, train: ReadonlyMap<number, readonly number[]>) {
  const frequent = [...train].filter(([, rows]) => rows.length >= 10).map(([label]) => names[label]!)
  const folds = frequent.map(labelFold)
  return (label: number) => {
    const fold = labelFold(names[label]!)
    return (
      (train.get(label)?.length ?? 0) < 10 &&
      folds.some((other, i) => oneLetterApart(fold, other) && !differOnPurpose(names[label]!, frequent[i]!))
    )
  }
}
