import { signed } from '../../src/core/base/words.ts'
import { s } from './dom.ts'

export interface IntervalOptions {
  /** Points, or what else `unit` says. */
  readonly value: number
  readonly low: number
  readonly high: number
  readonly tone: 'better' | 'worse' | 'undecided'
  readonly unit?: string
}

/** An estimate with its interval on an axis that holds 0. Places are percentages, so that text never stretches. */
export function interval({ value, low, high, tone, unit = 'points' }: IntervalOptions): SVGElement {
  const { from, to, step } = scaleOf(Math.min(0, low), Math.max(0, high))
  const x = (v: number) => `${(2 + (96 * (v - from)) / (to - from)).toFixed(2)}%`
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step)
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))
  const name = (v: number) => (Math.abs(v) < step / 1e6 ? '0' : signed(v, digits))
  const said = (v: number) => signed(v, Math.max(1, digits))
  return s(
    'svg',
    {
      class: `interval ${tone}`,
      width: '100%',
      height: 44,
      role: 'img',
      'aria-label': `Difference ${said(value)} ${unit}, 95 percent interval ${said(low)} to ${said(high)}`,
    },
    ticks.map(v => [
      s('line', { class: 'grid-line', x1: x(v), x2: x(v), y1: 2, y2: 26 }),
      s('text', { class: 'tick', x: x(v), y: 40, 'text-anchor': 'middle' }, name(v)),
    ]),
    s('line', { class: 'zero', x1: x(0), x2: x(0), y1: 0, y2: 28 }),
    s('line', { class: 'reach', x1: x(low), x2: x(high), y1: 14, y2: 14 }),
    [low, high].map(v => s('line', { class: 'reach', x1: x(v), x2: x(v), y1: 9, y2: 19 })),
    s('circle', { class: 'estimate', cx: x(value), cy: 14, r: 5 }),
  )
}

const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100]

/** Round ends and three to six ticks around a range. */
export function scaleOf(
  low: number,
  high: number,
): { readonly from: number; readonly to: number; readonly step: number } {
  const width = high - low || 1
  const step = steps.find(s => width / s <= 4) ?? stepOf(width / 4)
  const from = Math.floor(low / step) * step
  const to = Math.ceil(high / step) * step
  return { from: from === to ? from - step : from, to: from === to ? to + step : to, step }
}

/** The round number at or above one that is beyond the list: 1, 2 or 5 times a power of ten. */
function stepOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5].find(n => n * power >= least) ?? 10) * power
}
