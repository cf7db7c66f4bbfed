import { count, counted } from '../../src/core/base/words.ts'
import { type Ledger, type LedgerRow, outcomes, type RowOutcome } from '../../src/core/eval/ledger.ts'
import { type Tabs, tabs } from '../parts/controls.ts'
import { h, icon, put } from '../parts/dom.ts'
import { outcomeLooks } from './compareState.ts'

export interface CompareTabs {
  readonly element: HTMLElement
  /** The bar of shares under the tabs. */
  readonly share: HTMLElement
  update(ledger: Ledger, passing: readonly LedgerRow[] | undefined): void
  show(tab: RowOutcome): void
}

/** Rows by outcome: four tabs with counts, and a bar of their shares. */
export function compareTabs(active: RowOutcome, pick: (tab: RowOutcome) => void): CompareTabs {
  const numbers = new Map(outcomes.map(o => [o, h('span', { class: 'number' })]))
  const share = h('div', { class: 'share', role: 'img' })
  const made: Tabs = tabs({
    label: 'Rows by outcome',
    owns: 'rows',
    active,
    pick: id => pick(id as RowOutcome),
    tabs: outcomes.map((o, i) => {
      const look = outcomeLooks[o]
      return {
        id: o,
        content: h(
          'span',
          { class: 'outcome' },
          icon(look.icon, look.tone),
          ' ',
          numbers.get(o),
          ' ',
          h('span', { class: 'nowrap' }, look.name),
          ' ',
          h('span', { class: 'dim small cut' }, look.means),
          h('kbd', { class: 'push', 'data-key': i + 1, 'aria-hidden': 'true' }),
        ),
      }
    }),
  })
  return {
    element: made.element,
    share,
    show: made.show,
    update: (ledger, passing) => {
      const { all } = ledger
      const totals = {
        fixed: all.fixed,
        broken: all.broken,
        'still-right': all.stillRight,
        'still-wrong': all.stillWrong,
      }
      for (const o of outcomes) {
        const n = passing?.filter(r => r.outcome === o).length
        const number = numbers.get(o) as HTMLElement
        const of = n === undefined ? '' : ` of ${count(totals[o])}`
        made.name(o, `${count(n ?? totals[o])}${of} ${outcomeLooks[o].name} ${outcomeLooks[o].means}`)
        put(number, h('b', {}, count(n ?? totals[o])), of && h('span', { class: 'dim small' }, of))
      }
      share.setAttribute(
        'aria-label',
        outcomes.map(o => `${counted(totals[o], 'row')} ${outcomeLooks[o].name}`).join(', '),
      )
      put(
        share,
        outcomes.map(o => totals[o] > 0 && h('i', { class: o, style: { 'flex-grow': String(totals[o]) } })),
      )
    },
  }
}
