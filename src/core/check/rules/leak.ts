import { never } from '../../base/failure.ts'
import type { SplitName } from '../../data/dataset.ts'
import { jaccard } from '../../sign/exact.ts'
import type { Work } from '../../sign/progress.ts'
import { parseThreshold, reaches } from '../../sign/threshold.ts'
import { containment, containmentOf, containmentOptions, type Holders, holders, within } from '../containment.ts'
import { contextOf } from '../context.ts'
import type { Corpus, Likeness } from '../corpus.ts'
import { type Finding, type Fix, LazyFinding, type Severity } from '../finding.ts'
import { comparisonOf, similarityOptions } from '../options.ts'
import { milder, type Rule, type RuleSettings } from '../rule.ts'
import { signs } from './duplicate.ts'
import { shown } from './nearDuplicate.ts'

export const leak: Rule = {
  meta: {
    id: 'leak',
    title: 'Evaluation row that the model has seen',
    severity: 'error',
    what: `A validation or test row whose text is also in train: equal in normal form (an error), similar at or above \`threshold\`, or
contained in a longer row of train, which has the share \`containment\` of its shingles or more (warnings). The message names the train row
that it is most similar to, and says where the two differ only in numbers. Test rows that train does not have are compared with validation
in the same way, as a warning. Only the compared text counts, not the label; answers to one
prompt about different inputs are no leak.

A leak that is ignored is not shown, but the row has leaked all the same: evaluations and runs find leaked rows by themselves and
give their scores with and without all of them.`,
    why: `A score on rows that were trained on measures memory. A few percent of leaked rows can decide which of two models looks better,
and nobody sees it in the number. Winnow's evaluations show every score with and without the rows that this rule found.`,
    fix: `Remove this row; or remove the row of train instead, which keeps the test set comparable with published scores. "Fix all" removes
the evaluation rows that are equal to one of train, not those that are only similar or contained or differ in a sign that may matter. Where two rows differ only in numbers, as the
rows of a template do, nothing is offered.`,
    example: `\`\`\`
train.jsonl row 0  {"text": "Where is my parcel?", "label": "delivery"}
test.jsonl row 0   {"text": "where is my parcel", "label": "delivery"}
\`\`\`
test.jsonl row 0: \`Leaked: the same text is train.jsonl row 0.\``,
    options: { ...similarityOptions(0.8), ...containmentOptions },
  },

  local: {
    comparison: comparisonOf,
    *about({ corpus, settings, add }, slots) {
      const { scheme, threshold } = comparisonOf(settings)
      const likeness = yield* corpus.likeness(scheme, threshold)
      const sources = new Sources(corpus, likeness)
      for (const slot of slots)
        for (const row of likeness.rowsOf(slot)) {
          if (corpus.split(row) === 'train') continue
          const source = yield* sources.of(row)
          const finding = source && found({ corpus, settings, likeness }, row, source)
          if (finding) add(finding)
        }
    },
  },

  *check({ corpus, settings, add }) {
    const { threshold, shingle } = settings.options
    const likeness = yield* corpus.likeness(String(shingle), threshold!)
    const { slots } = likeness
    const longer = yield* holders(corpus, likeness, containmentOf(settings))
    const compared = { corpus, settings, likeness }
    const sources = new Sources(corpus, likeness)
    for (const file of corpus.files) {
      if (file.split === 'train') continue
      for (let i = 0; i < file.table.rowCount; i++) {
        const row = file.base + i
        const slot = slots[row]!
        if (i % 2048 === 2047) yield { phase: 'leak', done: row, total: corpus.rowCount }
        if (slot < 0) continue
        // A generator for each row would cost more than looking it up.
        const source = sources.known(row) ?? (yield* sources.of(row))
        const finding =
          (source ? found(compared, row, source) : undefined) ??
          (longer?.has(slot) ? foundWithin(compared, row, longer) : undefined)
        if (finding) add(finding)
      }
    }
  },
}

const earlier: { readonly [S in SplitName]: readonly SplitName[] } = {
  train: [],
  validation: ['train'],
  test: ['train', 'validation'],
}

interface Source {
  readonly row: number
  readonly equal: boolean
}

/** Once a similar row is known, so many more are compared in search of a better one: a template can have 100,000. */
const further = 2000

/**
 * The row of an earlier split that says the same as a row or the most similar, and is asked about the same (`contextOf`); train goes
 * before validation.
 */
class Sources {
  private readonly corpus: Corpus
  private readonly likeness: Likeness
  private readonly asked: (row: number) => string
  /** Copies of one text in one split have one answer. */
  private readonly told = new Map<number | string, Source | false>()

  constructor(corpus: Corpus, likeness: Likeness) {
    this.corpus = corpus
    this.likeness = likeness
    this.asked = contextOf(corpus)
  }

  /** What was found of a row that says the same; false where it was nothing. */
  known(row: number): Source | false | undefined {
    return this.told.get(this.keyOf(row, this.asked(row)))
  }

