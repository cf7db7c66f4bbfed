import type { Role } from '../../data/dataset.ts'
import type { Corpus, CorpusFile } from '../corpus.ts'
import type { Finding, Severity } from '../finding.ts'
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
    what: `A text, prompt, completion, message list or label that is missing, \`null\`, empty or blank. Where nearly all rows of a file lack
it (a test file without labels, say), that is told once, at the top of the file.`,
    why: `An empty text with a label teaches the model that nothing at all means that label; an empty completion teaches it to stop at once;
a row without a label cannot be scored.`,
    fix: 'Remove the row. "Fix all" removes rows without a text; a missing label can still be given, so those rows stay.',
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
    const { of: labels } = yield* corpus.labels()
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
          if (role === 'label' ? labels[file.base + row]! >= 0 : lengths.get(role)![row]! > 0) {
            readable++
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

function isBlank(file: CorpusFile, row: number, column: string): boolean {
  const text = file.table.text(row, column)
  return text === undefined || text === '[]' || text === '{}' || text.trim() === ''
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
      uri: file.uri,
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
          : 'empty'
  const other = corpus.dataset.roles[role === 'label' ? 'text' : 'label']
  return {
    rule: 'empty-field',
    severity,
    uri: file.uri,
    row,
    span: cell && cell.span.end > cell.span.start ? cell.span : file.table.rowSpan(row),
    message: `The ${role === column ? role : `${role} ("${column}")`} is ${state}.`,
    related: [],
    fixes: [
      corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred: role === 'text' }, [file.base + row]),
    ],
    key: corpus.key('empty-field', role, other === undefined ? undefined : file.table.text(row, other)),
  }
}
