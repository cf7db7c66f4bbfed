import type { Work } from '../../sign/progress.ts'
import { isChoice, type LabelRows, labelRows } from '../labelRows.ts'
import { quoted } from '../labels.ts'
import { marksOf } from '../marks.ts'
import { numberOption } from '../options.ts'
import type { Rule, RuleContext } from '../rule.ts'

/** Rows that are read, spread over all of them: what predicts a label shows in them too. */
const sampleRows = 20_000
/** Findings at most for one dataset; more are of one kind. */
const mostFindings = 10

export const labelShortcut: Rule = {
  meta: {
    id: 'label-shortcut',
    title: 'Something that gives the label away',
    severity: 'info',
    what: `Something besides the topic that alone tells the label: a web address, a tag, a handle, a code with digits, capitals only, line
breaks, markup, and the like. It must stand in \`rows\` rows or more of one label, in a fifth of all rows of that label, and nearly nowhere
else (of the rows that have it, \`precision\` carry that label, and by far fewer would by chance). Plain words count only where nine of ten rows of
a label have them and hardly any other row: words of the topic are meant to predict the label, but not all of its rows share one. What stands in the label's own name is the topic too.`,
    why: `A model takes the shortest way. If every spam row of the training data ends with the same link, it learns the link, scores well on a
test set from the same source, and fails on everything else.`,
    fix: `Look at rows of the label without it. If the sign comes from how the rows were collected, remove it from the texts, or add rows of
other labels that have it.`,
    example: `Where 40 of 50 \`spam\` rows and no other row contain \`bit.ly\` links:
\`The address "bit.ly" stands in 40 rows, all labelled "spam" (80 % of that label): it alone gives the label away.\``,
    options: {
      rows: numberOption(20, [5, 1e6], 'The least number of rows that have it.'),
      precision: numberOption(0.99, [0.5, 1], 'The least share of one label among them.'),
    },
  },

  *check(context) {
    const labels = yield* labelRows(context.corpus)
    if (!labels || labels.several || !isChoice(yield* labels.rows())) return
    const signs = yield* signsOf(context, labels)
    for (const sign of signs.slice(0, mostFindings)) report(context, labels, sign)
  },
}

interface Sign {
  readonly name: string
  readonly label: number
  /** Rows read that have it, and of those the ones with the label. */
  readonly rows: number
  readonly hits: number
  /** Rows read that carry the label. */
  readonly labelled: number
  /** The first rows that have both. */
  readonly examples: readonly number[]
}

interface Tally {
  rows: number
  readonly byLabel: Map<number, number>
  readonly plain: boolean
}

/** What predicts a label, the most telling first. */
function* signsOf({ corpus, settings }: RuleContext, labels: LabelRows): Work<Sign[]> {
  const tallies = new Map<string, Tally>()
  const labelled = new Map<number, number>()
  const step = Math.max(1, Math.floor(corpus.rowCount / sampleRows))
  let read = 0
  let work = 0
  for (let row = 0; row < corpus.rowCount; row += step) {
    const label = labels.of[row]!
    if (label < 0) continue
    const text = corpus.text(row)
    if (text === '') continue
    read++
    labelled.set(label, (labelled.get(label) ?? 0) + 1)
    for (const [name, plain] of marksOf(text)) {
      let tally = tallies.get(name)
      if (!tally) {
        tally = { rows: 0, byLabel: new Map(), plain }
        tallies.set(name, tally)
      }
      tally.rows++
      tally.byLabel.set(label, (tally.byLabel.get(label) ?? 0) + 1)
    }
    work += text.length + 50
    if (work > 20_000) {
      work = 0
      yield { phase: 'label-shortcut', done: row, total: corpus.rowCount }
    }
  }
  const least = settings.options['rows'] as number
  const precision = settings.options['precision'] as number
  const found: Omit<Sign, 'examples'>[] = []
  for (const [name, { rows, byLabel, plain }] of tallies) {
    if (rows < least) continue
    const [label, hits] = [...byLabel].reduce((a, b) => (b[1] > a[1] ? b : a))
    const of = labelled.get(label)!
    const share = of / read
    const telling = hits >= rows * precision && share < 0.8
    const topical = named(name, labels.names[label]!)
    if (telling && !topical && hits >= of * (plain ? 0.9 : 0.2)) found.push({ name, label, rows, hits, labelled: of })
  }
  found.sort((a, b) => b.hits - a.hits || (a.name < b.name ? -1 : 1))
  return yield* withExamples(corpus, labels, oneEach(found))
}

/** Is this a word of the label's own name, as `coin` is of `flip_coin`? Then it is the topic. */
function named(sign: string, label: string): boolean {
  const word = letters(/"(.*)"/u.exec(sign)?.[1] ?? '')
  const name = letters(label)
  return word !== '' && (name.includes(word) || word.includes(name))
}

const letters = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')

/** Signs that stand in the same rows are one sign: of those with equal counts the first is kept. */
function oneEach(found: readonly Omit<Sign, 'examples'>[]): Omit<Sign, 'examples'>[] {
  const seen = new Set<string>()
  return found.filter(({ label, rows, hits }) => {
    const same = `${label} ${rows} ${hits}`
    if (seen.has(same)) return false
    seen.add(same)
    return true
  })
}

function* withExamples(
  corpus: RuleContext['corpus'],
  labels: LabelRows,
  found: readonly Omit<Sign, 'examples'>[],
): Work<Sign[]> {
  const wanted = found.slice(0, mostFindings).map(sign => ({ ...sign, examples: [] as number[] }))
  if (wanted.length === 0) return []
  const step = Math.max(1, Math.floor(corpus.rowCount / sampleRows))
  for (let row = 0; row < corpus.rowCount; row += step) {
    const open = wanted.filter(sign => sign.label === labels.of[row] && sign.examples.length < 4)
    if (open.length === 0) continue
    const marks = new Set([...marksOf(corpus.text(row))].map(([name]) => name))
    for (const sign of open) if (marks.has(sign.name)) sign.examples.push(row)
    if (row % 64 === 63) yield { phase: 'label-shortcut', done: row, total: corpus.rowCount }
  }
  return wanted
}

function report({ corpus, settings, add }: RuleContext, labels: LabelRows, sign: Sign): void {
  const label = quoted(labels.names[sign.label]!)
  const all = sign.hits === sign.rows ? 'all' : `${sign.hits} of them`
  const share = Math.round((100 * sign.hits) / sign.labelled)
  const [first, ...others] = sign.examples
  if (first === undefined) return
  add({
    rule: 'label-shortcut',
    severity: settings.severity,
    ...corpus.textPlace(first),
    message: `${sign.name[0]!.toUpperCase()}${sign.name.slice(1)} stands in ${sign.rows} rows, ${all} labelled ${label} (${share} % of that label): it alone gives the label away.`,
    related: others.map(row => corpus.related(row, `Labelled ${label} too`)),
    fixes: [],
    key: corpus.key('label-shortcut', sign.name, labels.names[sign.label]),
  })
}
