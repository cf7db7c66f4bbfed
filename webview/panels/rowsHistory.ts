import { count, counted, percent } from '../../src/core/base/words.ts'
import type { RowHistory } from '../../src/core/view/rowsProtocol.ts'
import { fixed } from '../../src/core/view/words.ts'
import { h, s } from '../parts/dom.ts'
import { scaleOf } from '../parts/interval.ts'

const [wide, high, left, base] = [328, 96, 40, 76]

/** The loss of one row, epoch by epoch, as it was trained on. */
export function historySection({ run, losses }: RowHistory): HTMLElement {
  const [first, last] = [losses[0] as number, losses.at(-1) as number]
  const { to, step } = scaleOf(0, Math.max(...losses, 0.001))
  const x = (epoch: number) => left + (wide - left - 12) * (losses.length === 1 ? 0.5 : epoch / (losses.length - 1))
  const y = (loss: number) => 8 + (base - 8) * (1 - loss / to)
  const ticks = Array.from({ length: Math.round(to / step) + 1 }, (_, i) => i * step)
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))
  const points = losses.map((loss, epoch) => `${x(epoch).toFixed(1)},${y(loss).toFixed(1)}`).join(' ')
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
        viewBox: `0 0 ${wide} ${high}`,
        role: 'img',
        'aria-label': `Loss by epoch: ${losses.map(loss => fixed(loss, 2)).join(', ')}`,
      },
      ticks.map(tick => [
        s('line', { class: 'grid-line', x1: left, x2: wide - 12, y1: y(tick), y2: y(tick) }),
        s('text', { class: 'tick', x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, tick.toFixed(digits)),
      ]),
      s('polyline', { class: 'history', points }),
      losses.map((loss, epoch) => s('circle', { class: 'history', cx: x(epoch), cy: y(loss), r: 2.5 })),
      s('text', { class: 'tick', x: x(0), y: high - 4, 'text-anchor': 'middle' }, '1'),
      losses.length > 1 &&
        s(
          'text',
          { class: 'tick', x: x(losses.length - 1), y: high - 4, 'text-anchor': 'middle' },
          count(losses.length),
        ),
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
