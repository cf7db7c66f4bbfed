import { decimalsOf } from '../../src/core/view/rowsColumn.ts'
import type { RowsClause, RowsColumn, RowsFinding, RowsLine } from '../../src/core/view/rowsProtocol.ts'
import { patternOf } from '../../src/core/view/rowsSearch.ts'
import { ruleIcons, severityIcons } from '../../src/core/view/signs.ts'
import { type Child, h, icon } from '../parts/dom.ts'
import { severityTones, textOf } from './rowsState.ts'

/** What a cell of a row shows. `clauses` mark what is looked for. */
export function cellContent(
  line: RowsLine,
  column: RowsColumn,
  {
    text,
    clauses,
    pad,
  }: { readonly text: string | null; readonly clauses: readonly RowsClause[]; readonly pad: string },
): Child {
  switch (column.kind) {
    case 'row':
      return [
        line.pending && icon('circle-filled', 'small c-yellow'),
        line.pending && h('span', { class: 'sr' }, 'not written: '),
        String(line.row),
      ]
    case 'findings':
      return findingsCell(line)
    default:
      if (text === null) return h('span', { class: 'dim' }, line.broken && column.kind === 'text' ? 'broken row' : '–')
      if (column.id === 'split') return h('span', { class: 'dim' }, text)
      return [marked(text, column, clauses), pad !== '' && h('i', { class: 'pad', 'data-pad': pad })]
  }
}

/** What a number lacks to stand with its point under the points of its column: it is kept as the file has it. */
export function padOf(text: string, decimals: number): string {
  const own = decimalsOf(text)
  return own < decimals ? `${own === 0 ? '.' : ''}${'0'.repeat(decimals - own)}` : ''
}

function findingsCell({ findings }: RowsLine): Child {
  const [first] = findings
  if (!first) return undefined
  return h(
    'span',
    { class: 'row tight found', title: findings.map(({ rule, message }) => `${rule}: ${message}`).join('\n') },
    findingTag(first),
    findings.length > 1 && h('span', { class: 'tag' }, `+${findings.length - 1}`),
    h('span', { class: 'cut dim' }, first.message),
  )
}

/** Icon and name of the rule; the icon alone has the colour of the severity. */
export function findingTag({ rule, severity }: RowsFinding): HTMLElement {
  const sign = ruleIcons[rule] ?? severityIcons[severity]
  return h('span', { class: 'tag' }, icon(sign, `small ${severityTones[severity]}`), rule)
}

/** A text with what is looked for marked in it. */
export function marked(text: string, column: RowsColumn, clauses: readonly RowsClause[]): Child {
  const clause = textOf(clauses)
  const line = text.replace(/\s*[\r\n]+\s*/g, ' ↵ ')
  if (!clause || (clause.column !== undefined && clause.column !== column.id)) return line
  const pattern = patternOf(clause)
  if ('problem' in pattern) return line
  const parts: Child[] = []
  let at = 0
  for (const match of line.matchAll(pattern.expression)) {
    if (match[0] === '') continue
    parts.push(line.slice(at, match.index), h('mark', {}, match[0]))
    at = match.index + match[0].length
    if (parts.length > 40) break
  }
  return at === 0 ? line : [...parts, line.slice(at)]
}
