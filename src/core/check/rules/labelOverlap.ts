import { crossing, labelHealth } from '../../label/health.ts'
import { classCounts } from '../../label/probabilities.ts'
import { knowsLabels } from '../../label/quality.ts'
import type { Work } from '../../sign/progress.ts'
import { isAsJudged, judgeable, judgement, leastJudged } from '../judgement.ts'
import { type LabelRows, labelRows } from '../labelRows.ts'
import { quoted } from '../labels.ts'
import { numberOption } from '../options.ts'
import type { Rule, RuleContext } from '../rule.ts'

/** Findings at most; with many labels the first ones say enough. */
const most = 10
/** A class of fewer rows is judged too unsurely. */
const leastOfEach = 20
/**
 * A pair has so many times the rows that it would have if all wrong labels were spread over all pairs: noise alone is no overlap. So two
 * labels alone never are: what is taken for the other is wrong, not a third thing.
 */
const aboveNoise = 2

export const labelOverlap: Rule = {
  meta: {
    id: 'label-overlap',
    adviceOnly: true,
    title: 'Labels that are taken for each other',
    severity: 'info',
    what: `Two labels that texts hardly tell apart: of the rows that carry either, \`share\` or more (and \`rows\` at least) seem to be of the other, by the
calibrated confident joint of confident learning (Northcutt, Jiang and Chuang, 2021) and the built-in classifier of \`label-error\`, which judges
no row that it has seen. It must be twice as many as labels that are wrong at random would give. Told once for a pair, at the row that shows it best, at most ${most} pairs, the largest first; only where there are three labels
or more, of labels with ${leastOfEach} rows, in datasets of ${leastJudged} rows or more. \`winnow profile\` shows the estimates for every label.`,
    why: `Where people cannot say which of two labels fits, no model can, and correcting single rows does not help. It is the definition of the
labels that needs a line more, or the two are one.`,
    fix: 'Write down what sets the two apart and go through the rows shown; or merge the labels. Nothing is offered.',
    example: `Among 77 intents of bank customers:
\`"unable_to_verify_identity" and "why_verify_identity" are taken for each other: about 17 of their 223 rows seem to carry the other's label.\``,
    options: {
      share: numberOption(0.05, [0, 1], 'The least share of the rows of both labels that seem to carry the other one.'),
      rows: numberOption(8, [1, 1e6], 'The least number of such rows.'),
      most: numberOption(100_000, [1, 1e9], 'Datasets of more labelled rows are left alone, as by `label-error`.'),
    },
  },

  *check(context) {
    const labels = yield* labelRows(context.corpus)
    if (!labels || labels.several) return
    const { corpus, settings, add } = context
    for (const { a, b, rows, of, examples } of yield* overlaps(context, labels)) {
      const [first, ...others] = examples
      if (first === undefined) continue
      add({
        rule: 'label-overlap',
        severity: settings.severity,
        ...corpus.place(first, corpus.labelColumn),
        message: `${quoted(a)} and ${quoted(b)} are taken for each other: about ${rows} of their ${of} rows seem to carry the other's label.`,
        related: others.map(row => corpus.related(row, `Labelled ${quoted(corpus.label(row) ?? '')}`)),
        fixes: [],
        key: corpus.key('label-overlap', ...[a, b].sort()),
      })
    }
  },
}

/** Two labels by name. */
interface Pair {
  readonly a: string
  readonly b: string
  readonly rows: number
  readonly of: number
  /** Rows that carry one and seem to be of the other, the surest first. */
  readonly examples: readonly number[]
}

/** What is told of the labels of a dataset besides findings. */
export interface KnownHealth {
  /** How many rows were judged, and the estimated share of wrong labels among them. */
  readonly rows: number
  readonly noise: number
  readonly labels: readonly {
    readonly label: string
    readonly rows: number
    readonly wrong: number
    readonly lacking: number
  }[]
  readonly overlaps: readonly Omit<Pair, 'examples'>[]
}

/** Where `profile` finds it in the notes of a memory. */
export const healthNote = 'label-health'

interface Known {
  readonly judged: ReadonlySet<string>
  readonly options: RuleContext['settings']['options']
  /** With the keys of its examples. */
  readonly pairs: readonly (Omit<Pair, 'examples'> & { readonly shown: readonly string[] })[]
}

function* overlaps({ corpus, settings }: RuleContext, labels: LabelRows): Work<Pair[]> {
  const { options } = settings
  const about = yield* judgeable(corpus, labels, options['most'] as number)
  if (!about) return []
  const known = corpus.notes.get('label-overlap') as Known | undefined
  const same = known && Object.keys(options).every(name => known.options[name] === options[name])
  if (known && same && isAsJudged(known.judged, about.keys)) {
    const rows = new Map(about.keys.map((key, i) => [key, about.rows[i]!]))
    return known.pairs.map(({ shown, ...pair }) => ({
      ...pair,
      examples: shown.flatMap(key => rows.get(key) ?? []),
    }))
  }
  const { rows, classes, given, judged } = yield* judgement(corpus, labels, about)
  const keyOf = new Map(about.rows.map((row, i) => [row, about.keys[i]!]))
  const { both } = judged
  const sizes = classCounts(given, both.classes)
  const health = labelHealth(both, given)
  const name = (k: number) => labels.names[classes[k]!]!
  const knows = knowsLabels(both, given)
  const all = knows ? health.overlaps.map(({ a, b, rows: count }) => ({ a, b, count, of: sizes[a]! + sizes[b]! })) : []
  const pairsOfClasses = (both.classes * (both.classes - 1)) / 2
  const usual = all.reduce((sum, { count }) => sum + count, 0) / pairsOfClasses
  const told = all
    .filter(
      ({ a, b, count, of }) =>
        count >= aboveNoise * usual &&
        Math.min(sizes[a]!, sizes[b]!) >= leastOfEach &&
        count >= (options['rows'] as number) &&
        count >= (options['share'] as number) * of,
    )
    .slice(0, most)
  const pairs: Pair[] = []
  for (const { a, b, count, of } of told) {
    const examples = crossing(both, given, { a, b }).slice(0, 4)
    pairs.push({ a: name(a), b: name(b), rows: count, of, examples: examples.map(at => rows[at]!) })
    yield { phase: 'label-overlap', done: pairs.length, total: told.length }
  }
  if (knows)
    corpus.notes.set(healthNote, {
      rows: rows.length,
      noise: health.noise,
      labels: health.classes.map((own, k) => ({ label: name(k), rows: sizes[k]!, ...own })),
      overlaps: all.slice(0, most).map(({ a, b, count, of }) => ({ a: name(a), b: name(b), rows: count, of })),
    } satisfies KnownHealth)
  corpus.notes.set('label-overlap', {
    judged: new Set(about.keys),
    options,
    pairs: pairs.map(({ examples, ...pair }) => ({ ...pair, shown: examples.map(row => keyOf.get(row)!) })),
  } satisfies Known)
  return pairs
}
