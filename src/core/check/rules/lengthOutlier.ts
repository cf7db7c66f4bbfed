import { Failure } from '../../base/failure.ts'
import type { Role } from '../../data/dataset.ts'
import type { Work } from '../../sign/progress.ts'
import type { Corpus } from '../corpus.ts'
import type { Rule } from '../rule.ts'

/** With fewer rows nothing is unusual yet. */
const fewRows = 50
/** However alike all others are: within this factor of the median a length is no outlier. */
const factor = 3

export const lengthOutlier: Rule = {
  meta: {
    id: 'length-outlier',
    title: 'Text of unusual length',
    severity: 'info',
    what: `A text, prompt, answer or conversation that is far longer or shorter than the others of its dataset: its log length is more
than \`deviations\` robust standard deviations (1.4826 times the median absolute deviation) from the median, and its length more than
three times as large or small as the median one. Datasets of fewer than 50 rows are left alone.`,
    why: `The longest row decides how long batches are, and what is beyond the model's limit is cut off without a word. Very long rows are
often several rows in one (a quote that was not closed), very short ones what is left of a text.`,
    fix: 'Look at it. Nothing is offered: an unusual row may be the best of all.',
    example: 'Row 17: `The text has 48,210 characters; half of the rows have 64 to 118.`',
    options: {
      deviations: {
        default: 6,
        what: 'How many robust standard deviations of the log length from the median a row may be.',
        check(value) {
          if (!(Number(value) > 0)) throw new Failure('bad-option', `deviations is ${value}`, 'Give a number above 0')
        },
      },
    },
  },

  *check({ corpus, settings, add }) {
    const limit = Number(settings.options['deviations'])
    for (const role of ['text', 'messages', 'prompt', 'completion', 'chosen', 'rejected'] as const) {
      const column = corpus.dataset.roles[role]
      if (column === undefined) continue
      const lengths = yield* lengthsOf(corpus, role)
      const spread = spreadOf(lengths)
      if (!spread) continue
      const word =
        role === 'messages' ? 'conversation' : role === 'chosen' || role === 'rejected' ? `${role} answer` : role
      for (let row = 0; row < lengths.length; row++) {
        if (row % 65_536 === 65_535) yield { phase: 'length-outlier', done: row, total: lengths.length }
        const length = lengths[row]!
        if (length === 0 || (length <= spread.median * factor && length * factor >= spread.median)) continue
        if (Math.abs(Math.log(length) - Math.log(spread.median)) <= limit * spread.deviation) continue
        add({
          rule: 'length-outlier',
          severity: settings.severity,
          ...corpus.place(row, column),
          message: `The ${word} has ${count(length)} character${length === 1 ? '' : 's'}; half of the rows have ${count(spread.low)} to ${count(spread.high)}.`,
          related: [],
          fixes: [],
          key: corpus.key('length-outlier', role, corpus.text(row)),
        })
      }
    }
  },
}

/** By row of the corpus, in UTF-16 units. */
function* lengthsOf(corpus: Corpus, role: Role): Work<Uint32Array> {
  const all = new Uint32Array(corpus.rowCount)
  for (const file of corpus.files) {
    const own = (yield* corpus.scan(file)).lengths.get(role)
    if (own) all.set(own, file.base)
  }
  return all
}

/** Median, quartiles, and the robust standard deviation of the logarithms; undefined for too few. */
function spreadOf(lengths: Uint32Array) {
  // Lengths repeat, so they are counted: sorting millions of them would take a second.
  const counts = new Map<number, number>()
  let known = 0
  for (const length of lengths) {
    if (length === 0) continue
    counts.set(length, (counts.get(length) ?? 0) + 1)
    known++
  }
  if (known < fewRows) return undefined
  const sorted = [...counts].sort((a, b) => a[0] - b[0])
  const at = (share: number) => ranked(sorted, Math.floor((known - 1) * share))
  const median = at(0.5)
  const away = sorted.map(([length, rows]): [number, number] => [Math.abs(Math.log(length / median)), rows])
  const deviation =
    1.4826 *
    ranked(
      away.sort((a, b) => a[0] - b[0]),
      known >> 1,
    )
  return { median, low: at(0.25), high: at(0.75), deviation: Math.max(deviation, 0.1) }
}

/** The value at a rank, of ascending values with how often each occurs. */
function ranked(sorted: readonly (readonly [value: number, rows: number])[], rank: number): number {
  let before = 0
  for (const [value, rows] of sorted) {
    before += rows
    if (before > rank) return value
  }
  return sorted.at(-1)![0]
}

function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}