  *of(row: number): Work<Source | false> {
    const { told, likeness, corpus } = this
    const about = this.asked(row)
    const key = this.keyOf(row, about)
    const known = told.get(key)
    if (known !== undefined) return known
    const found = (yield* this.find(likeness.slots[row]!, earlier[corpus.split(row)], about)) ?? false
    told.set(key, found)
    return found
  }

  private keyOf(row: number, about: string): number | string {
    const number = this.likeness.slots[row]! * 2 + (this.corpus.split(row) === 'test' ? 1 : 0)
    return about === '' ? number : `${number} ${about}`
  }

  private *find(slot: number, splits: readonly SplitName[], about: string): Work<Source | undefined> {
    const { corpus, asked } = this
    const { similar, rowsOf } = this.likeness
    const group = similar.group(slot)
    const { matcher } = similar
    for (const split of splits) {
      const fits = (row: number) => corpus.split(row) === split && asked(row) === about
      const own = rowsOf(slot).find(fits)
      if (own !== undefined) return { row: own, equal: true }
      let best: { row: number; similarity: number } | undefined
      let left = further
      for (let i = 0; i < group.length && left > 0; i++) {
        if (i % 20_000 === 19_999) yield { phase: 'leak', done: i, total: group.length }
        const other = group[i]!
        if (other === slot) continue
        if (best) left--
        const inter = matcher.overlap(slot, other)
        if (inter === 0) continue
        const similarity = inter / (matcher.forms.size(slot) + matcher.forms.size(other) - inter)
        if (best && (similarity < best.similarity || best.similarity === 1)) continue
        const row = rowsOf(other).find(fits)
        if (row === undefined) continue
        if (!best || similarity > best.similarity || row < best.row) best = { row, similarity }
      }
      if (best) return { row: best.row, equal: false }
    }
    return undefined
  }
}

const equal = { inter: 1, union: 1, numbers: false }

interface Compared {
  readonly corpus: Corpus
  readonly settings: RuleSettings
  readonly likeness: Likeness
}

function found({ corpus, settings, likeness }: Compared, row: number, source: Source): Finding | undefined {
  const exact = source.equal ? equal : corpus.compare(likeness, row, source.row)
  if (!reaches(parseThreshold(settings.options['threshold']!), exact.inter, exact.union)) return undefined
  const alike = source.equal ? 'equal' : exact.numbers ? 'numbers' : 'near'
  return leaked({ corpus, settings, row, source: source.row, alike }, () => ({
    similarity: jaccard(exact),
    containment: source.equal ? 1 : containment(likeness, row, exact.inter),
  }))
}

/** The finding that a row stands within a longer one of an earlier split. */
function foundWithin({ corpus, settings, likeness }: Compared, row: number, longer: Holders): Finding | undefined {
  const share = parseThreshold(settings.options['containment']!)
  const asked = contextOf(corpus)
  for (const split of earlier[corpus.split(row)]) {
    for (const source of longer.of(row, other => corpus.split(other) === split && asked(other) === asked(row))) {
      const exact = within(corpus, likeness, row, source)
      if (!reaches(share, exact.inter, exact.own)) continue
      const how = { similarity: jaccard(exact), containment: exact.inter / exact.own }
      return leaked({ corpus, settings, row, source, alike: 'contained' }, () => how)
    }
  }
  return undefined
}

interface Leak {
  readonly corpus: Corpus
  readonly settings: RuleSettings
  readonly row: number
  readonly source: number
  readonly alike: 'equal' | 'near' | 'numbers' | 'contained'
}

interface How {
  readonly similarity: number
  readonly containment: number
}

function leaked({ corpus, settings, row, source, alike }: Leak, how: () => How): Finding {
  const split = corpus.split(source)
  const worst = alike === 'equal' && split === 'train'
  const severity: Severity = worst ? settings.severity : milder(settings.severity, 'warning')
  const remove = (title: string, of: number, preferred: boolean): Fix =>
    corpus.removal({ kind: 'remove-row', title, preferred }, [of])
  return new LazyFinding({ rule: 'leak', severity, alike }, corpus.rowOf(row), () => {
    const figures = how()
    const name = corpus.name(source)
    const fixes: Fix[] = []
    if (alike !== 'numbers')
      fixes.push(remove('Remove this row', row, worst && signs(corpus.text(row)) === signs(corpus.text(source))))
    if (alike === 'equal' || alike === 'near') fixes.push(remove(`Remove ${name} instead`, source, false))
    return {
      span: corpus.textPlace(row).span,
      message: told(alike, name, figures),
      related: [corpus.related(source, `The ${split} row that it leaked from`, figures)],
      fixes,
      key: corpus.key('leak', corpus.split(row), corpus.text(row)),
    }
  })
}

function told(alike: Leak['alike'], name: string, how: How): string {
  const figures = `Jaccard ${shown(how.similarity)}, containment ${shown(how.containment)}`
  switch (alike) {
    case 'equal':
      return `Leaked: the same text is ${name}.`
    case 'numbers':
      return `Leaked but for its numbers: similar to ${name}, ${figures}.`
    case 'near':
      return `Nearly leaked: similar to ${name}, ${figures}.`
    case 'contained':
      return `Leaked within a longer text: contained in ${name}, ${figures}.`
    default:
      return never(alike)
  }
}
