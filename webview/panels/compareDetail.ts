import { isTextRow } from '../../src/core/eval/graded.ts'
import type { Ledger, LedgerRow } from '../../src/core/eval/ledger.ts'
import type { NearTraining, RowPlace } from '../../src/core/view/protocol.ts'
import { fixed } from '../../src/core/view/words.ts'
import { button } from '../parts/controls.ts'
import { difference } from '../parts/difference.ts'
import { h, icon, put } from '../parts/dom.ts'
import { nearestSection } from './compareChanges.ts'
import { numberIn } from './compareSlices.ts'
import { outcomeLooks } from './compareState.ts'

export interface CompareDetail {
  readonly element: HTMLElement
  show(ledger: Ledger, row: LedgerRow | undefined): void
  /** The training rows nearest to the row that is shown. */
  near(rows: readonly NearTraining[]): void
}

/** One row in full: text, gold, and how sure both models were of what. */
export function compareDetail(act: {
  readonly open: () => void
  readonly openTraining: (place: RowPlace) => void
  readonly move: (by: number) => void
}): CompareDetail {
  const title = h('h2', {})
  const tags = h('span', { class: 'row tight' })
  const actions = h(
    'span',
    { class: 'push row tight' },
    button({ label: 'Open row', icon: 'go-to-file', key: 'Enter', look: 'primary', press: act.open }),
    button({ label: 'Previous row', icon: 'arrow-up', look: 'bare', press: () => act.move(-1) }),
    button({ label: 'Next row', icon: 'arrow-down', look: 'bare', press: () => act.move(1) }),
  )
  const text = h('p', { class: 'row-text', dir: 'auto', tabindex: 0, 'aria-label': 'Text of the row' })
  const both = h('div', { class: 'two' })
  const near = h('div', {})
  return {
    element: h(
      'section',
      { class: 'detail', 'aria-label': 'Selected row', 'data-region': 'Selected row' },
      h('div', { class: 'row' }, title, tags, actions),
      text,
      both,
      near,
    ),
    near: rows => put(near, nearestSection(text.textContent ?? '', rows, act.openTraining)),
    show: (ledger, row) => {
      const shown = row !== undefined
      for (const part of [title, tags, actions, text, both, near]) part.hidden = !shown
      if (!row) return
      put(near, asksNearest(row) && nearestSection(row.text, undefined, act.openTraining))
      const look = outcomeLooks[row.outcome]
      put(title, `${row.file} row ${row.row}`)
      put(
        tags,
        h('span', { class: 'tag' }, icon(look.icon, `small ${look.tone}`), look.name),
        row.leaked &&
          h('span', { class: 'tag', title: 'leak found this row in training' }, icon('link', 'small'), 'leaked'),
      )
      put(text, row.text === '' ? h('span', { class: 'dim' }, 'The text is empty.') : row.text)
      const numbers = ledger.graded && numberIn(row)
      if (numbers)
        put(
          both,
          numberSide(ledger.a.name, numbers.a, numbers.gold),
          numberSide(ledger.b.name, numbers.b, numbers.gold),
        )
      else if (isTextRow(row))
        put(
          both,
          changes('Gold to ', ledger.a.name, [row.gold, row.a.label]),
          changes('Gold to ', ledger.b.name, [row.gold, row.b.label]),
          changes(`${ledger.a.name} to `, ledger.b.name, [row.a.label, row.b.label]),
        )
      else put(both, side(ledger.a.name, row.a, row.gold), side(ledger.b.name, row.b, row.gold))
    },
  }
}

function numberSide(name: string, said: number, gold: number): HTMLElement {
  const off = said - gold
  const fact = (word: string, text: string) =>
    h('tr', {}, h('th', { scope: 'row' }, word), h('td', { class: 'end' }, text))
  return h(
    'div',
    {},
    h('h3', { class: 'cut', title: name }, name),
    h(
      'table',
      { class: 'plain' },
      h(
        'tbody',
        {},
        fact('Says', numberText(said)),
        fact('Gold', numberText(gold)),
        fact('Off by', off === 0 ? '0' : `${off > 0 ? '+' : ''}${numberText(off)}`),
      ),
    ),
  )
}

/** To four digits, the minus as everywhere. */
const numberText = (value: number) => String(Number(value.toPrecision(4))).replace('-', '\u2212')

/** Where b is wrong with a label, the rows that it learnt from may say why. */
export function asksNearest(row: LedgerRow): boolean {
  return !isTextRow(row) && (row.outcome === 'broken' || row.outcome === 'still-wrong')
}

/** One text made into another, word by word. */
function changes(from: string, to: string, [before, after]: readonly [string, string]): HTMLElement {
  return h(
    'div',
    {},
    h('h3', { class: 'cut' }, `${from}${to}`),
    h(
      'p',
      { class: 'row-text difference', dir: 'auto', tabindex: 0, 'aria-label': `${from}${to}` },
      difference(before, after),
    ),
    before === after && h('p', { class: 'small dim' }, 'No difference.'),
  )
}

function side(name: string, said: LedgerRow['a'], gold: string): HTMLElement {
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'row' },
      h('h3', { class: 'cut', title: name }, name),
      h('span', { class: 'dim small push nowrap' }, `loss ${fixed(said.loss, 3)}`),
    ),
    h(
      'ul',
      { class: 'probabilities', 'aria-label': `What ${name} says` },
      said.probabilities.map(([label, p]) =>
        h(
          'li',
          {},
          h(
            'span',
            { class: 'row tight', title: label },
            h(label === gold ? 'b' : 'span', { class: 'cut' }, h('bdi', {}, label)),
            label === gold && h('span', { class: 'dim' }, ' gold'),
          ),
          h('span', { class: 'meter', 'aria-hidden': 'true' }, h('i', { style: { width: `${100 * p}%` } })),
          h('span', { class: 'end' }, fixed(p, 2)),
        ),
      ),
    ),
  )
}
