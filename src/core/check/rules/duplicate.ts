import { normalForm } from '../../sign/normal.ts'
import { contextOf, differingLists } from '../context.ts'
import type { Corpus } from '../corpus.ts'
import { type Finding, type FindingDetails, type Fix, LazyFinding } from '../finding.ts'
import { labelFold, quoted } from '../labels.ts'
import type { Rule, RuleContext, RuleSettings } from '../rule.ts'

/** In larger clusters "keep only this one" would be a list of edits longer than anyone reads. */
export const keepOnlyLimit = 32

export const duplicate: Rule = {
  meta: {
    id: 'duplicate',
    title: 'Row that repeats another',
    severity: 'warning',
    what: `A row whose text equals that of an earlier row of the same split with the same label, apart from case, white space and
punctuation (the normal form: NFKC, lower case, everything but letters, numbers and marks reduced to single spaces). The first row of
the split stands for all of them. Rows of instructions with different \`input\`, \`context\` or the like are not copies, nor are conversations with different
\`system\` or \`tools\`, captions of different pictures, or pairs of texts (\`premise\` and \`hypothesis\`) of which only one is the same. The same text in two splits is \`leak\`, with two labels it is \`label-conflict\`.`,
    why: `A row that stands twice counts twice: in the loss, in the class balance, and in a test score. Models repeat what they saw
repeatedly, word for word.`,
    fix: `Remove this row; or keep only this one and remove the others. "Fix all" removes all but the first, except where the rows differ
in a sign that may matter, such as \`£\` and \`€\`, or in the list or object that another column holds.`,
    example: `\`\`\`jsonl
{"text": "Where is my parcel?", "label": "delivery"}
{"text": "where is my parcel", "label": "delivery"}
\`\`\`
Row 1: \`Duplicate of train.jsonl row 0, apart from case, spaces or punctuation.\``,
    options: {},
  },

  local: {
    comparison: () => undefined,
    *about(context, slots) {
      const { rowsOf } = yield* context.corpus.forms()
      const labels = yield* context.corpus.foldedLabels()
      for (const slot of slots) tellCopies(context, rowsOf(slot), labels)
    },
  },

  *check(context) {
    const { corpus } = context
    const { slots, rowsOf, rowsIn, firstRow } = yield* corpus.forms()
    const labels = yield* corpus.foldedLabels()
    for (let row = 0, work = 0; row < corpus.rowCount; row++) {
      const slot = slots[row]!
      if (slot < 0) continue
      // Most forms have one row.
      if (rowsIn(slot) < 2 || firstRow(slot) !== row) continue
      const rows = rowsOf(slot)
      tellCopies(context, rows, labels)
      work += rows.length
      if (work > 200) {
        work = 0
        yield { phase: 'duplicate', done: row, total: corpus.rowCount }
      }
    }
  },
}

function tellCopies({ corpus, settings, add }: RuleContext, rows: Int32Array, labels: Int32Array): void {
  const asked = contextOf(corpus)
  const first = rows[0]!
  // As a rule all of them belong together.
  const together = (row: number) =>
    labels[row] === labels[first] && corpus.split(row) === corpus.split(first) && asked(row) === asked(first)
  if (rows.every(together)) {
    const cluster = [...rows]
    for (let i = 1; i < cluster.length; i++) add(found(corpus, settings, cluster, cluster[i]!))
    return
  }
  for (const cluster of sameSplitAndLabel(corpus, rows, of => `${labels[of]} ${asked(of)}`))
    for (const copy of cluster.slice(1)) add(found(corpus, settings, cluster, copy))
}

/** The rows of one form, apart by split, label and what they are asked about, each cluster ascending. */
function sameSplitAndLabel(corpus: Corpus, rows: Int32Array, more: (row: number) => string): number[][] {
  const clusters = new Map<string, number[]>()
  for (const row of rows) {
    const key = `${corpus.split(row)} ${more(row)}`
    const cluster = clusters.get(key)
    if (cluster) cluster.push(row)
    else clusters.set(key, [row])
  }
  return [...clusters.values()].filter(cluster => cluster.length > 1)
}

function found(corpus: Corpus, settings: RuleSettings, cluster: readonly number[], row: number): Finding {
  const { severity } = settings
  return new LazyFinding({ rule: 'duplicate', severity, alike: 'equal' }, corpus.rowOf(row), () =>
    details(corpus, cluster, row),
  )
}

function details(corpus: Corpus, cluster: readonly number[], row: number): FindingDetails {
  const first = cluster[0]!
  const text = corpus.text(row)
  const other = corpus.text(first)
  const label = corpus.label(row)
  const same = text === other
  const alike = same || signs(text) === signs(other)
  const how = same
    ? ''
    : alike
      ? ', apart from case, spaces or punctuation'
      : ', apart from signs such as currency symbols'
  const lists = differingLists(corpus, row, first)
  const rest = lists.length === 0 ? '' : ` They differ in ${lists.slice(0, 3).map(quoted).join(', ')}.`
  const preferred = alike && lists.length === 0
  const fixes: Fix[] = [corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred }, [row])]
  if (cluster.length <= keepOnlyLimit) fixes.push(keepOnly(corpus, cluster, row))
  return {
    span: corpus.textPlace(row).span,
    message: `Duplicate of ${corpus.name(first)}${how}.${rest}`,
    related: [corpus.related(first, 'The row that it repeats', { similarity: 1, containment: 1 })],
    fixes,
    // What all copies share, so that it does not matter which of them comes first.
    key: corpus.key('duplicate', normalForm(text), label === undefined ? undefined : labelFold(label)),
  }
}

/** The fix that leaves one row of a cluster. */
export function keepOnly(corpus: Corpus, cluster: readonly number[], row: number): Fix {
  const others = cluster.filter(other => other !== row)
  const title = `Keep only this row of the ${cluster.length} alike`
  return corpus.removal({ kind: 'keep-only', title, preferred: false }, others)
}

/**
 * Letters, numbers, marks and symbols in lower case, with `#` and `%` behind them and what stands between two numbers: what two texts must
 * share to be the same to a reader (`2 - 2` is not `2 * 2`).
 */
export function signs(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(?<=[\p{N})])\s*([-–−*/^:.,])\s*(?=[\p{N}(])/gu, (_, sign: string) =>
      /[–−]/u.test(sign) ? between('-') : between(sign),
    )
    .replace(/(?<![\p{L}\p{N}])[#%]|[^\p{L}\p{N}\p{M}\p{Sc}\p{Sm}\p{So}#%]+/gu, '')
}

/** A sign as a symbol that stays: one of those that nobody writes. */
const between = (sign: string) => String.fromCharCode(0x2800 + sign.charCodeAt(0))
