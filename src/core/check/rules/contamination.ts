import { contaminated } from '../contamination.ts'
import { quoted } from '../labels.ts'
import type { Rule } from '../rule.ts'
import { shortNames } from '../shortNames.ts'

export const contamination: Rule = {
  meta: {
    id: 'contamination',
    title: 'Training row that holds a benchmark',
    severity: 'warning',
    what: `A training row that overlaps with a row of the benchmark files that \`winnow.json\` names:

\`\`\`json
{ "contamination": { "files": ["benchmarks/gsm8k-test.jsonl"], "preset": "13-gram" } }
\`\`\`

Compared are words of the normal form (lower case, no punctuation); in scripts without spaces each character is a word. The presets:

\`13-gram\` (GPT-3): any run of 13 words in common; 8 to 12 where the benchmark's rows are short (the 5th percentile of their lengths). Runs
that stand in more than ten rows of the benchmark do not count.

\`8-gram\` (PaLM): at least 70 % of the runs of 8 words of a benchmark row stand in training rows; told at the row with most of them.

\`50-char\` (GPT-4): one of three substrings of 50 letters and digits of a benchmark row, drawn by a seed that its text gives; a shorter row as
a whole, or, of fewer than 20, only where it is all of a training row.

\`idf\` (decon): runs of five words in common, weighed by how rare they are in the benchmark, make 0.8 of all its weight (1 for rows of 20
words, falling to 0.8 at 50); rows under 20 words, or of fewer than four different ones, are left out.`,
    why: `Whoever trained on a benchmark's questions measures memory. Short rows and paraphrases escape every one of these definitions, so
no finding is no proof; name the preset where you publish a score.`,
    fix: 'Remove the row. Not part of "fix all".',
    example:
      'Row 40: `Overlaps with gsm8k-test.jsonl row 7 (13-gram: 13 words in a row, 21 times): "Natalia sold clips to 48 of her…".`',
    options: {},
  },

  *check({ corpus, settings, benchmarks, add }) {
    if (!benchmarks) return
    const own = new Set(corpus.files.map(file => file.uri))
    const datasets = benchmarks.datasets.map(dataset => ({
      ...dataset,
      splits: dataset.splits.map(split => ({
        ...split,
        tables: split.tables.filter(table => !own.has(table.source.uri)),
      })),
    }))
    const tables = datasets.flatMap(({ splits }) => splits.flatMap(split => split.tables))
    const names = shortNames([...new Set(tables.map(table => table.source.uri))])
    const rows: number[] = []
    for (const file of corpus.files)
      if (file.split === 'train') for (let row = 0; row < file.table.rowCount; row++) rows.push(file.base + row)
    const train = { rows, total: rows.length, text: (row: number) => corpus.text(row) }
    for (const { row, with: other, what } of yield* contaminated({ ...benchmarks, datasets }, train)) {
      const { uri } = other.table.source
      add({
        rule: 'contamination',
        severity: settings.severity,
        ...corpus.textPlace(row),
        message: `Overlaps with ${names.get(uri)} row ${other.row} (${benchmarks.preset}: ${what}): ${quoted(other.text)}.`,
        related: [{ uri, row: other.row, span: other.table.rowSpan(other.row), message: 'The row of the benchmark' }],
        fixes: [corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred: false }, [row])],
        key: corpus.key('contamination', corpus.text(row), other.text),
      })
    }
  },
}
