import { Failure } from '../../base/failure.ts'
import { contentHash } from '../../base/hash.ts'
import type { Role } from '../../data/dataset.ts'
import { rowText } from '../../data/roles.ts'
import type { Work } from '../../sign/progress.ts'
import type { Corpus } from '../corpus.ts'
import { numberOption } from '../options.ts'
import type { Rule, RuleContext } from '../rule.ts'

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
three times as large or small as the median one. Datasets of fewer than 50 rows are left alone. Lengths are counted in characters; with the option
\`tokenizer\` in the tokens of the model that is to be tuned, and rows of more than \`maxTokens\` are told too, which training would cut off.
In datasets of more than 100,000 rows tokens are counted only where a text may have more than \`maxTokens\`.`,
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
      tokenizer: {
        default: '',
        what: 'A `tokenizer.json`, or the model folder it lies in, relative to `winnow.json`: lengths are then counted in its tokens.',
        check() {},
      },
      maxTokens: numberOption(
        0,
        [0, 1e9],
        'With a tokenizer: rows of more tokens are told whatever the others have; 0 for no limit.',
      ),
    },
  },

  *check(context) {
    const { corpus, settings, add } = context
    const limit = Number(settings.options['deviations'])
    const most = Number(settings.options['maxTokens'])
    for (const role of ['text', 'messages', 'prompt', 'completion', 'chosen', 'rejected'] as const) {
      const column = corpus.dataset.roles[role]
      if (column === undefined) continue
      const { lengths, tokens, unit } = yield* measured(context, role)
      const spread = spreadOf(lengths)
      const word =
        role === 'messages' ? 'conversation' : role === 'chosen' || role === 'rejected' ? `${role} answer` : role
      const tell = (row: number, message: string) =>
        add({
          rule: 'length-outlier',
          severity: settings.severity,
          ...corpus.place(row, column),
          message,
          related: [],
          fixes: [],
          key: corpus.key('length-outlier', role, corpus.text(row)),
        })
      for (let row = 0; row < lengths.length; row++) {
        if (row % 65_536 === 65_535) yield { phase: 'length-outlier', done: row, total: lengths.length }
        if (most > 0 && tokens && tokens[row]! > most) {
          tell(row, `The ${word} has ${count(tokens[row]!)} tokens, ${count(tokens[row]! - most)} more than maxTokens.`)
          continue
        }
        const length = lengths[row]!
        if (!spread || length === 0) continue
        if (length <= spread.median * factor && length * factor >= spread.median) continue
        if (Math.abs(Math.log(length) - Math.log(spread.median)) <= limit * spread.deviation) continue
        tell(
          row,
          `The ${word} has ${count(length)} ${unit}${length === 1 ? '' : 's'}; half of the rows have ${count(spread.low)} to ${count(spread.high)}.`,
        )
      }
    }
  },
}

/** Rows whose tokens are counted at most: a text takes about as long as reading it a hundred times. */
const mostCounted = 100_000

interface Measured {
  /** By row of the corpus; 0 where there is no text. */
  readonly lengths: Uint32Array
  readonly unit: 'character' | 'token'
  /** Where a tokenizer is named. In large datasets 0 for rows that are surely below `maxTokens`. */
  readonly tokens: Uint32Array | undefined
}

/** Lengths in tokens, where a tokenizer is named and the rows are not too many, else in characters. */
function* measured({ corpus, settings, countTokens }: RuleContext, role: Role): Work<Measured> {
  const lengths = yield* lengthsOf(corpus, role)
  if (!countTokens) return { lengths, unit: 'character', tokens: undefined }
  const most = Number(settings.options['maxTokens'])
  const all = lengths.length <= mostCounted
  const tokens = new Uint32Array(lengths.length)
  const name = `tokens ${settings.options['tokenizer']}`
  const known = (corpus.notes.get(name) as Map<string, number> | undefined) ?? new Map<string, number>()
  corpus.notes.set(name, known)
  let work = 0
  for (let row = 0; row < lengths.length; row++) {
    // A UTF-16 unit is three bytes at most, and no token is less than a byte.
    if (lengths[row] === 0 || (!all && (most === 0 || lengths[row]! * 3 <= most))) continue
    const { table, base } = corpus.fileOf(row)
    const text = rowText(table, row - base, { [role]: corpus.dataset.roles[role] }) ?? ''
    const key = contentHash(text)
    const counted = known.get(key) ?? countTokens(text)
    known.set(key, counted)
    tokens[row] = counted
    work += text.length
    if (work > 5000) {
      work = 0
      yield { phase: 'tokens', done: row, total: lengths.length }
    }
  }
  return all ? { lengths: tokens, unit: 'token', tokens } : { lengths, unit: 'character', tokens }
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
  const short = new Uint32Array(1 << 16)
  const long = new Map<number, number>()
  let known = 0
  for (const length of lengths) {
    if (length === 0) continue
    if (length < short.length) short[length]!++
    else long.set(length, (long.get(length) ?? 0) + 1)
    known++
  }
  if (known < fewRows) return undefined
  const sorted: [number, number][] = []
  for (const [length, rows] of short.entries()) if (rows > 0) sorted.push([length, rows])
  for (const entry of [...long].sort((a, b) => a[0] - b[0])) sorted.push(entry)
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
