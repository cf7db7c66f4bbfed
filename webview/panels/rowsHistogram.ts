import { count } from '../../src/core/base/words.ts'
import type { RowsSummary } from '../../src/core/view/rowsProtocol.ts'
import { s } from '../parts/dom.ts'

const height = 28

/** A bar that was pressed: a value, or the numbers from and to. */
export type Bar = { readonly value: string } | { readonly min: number; readonly max: number }

/**
 * The bars of a column: all rows, and of them those that pass, in the hue. Heights go with the square root, so that rare values
 * are seen beside frequent ones; the words under the bars give the numbers. The same can be chosen by keyboard in the filter bar.
 */
export function histogram(summary: RowsSummary, pick: (bar: Bar) => void): SVGElement {
  const { all, shown } = summary
  const most = Math.max(1, ...all)
  const scaled = (n: number) => (n === 0 ? 0 : Math.max(1, Math.sqrt(n / most) * height))
  const step = 4
  return s(
    'svg',
    {
      viewBox: `0 0 ${Math.max(8, all.length) * step} ${height}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
      class: 'bars',
    },
    all.map((n, i) => {
      const part = shown[i] ?? 0
      const full = scaled(n)
      const own = n === 0 ? 0 : (full * part) / n
      return s(
        'g',
        { on: { click: () => pick(barAt(summary, i)) } },
        s('title', {}, titleOf(summary, i)),
        s('rect', { x: i * step, y: 0, width: step, height, class: 'reach' }),
        s('rect', { x: i * step, y: height - full, width: step - 1, height: full, class: 'all' }),
        s('rect', { x: i * step, y: height - own, width: step - 1, height: own, class: 'some' }),
      )
    }),
  )
}

function barAt(summary: RowsSummary, i: number): Bar {
  if (summary.kind === 'values') return { value: summary.values[i] as string }
  const { least, most, all, step } = summary
  if (step !== undefined) return { min: least + i * step, max: Math.min(most, least + (i + 1) * step - 1) }
  const wide = (most - least) / all.length
  return { min: least + i * wide, max: i === all.length - 1 ? most : least + (i + 1) * wide }
}

function titleOf(summary: RowsSummary, i: number): string {
  const [n, part] = [summary.all[i] ?? 0, summary.shown[i] ?? 0]
  const rows = part === n ? `${count(n)} rows` : `${count(part)} of ${count(n)} rows`
  const bar = barAt(summary, i)
  if ('value' in bar) return `${bar.value}: ${rows}`
  return bar.min === bar.max ? `${numeral(bar.min)}: ${rows}` : `${numeral(bar.min)} to ${numeral(bar.max)}: ${rows}`
}

/** What stands under the bars: ends of the range, or how many values there are. */
export function underBars(summary: RowsSummary): readonly [string, string] {
  if (summary.kind === 'number') {
    if (summary.all.length === 0) return ['no value', '']
    const unit = summary.of ? ' characters' : ''
    if (summary.least === summary.most) return [`${numeral(summary.least)}${unit}`, '']
    return [`${numeral(summary.least)}`, `${numeral(summary.most)}${unit}`]
  }
  const [noun, many] = summary.column === 'findings' ? ['rule', 'rules'] : ['value', 'values']
  const words = `${count(summary.distinct)} ${summary.distinct === 1 ? noun : many}`
  const narrowed = summary.distinctShown < summary.distinct
  return [narrowed ? `${count(summary.distinctShown)} of ${words}` : words, '']
}

/** `4,986`, `0.31`, `1.2e9` */
export function numeral(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return value < 0 ? `\u2212${count(-value)}` : count(value)
  const text =
    Math.abs(value) >= 1e6 || (Math.abs(value) < 1e-3 && value !== 0) ? value.toPrecision(2) : value.toFixed(2)
  return text.replace('-', '\u2212')
}
