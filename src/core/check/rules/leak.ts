import type { SplitName } from '../../data/dataset.ts'
import { jaccard } from '../../sign/exact.ts'
import type { Work } from '../../sign/progress.ts'
import { parseThreshold, reaches } from '../../sign/threshold.ts'
import type { Corpus, Likeness } from '../corpus.ts'
import { type Finding, type FindingDetails, LazyFinding } from '../finding.ts'
import type { Comparison } from '../memory.ts'
import { similarityOptions } from '../options.ts'
import { milder, type Rule, type RuleSettings } from '../rule.ts'
import { shown } from './nearDuplicate.ts'

export const leak: Rule = {
  meta: {
    id: 'leak',
    title: 'Evaluation row that the model has seen',
    severity: 'error',
    what: `A validation or test row whose text is also in train, equal in normal form (an error) or similar at or above \`threshold\` (a
warning). The message names the train row that it is most similar to. Test rows that train does not have are compared with validation
in the same way, as a warning. Only the compared text counts, not the label.`,
    why: `A score on rows that were trained on measures memory. A few percent of leaked rows can decide which of two models looks better,
and nobody sees it in the number. Winnow's evaluations show every score with and without the rows that this rule found.`,
    fix: `Remove this row; or remove the row of train instead, which keeps the test set comparable with published scores. "Fix all" removes
the evaluation rows that are equal to one of train, not those that are only similar.`,
    example: `\`\`\`
train.jsonl row 0  {"text": "Where is my parcel?", "label": "delivery"}
test.jsonl row 0   {"text": "where is my parcel", "label": "delivery"}
\`\`\`
test.jsonl row 0: \`Leaked: the same text is train.jsonl row 0.\``,
    options: similarityOptions(0.8),
  },

  *check({ corpus, settings, add }) {
    const { threshold, shingle } = settings.options
    const likeness = yield* corpus.likeness(String(shingle), threshold!)
    const { slots, rowsOf } = likeness
    const sources = new Map<number, Source | undefined>()
    for (const file of corpus.files) {
      if (file.split === 'train') continue
      for (let i = 0; i < file.table.rowCount; i++) {
        const row = file.base + i
        const slot = slots[row]!
        if (i % 2048 === 2047) yield { phase: 'leak', done: row, total: corpus.rowCount }
        if (slot < 0) continue
        // Copies of one text in one split have one answer.
        const key = slot * 2 + (file.split === 'test' ? 1 : 0)
        if (!sources.has(key)) sources.set(key, yield* sourceOf(corpus, likeness, slot, earlier[file.split], rowsOf))
        const source = sources.get(key)
        if (!source) continue
        const finding = found(corpus, settings, likeness, row, source)
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

/** The row of an earlier split that has this form or the most similar one; train goes before validation. */
function* sourceOf(
  corpus: Corpus,
  { similar }: Likeness,
  slot: number,
  splits: readonly SplitName[],
  rowsOf: (slot: number) => Int32Array,
): Work<Source | undefined> {
  const group = similar.group(slot)
  const { matcher } = similar
  for (const split of splits) {
    const own = rowsOf(slot).find(row => corpus.split(row) === split)
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
      const row = rowsOf(other).find(candidate => corpus.split(candidate) === split)
      if (row === undefined) continue
      if (!best || similarity > best.similarity || row < best.row) best = { row, similarity }
    }
    if (best) return { row: best.row, equal: false }
  }
  return undefined
}

const equal = { inter: 1, union: 1, numbers: false }

function found(
  corpus: Corpus,
  settings: RuleSettings,
  likeness: Likeness,
  row: number,
  source: Source,
): Finding | undefined {
  const exact = source.equal ? equal : corpus.compare(likeness, row, source.row)
  if (!reaches(parseThreshold(settings.options['threshold']!), exact.inter, exact.union)) return undefined
  const split = corpus.split(source.row)
  const severity = source.equal && split === 'train' ? settings.severity : milder(settings.severity, 'warning')
  return new LazyFinding({ rule: 'leak', severity, ...corpus.rowOf(row) }, () => details(corpus, row, source, exact))
}

function details(corpus: Corpus, row: number, source: Source, exact: Comparison): FindingDetails {
  const similarity = jaccard(exact)
  const split = corpus.split(source.row)
  const name = corpus.name(source.row)
  const message = source.equal
    ? `Leaked: the same text is ${name}.`
    : exact.numbers
      ? `Leaked but for its numbers: similar to ${name}, Jaccard ${shown(similarity)}.`
      : `Nearly leaked: similar to ${name}, Jaccard ${shown(similarity)}.`
  return {
    span: corpus.textPlace(row).span,
    message,
    related: [corpus.related(source.row, `The ${split} row that it leaked from`, similarity)],
    fixes: [
      corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred: source.equal && split === 'train' }, [
        row,
      ]),
      corpus.removal({ kind: 'remove-row', title: `Remove ${name} instead`, preferred: false }, [source.row]),
    ],
    key: corpus.key('leak', corpus.split(row), corpus.text(row)),
  }
}
