import type { ValueKind } from '../../data/table.ts'
import type { Corpus } from '../corpus.ts'
import type { Finding, Fix } from '../finding.ts'
import type { Rule } from '../rule.ts'
import { valueKinds } from '../scan/rowScan.ts'

/** Up to this share a kind is the exception in its column, and each row of it is told. */
const exception = 0.2

export const mixedTypes: Rule = {
  meta: {
    id: 'mixed-types',
    title: 'Column of several types',
    severity: 'warning',
    what: `A JSON column that holds strings in some rows and numbers, booleans, lists or objects in others. Where at most a fifth of the rows
differ from the rest, each of them is told; otherwise the column is, once. Missing values and \`null\` do not count.`,
    why: `Table readers need one type a column: some fail at the first row that differs, some turn the whole column into text, some into
nulls. \`1\` and \`"1"\` are two labels to one program and one to the next.`,
    fix: `Write the number or boolean as a string, where the others are strings. "Fix all" does that: the value is the same, in the type
of the column.`,
    example: `\`\`\`jsonl
{"text": "Where is my parcel?", "label": "0"}
{"text": "I want my money back", "label": "1"}
{"text": "Still waiting", "label": 0}
\`\`\`
Row 2: \`"label" is a number here and a string in the other 2 rows.\``,
    options: {},
  },

  *check({ corpus, settings, add }) {
    const columns = new Map<string, Float64Array>()
    for (const file of corpus.files) {
      const { kinds } = yield* corpus.scan(file)
      for (const [column, list] of kinds) {
        const counts = columns.get(column) ?? new Float64Array(valueKinds.length)
        columns.set(column, counts)
        for (const kind of list) counts[kind]!++
      }
    }
    for (const [column, counts] of columns) {
      counts[0] = 0
      if (counts.filter(count => count > 0).length < 2) continue
      const usual = counts.indexOf(Math.max(...counts))
      const all = counts.reduce((a, b) => a + b, 0)
      const each = all - counts[usual]! <= all * exception || all <= 10
      yield* told({ corpus, column, counts, usual, each }, found =>
        add({ ...found, rule: 'mixed-types', severity: settings.severity }),
      )
    }
  },
}

interface Mixed {
  readonly corpus: Corpus
  readonly column: string
  readonly counts: Float64Array
  readonly usual: number
  /** Every row that differs is told; otherwise the first, for all. */
  readonly each: boolean
}

function* told(
  { corpus, column, counts, usual, each }: Mixed,
  add: (found: Omit<Finding, 'rule' | 'severity'>) => void,
) {
  for (const file of corpus.files) {
    const list = (yield* corpus.scan(file)).kinds.get(column)
    if (!list) continue
    for (let row = 0; row < list.length; row++) {
      const kind = list[row]!
      if (kind === 0 || kind === usual) continue
      const text = file.table.text(row, column) ?? ''
      const rows = counts[usual]!
      const others = rows === 1 ? 'the other row' : `the other ${rows} rows`
      const message = each
        ? `"${column}" is ${named(kind)} here and ${named(usual)} in ${others}.`
        : `"${column}" holds ${[...counts.entries()]
            .filter(([, count]) => count > 0)
            .sort((a, b) => b[1] - a[1])
            .map(([k, count]) => `${plural[valueKinds[k]!]} in ${count} row${count === 1 ? '' : 's'}`)
            .join(', ')}.`
      const place = corpus.place(file.base + row, column)
      add({
        ...place,
        message,
        related: [],
        fixes: each && valueKinds[usual] === 'string' ? asString(valueKinds[kind]!, place, text) : [],
        key: each
          ? corpus.key('mixed-types', column, text, corpus.text(file.base + row))
          : corpus.key('mixed-types', column),
      })
      if (!each) return
      if (row % 1000 === 999) yield { phase: 'mixed-types', done: file.base + row, total: corpus.rowCount }
    }
  }
}

function asString(kind: ValueKind, place: Pick<Finding, 'uri' | 'span'>, text: string): Fix[] {
  if (kind !== 'number' && kind !== 'boolean') return []
  const edit = { span: place.span, text: `"${text}"` }
  return [{ kind: 'edit', title: 'Write it as a string', preferred: true, edits: [{ uri: place.uri, edit }] }]
}

const plural: { readonly [K in ValueKind]: string } = {
  string: 'strings',
  number: 'numbers',
  boolean: 'booleans',
  array: 'lists',
  object: 'objects',
}

function named(kind: number): string {
  const name = valueKinds[kind]!
  return name === 'object' ? 'an object' : name === 'array' ? 'a list' : `a ${name}`
}
