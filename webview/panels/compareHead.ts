import { count, counted, percent, points, signed } from '../../src/core/base/words.ts'
import type { GradedChange, Ledger, PairedAccuracy } from '../../src/core/eval/ledger.ts'
import { decided, verdictOf } from '../../src/core/eval/verdict.ts'
import type { FromComparePanel } from '../../src/core/view/protocol.ts'
import { fixed, probability } from '../../src/core/view/words.ts'
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

const looks = {
  better: ['check', 'c-green'],
  worse: ['arrow-down', 'c-red'],
  undecided: ['info', 'c-info'],
  same: ['equal', 'dim'],
} as const

/** The score twice, with and without leaked rows, and what may be said of the difference. */
export function headline(ledger: Ledger, act: { readonly showLeaked: () => void }): HTMLElement {
  const { all, withoutLeaks, graded, gradedWithoutLeaks } = ledger
  const leaked = withoutLeaks ? all.rows - withoutLeaks.rows : 0
  const verdict = verdictOf(ledger)
  const [name, tone] = looks[verdict.kind]
  const without = `without ${counted(leaked, 'leaked row')}`
  const clean = () => {
    if (!withoutLeaks)
      return h(
        'div',
        {},
        h('h2', {}, 'Leaked rows'),
        h('p', { class: 'big quiet' }, 'None'),
        h('p', { class: 'small' }, 'No row of this split was found in training: the score stands as it is.'),
      )
    const link = h(
      'button',
      { type: 'button', class: 'link', on: { click: act.showLeaked } },
      `Show the ${counted(leaked, 'row')}`,
    )
    if (gradedWithoutLeaks)
      return lossBox(`Mean loss, ${without}`, { change: gradedWithoutLeaks, accuracy: withoutLeaks }, link)
    return h(
      'div',
      {},
      h('h2', {}, `Accuracy, ${without}`),
      withoutLeaks.rows > 0 ? big(withoutLeaks) : h('p', { class: 'big' }, '–'),
      h(
        'p',
        { class: 'small' },
        `${points(withoutLeaks.difference)} points, p = ${probability(withoutLeaks.p)}. Leaked rows ${addsWords(all, withoutLeaks)}. `,
        link,
      ),
    )
  }
  const drawn = graded
    ? { value: graded.difference, low: graded.interval[0], high: graded.interval[1], unit: 'of mean loss' }
    : { value: all.difference * 100, low: all.interval[0] * 100, high: all.interval[1] * 100 }
  const told = graded ? verdict.kind : decided(all)
  return h(
    'section',
    { class: 'headline', 'aria-label': 'Scores' },
    graded ? lossBox('Mean loss, all rows', { change: graded, accuracy: all }) : accuracyBox(all),
    clean(),
    h(
      'div',
      {},
      h('p', { class: 'verdict' }, icon(name, tone), h('span', {}, verdict.sentence)),
      verdict.detail && h('p', { class: 'small dim under-verdict' }, verdict.detail),
      all.rows > 0 && interval({ ...drawn, tone: told === 'same' ? 'undecided' : told }),
    ),
  )
}

function accuracyBox(all: PairedAccuracy): HTMLElement {
  const bound = (share: number) => signed(share * 100, 1).replace('+', '')
  return h(
    'div',
    {},
    h('h2', {}, 'Accuracy, all rows'),
    big(all),
    h(
      'p',
      { class: 'small' },
      `${points(all.difference)} points, 95 % interval ${bound(all.interval[0])} to ${bound(all.interval[1])}`,
      h('br'),
      `exact McNemar p = ${probability(all.p)}`,
    ),
  )
}

/** Of answers that are more or less right: how far off they are, and only then how many are exactly right. */
function lossBox(
  title: string,
  { change, accuracy }: { readonly change: GradedChange; readonly accuracy: PairedAccuracy },
  ...more: Child[]
): HTMLElement {
  const [low, high] = change.interval
  const sure = low > 0 || high < 0
  return h(
    'div',
    {},
    h('h2', { title: 'Lower is better' }, title),
    h(
      'p',
      { class: 'big' },
      h('span', { class: 'from' }, `${fixed(change.a, 3)} `, h('span', { 'aria-label': 'to' }, '→'), ' '),
      h('span', { class: sure ? '' : 'quiet' }, fixed(change.b, 3)),
    ),
    h(
      'p',
      { class: 'small' },
      `${signed(change.difference, 3)}, 95 % interval ${fixed(low, 3)} to ${fixed(high, 3)}`,
      h('br'),
      `exactly right ${percent(accuracy.a)} → ${percent(accuracy.b)}${more.length > 0 ? '. ' : ''}`,
      more,
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
