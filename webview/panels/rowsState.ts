import type { RowsClause, RowsQuery, RowsSort } from '../../src/core/view/rowsProtocol.ts'

/** What the person has set. It outlives hiding and reloading. */
export interface RowsView {
  readonly clauses: readonly RowsClause[]
  readonly sort: RowsSort | undefined
  /** The row looked at, by its number in the view. */
  readonly selected: number | undefined
}

export const firstView: RowsView = { clauses: [], sort: undefined, selected: undefined }

/** Takes over what fits of a state saved by this or an older version. */
export function restoreView(saved: unknown): RowsView {
  if (typeof saved !== 'object' || saved === null) return firstView
  const { clauses, sort, selected } = saved as Record<string, unknown>
  const by = sort as Partial<RowsSort> | undefined
  return {
    clauses: Array.isArray(clauses) ? clauses.filter(isClause) : [],
    sort: typeof by?.column === 'string' && typeof by.down === 'boolean' ? (by as RowsSort) : undefined,
    selected: typeof selected === 'number' ? selected : undefined,
  }
}

function isClause(value: unknown): value is RowsClause {
  if (typeof value !== 'object' || value === null) return false
  const clause = value as Record<string, unknown>
  const texts = (list: unknown) => Array.isArray(list) && list.every(text => typeof text === 'string')
  switch (clause['kind']) {
    case 'text':
      return typeof clause['value'] === 'string'
    case 'values':
      return typeof clause['column'] === 'string' && texts(clause['values'])
    case 'rules':
      return texts(clause['rules'])
    case 'range':
      return typeof clause['column'] === 'string'
    default:
      return false
  }
}

export const queryOf = ({ clauses, sort }: RowsView): RowsQuery => ({ clauses, ...(sort ? { sort } : {}) })

/** Do the rows stand as in their files? Then lines can be had before any query was answered. */
export const isNatural = ({ clauses, sort }: RowsView): boolean => clauses.length === 0 && sort === undefined

/** What one condition is about: a new one takes the place of the old one about the same. */
export function aboutOf(clause: RowsClause): string {
  return clause.kind === 'values' || clause.kind === 'range' ? `${clause.kind} ${clause.column}` : clause.kind
}

/** The conditions with one set, or taken away. */
export function withClause(
  clauses: readonly RowsClause[],
  about: string,
  clause: RowsClause | undefined,
): readonly RowsClause[] {
  const others = clauses.filter(one => aboutOf(one) !== about)
  const at = clauses.findIndex(one => aboutOf(one) === about)
  if (!clause) return others
  return at < 0 ? [...clauses, clause] : clauses.map((one, i) => (i === at ? clause : one))
}

/** The text that is looked for, if there is one. */
export function textOf(clauses: readonly RowsClause[]): Extract<RowsClause, { kind: 'text' }> | undefined {
  return clauses.find(clause => clause.kind === 'text')
}

export const severityTones = { error: 'c-error', warning: 'c-warning', info: 'c-info' } as const
