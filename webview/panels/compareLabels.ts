import { counted, signed } from '../../src/core/base/words.ts'
import type { LabelChange, Ledger } from '../../src/core/eval/ledger.ts'
import { h, icon } from '../parts/dom.ts'
import { scaleOf } from '../parts/interval.ts'

/** Of more labels than these only the ends of the list are shown at first: what gained and what lost most. */
const many = 40
const ends = 12

/** Below this many rows an estimate is not worth a bar. */
const enough = 10

/** Change of recall of each label with its interval, greatest gain first. A label filters the rows. */
export function labelChanges(
  ledger: Ledger,
  act: {
    readonly gold: string | undefined
    readonly misspelt: ReadonlySet<string>
    readonly pick: (gold: string | undefined) => void
  },
): HTMLElement {
  const known = ledger.perLabel.filter(l => l.rows >= enough)
  const few = ledger.perLabel.filter(l => l.rows < enough && l.rows > 0)
  const sorted = known.toSorted((a, b) => changeOf(b) - changeOf(a) || a.label.localeCompare(b.label))
  const long = sorted.length > many
  const between = long ? sorted.slice(ends, -ends) : []
  const shown = long ? [...sorted.slice(0, ends), ...sorted.slice(-ends)] : sorted
  const low = Math.min(0, ...known.map(l => l.interval[0] * 100))
  const high = Math.max(0, ...known.map(l => l.interval[1] * 100))
  const { from, to, step } = scaleOf(low, high)
  const x = (points: number) => (100 * (points - from)) / (to - from)
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step)
  const row = (l: LabelChange, plot: HTMLElement, value: string, words: string) =>
    h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          class: 'label-row',
          'aria-pressed': String(act.gold === l.label),
          title: `${l.label}${act.misspelt.has(l.label) ? ', looks misspelt' : ''}: ${words}`,
          'data-id': `label ${l.label}`,
          on: { click: () => act.pick(act.gold === l.label ? undefined : l.label) },
        },
        h('span', { class: 'name cut' }, act.misspelt.has(l.label) && icon('warning', 'small c-warning'), l.label),
        ' ',
        plot,
        ' ',
        h('span', { class: 'end' }, value),
      ),
    )
  return h(
    'section',
    { class: 'sec' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', {}, 'Recall per label, change in points'),
      known.length > 0 && h('span', { class: 'dim small push' }, 'faint: interval includes 0'),
    ),
    known.length > 0 &&
      h(
        'div',
        { class: 'labels' },
        h(
          'ul',
          { 'aria-label': 'Labels', class: long ? 'label-ends' : '' },
          shown.map(l => row(l, plotOf(l, x), changeWords(l), wordsOf(l))),
        ),
        h(
          'div',
          { class: 'label-axis', 'aria-hidden': 'true' },
          ticks.map(t => h('span', { style: { left: `${x(t)}%` } }, t === 0 ? '0' : signed(t, 0))),
        ),
      ),
    between.length > 0 &&
      h(
        'details',
        { class: 'few', open: between.some(l => l.label === act.gold) },
        h('summary', { class: 'small' }, `${counted(between.length, 'label')} between these`),
        h(
          'ul',
          { class: 'labels', 'aria-label': 'Labels between' },
          between.map(l => row(l, plotOf(l, x), changeWords(l), wordsOf(l))),
        ),
      ),
    known.length === 0 &&
      few.length > 0 &&
      h(
        'p',
        { class: 'small dim' },
        `At most ${counted(Math.max(...few.map(l => l.rows)), 'row')} a label: too few to read any label on its own.`,
      ),
    few.length > 0 &&
      h(
        'details',
        { class: 'few', open: few.some(l => l.label === act.gold) },
        h('summary', { class: 'small' }, `${counted(few.length, 'label')} with fewer than ${enough} rows`),
        h(
          'ul',
          { class: 'labels', 'aria-label': 'Labels with too few rows' },
          few.map(l =>
            row(
              l,
              h('span', { class: 'dim' }, counted(l.rows, 'row')),
              'too few',
              `${counted(l.rows, 'row')}, too few`,
            ),
          ),
        ),
      ),
    known.length === 0 &&
      few.length === 0 &&
      h('p', { class: 'small dim' }, 'The two evaluations have no row in common.'),
  )
}

const changeOf = (l: LabelChange) => l.recallB - l.recallA

function changeWords(l: LabelChange): string {
  return signed(changeOf(l) * 100, Math.abs(changeOf(l)) < 0.1 && l.rows > 100 ? 1 : 0)
}

function wordsOf(l: LabelChange): string {
  const [low, high] = l.interval
  return `recall ${signed(changeOf(l) * 100, 1)} points over ${counted(l.rows, 'row')}, interval ${signed(low * 100, 1)} to ${signed(high * 100, 1)}`
}

function plotOf(l: LabelChange, x: (points: number) => number): HTMLElement {
  const change = changeOf(l) * 100
  const [low, high] = l.interval
  const sure = low > 0 || high < 0
  const tone = change === 0 ? 'flat' : change > 0 ? 'up' : 'down'
  const [left, right] = [x(Math.min(0, change)), x(Math.max(0, change))]
  return h(
    'span',
    { class: 'label-plot', 'aria-hidden': 'true' },
    h('i', { class: 'zero', style: { left: `${x(0)}%` } }),
    h('i', {
      class: `change ${tone}${sure ? '' : ' faint'}`,
      style: { left: `${left}%`, width: `${right - left}%` },
    }),
    h('i', {
      class: `reach${sure ? '' : ' faint'}`,
      style: { left: `${x(low * 100)}%`, width: `${x(high * 100) - x(low * 100)}%` },
    }),
  )
}
