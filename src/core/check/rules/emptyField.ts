import type { Role } from '../../data/dataset.ts'
import type { Corpus, CorpusFile } from '../corpus.ts'
import type { Finding, Severity } from '../finding.ts'
import { quoted } from '../labels.ts'
import type { Rule, RuleContext } from '../rule.ts'

/** Roles whose emptiness spoils a row. An id may be missing. */
const needed = ['text', 'prompt', 'completion', 'messages', 'chosen', 'rejected', 'label'] as const

/** From here on a column counts as not filled in at all, and is told once. */
const manyRows = 20
const mostRows = 0.9

export const emptyField: Rule = {
  meta: {
    id: 'empty-field',
    title: 'Field without content',
    severity: 'warning',
    what: `A text, prompt, completion, message list or label that is missing, \`null\`, empty or blank, or that is nothing but what programs
write for a missing value: \`nan\`, \`NaT\`, \`<NA>\`, \`#N/A\`, \`\\N\`, and in a text \`[deleted]\` and the like. Where nearly all rows of a file lack
it (a test file without labels, say), that is told once, at the top of the file.`,
    why: `An empty text with a label teaches the model that nothing at all means that label; an empty completion teaches it to stop at once;
a row without a label cannot be scored.`,
    fix: `Remove the row. "Fix all" removes rows without a text; a missing label can still be given, so those rows stay, as do those with
a word that stands for one.`,
    example: `\`\`\`csv
text,label
,refund
Where is my parcel?,
\`\`\`
Row 0: \`The text is empty.\` Row 1: \`The label is empty.\``,
    options: {},
  },

  *check(context) {
    const { corpus } = context
    const { of: labels, names } = yield* corpus.labels()
    const absent = names.map(name => missing.test(name))
    for (const file of corpus.files) {
      const { lengths } = yield* corpus.scan(file)
      for (const role of needed) {
        const column = corpus.dataset.roles[role]
        if (column === undefined) continue
        const empty: number[] = []
        let readable = 0
        for (let row = 0; row < file.table.rowCount; row++) {
          if (row % 8192 === 8191) yield { phase: 'empty-field', done: file.base + row, total: corpus.rowCount }
          // All were read before; what a row without one looks like is asked of few rows only.
          const length = role === 'label' ? 0 : lengths.get(role)![row]!
          if (role === 'label' ? labels[file.base + row]! >= 0 : length > 0) {
            readable++
            const stands =
              role === 'label'
                ? absent[labels[file.base + row]!]
                : length <= longestMissing && saysNothing(file.table.text(row, column) ?? '', role)
            if (stands) empty.push(row)
            continue
          }
          if (file.table.broken(row)) continue
          readable++
          if (isBlank(file, row, column)) empty.push(row)
        }
        report(context, { file, role, column, empty, readable })
      }
    }
  },
}

/** What pandas, spreadsheets and database dumps write for a value that is not there. */
const missing = /^\s*(?:nan|NaN|NAN|NaT|<NA>|<null>|#N\/A|#NULL!|#NAME\?|#REF!|#VALUE!|#DIV\/0!|\\N)\s*$/
/** What stands in place of a text; as a label, or as an answer, it may be meant. */
const noText = /^\s*(?:n\/a|null|none|undefined|\[deleted\]|\[removed\]|\[deleted by user\])\s*$/i
const longestMissing = 20

function saysNothing(text: string, role: Role): boolean {
  return missing.test(text) || nothing.test(text) || (role === 'text' && noText.test(text))
}

/** A list or an object of nothing. */
const nothing = /^\s*(?:\[\s*\]|\{\s*\})\s*$/

function isBlank(file: CorpusFile, row: number, column: string): boolean {
  const text = file.table.text(row, column)
  return text === undefined || nothing.test(text) || text.trim() === ''
}

interface Emptiness {
  readonly file: CorpusFile
  readonly role: Role
  readonly column: string
  readonly empty: readonly number[]
  readonly readable: number
}

function report({ corpus, settings, add }: RuleContext, { file, role, column, empty, readable }: Emptiness): void {
  if (empty.length >= manyRows && empty.length >= readable * mostRows) {
    const has = file.table.columns.includes(column)
    const start = file.table.rowSpan(0).start
    add({
      rule: 'empty-field',
      severity: settings.severity,
      ...corpus.placeOf(file),
      span: { start: 0, end: start },
      message: has
        ? `${empty.length} of ${readable} rows of ${file.name} have no ${role} ("${column}").`
        : `${file.name} has no column "${column}", which is the ${role} of this dataset.`,
      related: [],
      fixes: [],
      key: corpus.key('empty-field', file.name, column),
    })
    return
  }
  for (const row of empty) add(finding(corpus, { file, role, column, row, severity: settings.severity }))
}

const nouns: { readonly [R in Role]?: string } = {
  messages: 'list of messages',
  chosen: 'chosen answer',
  rejected: 'rejected answer',
}

function finding(
  corpus: Corpus,
  {
    file,
    role,
    column,
    row,
    severity,
  }: {
    readonly file: CorpusFile
    readonly role: Role
    readonly column: string
    readonly row: number
    readonly severity: Severity
  },
): Finding {
  const cell = file.table.cell(row, column)
  const state = !cell
    ? 'missing'
    : cell.value === null
      ? 'null'
      : cell.text === ''
        ? 'empty'
        : cell.text.trim() === ''
          ? 'blank'
          : nothing.test(cell.text)
            ? 'empty'
            : undefined
  const other = corpus.dataset.roles[role === 'label' ? 'text' : 'label']
  return {
    rule: 'empty-field',
    severity,
    ...corpus.placeOf(file),
    row,
    span: cell && cell.span.end > cell.span.start ? cell.span : file.table.rowSpan(row),
    message: `The ${nouns[role] ?? role}${role === column ? '' : ` ("${column}")`} is ${state ?? `${quoted(cell!.text)}, which stands for a missing value`}.`,
    related: [],
    fixes: [
      corpus.removal(
        { kind: 'remove-row', title: 'Remove this row', preferred: role === 'text' && state !== undefined },
        [file.base + row],
      ),
    ],
    key: corpus.key('empty-field', role, other === undefined ? undefined : file.table.text(row, other)),
  }
}
