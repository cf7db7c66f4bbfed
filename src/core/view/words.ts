import { count } from '../base/words.ts'

/** What only the panels and the editor say; counts, percentages and points are in `base/words.ts`. */

/** With as many decimals as asked; an en dash where there is no number. */
export function fixed(value: number | undefined, digits: number): string {
  return isNumber(value) ? minus(value.toFixed(digits)) : '–'
}

/** A p value: `0.55`, `0.0031`, `2.2 × 10⁻⁸`. */
export function probability(p: number): string {
  if (p >= 0.1) return p >= 0.995 ? '1' : p.toFixed(2)
  if (p >= 0.001) return p.toPrecision(2)
  if (p === 0) return 'below 10⁻³⁰⁰'
  const [digits, power] = p.toExponential(1).split('e') as [string, string]
  return `${digits} × 10${raised(Number(power))}`
}

/** Small numbers such as learning rates: `2e-4`, `1.52e-4`, `0`. */
export function small(value: number | undefined, digits: number): string {
  if (!isNumber(value)) return '–'
  if (value === 0) return '0'
  return minus(
    value
      .toExponential(digits)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
      .replace('e-', 'e\u2212'),
  )
}

/** The same with every digit, for numbers under one another: `2.00e-4`, `1.52e-4`. */
export function scientific(value: number | undefined, digits: number): string {
  if (!isNumber(value)) return '–'
  return value === 0 ? '0' : minus(value.toExponential(digits).replace('e+', 'e').replace('e-', 'e\u2212'))
}

/** `820 ms`, `12.4 s`, `1m 12s`, `2h 05m`, `3d 04h` */
export function duration(ms: number | undefined): string {
  if (!isNumber(ms) || ms < 0) return '–'
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const total = Math.round(seconds)
  if (total < 3600) return `${Math.floor(total / 60)}m ${two(total % 60)}s`
  if (total < 86_400) return `${Math.floor(total / 3600)}h ${two(Math.floor((total % 3600) / 60))}m`
  return `${Math.floor(total / 86_400)}d ${two(Math.floor((total % 86_400) / 3600))}h`
}

/** A duration for an estimate: nobody wants tenths of a second of the future. */
export function about(ms: number | undefined): string {
  if (!isNumber(ms) || ms < 0) return '–'
  return ms < 60_000 ? `${Math.max(1, Math.round(ms / 1000))}s` : duration(ms)
}

/** Numbers on an axis: `0`, `0.25`, `1.5`, `25k`, `1.2M`. */
export function tick(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return minus(trimmed(value / 1e6)) + 'M'
  if (size >= 1e4) return minus(trimmed(value / 1e3)) + 'k'
  if (size !== 0 && size < 1e-3) return small(value, 1)
  return minus(String(Number(value.toPrecision(4))))
}

/**
 * The numbers of one axis, as one reads down it: all with the same decimals and the same unit or power, `0`, `0.5`, `1.0`; `0`, `5k`, `10k`;
 * `0`, `0.5e-4`, `1.0e-4`, where all are below `least`. Zero is bare.
 */
export function ticks(values: readonly number[], least = 1e-3): string[] {
  const most = Math.max(0, ...values.map(Math.abs))
  const power = most !== 0 && most < least ? Math.floor(Math.log10(most) + 1e-9) : 0
  const [unit, sign] =
    most >= 1e6 ? [1e6, 'M'] : most >= 1e4 ? [1e3, 'k'] : power < 0 ? [10 ** power, `e${power}`] : [1, '']
  const scaled = values.map(value => Number((value / unit).toPrecision(4)))
  const digits = Math.max(0, ...scaled.map(value => String(Math.abs(value)).split('.')[1]?.length ?? 0))
  return scaled.map(value => {
    if (value === 0) return '0'
    const [whole, rest] = Math.abs(value).toFixed(digits).split('.') as [string, string?]
    return `${value < 0 ? '\u2212' : ''}${count(Number(whole))}${rest ? `.${rest}` : ''}${minus(sign)}`
  })
}

/** `3.9 GB`, `412 MB`: powers of ten, as on a drive. */
export function bytes(value: number): string {
  return value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${Math.round(value / 1e6)} MB`
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function isNumber(value: number | undefined | null): value is number {
  return typeof value === 'number' && !Number.isNaN(value)
}

function minus(text: string): string {
  return text.replace('-', '\u2212')
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function raised(power: number): string {
  return [...String(power)].map(c => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)])).join('')
}
