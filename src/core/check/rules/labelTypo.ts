import type { Work } from '../../sign/progress.ts'
import { labelItems } from '../labelSets.ts'
import { differOnPurpose, labelFold, oneLetterApart, quoted } from '../labels.ts'
import { milder, type Rule } from '../rule.ts'

export const labelTypo: Rule = {
  meta: {
    id: 'label-typo',
    title: 'Label that looks misspelt',
    severity: 'warning',
    what: `A label that differs from a more frequent one only by case, white space, separators (\`_\`, \`-\`) or quotes; or by one letter
(added, left out, replaced, or two neighbours swapped), if it is rare and the other at least ten times as frequent. \`1.0\` is a spelling of
\`1\`. Short labels and labels that differ in a number, a word of one or two letters, a Roman number or a denying \`a\` are left alone:
\`card1\` and \`card2\`, \`class a\` and \`class b\`, \`typical\` and \`atypical\` are two labels.`,
    why: `A misspelt label is a class of its own: it takes rows from the right class, adds an output that nothing ever trains, and counts
as an error in every score.`,
    fix: 'Relabel like the others. "Fix all" does that, except that a difference of one letter must be in three rows at most, and not at the front.',
    example: `\`\`\`csv
text,label
Where is my parcel?,Delivery
Still waiting for it,delivery
My parcel is late,delivery
\`\`\`
Row 0: \`The label "Delivery" looks like "delivery", which 2 rows have.\``,
    options: {},
  },

  *check({ corpus, settings, add }) {
    const column = corpus.labelColumn
    if (column === undefined) return
    const { of, names } = yield* corpus.labels()
    const counts = new Int32Array(names.length)
    const first = new Int32Array(names.length).fill(-1)
    for (let row = 0; row < of.length; row++) {
      const label = of[row]!
      if (label < 0) continue
      counts[label]!++
      if (first[label]! < 0) first[label] = row
    }
    const meant = yield* intended(names, counts, first)
    if (meant.size === 0) return
    for (let row = 0; row < of.length; row++) {
      if (row % 8192 === 8191) yield { phase: 'label-typo', done: row, total: of.length }
      const other = meant.get(of[row]!)
      if (!other) continue
      const own = names[of[row]!]!
      const right = names[other.label]!
      const rows = counts[other.label]!
      add({
        rule: 'label-typo',
        severity: other.sure ? settings.severity : milder(settings.severity, 'warning'),
        ...corpus.place(row, column),
        message: `The label ${quoted(own)} looks like ${quoted(right)}, which ${rows === 1 ? 'one row has' : `${rows} rows have`}.`,
        related: [
          {
            ...corpus.place(first[other.label]!, column),
            message: `The first row labelled ${quoted(right)}`,
          },
        ],
        fixes: [
          corpus.relabel(row, right, { title: `Relabel as ${quoted(right)} like the others`, preferred: other.sure }),
        ],
        key: corpus.key('label-typo', own, corpus.text(row)),
      })
    }
  },
}

/** Beyond so many labels a column is no longer a set of labels that people type. */
const manyLabels = 5000

/** For each label that looks misspelt the one that was meant. */
function* intended(
  names: readonly string[],
  counts: Int32Array,
  first: Int32Array,
): Work<Map<number, { readonly label: number; readonly sure: boolean }>> {
  // Most frequent first, of equals the one that came first; but what has white space at its ends is nobody's right spelling.
  const loose = (label: number) => Number(names[label]! !== names[label]!.trim())
  const labels = Array.from(counts.keys())
    // Several labels in one cell are as many choices as there are ways to combine them.
    .filter(label => counts[label]! > 0 && labelItems(names[label]!).length < 2)
    .sort((a, b) => loose(a) - loose(b) || counts[b]! - counts[a]! || first[a]! - first[b]!)
  const meant = new Map<number, { label: number; sure: boolean }>()
  const byFold = new Map<string, number>()
  const distinct: { label: number; fold: string; rows: number }[] = []
  for (const label of labels) {
    const fold = labelFold(names[label]!)
    const known = byFold.get(fold)
    if (known !== undefined) {
      meant.set(label, { label: known, sure: true })
      continue
    }
    byFold.set(fold, label)
    distinct.push({ label, fold, rows: counts[label]! })
  }
  distinct.sort((a, b) => b.rows - a.rows)
  if (distinct.length > manyLabels) return meant
  for (let i = distinct.length - 1; i > 0; i--) {
    const rare = distinct[i]!
    if (i % 100 === 0) yield { phase: 'label-typo', done: distinct.length - i, total: distinct.length }
    const other = distinct
      .slice(0, i)
      .find(
        frequent =>
          frequent.rows >= 10 * rare.rows &&
          oneLetterApart(rare.fold, frequent.fold) &&
          !differOnPurpose(names[rare.label]!, names[frequent.label]!),
      )
    // Few misspell the first letter, and many pairs of words differ in it: seller and teller.
    if (other) meant.set(rare.label, { label: other.label, sure: rare.rows <= 3 && rare.fold[0] === other.fold[0] })
  }
  // A misspelling of a misspelling means what that one means.
  for (const [label, { label: other, sure }] of meant) {
    const further = meant.get(other)
    if (further) meant.set(label, { label: further.label, sure: sure && further.sure })
  }
  return meant
}
