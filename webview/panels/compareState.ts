import { type LedgerRow, outcomes, type RowOutcome } from '../../src/core/eval/ledger.ts'
import type { Sorting } from '../parts/grid.ts'

/** What the person has set. It outlives hiding and reloading. */
export interface CompareView {
  readonly tab: RowOutcome
  readonly text: string
  /** Rows of this gold label only. */
  readonly gold: string | undefined
  /** Of these, rows that b gave this label. */
  readonly predicted: string | undefined
  readonly leaked: boolean
  readonly selected: string | undefined
  readonly sorting: Sorting | undefined
}

export const firstView: CompareView = {
  tab: 'broken',
  text: '',
  gold: undefined,
  predicted: undefined,
  leaked: false,
  selected: undefined,
  sorting: undefined,
}

/** Takes over what fits of a state saved by this or an older version. */
export function restoreView(saved: unknown): CompareView {
  if (typeof saved !== 'object' || saved === null) return firstView
  const given = saved as Record<string, unknown>
  const text = (key: string) => (typeof given[key] === 'string' ? (given[key] as string) : undefined)
  const sorting = given['sorting'] as Partial<Sorting> | undefined
  const sorted = typeof sorting?.column === 'string' && typeof sorting.down === 'boolean'
  return {
    tab: outcomes.find(o => o === given['tab']) ?? firstView.tab,
    text: text('text') ?? '',
    gold: text('gold'),
    predicted: text('predicted'),
    leaked: given['leaked'] === true,
    selected: text('selected'),
    sorting: sorted ? (sorting as Sorting) : undefined,
  }
}

export const keyOf = (row: LedgerRow): string => `${row.file}#${row.row}`

/** Does the row pass everything but the tab? */
export function passes(row: LedgerRow, view: CompareView): boolean {
  if (view.leaked && !row.leaked) return false
  if (view.gold !== undefined && row.gold !== view.gold) return false
  if (view.predicted !== undefined && row.b.label !== view.predicted) return false
  const needle = view.text.trim().toLowerCase()
  if (needle === '') return true
  return [row.text, row.gold, row.a.label, row.b.label, `${row.file} row ${row.row}`].some(t =>
    t.toLowerCase().includes(needle),
  )
}

/** Names, icon and tone of the four outcomes: everywhere the same. */
export const outcomeLooks: Record<
  RowOutcome,
  { readonly name: string; readonly icon: string; readonly tone: string; readonly means: string }
> = {
  fixed: { name: 'fixed', icon: 'arrow-up', tone: 'c-green', means: 'wrong, now right' },
  broken: { name: 'broken', icon: 'arrow-down', tone: 'c-red', means: 'right, now wrong' },
  'still-right': { name: 'still right', icon: 'equal', tone: 'dim', means: 'right in both' },
  'still-wrong': { name: 'still wrong', icon: 'close', tone: 'c-yellow', means: 'wrong in both' },
}
