import { count, counted, percent } from '../../src/core/base/words.ts'
import type { RowHistory } from '../../src/core/view/rowsProtocol.ts'
import { fixed, ticks } from '../../src/core/view/words.ts'
import { h, s } from '../parts/dom.ts'
import { scaleOf } from '../parts/interval.ts'

const [high, base] = [96, 76]

/** The loss of one row, epoch by epoch, as it was trained on. */
export function historySection({ run, losses }: RowHistory): HTMLElement {
  const [first, last] = [losses[0] as number, losses.at(-1) as number]
  const { to, step } = scaleOf(0, Math.max(...losses, 0.001))
  const x = (epoch: number) => (losses.length === 1 ? '50%' : `${((100 * epoch) / (losses.length - 1)).toFixed(2)}%`)
  const y = (loss: number) => 8 + (base - 8) * (1 - loss / to)
  const levels = Array.from({ length: Math.round(to / step) + 1 }, (_, i) => i * step)
  const names = ticks(levels)
  return h(
    'section',
    { class: 'sec' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', {}, 'In training'),
      h('span', { class: 'dim small cut', title: run }, run),
      h('span', { class: 'dim small push' }, 'loss by epoch'),
    ),
    s(
      'svg',
      {
        class: 'row-history',
        role: 'img',
        'aria-label': `Loss by epoch: ${losses.map(loss => fixed(loss, 2)).join(', ')}`,
      },
      // Places are shares of the width, whatever that is, and letters keep their size.
      levels.map((level, i) => s('text', { class: 'tick', x: -8, y: y(level) + 4, 'text-anchor': 'end' }, names[i])),
      levels.map(level => s('line', { class: 'grid-line', x1: 0, x2: '100%', y1: y(level), y2: y(level) })),
      losses
        .slice(1)
        .map((loss, i) =>
          s('line', { class: 'history', x1: x(i), x2: x(i + 1), y1: y(losses[i] as number), y2: y(loss) }),
        ),
      losses.map((loss, epoch) => s('circle', { class: 'history', cx: x(epoch), cy: y(loss), r: 2.5 })),
      s('text', { class: 'tick', x: x(0), y: high - 4, 'text-anchor': 'middle' }, '1'),
      losses.length > 1 &&
        s('text', { class: 'tick', x: '100%', y: high - 4, 'text-anchor': 'middle' }, count(losses.length)),
    ),
    h('p', { class: 'small' }, saidOf(first, last, losses)),
  )
}

/** What the curve says: a label that is believed less than the others at the end was never taken in. */
function saidOf(first: number, last: number, losses: readonly number[]): string {
  const sure = percent(Math.exp(-last))
  const way = `Loss ${fixed(first, 2)} → ${fixed(last, 2)} over ${counted(losses.length, 'epoch')}`
  return `${way}: the model gives its answer a chance of ${sure} at the end${last > Math.LN2 ? ', so it was not learnt.' : '.'}`
}
