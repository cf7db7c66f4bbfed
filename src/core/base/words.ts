/**
 * Numbers as people read them, the same in the command line, the editor and the panels: thousands with a comma, minus
 * as U+2212, no sign on what rounds to zero, and an en dash where there is no number.
 */

/** A count with thousands separated: `12,300`. */
export function count(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A count and its noun: `1 row`, `12,300 rows`. */
export function counted(n: number, noun: string, many = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : many}`
}

/** A fraction as `86.7 %`. */
export function percent(fraction: number | undefined): string {
  const text = points(fraction).replace(/^\+/, '')
  return text === '–' ? text : `${text} %`
}

/** A difference of two fractions as `+5.0` or `−0.4` percentage points; the word is the caller's. */
export function points(fraction: number | undefined): string {
  return fraction === undefined || Number.isNaN(fraction) ? '–' : signed(fraction * 100, 1)
}

/** With its sign, `+9.2`, but what rounds to nothing carries none. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  if (Number(text) === 0) return text
  return (value < 0 ? '\u2212' : '+') + text
}
