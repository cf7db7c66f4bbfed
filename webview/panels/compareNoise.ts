import { count, counted } from '../../src/core/base/words.ts'
import type { Ledger } from '../../src/core/eval/ledger.ts'
import { smallestDifference } from '../../src/core/eval/significance.ts'
import { roughly } from '../../src/core/eval/words.ts'
import { niceUp } from '../../src/core/view/curve.ts'
import { ticks } from '../../src/core/view/words.ts'
import { h, s } from '../parts/dom.ts'
import { scaleOf } from '../parts/interval.ts'

const height = 184
const [top, base] = [8, 160]

/** Inside the noise: how small a difference these rows could have shown, and how many would decide this one. */
export function noiseSection(ledger: Ledger): HTMLElement | undefined {
  const { all } = ledger
  const moving = (all.fixed + all.broken) / Math.max(1, all.rows)
  if (all.rows === 0 || moving === 0) return undefined
  const needed = all.rowsNeeded === undefined ? undefined : roughly(all.rowsNeeded)
  const least = smallestDifference(all.rows, moving)
  // A difference that needs a hundred times the rows is not worth an axis that long.
  const far = needed !== undefined && needed > all.rows && needed <= 100 * all.rows ? needed : undefined
  const to = niceUp(1.6 * Math.max(all.rows, far ?? 0))
  const points = Array.from({ length: 97 }, (_, i) => Math.max(1, (to * (i + 1)) / 97))
    .map(n => ({ n, d: smallestDifference(n, moving) }))
    .filter((p): p is { n: number; d: number } => p.d !== undefined)
  const { to: highest, step } = scaleOf(0, 100 * Math.min(0.5, Math.max(least ?? 0, points[0]?.d ?? 0)))
  const x = (n: number) => `${(10 + (86 * n) / to).toFixed(2)}%`
  const y = (d: number) => top + (base - top) * (1 - d / highest)
  const steps = Array.from({ length: Math.round(highest / step) + 1 }, (_, i) => i * step)
  const names = ticks(steps)
  const rest = points.filter(p => p.d * 100 <= highest)
  const more = needed === undefined ? undefined : needed - all.rows
  return h(
    'section',
    { class: 'sec' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', {}, 'Smallest difference that can be shown'),
      h('span', { class: 'dim small push nowrap' }, 'points, by test rows'),
    ),
    s(
      'svg',
      {
        class: 'power',
        width: '100%',
        height,
        role: 'img',
        'aria-label': 'Smallest difference by number of test rows',
      },
      steps.map((d, i) => [
        s('line', { class: 'grid-line', x1: '10%', x2: '96%', y1: y(d), y2: y(d) }),
        s('text', { class: 'tick', x: '8%', y: y(d) + 4, 'text-anchor': 'end' }, names[i]),
      ]),
      [all.rows, far, to].map(
        (n, i) =>
          n !== undefined &&
          s('text', { class: 'tick', x: x(n), y: height - 6, 'text-anchor': i === 2 ? 'end' : 'middle' }, count(n)),
      ),
      // Segments in percent of the width: a path could not be.
      rest.slice(1).map((p, i) => {
        const before = rest[i] as { n: number; d: number }
        return s('line', { class: 'curve', x1: x(before.n), y1: y(before.d * 100), x2: x(p.n), y2: y(p.d * 100) })
      }),
      least !== undefined &&
        least * 100 <= highest && [
          s('line', { class: 'mark', x1: x(all.rows), x2: x(all.rows), y1: y(0), y2: y(least * 100) }),
          s('circle', { class: 'dot', cx: x(all.rows), cy: y(least * 100), r: 3.5 }),
        ],
      far !== undefined && [
        s('line', { class: 'mark dashed', x1: x(far), x2: x(far), y1: y(0), y2: y(Math.abs(all.difference) * 100) }),
        s('circle', { class: 'dot open', cx: x(far), cy: y(Math.abs(all.difference) * 100), r: 3.5 }),
      ],
    ),
    h(
      'p',
      { class: 'small dim' },
      least === undefined
        ? `These ${counted(all.rows, 'row')} could not have shown any difference. `
        : `These ${counted(all.rows, 'row')}: ${(least * 100).toFixed(1)} points or more. `,
      needed !== undefined &&
        `${counted(needed, 'row')}: ${Math.abs(all.difference * 100).toFixed(1)} points, the difference seen here. `,
      `80 % power at 5 %, with ${(moving * 100).toFixed(0)} % of rows changing side as here.`,
    ),
    more !== undefined &&
      more > 0 &&
      h(
        'ul',
        { class: 'advice small' },
        h('li', {}, `Label ${count(more)} more test rows, or hold them out of training and tune again.`),
        h('li', {}, 'Or tune with other seeds and see whether the sign stays the same.'),
      ),
  )
}
