import type { LedgerRow } from '../../src/core/eval/ledger.ts'
import { fixed } from '../../src/core/view/words.ts'
import { type Child, h, icon } from '../parts/dom.ts'
import { type Column, type Grid, grid, type Sorting } from '../parts/grid.ts'
import { placeCell } from '../parts/place.ts'
import { keyOf } from './compareState.ts'

export interface CompareRowsActions {
  readonly select: (row: LedgerRow | undefined) => void
  readonly open: (row: LedgerRow) => void
  readonly sorted: (sorting: Sorting | undefined) => void
  readonly empty: () => Child
}

/** The rows of the chosen outcome. */
export function compareRows(
  names: { readonly a: string; readonly b: string },
  act: CompareRowsActions,
): Grid<LedgerRow> {
  return grid<LedgerRow>({
    id: 'rows',
    label: 'Rows of the ledger',
    key: keyOf,
    empty: act.empty,
    select: act.select,
    open: act.open,
    sorted: act.sorted,
    columns: [
      {
        id: 'row',
        title: 'Row',
        width: '112px',
        from: 600,
        cell: r => placeCell(r.file, r.row),
        sort: (a, b) => a.file.localeCompare(b.file) || a.row - b.row,
      },
      {
        id: 'text',
        title: 'Text',
        width: 'minmax(120px, 2.4fr)',
        cell: r =>
          h(
            'p',
            { class: 'cut', dir: 'auto', title: r.text.length > 400 ? `${r.text.slice(0, 400)}…` : r.text },
            r.text.slice(0, 300),
          ),
        sort: (a, b) => a.text.localeCompare(b.text),
      },
      {
        id: 'gold',
        title: 'Gold',
        width: 'minmax(72px, 1.2fr)',
        from: 440,
        cell: r => h('bdi', { title: r.gold }, r.gold),
        sort: (a, b) => a.gold.localeCompare(b.gold),
      },
      said('a', names.a),
      said('b', names.b),
    ],
  })
}

function said(side: 'a' | 'b', title: string): Column<LedgerRow> {
  const probability = (r: LedgerRow) => r[side].probabilities.find(([label]) => label === r[side].label)?.[1]
  return {
    id: side,
    title,
    width: 'minmax(96px, 1.5fr)',
    cell: r => {
      const right = r[side].label === r.gold
      return h(
        'span',
        { class: 'row tight', title: r[side].label },
        icon(right ? 'check' : 'close', `small ${right ? 'c-green' : 'c-red'}`),
        right ? h('span', { class: 'dim' }, 'right') : h('bdi', { class: 'cut' }, r[side].label),
        // How sure it was is never what gives way.
        probability(r) !== undefined && h('span', {}, ` ${fixed(probability(r), 2)}`),
      )
    },
    // The surest first: where a model is sure and wrong, there is most to learn.
    sort: (a, b) => (probability(a) ?? 0) - (probability(b) ?? 0),
  }
}
