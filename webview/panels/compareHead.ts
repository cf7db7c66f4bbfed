import { count, counted, percent, points, signed } from '../../src/core/base/words.ts'
import type { Ledger, PairedAccuracy } from '../../src/core/eval/ledger.ts'
import { decided, verdictOf } from '../../src/core/eval/verdict.ts'
import type { FromComparePanel } from '../../src/core/view/protocol.ts'
import { probability } from '../../src/core/view/words.ts'
import { button, type Choice, dropdown } from '../parts/controls.ts'
import { type Child, h, icon, put, refresh } from '../parts/dom.ts'
import { interval } from '../parts/interval.ts'
import { menu } from '../parts/menu.ts'

export interface CompareHead {
  readonly element: HTMLElement
  update(given: {
    readonly choices: readonly Choice[]
    readonly a: string
    readonly b: string
    readonly ledger: Ledger | undefined
  }): void
}

/** Which two evaluations, and what leaves the panel. */
export function compareHead(
  post: (message: FromComparePanel) => void,
  save: (format: 'json' | 'html') => void,
): CompareHead {
  let chosen = { a: '', b: '' }
  const choose = (a: string, b: string) => post({ kind: 'choose', a, b })
  const pair = h('span', { class: 'row' })
  const on = h('span', { class: 'dim small cut' })
  const actions = h(
    'span',
    { class: 'push row tight' },
    button({ label: 'Tune again', icon: 'debug-rerun', look: 'plain', press: () => post({ kind: 'tuneAgain' }) }),
    button({ label: 'Swap', icon: 'arrow-swap', look: 'plain', press: () => choose(chosen.b, chosen.a) }),
    menu({
      label: 'Export',
      icon: 'save',
      items: () => [
        { label: 'Ledger', detail: 'JSON', act: () => save('json') },
        { label: 'Page to share', detail: 'HTML', act: () => save('html') },
      ],
    }),
  )
  return {
    element: h(
      'header',
      { class: 'head', 'data-region': 'Ledger' },
      icon('git-compare'),
      h('h1', {}, 'Ledger'),
      pair,
      on,
      actions,
    ),
    update: ({ choices, a, b, ledger }) => {
      chosen = { a, b }
      actions.hidden = ledger === undefined
      refresh(pair, [choices, a, b], () =>
        choices.length < 2
          ? undefined
          : [
              dropdown({ label: 'Compare from', choices, value: a, pick: value => choose(value, chosen.b) }),
              h('span', { class: 'dim', 'aria-hidden': 'true' }, '→'),
              dropdown({ label: 'Compare to', choices, value: b, pick: value => choose(chosen.a, value) }),
            ],
      )
      put(on, ledger ? onWhat(ledger) : '')
    },
  }
}

/** Accuracy twice, and what may be said of the difference. */
export function headline(ledger: Ledger, act: { readonly showLeaked: () => void }): HTMLElement {
  const { all, withoutLeaks } = ledger
  const leaked = withoutLeaks ? all.rows - withoutLeaks.rows : 0
  const verdict = verdictOf(ledger)
  const told = decided(all)
  const looks = {
    better: ['check', 'c-green'],
    worse: ['arrow-down', 'c-red'],
    undecided: ['info', 'c-info'],
    same: ['equal', 'dim'],
  } as const
  const [name, tone] = looks[verdict.kind]
  return h(
    'section',
    { class: 'headline', 'aria-label': 'Scores' },
    h(
      'div',
      {},
      h('h2', {}, 'Accuracy, all rows'),
      big(all),
      h(
        'p',
        { class: 'small' },
        `${points(all.difference)} points, 95 % interval ${signed(all.interval[0] * 100, 1).replace('+', '')} to ${signed(all.interval[1] * 100, 1).replace('+', '')}`,
        h('br'),
        `exact McNemar p = ${probability(all.p)}`,
      ),
    ),
    withoutLeaks
      ? h(
          'div',
          {},
          h('h2', {}, `Accuracy, without ${counted(leaked, 'leaked row')}`),
          withoutLeaks.rows > 0 ? big(withoutLeaks) : h('p', { class: 'big' }, '–'),
          h(
            'p',
            { class: 'small' },
            `${points(withoutLeaks.difference)} points, p = ${probability(withoutLeaks.p)}. Leaked rows ${addsWords(all, withoutLeaks)}. `,
            h(
              'button',
              { type: 'button', class: 'link', on: { click: act.showLeaked } },
              `Show the ${counted(leaked, 'row')}`,
            ),
          ),
        )
      : h(
          'div',
          {},
          h('h2', {}, 'Leaked rows'),
          h('p', { class: 'big quiet' }, 'None'),
          h('p', { class: 'small' }, 'No row of this split was found in training: the score stands as it is.'),
        ),
    h(
      'div',
      {},
      h('p', { class: 'verdict' }, icon(name, tone), h('span', {}, verdict.sentence)),
      verdict.detail && h('p', { class: 'small dim under-verdict' }, verdict.detail),
      all.rows > 0 &&
        interval({
          value: all.difference * 100,
          low: all.interval[0] * 100,
          high: all.interval[1] * 100,
          tone: told === 'better' ? 'better' : told === 'worse' ? 'worse' : 'undecided',
        }),
    ),
  )
}

function big(accuracy: PairedAccuracy): Child {
  const sure = decided(accuracy) === 'better' || decided(accuracy) === 'worse'
  return h(
    'p',
    { class: 'big' },
    h('span', { class: 'from' }, `${percent(accuracy.a)} `, h('span', { 'aria-label': 'to' }, '→'), ' '),
    h('span', { class: sure ? '' : 'quiet' }, percent(accuracy.b)),
  )
}

/** What the leaked rows do to the score of b. */
function addsWords(all: PairedAccuracy, clean: PairedAccuracy): string {
  if (clean.rows === 0) return 'are all there is'
  const adds = (all.b - clean.b) * 100
  if (Math.abs(adds) < 0.05) return 'change nothing'
  return adds > 0 ? `add ${adds.toFixed(1)} points` : `take ${Math.abs(adds).toFixed(1)} points`
}

function onWhat(ledger: Ledger): string {
  const { a, b } = ledger.unmatched
  const parts = [ledger.split, counted(ledger.all.rows, 'row')]
  if (a + b > 0) parts.push(`${count(a + b)} in one evaluation only`)
  return parts.join(' · ')
}
