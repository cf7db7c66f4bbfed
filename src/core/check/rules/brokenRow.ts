import { bytesOf, type Issue, type Table } from '../../data/table.ts'
import type { Severity } from '../finding.ts'
import { milder, type Rule } from '../rule.ts'

/** Issues that spoil no row by themselves. */
const mild: { readonly [code in Issue['code']]?: Severity } = {
  'duplicate-key': 'warning',
  'stray-quote': 'warning',
  'bad-utf8': 'warning',
  'no-header': 'warning',
  'empty-file': 'warning',
}

export const brokenRow: Rule = {
  meta: {
    id: 'broken-row',
    title: 'Row that cannot be read',
    severity: 'error',
    what: `A record that its format does not allow: JSON that does not parse, a CSV record with too few or too many fields, a quote
that is never closed, bytes that are not UTF-8, NUL bytes, a row of several megabytes, a file without rows. Other rows keep their
numbers, and no other rule looks at a broken row.`,
    why: `Readers disagree about broken rows: one stops, one skips them, one shifts every column behind the comma. Whoever trains on the
file trains on something else than what was meant, and a skipped line is never missed.`,
    fix: 'Remove the row. It is not part of "fix all": what is broken can often be mended by hand.',
    example: `\`\`\`jsonl
{"text": "Where is my parcel?", "label": "delivery"}
{"text": "I want my money back", "label": "ref
\`\`\`
Row 1: \`Not JSON: a string is not closed.\``,
    options: {},
  },

  *check({ corpus, settings, add }) {
    for (const file of corpus.files) {
      let work = 0
      for (const issue of file.table.issues) {
        const own = mild[issue.code]
        const content = issue.row === undefined ? '' : recordOf(file.table, issue.row)
        add({
          rule: 'broken-row',
          severity: own ? milder(settings.severity, own) : settings.severity,
          ...corpus.placeOf(file),
          ...(issue.row === undefined ? {} : { row: issue.row }),
          span: issue.span,
          message: `${issue.message}.`,
          related: [],
          fixes:
            issue.row !== undefined && !own
              ? [
                  corpus.removal({ kind: 'remove-row', title: 'Remove this row', preferred: false }, [
                    file.base + issue.row,
                  ]),
                ]
              : [],
          key: corpus.key('broken-row', issue.code, content || file.name),
        })
        if (++work % 1000 === 0) yield { phase: 'broken-row', done: work, total: file.table.issues.length }
      }
    }
  },
}

/** The bytes of a record as text, one character a byte: only compared. Long records are told apart by their first part. */
function recordOf(table: Table, row: number): string {
  const { start, end } = table.rowSpan(row)
  return String.fromCharCode(...bytesOf(table.source, { start, end: Math.min(end, start + 2000) }))
}
